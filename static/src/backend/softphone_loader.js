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
import { SystrayPlaceholder } from "./systray_placeholder";

export const GROUP_USER = "crm_telephony.group_user";
export const LOADER_NAME = "crm_telephony.loader";
export const SERVICE_NAME = "crm_telephony.softphone";
export const SOFTPHONE_BUNDLE = "crm_telephony.assets_softphone";

/** The services of the bundle. The loader passes them to Odoo, which starts them. */
export const softphoneServices = registry.category("crm_telephony.services");

const serviceRegistry = registry.category("services");

/** The place of the icon in the systray */
export const SYSTRAY_SEQUENCE = 24;

const FIRST_RETRY = 2000; // ms; doubles with each failure
const LONGEST_RETRY = 60000;

export class SoftphoneLoader extends Reactive {
    /** Whether the user is an agent; other users see nothing of the softphone */
    isUser = false;
    isLoading = false;
    hasFailed = false;
    /** Whether the window opens as soon as the softphone is loaded */
    mustOpen = false;

    /**
     * @param {Object} env
     * @param {Object} services `bus_service`, `notification` and `orm`
     */
    constructor(env, { bus_service, notification, orm }) {
        super();
        Object.assign(this, { _env: markRaw(env), _notification: notification });
        Object.assign(this, { _bus: markRaw(bus_service), _orm: orm });
        /** What was removed with the right: pairs of a registry and its entry */
        this._removed = [];
        this._loaded = null;
        /** The services of the bundle: pairs of name and definition */
        this._services = null;
        this._failures = 0;
        this._timer = 0;
    }

    async start() {
        this._bus.subscribe("telephony/rights_changed", () => this.followRight());
        browser.addEventListener("online", () => this.hasFailed && this.load());
        this.isUser = await user.hasGroup(GROUP_USER);
        if (this.isUser) {
            await this._show();
        }
    }

    /** The rights of the user have changed: add the phone to the page, or remove it. */
    async followRight() {
        const isUser = await this._orm.silent
            .call("res.users", "has_group", [user.userId, GROUP_USER])
            .catch(() => this.isUser);
        if (isUser === this.isUser) {
            return;
        }
        this.isUser = isUser;
        // The app and its menus come and go as well.
        this._env.services.menu?.reload().catch(() => {});
        if (isUser) {
            this._notification.add(
                _t(
                    "You are a phone user now: the phone is at the top of the page. Reload the page to see the calls of contacts and opportunities, too."
                ),
                {
                    type: "success",
                    sticky: true,
                    buttons: [{ name: _t("Reload"), onClick: () => browser.location.reload() }],
                }
            );
            await this._show();
        } else {
            this._notification.add(
                _t("You are no longer a phone user. Ask your phone administrator."),
                { type: "warning", sticky: true }
            );
            this._remove();
        }
    }

    async _show() {
        if (this._removed.length) {
            for (const [entries, entry] of this._removed) {
                entries.add(SERVICE_NAME, entry, { sequence: SYSTRAY_SEQUENCE });
            }
            this._removed = [];
            return;
        }
        // The softphone takes the same place, so that its neighbors do not move.
        registry
            .category("systray")
            .add(
                SERVICE_NAME,
                { Component: SystrayPlaceholder, props: { loader: this } },
                { sequence: SYSTRAY_SEQUENCE }
            );
        await this.load();
    }

