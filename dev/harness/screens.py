"""The pages and dialogs of the addon in Odoo's web client, opened one after the other."""

import contextlib

from playwright.sync_api import expect

PREFIX = "crm_telephony."
#: Part of the page with the page's own content.
PAGE, DIALOG = ".o_action_manager", ".modal-content"
#: What a view shows when its records have been loaded.
CONTENT = (
    ".o_data_row, .o_group_header, .o_kanban_record:not(.o_kanban_ghost), .o_pivot table, "
    ".o_graph_canvas_container canvas, .o_view_nocontent"
)
#: A phone shows cards in place of rows.
ROW = ".o_data_row, .o_kanban_record:not(.o_kanban_ghost)"
LOADED = f"{CONTENT}, .o_form_view"
GALLERY, CANVAS = ".o_telephony_flow_gallery", ".o_telephony_flow_editor"
#: Actions: XML id, and what is shown when the first view has been loaded.
ACTIONS = {
    "board": ("telephony_board_action", ".o_telephony_figure"),
    "dashboard": ("telephony_dashboard_action", ".o_telephony_figure"),
    "calls": ("telephony_call_action", ROW),
    "calls-analysis": ("telephony_call_report_action", LOADED),
    "call-quality": ("telephony_call_quality_action", LOADED),
    "recordings": ("telephony_conversation_action", LOADED),
    "voicemails": ("telephony_voicemail_action", ROW),
    "callbacks": ("telephony_callback_action", LOADED),
    "callback-performance": ("telephony_callback_action_report", LOADED),
    "queue-callbacks": ("telephony_queue_callback_action", LOADED),
    "team": ("telephony_agent_action", LOADED),
    "numbers": ("telephony_number_action", ROW),
    "flows": ("telephony_flow_action", ROW),
    "queues": ("telephony_queue_action", ROW),
    "sounds": ("telephony_sound_action", LOADED),
    "sentences": ("telephony_sentence_action_open", f".o_group_header, {ROW}"),
    "results": ("telephony_disposition_action", ROW),
    "purposes": ("telephony_call_purpose_action", LOADED),
    "tags": ("telephony_call_tag_action", LOADED),
    "blocked-numbers": ("telephony_blocked_number_action", LOADED),
    "caller-ids": ("telephony_caller_id_action", LOADED),
    "account": ("telephony_account_action", LOADED),
    "diagnosis": ("telephony_diagnosis_action", LOADED),
    "settings": ("telephony_settings_action", "[id=telephony_account]"),
}
OWN_PAGES = ("board", "dashboard")
#: Forms of a record: model, and the domain that finds one.
FORMS = {
    "call": ("telephony.call", [("outcome", "=", "answered")]),
    "missed-call": ("telephony.call", [("outcome", "=", "missed")]),
    "callback": ("telephony.callback", []),
    "recording": ("telephony.recording", []),
    "agent": ("telephony.agent", []),
    "number": ("telephony.number", []),
    "queue": ("telephony.queue", []),
    "account": ("telephony.account", []),
    "sound": ("telephony.sound", []),
    "contact": ("res.partner", [("name", "=", "Anna Peeters")]),
}
#: Dialogs: action or model, and the names in the context that stand for a record.
WIZARDS = {
    "log-a-call": ("telephony_call_log_action", {}),
    "add-phone-users": ("telephony_agent_add_action", {}),
    "buy-a-number": ("telephony.number.search", {"default_account_id": "telephony.account"}),
    "release-a-number": ("telephony.number.release", {"default_number_id": "telephony.number"}),
    "credentials": ("telephony.account.credentials", {"default_account_id": "telephony.account"}),
    "disconnect": ("telephony.account.disconnect", {"default_account_id": "telephony.account"}),
    "cancel-a-callback": (
        "telephony.callback.cancel",
        {"default_callback_id": "telephony.callback"},
    ),
    "erase": ("telephony.erasure", {"default_partner_ids": "res.partner"}),
}


