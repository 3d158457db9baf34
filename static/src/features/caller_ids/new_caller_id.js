import { Component, onMounted, useRef, useState } from "@odoo/owl";
import { useAutofocus } from "@web/core/utils/hooks";
import { useSoftphone } from "@crm_telephony/core/use_softphone";

const MAX_DELAY = 60; // s, the provider's limit

/** The form of a caller ID that is not verified yet. */
export class NewCallerId extends Component {
    static template = "crm_telephony.NewCallerId";
    static props = { onClose: Function };

    setup() {
        const softphone = useSoftphone();
        this.callerIds = useState(softphone.callerIds);
        const { phone_code: code } = softphone.store.country || {};
        this.state = useState({
            number: code ? `+${code}` : "+",
            name: "",
            extension: "",
            delay: 0,
            isMoreShown: false,
        });
        useAutofocus({ refName: "number", mobile: true });
        const form = useRef("form");
        onMounted(() => form.el.scrollIntoView({ block: "nearest" }));
    }

    get delay() {
        return Math.min(MAX_DELAY, Math.max(0, Math.round(Number(this.state.delay)) || 0));
    }

    onKeydown(ev) {
        if (ev.key === "Escape") {
            ev.stopPropagation(); // closes the form, not the softphone
            ev.preventDefault();
            this.props.onClose();
        }
    }

    async verify() {
        const { number, name, extension } = this.state;
        const request = {
            number: number.trim(),
            name: name.trim(),
            extension: extension.trim(),
            delay: this.delay,
        };
        if (await this.callerIds.verify(request)) {
            this.props.onClose();
        }
    }
}
