/** “Call …” in the command palette. */

import { animationFrame, expect, press, queryAllTexts, test } from "@odoo/hoot";
import { MainComponentsContainer } from "@web/core/main_components_container";
import { contains, getService, mountWithCleanup, onRpc } from "@web/../tests/web_test_helpers";
import {
    callData,
    defineTelephony,
    fakeVoice,
    seen,
    startSoftphone,
} from "@crm_telephony/../tests/telephony_test_helpers";

defineTelephony();

async function openPalette(options = {}) {
    fakeVoice();
    await startSoftphone(options);
    onRpc("telephony.call", "due_calls", () => []);
    onRpc("telephony.call", "search_contacts", ({ args }) => [
        {
            partner_id: 7,
            name: `Found by ${args[0]}`,
            number: "+32470123456",
            number_display: "+32 470 12 34 56",
        },
    ]);
    onRpc("telephony.call", "dial", ({ args, kwargs }) => {
        expect.step(`dial ${args[0]} ${kwargs.res_id}`);
        return callData({ uuid: "u-9" });
    });
    await mountWithCleanup(MainComponentsContainer);
    getService("command").openMainPalette({ searchValue: options.searchValue });
    await animationFrame();
}

test("Z16: a contact is found by name and called", async () => {
    await openPalette({ searchValue: "+anna" });
    await seen(".o_command:contains(Found by anna)");
    await press("Enter");
    await seen(".o_telephony_call");
    expect.verifySteps(["dial +32470123456 7", "connect u-9"]);
});

test("Z16: a typed number is called", async () => {
    await openPalette({ searchValue: "+32470999888" });
    await seen(".o_command:contains(+32470999888)");
    expect(queryAllTexts(".o_command").length).toBe(2);
    await contains(".o_command:last").click();
    await seen(".o_telephony_call");
    expect.verifySteps(["dial +32470999888 null", "connect u-9"]);
});

test("Z16: a number in Arabic digits is called", async () => {
    await openPalette({ searchValue: "+٣٢٤٧٠٩٩٩٨٨٨" });
    await seen(".o_command:contains(+٣٢٤٧٠٩٩٩٨٨٨)");
    await contains(".o_command:last").click();
    await seen(".o_telephony_call");
    expect.verifySteps(["dial +٣٢٤٧٠٩٩٩٨٨٨ null", "connect u-9"]);
});

test("users who are not phone users get no call command", async () => {
    await openPalette({ isPhoneUser: false, searchValue: "+anna" });
    await seen(".o_command_palette_listbox_empty");
    expect(".o_command").toHaveCount(0);
});