class Screens:
    """The addon's pages, in a tab that stays open.

    :param AgentBrowser person: an administrator at a page of the web client.
    """

    def __init__(self, person):
        self.person, self.page, self.rpc = person, person.page, person.rpc

    def __iter__(self):
        """Open each page and dialog.

        Yield its name, the selector of its content, and whether this has fields of Odoo.
        """
        for name, (action, shown) in ACTIONS.items():
            self._do(f"{PREFIX}{action}", shown)
            yield name, PAGE, name not in OWN_PAGES
        for name, (model, domain) in FORMS.items():
            self._do(self._form(model, self._find(model, domain)), ".o_form_view")
            yield name, PAGE, True
        self.show_gallery()
        yield "gallery", GALLERY, False
        self.show_drawing(self._find("telephony.flow", [("step_ids", "!=", False)]))
        yield "canvas", CANVAS, False
        self.show_settings()
        yield "canvas-settings", CANVAS, True
        self.show_test()
        yield "canvas-test", CANVAS, False
        for name in WIZARDS:
            with self.dialog(name):
                yield name, DIALOG, True

    def find_forgotten(self):
        """Return the names of the addon's menus whose page is not opened."""
        opened = {self.rpc.ref(f"{PREFIX}{action}") for action, _shown in ACTIONS.values()}
        root = self.rpc.ref(f"{PREFIX}telephony_menu_root")
        below = [("id", "child_of", root), ("action", "!=", False)]
        menus = self.rpc.search("ir.ui.menu", below, ["action", "complete_name"])
        return [
            menu["complete_name"]
            for menu in menus
            if int(menu["action"].partition(",")[2]) not in opened
        ]

    def other_views(self):
        """Open each further view of the actions, such as a kanban.

        Yield its name and the selector of its content.
        """
        for name, (action, _shown) in ACTIONS.items():
            # The sentences are opened by a server action, which has no views of its own.
            xml_id = f"{PREFIX}{action.removesuffix('_open')}"
            found = [("id", "=", self.rpc.ref(xml_id))]
            rows = self.rpc.search("ir.actions.act_window", found, ["view_mode"])
            kinds = [kind for row in rows for kind in row["view_mode"].split(",")]
            for kind in [kind for kind in kinds if kind != "form"][1:]:
                self._do(xml_id, f".o_{kind}_view :is({CONTENT})", viewType=kind)
                yield f"{name}-{kind}", PAGE

    def show_gallery(self):
        """Show the templates of a new flow."""
        self._do(self._form("telephony.flow", False), GALLERY)

    def show_drawing(self, flow_id):
        """Show the drawing of a flow."""
        self._do(self._form("telephony.flow", flow_id), ".o_telephony_flow_node")

    def show_settings(self):
        """Show the settings of the drawing's first step."""
        self.page.locator(".o_telephony_flow_node").first.click()
        expect(self.page.locator(".o_telephony_flow_panel .o_form_view")).to_be_visible()

    def show_test(self):
        """Show the course of a simulated call."""
        self.page.locator(".o_telephony_flow_close").click()
        self.page.locator(".o_telephony_flow_test").click()
        self.page.locator(".o_telephony_flow_run").click()
        expect(self.page.locator(".o_telephony_flow_course")).to_be_visible()

    @contextlib.contextmanager
    def dialog(self, name):
        """Show a dialog while the block runs."""
        source, stand_ins = WIZARDS[name]
        context = {key: self._find(other, []) for key, other in stand_ins.items()}
        context = {k: [v] if k.endswith("_ids") else v for k, v in context.items()}
        form = self._form(source, False, target="new", context=context)
        self._do(f"{PREFIX}{source}" if source.endswith("_action") else form, DIALOG)
        yield
        self.page.locator(".modal .btn-close").click()
        expect(self.page.locator(DIALOG)).to_have_count(0)

    def _find(self, model, domain):
        """Return a record; the demonstration has one of each model."""
        [record_id] = self.rpc.call(model, "search", domain, limit=1)
        return record_id

    @staticmethod
    def _form(model, record_id, **values):
        return {
            "type": "ir.actions.act_window",
            "res_model": model,
            "res_id": record_id,
            "views": [[False, "form"]],
            **values,
        }

    def _do(self, action, shown, **options):
        """Run an action of the web client, and wait until its page is shown."""
        self.page.evaluate(
            """([action, options]) => {
                const { action: service } = odoo.__WOWL_DEBUG__.root.env.services;
                return service.doAction(action, { clearBreadcrumbs: true, ...options });
            }""",
            [action, options],
        )
        expect(self.page.locator(shown).first).to_be_visible()
        expect(self.page.locator(".o_loading_indicator")).to_have_count(0)
