import { expect, test } from "@odoo/hoot";
import { user } from "@web/core/user";
import { serverState } from "@web/../tests/web_test_helpers";
import {
    AGENT,
    callData,
    defineTelephony,
    fakeVoice,
    mountSoftphone,
    offerData,
    seen,
    sendBus,
    startSoftphone,
} from "@crm_telephony/../tests/telephony_test_helpers";

defineTelephony();

test("Z17: calls and offers of the user's other companies are ignored", async () => {
    serverState.companies = [
        { id: 1, name: "Alpha" },
        { id: 2, name: "Beta" },
    ];
    fakeVoice();
    const { store } = await startSoftphone();
    await mountSoftphone();
    expect(user.activeCompany.id).toBe(1);
    sendBus("telephony/agent_updated", { ...AGENT, id: 2, company_id: 2, state: "in_call" });
    sendBus("telephony/call_updated", callData({ uuid: "u-8", company_id: 2 }));
    sendBus("telephony/offer_made", offerData({ uuid: "u-9", company_id: 2 }));
    sendBus("telephony/offer_made", offerData({ uuid: "u-1", company_id: 1 }));
    await seen(".o_telephony_incoming[data-uuid=u-1]");
    expect(".o_telephony_incoming").toHaveCount(1);
    expect(store.agent.id).toBe(1);
    expect(store.calls).toEqual([]);
});
