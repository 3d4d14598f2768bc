from .agreement import (
    test_dispute_engine,
    test_dispute_money,
    test_disputes,
    test_promises,
    test_promises_undone,
)
from .case import test_behavior, test_calls, test_phone, test_worklist
from .engine import (
    test_changing_ladder,
    test_engine,
    test_engine_contact,
    test_engine_money,
    test_explain,
    test_gates,
    test_history,
    test_ledger_changes,
    test_oracle,
)
from .escalation import (
    test_credit_hold,
    test_evidence,
    test_handover,
    test_handover_package,
    test_handover_plan,
    test_writeoff,
)
from .hold import test_holds
from .money import (
    test_charge,
    test_charge_booking,
    test_charge_consumer,
    test_charge_debts,
    test_charge_diary,
    test_charge_portal,
    test_charge_ride,
    test_charge_shown,
    test_money_fees,
    test_money_law,
    test_money_rules,
    test_money_tools,
    test_quote_outside,
    test_waiting,
)
from .notice import (
    test_chain,
    test_chain_tools,
    test_email,
    test_information,
    test_issue,
    test_leaving,
    test_legible,
    test_letter,
)
from .plan import (
    test_installments,
    test_plan_changes,
    test_plan_charges,
    test_plan_diaries,
    test_plan_documents,
    test_plan_input,
    test_plan_mail,
    test_plan_portal,
    test_plans,
)
from .policy import test_rules, test_teams
from .reach import test_addressees, test_handing
from .run import (
    test_bank_age,
    test_night,
    test_nightly,
    test_review,
    test_run_life,
    test_undo,
    test_xlsx,
)
from .statement import (
    test_ageing,
    test_statement,
    test_statement_charges,
    test_statement_documents,
    test_statement_email,
)
from .timeline import test_timeline, test_timeline_agreements, test_timeline_list
from .toy import test_parts, test_refused, test_toy_case, test_toy_charge, test_toy_reach
from .whole import (
    test_bad_input,
    test_companies,
    test_company_day,
    test_crash,
    test_demo,
    test_diary,
    test_frozen,
    test_house,
    test_open_run,
    test_own_only,
    test_queries,
    test_rights,
    test_searches,
    test_tools,
    test_tours,
    test_translations,
    test_views,
    test_words,
)
