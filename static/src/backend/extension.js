/**
 * @param {string} number of a customer
 * @param {string|false} [extension] that was dialed with it
 * @returns {string} both, as the server reads them again when they are dialed
 */
export function withExtension(number, extension) {
    return extension ? `${number} ext. ${extension}` : number;
}
