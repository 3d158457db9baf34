/**
 * Open the record of a call, or else its contact.
 *
 * @param {Object} action the action service
 * @param {CallData} call
 * @returns {Promise<void>}
 */
export function openCallRecord(action, call) {
    const { record, customer } = call;
    return action.doAction({
        type: "ir.actions.act_window",
        res_model: record ? record.model : "res.partner",
        res_id: record ? record.id : customer.partner_id,
        views: [[false, "form"]],
    });
}
