/**
 * The parts of the softphone are services. Odoo creates them in the order of their dependencies,
 * after the loader has passed them on; other addons can replace one before that.
 */

import { softphoneServices } from "@crm_telephony/backend/softphone_loader";

const PREFIX = "telephony.";

/** Return services by their names without the prefix. */
export function withShortNames(services) {
    return Object.fromEntries(
        Object.entries(services).map(([name, service]) => [
            name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name,
            service,
        ])
    );
}

/**
 * Add the service `telephony.<name>`.
 *
 * @param {string} name
 * @param {string[]} dependencies names of services
 * @param {(services: Object, env: Object) => Object} create receives them by their names without
 *  the prefix
 */
export function addPart(name, dependencies, create) {
    softphoneServices.add(PREFIX + name, {
        dependencies,
        start: (env, services) => create(withShortNames(services), env),
    });
}
