"""Lists and cards of Odoo's web client: their columns, and the numbers on cards."""

from playwright.sync_api import expect

# How many px the number of each card is above or below the icon before it.
FIND_APART = """() => [...document.querySelectorAll(".o_kanban_record")].flatMap((card) => {
    const [icon, link] = [".fa-phone:not(button *)", "[name=phone] a"].map((selector) =>
        card.querySelector(selector)
    );
    const middle = (element) => {
        const { top, bottom } = element.getBoundingClientRect();
        return (top + bottom) / 2;
    };
    return icon && link ? [Math.round(Math.abs(middle(icon) - middle(link)))] : [];
})"""


def test_columns_of_recordings_and_voicemails(world, agent):
    """Z30: recordings show kind and phone user, which all voicemails share; those, the callback."""
    person = agent("admin")
    shown = {}
    for path in ("recordings", "voicemails"):
        page = person.open(f"/odoo/telephony-{path}", wait=".o_data_row")
        columns = page.locator("thead th[data-name]")
        shown[path] = set(columns.evaluate_all("(cells) => cells.map((cell) => cell.dataset.name)"))
    assert shown["recordings"] - shown["voicemails"] == {"kind", "user_id"}
    assert shown["voicemails"] - shown["recordings"] == {"callback_state"}


def test_cards_of_contacts(world, agent):
    """Z15: the number of a card is beside its icon, and no button sends a paid text message."""
    person = agent("admin")
    page = person.open("/odoo/contacts", wait=".o_list_view")
    page.locator(".o_switch_view.o_kanban").click()
    expect(page.locator(".o_kanban_record .o_telephony_phone_call").first).to_be_visible()
    apart = page.evaluate(FIND_APART)
    assert apart
    assert max(apart) <= 3, f"{apart} px above or below the icon"
    expect(page.locator(".o_field_phone_sms")).to_have_count(0)
