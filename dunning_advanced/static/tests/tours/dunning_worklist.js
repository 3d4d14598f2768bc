import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

registry.category("web_tour.tours").add("dunning_worklist", {
    steps: () => [
        ...stepUtils.goToAppSteps("dunning_advanced.menu_root", "Open Dunning"),
        {
            content: "The most urgent customer comes first",
            trigger: ".o_list_view .o_data_row:first:contains('Deco Addict')",
        },
        {
            content: "What to do next is a button",
            trigger: ".o_data_row:first button[name=action_next]:contains('Do')",
        },
        {
            content: "Ask why",
            trigger: ".o_data_row:first button[name=action_explain_priority]",
            run: "click",
        },
        {
            trigger: ".modal:contains('Deco Addict: priority') td:contains('The oldest invoice')",
        },
        {
            trigger: ".modal-footer button",
            run: "click",
        },
        {
            content: "Open the first case",
            trigger: "body:not(:has(.modal)) .o_data_row:first td[name=partner_id]",
            run: "click",
        },
        {
            content: "It says what is open, by age",
            trigger: ".o_form_view .o_field_widget[name=age_summary]:contains('over 120 days')",
        },
        {
            content: "How does the customer pay?",
            trigger: "button[name=action_explain_grade]",
            run: "click",
        },
        {
            trigger: ".modal td:contains('No promise was broken')",
        },
        {
            trigger: ".modal-footer button",
            run: "click",
        },
        {
            content: "Call",
            trigger: "body:not(:has(.modal)) .o_statusbar_buttons button[name=action_log_call]",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=note] textarea",
            run: "edit They pay on Friday",
        },
        {
            trigger: ".modal-footer button.btn-primary",
            run: "click",
        },
        {
            content: "Go to the next customer",
            trigger:
                "body:not(:has(.modal)) .o_statusbar_buttons button[name=action_next_customer]",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_field_widget[name=partner_id]:contains('Azure Interior')",
        },
        {
            trigger: ".o_statusbar_buttons button[name=action_next_customer]",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_field_widget[name=partner_id]:contains('Gemini Furniture')",
        },
        {
            trigger: ".o_statusbar_buttons button[name=action_next_customer]",
            run: "click",
        },
        {
            content: "No customer is left",
            trigger: ".o_notification:contains('all 3 customers')",
        },
    ],
});
