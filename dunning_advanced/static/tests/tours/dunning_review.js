import { registry } from "@web/core/registry";

const row = (customer) => `.o_list_view .o_data_row:contains('${customer}')`;
const all = {
    trigger: ".o_list_view thead .o_list_record_selector input:not(:checked)",
    run: "click",
};
const apply = {
    trigger: ".modal-footer button[name=action_apply]:visible",
    run: "click",
};
const button = (name) => ({
    trigger: `.o_control_panel button[name=${name}]:visible`,
    run: "click",
});

registry.category("web_tour.tours").add("dunning_review", {
    steps: () => [
        {
            content: "What deserves a second look stands on top",
            trigger: ".o_form_view [name=warnings]:contains('High first reminders')",
        },
        {
            content: "Review in the list",
            trigger: ".o_statusbar_buttons button[name=action_view_notices]",
            run: "click",
        },
        { trigger: row("Azure Interior") },
        all,
        { content: "Bring all of them by letter", ...button("action_change_channel") },
        {
            trigger: ".modal .o_field_widget[name=channel] input[data-value=letter]",
            run: "click",
        },
        apply,
        {
            content: "Who has no address is named and stays",
            trigger: ".o_notification:contains('Gemini Furniture')",
        },
        { trigger: `body:not(:has(.modal)) ${row("Azure Interior")}:contains('Letter')` },
        { trigger: `${row("Gemini Furniture")}:contains('E-mail')` },
        { content: "Look at the new customers only", trigger: ".o_searchview_input", run: "edit Deco" },
        {
            trigger: ".o_searchview_autocomplete .o-dropdown-item:contains('Customer')",
            run: "click",
        },
        {
            trigger:
                ".o_list_view:not(:has(.o_data_row:contains('Azure Interior'))) .o_data_row:contains('Deco Addict')",
        },
        all,
        { content: "Leave it out", ...button("action_drop") },
        {
            trigger: ".modal .o_field_widget[name=reason] input",
            run: "edit we meet at the fair",
        },
        apply,
        { trigger: `body:not(:has(.modal)) ${row("Deco Addict")}:contains('Left out')` },
    ],
});

registry.category("web_tour.tours").add("dunning_assign", {
    steps: () => [
        { trigger: row("Azure Interior") },
        all,
        { content: "Give all of them to a colleague", ...button("action_assign") },
        {
            trigger: ".modal .o_field_widget[name=user_id] input",
            run: "edit Marc",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains('Marc Reviewer')",
            run: "click",
        },
        apply,
        { trigger: "body:not(:has(.modal)) .o_list_view" },
    ],
});
