from odoo.http import Controller, content_disposition, request, route

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class DunningExport(Controller):
    @route("/dunning/run/<int:run_id>/xlsx", type="http", auth="user", readonly=True)
    def run_xlsx(self, run_id):
        """The workbook of a run, for users who may read the run."""
        run = request.env["dunning.run"].search([("id", "=", run_id)])
        return self._xlsx(run, run and run._xlsx_name())

    @route("/dunning/plan/<int:plan_id>/xlsx", type="http", auth="user", readonly=True)
    def plan_xlsx(self, plan_id):
        """The workbook of a payment plan, for users who may read the plan."""
        plan = request.env["dunning.payment.plan"].search([("id", "=", plan_id)])
        return self._xlsx(plan, plan and plan._filename("xlsx"))

    def _xlsx(self, record, name):
        if not record:
            return request.not_found()
        headers = [("Content-Type", XLSX), ("Content-Disposition", content_disposition(name))]
        return request.make_response(record._xlsx(), headers)
