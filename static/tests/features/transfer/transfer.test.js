import {
    Deferred,
    advanceTime,
    animationFrame,
    click,
    describe,
    edit,
    expect,
    press,
    queryAllTexts,
    queryFirst,
    test,
    waitForNone,
    waitUntil,
} from "@odoo/hoot";
import { serializeDateTime } from "@web/core/l10n/dates";
import {
    contains,
    makeServerError,
    onRpc,
    patchWithCleanup,
    serverState,
} from "@web/../tests/web_test_helpers";
import {
    defineTelephony,
    endedData,
    mountSoftphone,
    offerData,
    runningData,
    seen,
    sendBus,
    startConversation,
    startSoftphone,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { liveTransferText } from "@crm_telephony/features/transfer/transfer_labels";

defineTelephony();

const RULE_ERROR =
    "odoo.addons.crm_telephony.models.call.telephony_call_outgoing.TelephonyRuleError";
const transferData = (values = {}) => ({
    id: 9,
    mode: "warm",
    kind: "agent",
    state: "talking",
    target: "Bob",
    by: { id: 2, name: "Ana" },
    is_mine: true,
    expires_at: false,
    ...values,
});

const TARGETS = [
    { type: "agent", id: 4, name: "Bob", state: "available", detail: false, reason: false },
    { type: "queue", id: 5, name: "Helpdesk", waiting: 2, detail: false, reason: false },
    { type: "agent", id: 6, name: "Cleo", state: "offline", reason: "Cleo is offline." },
];

async function speak(values = {}) {
    const world = await startConversation({ call: runningData(values) });
    onRpc("telephony.call", "transfer_targets", ({ args }) => {
        expect.step(`search ${args[1]}`);
        return TARGETS;
    });
    return world;
}

async function openPanel() {
    await contains(".o_telephony_transfer_toggle").click();
    await seen(".o_telephony_target");
    expect.verifySteps(["search "]);
}

describe("choosing the target", () => {
    test("available colleagues are offered, the others are disabled with the reason", async () => {
        await speak();
        await openPanel();
        expect(queryAllTexts(".o_telephony_target")).toEqual([
            "Bob\nAvailable",
            "Helpdesk\nQueue, 2 waiting",
            "Cleo\nCleo is offline.",
        ]);
        expect(".o_telephony_transfer_input").toBeFocused();
        expect(".o_telephony_target:last").toHaveAttribute("aria-disabled", "true");
        await contains(".o_telephony_target:last").click();
        expect(".o_telephony_target[aria-selected=true]").toHaveCount(0);
        expect(".o_telephony_transfer_now").not.toBeEnabled();
    });

    test("a blind transfer by keyboard removes the call and its sound", async () => {
        const { store } = await speak();
        const left = {
            ...runningData({ state: "ringing", has_left: true }),
            revision: 7,
            message: "The call was transferred to Bob.",
        };
        onRpc("telephony.call", "transfer", ({ args }) => {
            expect.step(`transfer ${JSON.stringify(args[1])} ${args[2]}`);
            return left;
        });
        await openPanel();
        await press("ArrowDown");
        await animationFrame();
        expect(".o_telephony_target[aria-selected=true]").toHaveText(/Bob/);
        await press("ArrowDown");
        await press("ArrowDown"); // skips the unavailable target
        await animationFrame();
        expect(".o_telephony_target[aria-selected=true]").toHaveText(/Bob/);
        await contains(".o_telephony_transfer_now").click();
        await waitForNone(".o_telephony_call");
        expect.verifySteps(['transfer {"type":"agent","id":4} blind', "leave"]);
        expect(store.session).toBe(null);
        // The answer and the bus carry the same message: it is shown once.
        sendBus("telephony/call_left", left);
        await seen(".o_notification");
        expect(".o_notification").toHaveText(/transferred to Bob/);
    });

    test("a blacklisted number asks for a reason, by keyboard", async () => {
        const { store } = await speak();
        const sentence = "+32 471 99 88 77 has been on the phone blacklist since 11/22/2026.";
        onRpc("telephony.call", "transfer_targets", () => [
            { type: "number", number: "+32471998877", name: "+32 471 99 88 77", reason: false },
        ]);
        onRpc("telephony.call", "transfer", ({ args: [, target, mode] }) => {
            expect.step(`${mode} ${target.number} ${target.reason}`);
            if (!target.reason) {
                throw makeServerError({ errorName: RULE_ERROR, message: sentence });
            }
            return runningData({ transfer: transferData({ state: "ringing", mode }) });
        });
        await contains(".o_telephony_transfer_toggle").click();
        await seen(".o_telephony_target");
        await press("ArrowDown");
        await animationFrame();
        const ask = async () => {
            await press("Enter"); // on the button
            await seen(".o_telephony_reason");
            expect(".modal-body p").toHaveText(sentence);
            expect(".o_telephony_reason").toBeFocused();
        };
        queryFirst(".o_telephony_ask_first").focus();
        await ask();
        await press("Escape");
        await waitForNone(".o_telephony_reason");
        await animationFrame();
        expect(".o_telephony_error").toHaveText(sentence);
        expect(".o_telephony_ask_first").toBeFocused();
        await ask();
        await edit("Asked us to call", { confirm: "enter" });
        await seen(".o_telephony_strip");
        expect(store.error).toBe("");
        expect.verifySteps([
            "warm +32471998877 undefined",
            "warm +32471998877 undefined",
            "warm +32471998877 Asked us to call",
        ]);
    });

    test("the panel does not outlive its call", async () => {
        const { softphone, store } = await speak();
        await openPanel();
        softphone.calls.onCall(endedData());
        await seen(".o_telephony_ended");
        expect.verifySteps(["leave"]);
        await contains(".o_telephony_done").click();
        softphone.calls.onCall(runningData({ uuid: "u-2" }));
        await seen(".o_telephony_call[data-uuid=u-2]");
        expect(".o_telephony_transfer").toHaveCount(0);
        expect(".o_telephony_note").toHaveCount(1);
        expect(".o_telephony_hold").toHaveCount(1);
        expect(store.isTransferShown).toBe(false);
    });

    test("Z27: who hands a call over gets an end window for the own part", async () => {
        const { store } = await speak();
        const me = { id: serverState.userId, name: "Me" };
        const part = runningData({
            state: "ended",
            phase: "ended",
            outcome: "answered",
            end_message: "The call was transferred to Bob.",
            is_part: true,
            user: me,
            disposition: false,
        });
        const left = { ...runningData({ state: "ringing" }), has_left: true, message: "", part };
        onRpc("telephony.call", "transfer", () => left);
        onRpc("telephony.call", "get_dispositions", () => [{ id: 2, name: "Wrong number" }]);
        onRpc("telephony.call", "find_records", () => []);
        onRpc("telephony.call", "wrap_up", ({ args: [uuid, values] }) => {
            expect.step([uuid, values]);
            return { ...part, disposition: { id: 2, name: "Wrong number" } };
        });
        await openPanel();
        await contains(".o_telephony_target:first").click();
        await contains(".o_telephony_transfer_now").click();
        await seen(".o_telephony_disposition option[value='2']");
        expect(".o_telephony_outcome").toHaveText("The call was transferred to Bob.");
        expect(".o_telephony_follow_up_call:enabled").toHaveCount(1);
        expect(".o_telephony_call_again, .o_telephony_link_change").toHaveCount(0);
        await contains(".o_telephony_disposition").select("2");
        await seen(".o_telephony_saved .text-success");
        expect(".o_telephony_disposition").toHaveValue("2");
        // The call itself goes on: it may return.
        const offer = offerData(runningData({ state: "ringing" }));
        sendBus("telephony/offer_made", offer);
        await seen(".o_telephony_incoming");
        expect(store.offers).toHaveLength(1);
        expect.verifySteps(["leave", ["u-1", { disposition_id: 2 }]]);
    });

    test("a returning call rings again", async () => {
        const { store } = await speak();
        onRpc("telephony.call", "transfer", () =>
            runningData({ state: "ringing", has_left: true })
        );
        await openPanel();
        await contains(".o_telephony_target:first").click();
        await contains(".o_telephony_transfer_now").click();
        await waitForNone(".o_telephony_call");
        const offer = offerData(runningData({ state: "ringing" }));
        sendBus("telephony/offer_made", {
            ...offer,
            transfer: { kind: "returned", name: "Bob", note: "Wants a refund" },
        });
        await seen(".o_telephony_incoming");
        expect(".o_telephony_offer_reason").toHaveText("Returned: Bob did not take this call.");
        expect(".o_telephony_offer_note").toHaveText("Wants a refund");
        expect(store.offers).toHaveLength(1);
        expect.verifySteps(["leave"]);
    });

    test("a queue cannot be consulted, and Escape returns to the call", async () => {
        await speak();
        await openPanel();
        await contains(".o_telephony_target:eq(1)").click();
        expect(".o_telephony_transfer_now").toBeEnabled();
        expect(".o_telephony_ask_first").not.toBeEnabled();
        expect(".o_telephony_add_third").not.toBeEnabled();
        await contains(".o_telephony_transfer_input").focus();
        await press("Escape");
        await waitForNone(".o_telephony_transfer");
        expect(".o_telephony_call").toHaveCount(1);
        expect(".o_telephony_note").toHaveCount(1);
    });

    test("typing searches once, after the last key", async () => {
        await speak();
        await openPanel();
        await click(".o_telephony_transfer_input");
        await edit("bo");
        await advanceTime(300);
        expect.verifySteps(["search bo"]);
    });

    test("a target chosen during a search stays chosen", async () => {
        const { softphone } = await speak();
        await openPanel();
        const answer = new Deferred();
        patchWithCleanup(softphone.transfer, { targets: () => answer });
        await click(".o_telephony_transfer_input");
        await edit("b");
        await advanceTime(300);
        await press("ArrowDown");
        await animationFrame();
        expect(".o_telephony_target[aria-selected=true]").toHaveText(/Bob/);
        answer.resolve(TARGETS.slice(0, 1));
        await waitForNone(".o_telephony_target:eq(1)");
        expect(".o_telephony_target[aria-selected=true]").toHaveText(/Bob/);
        expect(".o_telephony_ask_first").toBeEnabled();
    });

    test("a refusal shows an error and the call goes on", async () => {
        const { store } = await speak();
        onRpc("telephony.call", "transfer", () => {
            throw new Error("gone");
        });
        await openPanel();
        await contains(".o_telephony_target:first").click();
        await contains(".o_telephony_transfer_now").click();
        await seen(".o_telephony_error");
        expect(store.calls).toHaveLength(1);
        expect(".o_telephony_transfer").toHaveCount(1);
    });
});

describe("during a consultation", () => {
    test("the strip shows the parties, and each button sends one request", async () => {
        await speak();
        for (const method of ["merge_transfer", "cancel_transfer", "complete_transfer"]) {
            onRpc("telephony.call", method, () => {
                expect.step(method);
                const mode = { merge_transfer: "conference" }[method];
                return mode
                    ? runningData({ transfer: transferData({ state: mode }) })
                    : runningData({ has_left: method === "complete_transfer" });
            });
        }
        sendBus("telephony/call_updated", runningData({ on_hold: true, transfer: transferData() }));
        await seen(".o_telephony_strip");
        expect(".o_telephony_strip [role=status]").toHaveText(
            "Consulting Bob. The customer is on hold."
        );
        expect(".o_telephony_hold").not.toBeEnabled();
        expect(".o_telephony_transfer_toggle").not.toBeEnabled();
        expect(".o_telephony_hang_up").toHaveText("End for everyone");
        await contains(".o_telephony_merge").click();
        await seen(".o_telephony_strip[data-state=conference]");
        expect(".o_telephony_strip [role=status]").toHaveText(
            "You, Bob and the customer are in a three-way call."
        );
        expect(".o_telephony_cancel_transfer").toHaveText("Remove Bob");
        await contains(".o_telephony_cancel_transfer").click();
        await waitForNone(".o_telephony_strip");
        sendBus("telephony/call_updated", runningData({ transfer: transferData() }));
        await contains(".o_telephony_complete").click();
        await waitForNone(".o_telephony_call");
        expect.verifySteps(["merge_transfer", "cancel_transfer", "complete_transfer", "leave"]);
    });

    test("the transfer is checked once when its time is up", async () => {
        await speak();
        onRpc("telephony.call", "check_transfer", () => {
            expect.step("check");
            return runningData();
        });
        const expiresAt = serializeDateTime(luxon.DateTime.now().plus({ seconds: 20 }));
        sendBus(
            "telephony/call_updated",
            runningData({ transfer: transferData({ state: "ringing", expires_at: expiresAt }) })
        );
        await seen(".o_telephony_strip");
        expect(".o_telephony_complete").toHaveText("Transfer now");
        expect(".o_telephony_merge").toHaveCount(0);
        await advanceTime(15_000);
        expect.verifySteps([]);
        await advanceTime(10_000);
        await expect.waitForSteps(["check"]);
        await waitForNone(".o_telephony_strip");
        await advanceTime(30_000);
        expect.verifySteps([]);
    });

    test("a colleague who does not answer causes a notification", async () => {
        await speak();
        sendBus("telephony/transfer_ended", { uuid: "u-1", message: "Bob did not answer." });
        await seen(".o_notification");
        expect(".o_notification").toHaveText(/Bob did not answer/);
    });
});

describe("being consulted", () => {
    test("the card shows the colleague and the reason", async () => {
        await startSoftphone();
        await mountSoftphone();
        const offer = offerData(runningData());
        const transfer = { kind: "warm", name: "Ana", note: false };
        sendBus("telephony/offer_made", { ...offer, transfer });
        await seen(".o_telephony_incoming");
        expect(".o_telephony_offer_reason").toHaveText(
            "Ana wants to consult you. The customer is on hold."
        );
        expect(".o_telephony_offer_note").toHaveCount(0);
    });

    test("a consulted user can leave the call and do nothing else", async () => {
        const transfer = transferData({ is_mine: false });
        const { store } = await speak({
            role: "consulted",
            transfer,
            note: "Wants a refund",
        });
        expect(".o_telephony_strip [role=status]").toHaveText(
            "Ana is consulting you. The customer is on hold."
        );
        expect(".o_telephony_strip button").toHaveCount(0);
        expect(".o_telephony_hold").toHaveCount(0);
        expect(".o_telephony_transfer_toggle").toHaveCount(0);
        expect(".o_telephony_note").toHaveCount(0);
        expect(".o_telephony_note_read").toHaveText(/Wants a refund/);
        onRpc("telephony.call", "hang_up", () => {
            expect.step("hang up");
            return runningData({ has_left: true });
        });
        expect(".o_telephony_hang_up").toHaveText("Leave the call");
        await contains(".o_telephony_hang_up").click();
        await waitUntil(() => !store.calls.length);
        expect(store.endedCall).toBe(null);
        expect.verifySteps(["mute true", "hang up", "leave"]);
    });

    test("a completed transfer gives the call to the consulted user", async () => {
        const transfer = transferData({ is_mine: false });
        await speak({ role: "consulted", transfer });
        sendBus(
            "telephony/call_updated",
            runningData({ transfer_path: "Sales 0:10 → Ana 4:02 → Bob" })
        );
        await seen(".o_telephony_note");
        expect(".o_telephony_journey").toHaveText("Sales 0:10 → Ana 4:02 → Bob");
        expect(".o_telephony_hang_up").toHaveText("Hang up");
    });
});

test("live lists show the state of a transfer", async () => {
    await startSoftphone(); // the texts come from the translations
    const text = (mode, state) => String(liveTransferText({ mode, state, name: "Bob" }));
    expect(liveTransferText(false)).toBe("");
    expect(text("blind", "ringing")).toBe("Transferring to Bob");
    expect(text("blind", "returning")).toBe("Returning");
    expect(text("warm", "talking")).toBe("Customer on hold, consulting Bob");
    expect(text("warm", "ringing")).toBe("Ringing Bob");
    expect(text("conference", "conference")).toBe("Three-way call with Bob");
});
