import { Component, onWillUnmount, useState } from "@odoo/owl";
import { useSoftphone } from "@crm_telephony/core/use_softphone";

/** The note of a call: a text area with automatic saving. */
export class CallNote extends Component {
    static template = "crm_telephony.CallNote";
    static props = { call: Object };

    setup() {
        this.softphone = useSoftphone();
        this.notes = useState(this.softphone.notes);
        onWillUnmount(() => this.save());
    }

    onInput(ev) {
        this.softphone.notes.write(this.props.call.uuid, ev.target.value);
    }

    save() {
        this.softphone.notes.flush(this.props.call.uuid);
    }
}
