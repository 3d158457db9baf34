/**
 * Keeps an open form true when a call changes its record: the service of the softphone names the
 * records, and their forms read them again. What the user has typed is kept.
 */

import { _t } from "@web/core/l10n/translation";
import { useBus } from "@web/core/utils/hooks";
import { patch } from "@web/core/utils/patch";
import { FormController } from "@web/views/form/form_controller";

/** Event of the environment's bus; its detail is a list of `{ model, id }` */
export const RECORDS_CHANGED = "CRM_TELEPHONY:RECORDS-CHANGED";

const CHATTER = ["messages", "activities"];

patch(FormController.prototype, {
    setup(...args) {
        super.setup(...args);
        useBus(this.env.bus, RECORDS_CHANGED, ({ detail }) => {
            const { root } = this.model;
            if (detail.some(({ model, id }) => model === root?.resModel && id === root.resId)) {
                this._refreshAfterCall(root);
            }
        });
    },

    /** @param {Object} root record of the form */
    async _refreshAfterCall(root) {
        const { resModel, resId, context } = root;
        const isDirty = await root.isDirty();
        // The load of a deleted record would fail, and its chatter show what is not about it.
        const names = ["display_name", ...(isDirty ? this._getCounters(root) : [])];
        const [values] = await this.orm.silent.read(resModel, [resId], names, { context });
        if (!values) {
            const text = _t("“%(name)s” no longer exists. The call is kept, with its note.", {
                name: root.data.display_name,
            });
            return this.env.services.notification.add(text, { type: "warning" });
        }
        if (!isDirty) {
            return root.load(); // the chatter follows
        }
        const thread = this.mailStore?.Thread.get({ model: resModel, id: resId });
        await Promise.all([thread?.fetchThreadData(CHATTER), this._showCounters(root, values)]);
    },

    /** @returns {string[]} the counters of the stat buttons, which users cannot edit */
    _getCounters(root) {
        return Object.keys(root.activeFields).filter((name) => {
            const { type, readonly } = root.fields[name];
            return type === "integer" && readonly && name !== "id";
        });
    },

    async _showCounters(root, { display_name: _name, ...values }) {
        if (this.model.root === root) {
            await this.model.mutex.exec(() => root._applyValues(values));
        }
    },
});
