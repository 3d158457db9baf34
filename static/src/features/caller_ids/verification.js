import { Component, onMounted, onWillUnmount, useRef, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { formatSeconds } from "@crm_telephony/backend/format_seconds";
import { useSoftphone } from "@crm_telephony/core/use_softphone";
import { Flag } from "./callback_hint";

/** The progress of a verification: the digits to type, and the state of the phone. */
export class Verification extends Component {
    static template = "crm_telephony.Verification";
    static components = { Flag };
    static props = {};

    setup() {
        this.callerIds = useState(useSoftphone().callerIds);
        this.clock = useState({ ticks: 0 });
        const timer = browser.setInterval(() => this.clock.ticks++, 1000);
        onWillUnmount(() => browser.clearInterval(timer));
        const box = useRef("box");
        onMounted(() => box.el.scrollIntoView({ block: "nearest" }));
    }

    get verification() {
        return this.callerIds.verification;
    }

    get isVerified() {
        return this.verification.state === "verified";
    }

    get digits() {
        return [...this.verification.code];
    }

    get spokenCode() {
        return _t("Your code: %(digits)s", { digits: this.digits.join(", ") });
    }

    get message() {
        return this.verification.message || _t("Calling your phone…");
    }

    /** @returns {string} like 4:32 */
    get timeLeft() {
        const isCounting = this.clock.ticks >= 0 && this.verification.expires_at;
        return isCounting ? formatSeconds(this.callerIds.timeLeft / 1000) : "";
    }
}
