import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("dunning_cancel", {
    steps: () => [
        {
            content: "The run has been sent",
            trigger: ".o_statusbar_status [data-value=done].o_arrow_button_current",
        },
        {
            content: "Take all of it back",
            trigger: ".o_statusbar_buttons button[name=action_undo]",
            run: "click",
        },
        {
            content: "Say why",
            trigger: ".modal .o_field_widget[name=reason] input",
            run: "edit wrong price list",
        },
        {
            trigger: ".modal-footer button[name=action_apply]:visible",
            run: "click",
        },
        {
            content: "It says so",
            trigger:
                "body:not(:has(.modal)) .o_field_widget[name=notice_ids] .o_data_row:contains('Azure Interior'):contains('Cancelled')",
        },
    ],
});
