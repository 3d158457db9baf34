import { softphoneServices } from "@crm_telephony/backend/softphone_loader";

/** Keeps the name of the last caller. The loader starts it with the softphone. */
export const lastCallerService = {
    dependencies: ["bus_service"],

    start(env, { bus_service: bus }) {
        const last = { name: "" };
        bus.subscribe("telephony/offer_made", ({ call }) => {
            last.name = call.customer.name || call.customer.number_display;
        });
        return last;
    },
};

softphoneServices.add("crm_telephony_example.last_caller", lastCallerService);
