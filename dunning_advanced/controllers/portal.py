import logging
from urllib.parse import urlencode

from odoo import SUPERUSER_ID, fields
from odoo.exceptions import UserError
from odoo.http import content_disposition, request, route

from odoo.addons.portal.controllers.portal import CustomerPortal, pager

_logger = logging.getLogger(__name__)


class DunningPortal(CustomerPortal):
    """Payment plans on the customer's pages: by login, or by the link in the e-mail."""

    # Home and list

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "payment_plan_count" in counters:
            plans, domain = self._own_plans()
            values["payment_plan_count"] = plans.search_count(domain)
        return values

    def _own_plans(self):
        """The model as superuser, and the domain of what the user sees of it."""
        plans = request.env["dunning.payment.plan"].sudo()
        return plans, plans._customer_domain(request.env.user.partner_id)

    @route(
        ["/my/payment-plans", "/my/payment-plans/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def payment_plans(self, page=1, **_kwargs):
        """The payment plans of the customer, the newest first."""
        plans, domain = self._own_plans()
        pages = pager(
            url="/my/payment-plans",
            total=plans.search_count(domain),
            page=page,
            step=self._items_per_page,
        )
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "payment_plan",
            "plans": plans.search(domain, limit=self._items_per_page, offset=pages["offset"]),
            "pager": pages,
        }
        return request.render("dunning_advanced.portal_payment_plans", values)

    # One plan

    def _open_plan(self, plan_id, access_token):
        """The plan as superuser, for whom it is open; empty for everybody else."""
        plan = request.env["dunning.payment.plan"].with_user(SUPERUSER_ID).browse(plan_id).exists()
        return plan.filtered(lambda plan: plan._is_open_to(request.env.user, access_token))

    def _existing_plan(self, plan_id, access_token):
        """The plan as superuser.

        :raises NotFound: for who may not see it, as for one that does not exist
        """
        plan = self._open_plan(plan_id, access_token)
        if not plan:
            raise request.not_found()
        return plan

    @route(
        "/my/payment-plans/<int:plan_id>", type="http", auth="public", website=True, methods=["GET"]
    )
    def payment_plan(self, plan_id, access_token=None, answer=None, **_kwargs):
        """One payment plan: schedule, invoices, how to pay, and the answer to an offer."""
        plan = self._existing_plan(plan_id, access_token)
        return self._show(plan, access_token, answer=answer)

    def _show(self, plan, token, **values):
        state = plan._page_state(plan._today())
        mark = plan._terms_mark()
        signer = self._author(plan)
        values = {
            **self._prepare_portal_layout_values(),
            **plan._shown_values(),
            "page_name": "payment_plan",
            "page_state": state,
            "mark": mark,
            "link": lambda path="", **query: self._link(plan, token, path, **query),
            "sign_url": self._link(plan, token, "/sign", mark=mark),
            "signer": signer.name if not signer.is_company else "",
            "res_company": plan.company_id,
            "no_breadcrumbs": request.env.user._is_public(),
            "answer": None,
            "problem": None,
            **values,
        }
        return request.render("dunning_advanced.portal_payment_plan", values)

    def _link(self, plan, token, path="", **query):
        if token:
            query["access_token"] = token
        return f"{plan.access_url}{path}?{urlencode(query)}".rstrip("?")

    def _author(self, plan):
        """Who acts: the person who is logged in, where it is one of the customer."""
        person = request.env.user.partner_id
        own = not request.env.user._is_public() and (
            person.commercial_partner_id == plan.partner_id or not request.env.user.share
        )
        return person if own else plan.contact_id or plan.partner_id

    @route("/my/payment-plans/<int:plan_id>/pdf", type="http", auth="public", website=True)
    def payment_plan_pdf(self, plan_id, access_token=None, **_kwargs):
        """The payment plan as PDF."""
        plan = self._existing_plan(plan_id, access_token)
        if plan._page_state(plan._today()) == "changing":
            return request.redirect(self._link(plan, access_token))
        try:
            content = plan._pdf()
        except UserError as error:
            _logger.warning("No PDF of payment plan %s for its customer: %s", plan.id, error)
            problem = request.env._("The document cannot be made right now: please write to us.")
            return self._show(plan, access_token, problem=problem)
        name = content_disposition(plan._filename("pdf"))
        headers = [("Content-Type", "application/pdf"), ("Content-Disposition", name)]
        return request.make_response(content, headers)

    # The answer

    @route("/my/payment-plans/<int:plan_id>/sign", type="jsonrpc", auth="public", website=True)
    def payment_plan_sign(self, plan_id, name=None, signature=None):
        """Accept with a drawn signature, as the signature form of the portal sends it."""
        query = request.httprequest.args
        plan = self._open_plan(plan_id, query.get("access_token"))
        if not plan:
            return {"error": request.env._("This page is not open to you.")}
        if not signature:
            return {"error": request.env._("Your signature did not arrive: please sign again.")}
        problem = self._accept(plan, name, query.get("mark"), signature)
        if problem:
            return {"error": problem}
        link = self._link(plan, query.get("access_token"), answer="accepted")
        return {"force_refresh": True, "redirect_url": link}

    @route(
        "/my/payment-plans/<int:plan_id>/accept",
        type="http",
        auth="public",
        website=True,
        methods=["POST"],
    )
    def payment_plan_accept(self, plan_id, access_token=None, **form):
        """Accept by typing the name, where no signature can be drawn."""
        plan = self._existing_plan(plan_id, access_token)
        problem = (
            self._accept(plan, form.get("name"), form.get("mark"))
            if form.get("agreed")
            else request.env._("Please tick that you accept the plan.")
        )
        if problem:
            return self._show(plan, access_token, problem=problem)
        return request.redirect(self._link(plan, access_token, answer="accepted"))

    def _accept(self, plan, name, mark, signature=None):
        """:return: what is wrong, in words for the customer; nothing when it is accepted"""
        now = fields.Datetime.now()
        try:
            plan._accept_online(name, now, mark, self._author(plan), signature=signature)
        except UserError as error:
            return str(error)
        return None

    @route(
        "/my/payment-plans/<int:plan_id>/decline",
        type="http",
        auth="public",
        website=True,
        methods=["POST"],
    )
    def payment_plan_decline(self, plan_id, access_token=None, **form):
        """Say no to an offer, with the reason."""
        plan = self._existing_plan(plan_id, access_token)
        now = fields.Datetime.now()
        try:
            plan._decline(form.get("reason"), now, form.get("mark"), self._author(plan))
        except UserError as error:
            return self._show(plan, access_token, problem=str(error))
        return request.redirect(self._link(plan, access_token, answer="declined"))
