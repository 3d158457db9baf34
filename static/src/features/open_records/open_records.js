/**
 * Announces the records that a call has changed, so that their open forms show its log, its
 * follow-ups and the new figures without a reload.
 */

import { RECORDS_CHANGED } from "@crm_telephony/backend/form_refresh";
import { isOver } from "@crm_telephony/core/call_phases";
import { addPart } from "@crm_telephony/core/softphone_part";

/**
 * @param {CallData} call
 * @returns {RecordReference[]} the records that show the call
 */
function recordsOf({ id, record, other_records: others = [], customer }) {
    return [
        { model: "telephony.call", id },
        record,
        ...others,
        customer.partner_id && { model: "res.partner", id: customer.partner_id },
    ].filter(Boolean);
}

export class OpenRecords {
    /**
     * @param {Object} bus the bus service
     * @param {EventTarget} pageBus the bus of the web client's environment
     */
    constructor(bus, pageBus) {
        Object.assign(this, { _bus: bus, _pageBus: pageBus });
        /** uuid → records of the last payload; a call that is linked anew leaves some of them */
        this._known = {};
    }

    start() {
        for (const type of ["telephony/call_updated", "telephony/call_missed"]) {
            this._bus.subscribe(type, (call) => this.onCall(call));
        }
    }

    /** @param {CallData} call of any state */
    onCall(call) {
        const records = recordsOf(call);
        if (isOver(call)) {
            this.announce([...(this._known[call.uuid] || []), ...records]);
        }
        this._known[call.uuid] = records;
    }

    /** @param {RecordReference[]} records that have changed on the server */
    announce(records) {
        this._pageBus.trigger(RECORDS_CHANGED, records);
    }
}

addPart(
    "openRecords",
    ["bus_service"],
    ({ bus_service }, env) => new OpenRecords(bus_service, env.bus)
);
