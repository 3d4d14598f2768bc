import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("dunning_explain", {
    steps: () => [
        {
            content: "Ask on the invoice why it is reminded",
            trigger: ".o_form_view button[name=action_dunning_explain]",
            run: "click",
        },
        {
            content: "Every rule answers, in words",
            trigger: ".modal .o_field_widget[name=answer]:contains('It gets “First reminder”')",
        },
        {
            trigger: ".modal .o_field_widget[name=answer]:contains('no money is on its way')",
        },
        {
            content: "On a day before there was an invoice",
            trigger: ".modal .o_field_widget[name=date] button, .modal .o_field_widget[name=date] input",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=date] input",
            run: "edit 01/01/2014 && press Enter",
        },
        {
            trigger: ".modal .o_field_widget[name=answer]:contains('did not exist yet')",
        },
        {
            trigger: ".modal-footer button:contains('Close')",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) .o_form_view",
        },
    ],
});
