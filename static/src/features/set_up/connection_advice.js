/**
 * What the measurements of a connection mean for a call, in words.
 *
 * Above the limits of "fair" the Voice SDK warns, too (`statsMonitor.ts`).
 */

import { _t } from "@web/core/l10n/translation";

export const Grade = Object.freeze({ GOOD: "good", FAIR: "fair", POOR: "poor" });

/** The highest value of a good, and of a fair connection. */
const LIMITS = {
    rtt: [200, 400], // ms
    jitter: [20, 30], // ms
    loss: [1, 3], // percent
};

const GRADES = [Grade.GOOD, Grade.FAIR, Grade.POOR];

/**
 * @param {string} name of a measurement
 * @param {number} value
 * @returns {string} one of `Grade`
 */
export function gradeOf(name, value) {
    const [good, fair] = LIMITS[name];
    return value <= good ? Grade.GOOD : value <= fair ? Grade.FAIR : Grade.POOR;
}

/**
 * @param {{ rtt: number, jitter: number, loss: number, troubles: string[] }} result
 * @returns {{ grade: string, advice: string[] }} the worst grade, and whole sentences
 */
export function adviseOn(result) {
    const grades = Object.fromEntries(
        Object.keys(LIMITS).map((name) => [name, gradeOf(name, result[name])])
    );
    const isSilent = result.troubles.includes("silent_microphone");
    const isDeaf = result.troubles.includes("nothing_received");
    const rank = Math.max(...Object.values(grades).map((grade) => GRADES.indexOf(grade)));
    const grade = isSilent || isDeaf ? Grade.POOR : GRADES[rank];
    const advice = [];
    if (isSilent) {
        advice.push(
            _t("Twilio received no sound from your microphone. Check that it is not muted.")
        );
    }
    if (isDeaf) {
        advice.push(
            _t(
                "No sound arrived from Twilio. Ask your network administrator to open the firewall for Twilio's media."
            )
        );
    }
    if (grades.rtt !== Grade.GOOD) {
        advice.push(
            _t(
                "Voices arrive late, so that people talk over each other. Disconnect from a VPN, or use a network closer to you."
            )
        );
    }
    if (grades.jitter !== Grade.GOOD || grades.loss !== Grade.GOOD) {
        advice.push(
            _t(
                "Parts of words may be missing. Use a network cable, move closer to the Wi-Fi access point, and pause large downloads."
            )
        );
    }
    if (!advice.length) {
        advice.push(_t("Your connection is good for calls."));
    }
    return { grade, advice };
}