    /** Remove the phone from the page, unless a conversation continues until it is hung up. */
    _remove() {
        const store = this._env.services[SERVICE_NAME]?.store;
        if (store?.isBusy || store?.heldCall) {
            return;
        }
        for (const name of ["systray", "main_components"]) {
            const entries = registry.category(name);
            if (entries.contains(SERVICE_NAME)) {
                this._removed.push([entries, entries.get(SERVICE_NAME)]);
                entries.remove(SERVICE_NAME);
            }
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

    /** Place a call. @param {Object} request */
    dial(request) {
        return this._use((softphone) => softphone.dialer.dial(request));
    }

    /** Show the end window of a call that the user has left to others. @param {string} uuid */
    openPart(uuid) {
        return this._use((softphone) => softphone.calls.openPart(uuid));
    }

    /** Do something with the softphone, or explain why it is missing. @param {Function} act */
    async _use(act) {
        const softphone = await this.load();
        if (softphone) {
            return act(softphone);
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
                            this._use(act);
                        },
                    },
                ],
            }
        );
    }

    /** The icon was clicked before the softphone is loaded. */
    toggle() {
        this.mustOpen = !this.mustOpen;
    }

    async _load() {
        browser.clearTimeout(this._timer);
        this.isLoading = true;
        try {
            await loadBundle(SOFTPHONE_BUNDLE);
            const softphone = await this._startServices();
            this.hasFailed = false;
            this._failures = 0;
            if (this.mustOpen) {
                softphone.windowState.open();
            }
            return softphone;
        } catch (error) {
            console.warn("Telephony: the softphone could not be loaded", error);
            this._loaded = null;
            this._retryLater();
            return null;
        } finally {
            this.isLoading = false;
        }
    }

    /**
     * Start the services of the bundle.
     *
     * Odoo's own start never ends, and starts no later service, if one of them throws or lacks a
     * dependency. Therefore errors do not reach it.
     *
     * @returns {Promise<import("@crm_telephony/shell/softphone_service").Softphone>} rejected with
     *  the error of a service
     */
    _startServices() {
        if (!softphoneServices.contains(SERVICE_NAME)) {
            throw new AssetsLoadingError("The bundle of the softphone is incomplete");
        }
        // Another addon may have replaced a service.
        this._services ||= softphoneServices
            .getEntries()
            .map(([name, service]) => [name, serviceRegistry.get(name, service)]);
        const { bus, services } = this._env;
        const missing = this._services.filter(([name]) => !(name in services));
        this._checkDependencies(missing);
        return new Promise((resolve, reject) => {
            let failure = null;
            const start = async (service, env, dependencies) => {
                try {
                    return failure ? null : await service.start(env, dependencies);
                } catch (error) {
                    failure = error;
                    return null;
                }
            };
            const onServicesLoaded = () => {
                if (!(SERVICE_NAME in services)) {
                    return; // other services have started
                }
                bus.removeEventListener("SERVICES-LOADED", onServicesLoaded);
                if (failure) {
                    // The services that have started stay; the next attempt starts the others.
                    for (const [name] of missing.filter(([name]) => !services[name])) {
                        delete services[name];
                    }
                    reject(failure);
                } else {
                    resolve(services[SERVICE_NAME]);
                }
            };
            bus.addEventListener("SERVICES-LOADED", onServicesLoaded);
            for (const [name, service] of missing) {
                const guarded = Object.assign(Object.create(service), {
                    start: (env, dependencies) => start(service, env, dependencies),
                });
                serviceRegistry.add(name, guarded, { force: true });
            }
        });
    }

    /**
     * @param {Array<[string, Object]>} entries services that have not started
     * @throws {Error} a service lacks a dependency
     */
    _checkDependencies(entries) {
        const names = new Set([
            ...Object.keys(this._env.services),
            ...serviceRegistry.getEntries().map(([name]) => name),
            ...entries.map(([name]) => name),
        ]);
        for (const [name, { dependencies = [] }] of entries) {
            const absent = dependencies.find((dependency) => !names.has(dependency));
            if (absent) {
                throw new Error(`The service ${name} lacks its dependency ${absent}`);
            }
        }
    }

    _retryLater() {
        this.hasFailed = true;
        this._failures++;
        const delay = Math.min(FIRST_RETRY * 2 ** (this._failures - 1), LONGEST_RETRY);
        this._timer = browser.setTimeout(() => this.load(), delay);
    }
}

export const softphoneLoaderService = {
    dependencies: ["bus_service", "notification", "orm"],

    start(env, services) {
        const loader = new SoftphoneLoader(env, services);
        // Not awaited: the web client must not wait for the softphone.
        loader.started = loader
            .start()
            .catch((error) => console.warn("Telephony: the right is not known", error));
        return loader;
    },
};

serviceRegistry.add(LOADER_NAME, softphoneLoaderService);
