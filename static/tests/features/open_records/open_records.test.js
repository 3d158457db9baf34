import { animationFrame, describe, expect, test, waitUntil } from "@odoo/hoot";
import { startBusService } from "@bus/../tests/bus_test_helpers";
import {
    contains,
    defineModels,
    fields,
    MockServer,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import {
    callData,
    defineTelephony,
    endedData,
    fakeVoice,
    seen,
    sendBus,
    startSoftphone,
} from "@crm_telephony/../tests/telephony_test_helpers";

class CrmLead extends models.Model {
    _name = "crm.lead";
    _inherit = ["mail.thread"];

    name = fields.Char();
    phone = fields.Char();
    telephony_call_count = fields.Integer({ readonly: true });

    _records = [
        { id: 8, name: "Twenty desks", phone: "+32470123456", telephony_call_count: 1 },
        { id: 9, name: "Other", phone: false, telephony_call_count: 5 },
    ];
}

defineTelephony();
defineModels([CrmLead]);

const LEAD = { model: "crm.lead", id: 8, name: "Twenty desks" };

/** Open the form of the lead, whose call runs. */
async function openForm() {
    fakeVoice();
    const world = await startSoftphone();
    onRpc("crm.lead", "web_read", () => expect.step("web_read"));
    onRpc("/mail/data", async (request) => {
        const { params } = await request.json();
        for (const fetch of params.fetch_params) {
            if (fetch[0] === "mail.thread") {
                expect.step(`thread ${fetch[1].request_list.includes("activities")}`);
            }
        }
    });
    await mountView({
        type: "form",
        resModel: "crm.lead",
        resId: 8,
        arch: `<form><field name="telephony_call_count"/><field name="name"/><field name="phone"/><chatter/></form>`,
    });
    await startBusService();
    await waitUntil(() => document.querySelector(".o-mail-Chatter"));
    await animationFrame();
    expect.verifySteps(["web_read", "thread true"]);
    return world;
}

const count = ".o_field_widget[name=telephony_call_count] span";

/** The server has logged the call on the lead. */
function end(values = {}) {
    MockServer.env["crm.lead"].write([8], { telephony_call_count: 2 });
    sendBus("telephony/call_updated", endedData({ record: LEAD, ...values }));
}

describe("open form", () => {
    test("Z28 Z30: the form of the record is read again when its call has ended", async () => {
        await openForm();
        expect(count).toHaveText("1");
        sendBus("telephony/call_updated", callData({ record: LEAD, state: "in_progress" }));
        await animationFrame();
        expect.verifySteps([]);
        end();
        await expect.waitForSteps(["web_read", "thread true"]);
        await animationFrame();
        expect(count).toHaveText("2");
    });

    test("Z28 Z30: unsaved input stays; chatter and counters are read", async () => {
        await openForm();
        await contains("[name=name] input").edit("Thirty desks");
        onRpc("crm.lead", "read", ({ args }) => expect.step(["read", ...args[1]]));
        end();
        await expect.waitForSteps(
            ["thread true", ["read", "display_name", "telephony_call_count"]],
            { ignoreOrder: true }
        );
        await waitUntil(() => document.querySelector(count).textContent === "2");
        expect("[name=name] input").toHaveValue("Thirty desks");
        expect(".o_form_button_save").toBeVisible();
    });

    for (const typed of ["", "Thirty desks"]) {
        test(`the form of a deleted record says so (typed: “${typed}”)`, async () => {
            await openForm();
            if (typed) {
                await contains("[name=name] input").edit(typed);
            }
            onRpc("crm.lead", "read", () => []);
            end();
            await seen(".o_notification");
            expect(".o_notification").toHaveText(
                "“Twenty desks” no longer exists. The call is kept, with its note."
            );
            expect("[name=name] input").toHaveValue(typed || "Twenty desks");
            // The failing load, and the chatter of a record that is gone, are not tried.
            expect.verifySteps([]);
        });
    }

    test("the form of an opportunity follows a call that belongs to an order, too", async () => {
        await openForm();
        const order = { model: "sale.order", id: 3, name: "S00003" };
        end({ record: order, other_records: [{ model: "crm.lead", id: 8 }] });
        await expect.waitForSteps(["web_read", "thread true"]);
    });

    test("the form of another record is left alone", async () => {
        await openForm();
        end({ record: { ...LEAD, id: 9 } });
        await animationFrame();
        expect.verifySteps([]);
    });

    test("a call linked to another record is gone from the former one", async () => {
        await openForm();
        end();
        await expect.waitForSteps(["web_read", "thread true"]);
        end({ record: { ...LEAD, id: 9 } });
        await expect.waitForSteps(["web_read", "thread true"]);
        await seen(count);
    });
});
