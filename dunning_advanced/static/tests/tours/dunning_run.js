import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const row = (customer) => `.o_field_widget[name=notice_ids] .o_data_row:contains('${customer}')`;

registry.category("web_tour.tours").add("dunning_run", {
    steps: () => [
        ...stepUtils.goToAppSteps("dunning_advanced.menu_root", "Open Dunning"),
        {
            content: "Open the runs",
            trigger: ".o_menu_sections [data-menu-xmlid='dunning_advanced.menu_runs']",
            run: "click",
        },
        {
            content: "Make a run",
            trigger: ".o_last_breadcrumb_item:contains('Runs')",
        },
        {
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "Propose the reminders",
            trigger: ".o_statusbar_buttons button[name=action_propose]",
            run: "click",
        },
        {
            content: "Three reminders wait for review",
            trigger: ".o_statusbar_buttons button[name=action_confirm]:contains('3')",
        },
        {
            content: "Leave one out",
            trigger: `${row("Azure Interior")} button[name=action_drop]`,
            run: "click",
        },
        {
            content: "Say why",
            trigger: ".modal .o_field_widget[name=reason] input",
            run: "edit agreed by phone",
        },
        {
            trigger: ".modal button[name=action_apply]:visible",
            run: "click",
        },
        {
            content: "It is dropped, two are left",
            trigger: `${row("Azure Interior")}:contains('Left out')`,
        },
        {
            trigger: ".o_statusbar_buttons button[name=action_confirm]:contains('2')",
        },
        {
            content: "Open another one",
            trigger: `${row("Deco Addict")} td[name=partner_id]`,
            run: "click",
        },
        {
            content: "It shows what the customer gets",
            trigger: ".modal .o_field_widget[name=preview] iframe",
        },
        {
            content: "Change its words",
            trigger: ".modal .nav-link[name=text]",
            run: "click",
        },
        {
            trigger: ".modal .tab-pane.active .o_field_widget[name=subject] input",
            run: "edit Please have a look",
        },
        {
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            content: "Confirm the run",
            trigger: "body:not(:has(.modal)) .o_statusbar_buttons button[name=action_confirm]",
            run: "click",
        },
        {
            content: "Yes, send them",
            trigger: ".modal-footer button:contains('Confirm')",
            run: "click",
        },
        {
            content: "They are issued",
            trigger: `body:not(:has(.modal)) ${row("Deco Addict")}:contains('Issued')`,
        },
        {
            trigger: ".o_statusbar_status [data-value=done].o_arrow_button_current",
        },
        {
            content: "The title is a day with its year",
            trigger: ".oe_title .o_field_widget[name=date]:contains(/20\\d\\d/)",
        },
        {
            content: "See the deliveries",
            trigger: ".o_menu_sections [data-menu-xmlid='dunning_advanced.menu_reminders']",
            run: "click",
        },
        {
            trigger: ".o-dropdown--menu [data-menu-xmlid='dunning_advanced.menu_deliveries']",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('deco@example.com')",
        },
        {
            trigger: ".o_list_view:not(:has(.o_data_row:contains('azure@example.com')))",
        },
    ],
});
