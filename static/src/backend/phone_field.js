/**
 * A call button beside every phone number, in forms, lists and kanban cards. Users who are not
 * agents, and pages without the softphone, keep the plain `tel:` link.
 */

import { useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
import { PhoneField } from "@web/views/fields/phone/phone_field";
import { LOADER_NAME } from "./softphone_loader";

patch(PhoneField.prototype, {
    setup() {
        super.setup();
        const loader = this.env.services[LOADER_NAME];
        this.telephony = loader ? useState(loader) : { isUser: false };
    },

    get telephonyNumber() {
        return this.props.record.data[this.props.name] || "";
    },

    get telephonyLabel() {
        return _t("Call %(number)s", { number: this.telephonyNumber });
    },

    /** Call the number if the user is an agent. @param {MouseEvent} ev */
    onTelephonyClick(ev) {
        if (!this.telephony.isUser) {
            return; // the link keeps its standard behavior
        }
        ev.preventDefault();
        ev.stopPropagation(); // a list or a kanban would open the record
        const { resModel, resId } = this.props.record;
        this.telephony.dial({
            number: this.telephonyNumber,
            target: resId ? { resModel, resId } : null,
        });
    },
});
