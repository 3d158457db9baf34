const { Duration } = luxon;

/**
 * @param {number} seconds
 * @returns {string} like 4:02 or 1:04:02
 */
export function formatSeconds(seconds) {
    const duration = Duration.fromObject({ seconds: Math.max(0, Math.floor(seconds)) });
    return duration.toFormat(duration.as("hours") < 1 ? "m:ss" : "h:mm:ss");
}
