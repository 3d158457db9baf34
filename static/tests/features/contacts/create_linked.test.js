/** Records of other installed apps: created during a call, listed on its card, linked at its end. */

import { animationFrame, expect, queryAllTexts, test } from "@odoo/hoot";
import { contains, mockService, onRpc, serverState } from "@web/../tests/web_test_helpers";
import {
    defineTelephony,
    endedData,
    fakeVoice,
    mountSoftphone,
    offerData,
    seen,
    startSoftphone,
} from "@crm_telephony/../tests/telephony_test_helpers";

defineTelephony();

const MODELS = [
    { model: "sale.order", name: "Sales Order", icon: "fa-file-text-o", needs_contact: true },
    { model: "project.task", name: "Task", icon: "fa-tasks", needs_contact: false },
];
const TASK = {
    model: "project.task",
    id: 5,
    name: "<b>Desks</b>",
    detail: "Task",
    icon: "fa-tasks",
};
const CREATE = ".o_telephony_create_linked";

test("the menu offers what fits the customer, and opens the record that the server fills in", async () => {
    fakeVoice();
    mockService("action", { doAction: (action) => expect.step(action) });
    onRpc("telephony.call", "action_create_record", ({ args }) => args.join(" "));
    const mine = { user: { id: serverState.userId, name: "Me" } };
    const { store } = await startSoftphone();
    onRpc("telephony.call", "get_creatable", () => MODELS);
    onRpc("telephony.call", "find_records", () => [TASK]);
    onRpc("telephony.call", "get_dispositions", () => []);
    await mountSoftphone({ withBus: false });
    await contains(".o_telephony_systray").click();
    store.endedCall = endedData({ ...mine, record: false });
    await contains(CREATE).click();
    await seen(".o-dropdown-item");
    expect(queryAllTexts(".o-dropdown-item")).toEqual(["Sales Order", "Task"]);
    await contains(".o-dropdown-item[data-model='project.task']").click();
    expect.verifySteps(["u-1 project.task"]);
    expect(".o_telephony_link_record .fa-tasks").toHaveAttribute("aria-label", "Task");
    expect(".o_telephony_link_record bdi:first").toHaveText("<b>Desks</b>");
    const unknown = { number: "+32470999888", name: false, partner_id: false };
    store.endedCall = endedData({ ...mine, uuid: "u-2", record: false, customer: unknown });
    await animationFrame();
    await contains(CREATE).click();
    await seen(".o-dropdown-item");
    expect(queryAllTexts(".o-dropdown-item")).toEqual(["Task"]);
});

test("the card lists the open records of the customer, as links", async () => {
    fakeVoice();
    await startSoftphone({ snapshot: { offers: [offerData({}, { records: [TASK] })] } });
    await mountSoftphone({ withBus: false });
    await seen(".o_telephony_incoming");
    expect(".o_telephony_card_line .fa-tasks").toHaveCount(1);
    expect(".o_telephony_card_line button").toHaveText("Task · <b>Desks</b>");
});
