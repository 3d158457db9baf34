import { Component, onWillUpdateProps, useEffect, useState } from "@odoo/owl";
import { deserializeDate, deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { attempt } from "@crm_telephony/core/attempt";
import { cardLineRegistry } from "@crm_telephony/core/card_line_registry";
import { openCallRecord } from "@crm_telephony/core/open_record";
import { useSoftphoneStore } from "@crm_telephony/core/use_softphone";

const { DateTime } = luxon;
/** What the caller's carrier says about the number (SHAKEN/STIR). */
const ATTESTATIONS = {
    verified: {
        icon: "fa-check-circle",
        look: "text-success",
        text: () => _t("Number verified"),
        title: () => _t("The caller's carrier confirms that the caller may use this number."),
    },
    unverified: {
        icon: "fa-question-circle-o",
        look: "text-muted",
        text: () => _t("Number not verified"),
        title: () =>
            _t("The caller's carrier does not confirm that the caller may use this number."),
    },
    failed: {
        icon: "fa-exclamation-triangle",
        look: "text-danger",
        text: () => _t("Number verification failed"),
        title: () =>
            _t("This number may be forged. Do not call back or share data on its account alone."),
    },
};
const NIGHT = { begin: 21, end: 7 }; // hours

/**
 * The customer's data besides the name: local time, route of the call, last call, open records.
 * A ringing call includes its card; for every other call the card is read.
 */
export class CallerCard extends Component {
    static template = "crm_telephony.CallerCard";
    static props = {
        call: Object,
        /** Whether the card opens with a click, because other content is more important */
        isFolded: { type: Boolean, optional: true },
    };

    setup() {
        this.store = useSoftphoneStore();
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ card: this.props.call.card || null, error: "", isBusy: false });
        onWillUpdateProps(({ call }) => {
            if (call.card) {
                this.state.card = call.card;
            }
        });
        // Another contact has another card.
        useEffect(
            () => {
                if (!this.props.call.card) {
                    this.load();
                }
            },
            () => [this.props.call.uuid, this.props.call.customer.partner_id]
        );
    }

    async load() {
        try {
            this.state.card = await this.orm.silent.call("telephony.call", "get_card", [
                this.props.call.uuid,
            ]);
        } catch (error) {
            // A colleague in a consultation has no access to the customer's card.
            console.debug("Telephony: no card for this call", error);
        }
    }

    get card() {
        return this.state.card || {};
    }

    /** @returns {{ text: string, isNight: boolean }|null} local time of the customer's number */
    get localTime() {
        const zone = this.props.call.customer.timezone;
        const there = zone && DateTime.now().setZone(zone);
        if (!there?.isValid) {
            return null;
        }
        const isNight = there.hour >= NIGHT.begin || there.hour < NIGHT.end;
        const time = there.toLocaleString(DateTime.TIME_SIMPLE);
        return {
            isNight,
            text: isNight
                ? _t("Local time %(time)s (night)", { time })
                : _t("Local time %(time)s", { time }),
        };
    }

    /** @returns {{ icon: string, look: string, text: string, title: string }|null} */
    get attestation() {
        const found = ATTESTATIONS[this.props.call.attestation];
        return found ? { ...found, text: found.text(), title: found.title() } : null;
    }

    get divertedText() {
        const number = this.props.call.diverted_from;
        return number ? _t("Diverted from %(number)s", { number }) : "";
    }

    /** @returns {string} where an unknown caller's number is from */
    get place() {
        const { network } = this.props.call.customer;
        return network ? [network.city, network.country].filter(Boolean).join(", ") : "";
    }

    get networkName() {
        const { network } = this.props.call.customer;
        return network ? network.name || "" : "";
    }

    get lastCallText() {
        const last = this.card.last_call;
        if (!last) {
            return "";
        }
        const date = deserializeDateTime(last.date).toLocaleString({
            month: "short",
            day: "numeric",
            hour: "numeric",
            minute: "2-digit",
        });
        if (!last.user_name) {
            return _t("Last call: %(date)s. %(outcome)s", { date, outcome: last.end_message });
        }
        return last.direction === "incoming"
            ? _t("Last call: %(date)s, answered by %(name)s", { date, name: last.user_name })
            : _t("Last call: %(date)s, made by %(name)s", { date, name: last.user_name });
    }

    get activities() {
        const today = DateTime.local().startOf("day");
        return (this.card.activities || []).map((activity) => {
            const date = deserializeDate(activity.date);
            const isLate = date < today;
            const values = { date: date.toLocaleString(DateTime.DATE_MED) };
            return {
                ...activity,
                isLate,
                dateText: isLate ? _t("overdue since %(date)s", values) : values.date,
            };
        });
    }

    /** @returns {CardLine[]} the lines of other addons */
    get registeredLines() {
        const { card } = this;
        const { call } = this.props;
        return cardLineRegistry.getAll().flatMap(({ getLines }) => getLines({ card, call }));
    }

    get hasContent() {
        const { card, registeredLines } = this;
        const own = [card.opportunities, card.activities, card.matches, card.route];
        const lists = [...own, registeredLines];
        return Boolean(
            card.last_call ||
            this.localTime ||
            this.attestation ||
            this.divertedText ||
            this.place ||
            this.networkName ||
            lists.some((list) => list?.length)
        );
    }

    isChosen({ id }) {
        return this.props.call.customer.partner_id === id;
    }

    open(record) {
        openCallRecord(this.action, { record });
    }

    /** @param {{ id: number }} match the right one of several contacts with the same number */
    async choose({ id }) {
        const { call } = this.props;
        this.state.isBusy = true;
        const answer = await attempt(this.state, () =>
            this.orm.silent.call("telephony.call", "choose_contact", [call.uuid, id])
        );
        if (answer) {
            const offer = this.store.offers.find((other) => other.call.uuid === call.uuid);
            if (offer) {
                Object.assign(offer.call, answer.call, { card: answer.card });
            } else {
                this.store.applyCall(answer.call);
            }
            this.state.card = answer.card;
        }
        this.state.isBusy = false;
    }
}
