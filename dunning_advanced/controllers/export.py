from odoo.http import Controller, content_disposition, request, route

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class DunningExport(Controller):
    @route("/dunning/run/<int:run_id>/xlsx", type="http", auth="user", readonly=True)
    def run_xlsx(self, run_id):
        """The workbook of a run, for users who may read the run."""
        run = request.env["dunning.run"].search([("id", "=", run_id)])
        if not run:
            return request.not_found()
        headers = [
            ("Content-Type", XLSX),
            ("Content-Disposition", content_disposition(run._xlsx_name())),
        ]
        return request.make_response(run._xlsx(), headers)
