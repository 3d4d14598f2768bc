import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("dunning_plan_accept", {
    steps: () => [
        {
            content: "The offer shows its schedule",
            trigger: "#plan_schedule td:contains('Installment 3')",
        },
        {
            trigger: "#sidebar_content a[data-bs-target='#sign_plan']",
            run: "click",
        },
        {
            content: "The place to sign opens with the first letter of the name",
            trigger: ".modal.show .o_web_sign_name_and_signature input",
            run: "edit B",
        },
        {
            trigger: ".modal canvas.o_web_sign_signature",
        },
        {
            trigger: ".modal .o_web_sign_name_and_signature input",
            run: "edit Brandon Freeman",
        },
        {
            trigger: ".modal canvas.o_web_sign_signature",
            run: "canvasNotEmpty",
        },
        {
            trigger: ".modal .o_portal_sign_submit:enabled",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is agreed",
            trigger: ".o_dunning_plan .alert-success:contains('Your payment plan is agreed')",
        },
        {
            trigger: "#plan_signed:contains('Brandon Freeman') img",
        },
        {
            content: "and says how to pay",
            trigger: "#pay:contains('How to pay')",
        },
    ],
});
