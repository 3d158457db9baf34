import { describe, expect, test, waitFor } from "@odoo/hoot";
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

class Shop extends models.Model {
    _name = "shop";

    name = fields.Char();
    phone = fields.Char();

    _records = [
        { id: 1, name: "Azure", phone: "0470 12 34 56" },
        { id: 2, name: "Nobody", phone: false },
    ];
}

defineTelephony();
defineModels([Shop]);

const BUTTON = ".o_telephony_phone_call";
const VIEWS = {
    form: `<form><field name="phone" widget="phone"/></form>`,
    list: `<list><field name="name"/><field name="phone" widget="phone"/></list>`,
    kanban: `<kanban><templates><t t-name="card">
        <field name="name"/><field name="phone" widget="phone"/>
    </t></templates></kanban>`,
};

async function openView(type, options = {}) {
    const world = await startSoftphone(options);
    onRpc("telephony.call", "dial", ({ args, kwargs }) => {
        expect.step(`dial ${args[0]} ${kwargs.res_model} ${kwargs.res_id}`);
        return callData();
    });
    await mountView({
        type,
        resModel: "shop",
        arch: VIEWS[type],
        resId: type === "form" ? 1 : undefined,
        selectRecord: () => expect.step("record opened"),
    });
    return world;
}

describe("Z15: a phone user calls from", () => {
    for (const type of ["form", "list", "kanban"]) {
        test(`the button of a ${type}, linked to the record`, async () => {
            fakeVoice();
            await openView(type);
            expect(BUTTON).toHaveCount(1);
            expect(BUTTON).toHaveAttribute("aria-label", "Call 0470 12 34 56");
            await contains(BUTTON).click();
            await waitFor(".o_telephony_call[data-voice=connected]");
            expect.verifySteps(["dial 0470 12 34 56 shop 1", "connect u-1"]);
        });
    }

    test("the number in a list, without opening the record", async () => {
        fakeVoice();
        await openView("list");
        await contains(".o_field_phone a:contains(0470)").click();
        await waitFor(".o_telephony_call[data-voice=connected]");
        expect.verifySteps(["dial 0470 12 34 56 shop 1", "connect u-1"]);
    });

    test("a form, which has one button only", async () => {
        fakeVoice();
        await openView("form");
        expect(".o_field_phone .o_phone_form_link").toHaveCount(0);
        expect(`.o_field_phone ${BUTTON}`).toHaveCount(1);
    });
});

test("Z13: with several caller IDs, one is chosen before the call", async () => {
    fakeVoice();
    const callerIds = [
        { id: 5, number: "+32470000001", number_display: "+32 470 00 00 01", name: "My mobile" },
        { id: 6, number: "+32470000002", number_display: "+32 470 00 00 02", name: "Shop" },
    ];
    await openView("list", { snapshot: { caller_ids: callerIds } });
    onRpc("telephony.call", "dial", ({ args, kwargs }) => {
        expect.step(`dial ${args[0]} ${kwargs.caller_id_id} ${kwargs.res_model}`);
        return callData();
    });
    onRpc("telephony.caller.id", "get_choices", ({ args }) => {
        expect.step(`choices ${args[0]}`);
        return { choices: callerIds, preselected_id: 5 };
    });
    await contains(BUTTON).click();
    await contains(".o_telephony_chooser_option[data-id='6']").click();
    await waitFor(".o_telephony_call[data-voice=connected]");
    expect.verifySteps(["choices 0470 12 34 56", "dial 0470 12 34 56 6 shop", "connect u-1"]);
});

describe("users who are not phone users keep the link in", () => {
    for (const type of ["form", "list", "kanban"]) {
        test(`a ${type}`, async () => {
            await openView(type, { isPhoneUser: false });
            expect(BUTTON).toHaveCount(0);
            expect(".o_field_phone a[href^='tel:']").toHaveCount(1);
            expect(".o_field_phone a[href^='tel:']").toHaveAttribute("href", "tel:0470123456");
        });
    }
});
