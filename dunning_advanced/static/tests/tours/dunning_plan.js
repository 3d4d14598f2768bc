import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

registry.category("web_tour.tours").add("dunning_plan", {
    steps: () => [
        ...stepUtils.goToAppSteps("dunning_advanced.menu_root", "Open Dunning"),
        {
            trigger: ".o_list_view .o_data_row:contains('Azure Interior') td[name=partner_id]",
            run: "click",
        },
        {
            content: "The customer cannot pay at once",
            trigger: ".o_statusbar_buttons button[name=action_plan]",
            run: "click",
        },
        {
            content: "The schedule shows what comes of it",
            trigger: ".modal .o_field_widget[name=schedule] tbody tr:nth-child(6)",
        },
        {
            trigger: ".modal .o_field_widget[name=number] input",
            run: "edit 2 && press Tab",
        },
        {
            content: "and follows what is entered",
            trigger:
                ".modal .o_field_widget[name=schedule]:not(:has(tr:nth-child(3))) td:contains('50.00')",
        },
        {
            content: "More installments than cents are refused with the reason",
            trigger: ".modal .o_field_widget[name=number] input",
            run: "edit 99999 && press Tab",
        },
        {
            trigger: ".modal .alert-danger:contains('That is too little')",
        },
        {
            trigger: ".modal .o_field_widget[name=number] input",
            run: "edit 4 && press Tab",
        },
        {
            trigger: ".modal .o_field_widget[name=schedule] tbody tr:nth-child(4)",
        },
        {
            content: "Offer it to the customer",
            trigger: ".modal:not(:has(.alert-danger)) button[name=action_offer]:enabled",
            run: "click",
        },
        {
            trigger:
                "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current:contains('Offered')",
        },
        {
            content: "The plan can be printed, exported and seen as the customer sees it",
            trigger: "button[name=action_print]",
        },
        {
            trigger: "button[name=action_export_xlsx]",
        },
        {
            trigger: "button[name=action_customer_page]",
        },
    ],
});
