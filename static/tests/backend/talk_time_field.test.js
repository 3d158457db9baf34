import { expect, queryFirst, test } from "@odoo/hoot";
import {
    contains,
    defineModels,
    fields,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import { defineTelephony } from "@crm_telephony/../tests/telephony_test_helpers";

class Log extends models.Model {
    _name = "log";

    outcome = fields.Char({ default: "Answered" });
    minutes = fields.Float();

    _records = [{ id: 1, minutes: 4.5 }];
}

defineTelephony();
defineModels([Log]);

const FIELD = "[name=minutes] input";

async function openForm(options = {}) {
    await mountView({
        type: "form",
        resModel: "log",
        arch: `<form>
            <field name="outcome"/>
            <field name="minutes" widget="telephony_talk_time" default_focus="1" placeholder="e.g. 4:30"/>
        </form>`,
        ...options,
    });
}

/** @returns {string} the selected text of the field */
function selectedText() {
    const { value, selectionStart, selectionEnd } = queryFirst(FIELD);
    return value.slice(selectionStart, selectionEnd);
}

test("a talk time is empty until it is entered", async () => {
    onRpc("log", "web_save", ({ args }) => expect.step(args[1].minutes));
    await openForm();
    expect(FIELD).toHaveValue("");
    expect(FIELD).toHaveAttribute("placeholder", "e.g. 4:30");
    await contains(FIELD).edit("4:30");
    expect(FIELD).toHaveValue("04:30");
    await contains(".o_form_button_save").click();
    expect.verifySteps([4.5]);
    await contains(FIELD).edit("0");
    expect(FIELD).toHaveValue("");
    await contains(".o_form_button_save").click();
    expect.verifySteps([0]);
});

test.tags("desktop"); // a touch screen has no focus at first, because its keyboard would open
test("a form begins with the talk time", async () => {
    await openForm();
    expect(FIELD).toBeFocused();
});

test("a click selects the whole talk time", async () => {
    await openForm({ resId: 1 });
    expect(FIELD).toHaveValue("04:30");
    await contains(FIELD).click();
    expect(selectedText()).toBe("04:30");
    // In the focused field as well, where a browser places the cursor.
    queryFirst(FIELD).setSelectionRange(5, 5);
    await contains(FIELD).click();
    expect(selectedText()).toBe("04:30");
});
