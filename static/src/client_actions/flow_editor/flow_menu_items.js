/** The actions of the menus in the drawing of a flow. */

import { _t } from "@web/core/l10n/translation";

/**
 * @param {Object} flow flow payload
 * @param {boolean} canConnect whether an existing step can be chosen, too
 * @returns {Object[]} the kinds of steps
 */
export function kindItems({ kinds }, canConnect) {
    const items = kinds.map(({ kind, name, hint, icon }) => ({ id: kind, name, hint, icon }));
    const name = _t("Connect to an existing step…");
    return canConnect
        ? [...items, { id: "connect", name, icon: "fa-link", isDivided: true }]
        : items;
}

/**
 * @param {Object|undefined} target step behind the exit
 * @param {boolean} canEdit
 * @returns {Object[]} what can be done with an exit
 */
export function exitItems(target, canEdit) {
    const items = [];
    if (target) {
        const name = _t("Go to “%(step)s”", { step: target.name });
        items.push({ id: "go", name, icon: "fa-arrow-down" });
    }
    if (canEdit) {
        const name = target ? _t("Insert a step here…") : _t("Add a step…");
        items.push(
            { id: "add", name, icon: "fa-plus" },
            { id: "connect", name: _t("Connect to…"), icon: "fa-link" }
        );
    }
    if (canEdit && target) {
        items.push({ id: "unlink", name: _t("Disconnect"), icon: "fa-unlink" });
    }
    return items;
}

/** @returns {Object[]} what can be done with the beginning of the call */
export function startItems() {
    return [
        { id: "add", name: _t("Insert a first step…"), icon: "fa-plus" },
        { id: "connect", name: _t("Choose the first step…"), icon: "fa-link" },
    ];
}
