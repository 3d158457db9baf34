/**
 * Loads the softphone for phone users. Its files are in bundles of their own, so that users who do
 * not telephone load this folder only.
 */

import { markRaw } from "@odoo/owl";
import { AssetsLoadingError, loadBundle } from "@web/core/assets";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { Reactive } from "@web/core/utils/reactive";
import { LoadFailure } from "./load_failure";

export const GROUP_USER = "crm_telephony.group_user";
export const LOADER_NAME = "crm_telephony.loader";
export const SERVICE_NAME = "crm_telephony.softphone";
export const SOFTPHONE_BUNDLE = "crm_telephony.assets_softphone";

/** The services of the bundle. The loader passes them to Odoo, which starts them. */
export const softphoneServices = registry.category("crm_telephony.services");

const FIRST_RETRY = 2000; // ms; doubles with each failure
const LONGEST_RETRY = 60000;

export class SoftphoneLoader extends Reactive {
    /** Whether the user is an agent; other users see nothing of the softphone */
    isUser = false;
    isLoading = false;

    /**
     * @param {Object} env
     * @param {Object} notification the notification service
     */
    constructor(env, notification) {
        super();
        Object.assign(this, { _env: markRaw(env), _notification: notification });
        this._loaded = null;
        this._failures = 0;
        this._timer = 0;
    }

    async start() {
        this.isUser = await user.hasGroup(GROUP_USER);
        if (this.isUser) {
            browser.addEventListener("online", () => this._failures && this.load());
            await this.load();
        }
    }

    /**
     * Load and start the softphone once. After a failure it is tried again: later, as soon as the
     * browser is online, and with each call of this method.
     *
     * @returns {Promise<import("@crm_telephony/shell/softphone_service").Softphone|null>}
     *  null if it cannot be loaded now
     */
    load() {
        this._loaded ||= this._load();
        return this._loaded;
    }

    /** Place a call, or explain why the softphone is missing. @param {Object} request */
    async dial(request) {
        const softphone = await this.load();
        if (softphone) {
            return softphone.dialer.dial(request);
        }
        const close = this._notification.add(
            _t("The phone could not be loaded. Check your network and try again."),
            {
                type: "danger",
                buttons: [
                    {
                        name: _t("Try again"),
                        primary: true,
                        onClick: () => {
                            close();
                            this.dial(request);
                        },
                    },
                ],
            }
        );
    }

    async _load() {
        browser.clearTimeout(this._timer);
        this.isLoading = true;
        try {
            await loadBundle(SOFTPHONE_BUNDLE);
            const softphone = await this._startServices();
            this._removeFailure();
            return softphone;
        } catch (error) {
            console.warn("Telephony: the softphone could not be loaded", error);
            this._loaded = null;
            this._addFailure();
            return null;
        } finally {
            this.isLoading = false;
        }
    }

    /** Start the services of the bundle, and return the softphone. */
    _startServices() {
        if (!softphoneServices.contains(SERVICE_NAME)) {
            throw new AssetsLoadingError("The bundle of the softphone is incomplete");
        }
        const { bus, services } = this._env;
        const started = new Promise((resolve) => {
            const onServicesLoaded = () => {
                if (services[SERVICE_NAME]) {
                    bus.removeEventListener("SERVICES-LOADED", onServicesLoaded);
                    resolve(services[SERVICE_NAME]);
                }
            };
            bus.addEventListener("SERVICES-LOADED", onServicesLoaded);
        });
        const serviceRegistry = registry.category("services");
        for (const [name, service] of softphoneServices.getEntries()) {
            // Another addon may have replaced the service.
            if (!serviceRegistry.contains(name)) {
                serviceRegistry.add(name, service);
            }
        }
        return started;
    }

    _addFailure() {
        this._failures++;
        const delay = Math.min(FIRST_RETRY * 2 ** (this._failures - 1), LONGEST_RETRY);
        this._timer = browser.setTimeout(() => this.load(), delay);
        registry
            .category("systray")
            .add(
                LOADER_NAME,
                { Component: LoadFailure, props: { loader: this } },
                { sequence: 24, force: true }
            );
    }

    _removeFailure() {
        if (this._failures) {
            this._failures = 0;
            registry.category("systray").remove(LOADER_NAME);
        }
    }
}

export const softphoneLoaderService = {
    dependencies: ["notification"],

    start(env, { notification }) {
        const loader = new SoftphoneLoader(env, notification);
        // Not awaited: the web client must not wait for the softphone.
        loader.started = loader
            .start()
            .catch((error) => console.warn("Telephony: the right is not known", error));
        return loader;
    },
};

registry.category("services").add(LOADER_NAME, softphoneLoaderService);
