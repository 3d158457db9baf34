import { CallPhase } from "./call_phases";

/**
 * Return a placeholder of a call that the server has not confirmed yet, so that the screen answers
 * a click at once.
 * @param {{ number: string, name: string, recordingMode: string }} dialing
 * @returns {CallData} without uuid
 */
export function standInCall({ number, name, recordingMode }) {
    return {
        uuid: "",
        id: false,
        direction: "outgoing",
        state: "new",
        phase: CallPhase.FRESH,
        outcome: false,
        end_message: false,
        customer: { number, number_display: number, name, company_name: "" },
        our_number: false,
        record: false,
        customer_state: "new",
        on_hold: false,
        answered_at: false,
        note: "",
        recording: {
            mode: recordingMode,
            state: "off",
            wanted: false,
            interrupted: false,
            announcing: false,
            reason: false,
            problem: false,
        },
    };
}
