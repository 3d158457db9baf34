/**
 * @param {Object} env of a component
 * @param {string} number as typed; the server adds the country
 * @param {{ resModel: string, resId: number }} target the record that the call is about
 */
export function callCustomer(env, number, target) {
    const loader = env.services["crm_telephony.loader"];
    return loader?.isUser ? loader.dial({ number, target }) : undefined;
}
