import { expect, queryFirst, test } from "@odoo/hoot";
import { contains, defineModels, fields, models, mountView } from "@web/../tests/web_test_helpers";
import { defineTelephony } from "@crm_telephony/../tests/telephony_test_helpers";
import "@crm_telephony/backend/text_area";

class Announcement extends models.Model {
    _name = "announcement";
    text = fields.Text();
    _records = [{ id: 1, text: "One line." }];
}

defineTelephony();
defineModels([Announcement]);

test("Z29: a text is as high as what is written, without a script that measures it", async () => {
    await mountView({
        type: "form",
        resModel: "announcement",
        resId: 1,
        arch: `<form><field name="text" widget="telephony_text"/></form>`,
    });
    const area = queryFirst(".o_field_widget[name=text] textarea");
    expect(area).toHaveValue("One line.");
    const { height } = area.getBoundingClientRect();
    await contains(area).edit("line\n".repeat(12));
    expect(area.getBoundingClientRect().height).toBeGreaterThan(height + 100);
    expect(area.scrollHeight).toBe(area.clientHeight);
    expect(area.style.height).toBe("");
    expect(".o_field_text").toHaveCount(1);
});
