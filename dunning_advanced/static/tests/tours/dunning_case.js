import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

registry.category("web_tour.tours").add("dunning_case", {
    steps: () => [
        ...stepUtils.goToAppSteps("dunning_advanced.menu_root", "Open Dunning"),
        {
            content: "The worklist comes first",
            trigger: ".o_list_view .o_data_row:contains('Azure Interior') td[name=partner_id]",
            run: "click",
        },
        {
            content: "Ask why the invoice is reminded",
            trigger: ".o_field_widget[name=item_ids] button[name=action_dunning_explain]",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=answer]:contains('First reminder')",
        },
        {
            trigger: ".modal button[special=cancel], .modal .btn-close",
            run: "click",
        },
        {
            content: "Put the customer on hold",
            trigger: "body:not(:has(.modal)) .o_statusbar_buttons button:contains('Hold')",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=name] input",
            run: "edit disputed",
        },
        {
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            content: "The case says so",
            trigger: "body:not(:has(.modal)) .o_form_view .alert-info:contains('disputed')",
        },
        {
            content: "Reminding is refused with the reason",
            trigger: ".o_statusbar_buttons button[name=action_remind]",
            run: "click",
        },
        {
            trigger: ".modal:contains('On hold')",
        },
        {
            trigger: ".modal-footer button",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) .o_form_view",
        },
    ],
});
