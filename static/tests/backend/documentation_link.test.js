import { expect, test } from "@odoo/hoot";
import { defineModels, models, mountView } from "@web/../tests/web_test_helpers";
import { defineTelephony } from "@crm_telephony/../tests/telephony_test_helpers";

class Shop extends models.Model {
    _name = "shop";
    _records = [{ id: 1 }];
}

defineTelephony();
defineModels([Shop]);

test("A setting leads to the page that Odoo serves itself, another one to Odoo's website", async () => {
    await mountView({
        type: "form",
        resModel: "shop",
        resId: 1,
        arch: `<form>
            <setting string="Own" documentation="/telephony/docs/administration#costs"/>
            <setting string="Other" documentation="/applications/sales.html"/>
            <setting string="Elsewhere" documentation="https://example.com/"/>
        </form>`,
    });
    const links = [...document.querySelectorAll(".o_doc_link")].map((a) => a.getAttribute("href"));
    expect(links[0]).toBe("/telephony/docs/administration#costs");
    expect(links[1]).toMatch(/^https:\/\/www\.odoo\.com\/documentation\/.*sales\.html$/);
    expect(links[2]).toBe("https://example.com/");
});
