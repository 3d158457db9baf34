/**
 * The place where every feature, and every other addon, registers its button of a running call.
 */

import { registry } from "@web/core/registry";

/**
 * @typedef {Object} CallAction every value may be a function of the context
 * @property {(context: Object) => string} label
 * @property {(context: Object) => string} icon class of the icon
 * @property {string} className hook of the button
 * @property {string} [shortcut] id of the keyboard shortcut that does the same
 * @property {(context: Object) => boolean} [isVisible]
 * @property {(context: Object) => boolean} [isActive] pressed or not; buttons without it are plain
 * @property {(context: Object) => boolean} [isDisabled]
 * @property {(context: Object) => void} onSelected
 *
 * The context: `{ softphone, store, call, openRecord }`.
 */
export const callActionRegistry = registry.category("crm_telephony.call_actions");
