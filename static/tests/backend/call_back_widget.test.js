import { expect, test } from "@odoo/hoot";
import {
    contains,
    defineModels,
    fields,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import {
    callData,
    defineTelephony,
    fakeVoice,
    startSoftphone,
} from "@crm_telephony/../tests/telephony_test_helpers";

class Talk extends models.Model {
    _name = "talk";

    state = fields.Char();
    customer_number = fields.Char();
    customer_display = fields.Char();
    extension = fields.Char();

    _records = [
        { id: 1, state: "ended", customer_number: "+32470123456", customer_display: "Anna" },
        { id: 2, state: "in_progress", customer_number: "+32470123456", customer_display: "Anna" },
        { id: 3, state: "ended", customer_number: false, customer_display: "Anonymous" },
        { id: 4, state: "ended", customer_number: "+32470123456", extension: "12" },
    ];
}

defineTelephony();
defineModels([Talk]);

async function openForm(resId, options = {}) {
    await startSoftphone(options);
    onRpc("telephony.call", "dial", ({ args, kwargs }) => {
        expect.step(`dial ${args[0]} ${kwargs.res_model} ${kwargs.res_id}`);
        return callData();
    });
    const arch = `<form><widget name="telephony_call_again"/></form>`;
    await mountView({ type: "form", resModel: "talk", arch, resId });
}

const BUTTON = ".o_form_view .o_widget_telephony_call_again button";

test("the customer of an ended call is called again from its form", async () => {
    fakeVoice();
    await openForm(1);
    expect(BUTTON).toHaveText("Call again");
    await contains(BUTTON).click();
    await expect.waitForSteps(["dial +32470123456 talk 1", "connect u-1"]);
});

test("an extension is dialed again, too", async () => {
    fakeVoice();
    await openForm(4);
    await contains(BUTTON).click();
    await expect.waitForSteps(["dial +32470123456 ext. 12 talk 4", "connect u-1"]);
});

for (const [why, resId] of [
    ["a call that continues", 2],
    ["a hidden caller", 3],
]) {
    test(`${why} has no button to call again`, async () => {
        await openForm(resId);
        expect(".o_form_view").toHaveCount(1);
        expect(BUTTON).toHaveCount(0);
    });
}
