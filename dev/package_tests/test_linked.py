"""Calls belong to records of apps that are installed later than the addon."""

import os
import re
import socket

import pytest

import database
import places
from test_example import HERE, get_addons_path, get_snippets

NAME = "crm_telephony_linked"
APPS = ("sale", "project", "hr_recruitment")
MANIFEST = {
    "name": "Linked",
    "version": "19.0.1.0.0",
    "author": "You",
    "license": "LGPL-3",
    "depends": ["crm_telephony", *APPS],
    "data": ["security/ir.model.access.csv", "views.xml"],
}
#: A field of another addon, with views that inherit those of calls.
CALL = """
from odoo import fields, models


class TelephonyCall(models.Model):
    _inherit = "telephony.call"

    contract = fields.Char()
"""
VIEWS = """
<odoo>
    <record id="call_form" model="ir.ui.view">
        <field name="name">call form</field>
        <field name="model">telephony.call</field>
        <field name="inherit_id" ref="crm_telephony.telephony_call_view_form"/>
        <field name="arch" type="xml">
            <field name="tag_ids" position="after">
                <field name="contract" readonly="not is_correctable"/>
            </field>
        </field>
    </record>
    <record id="call_list" model="ir.ui.view">
        <field name="name">call list</field>
        <field name="model">telephony.call</field>
        <field name="inherit_id" ref="crm_telephony.telephony_call_view_list"/>
        <field name="arch" type="xml">
            <field name="outcome" position="after"><field name="contract"/></field>
        </field>
    </record>
    <record id="call_search" model="ir.ui.view">
        <field name="name">call search</field>
        <field name="model">telephony.call</field>
        <field name="inherit_id" ref="crm_telephony.telephony_call_view_search"/>
        <field name="arch" type="xml">
            <field name="note" position="after"><field name="contract"/></field>
            <filter name="group_by_tag" position="after">
                <filter name="group_by_contract" context="{'group_by': 'contract'}"/>
            </filter>
        </field>
    </record>
</odoo>
"""
#: The models of OCA's helpdesk_mgmt, as far as the snippet of docs/integrate.md needs them.
HELPDESK = """
from odoo import fields, models


class HelpdeskTicketStage(models.Model):
    _name = "helpdesk.ticket.stage"
    _description = "Stage"

    name = fields.Char()
    closed = fields.Boolean()


class HelpdeskTicket(models.Model):
    _name = "helpdesk.ticket"
    _inherit = ["mail.thread.cc", "mail.activity.mixin"]
    _description = "Helpdesk Ticket"

    name = fields.Char(required=True)
    partner_id = fields.Many2one("res.partner")
    partner_name = fields.Char()
    stage_id = fields.Many2one(
        "helpdesk.ticket.stage", default=lambda self: self.env["helpdesk.ticket.stage"].create({})
    )
    closed = fields.Boolean(related="stage_id.closed")
"""
ACCESS = """id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,perm_unlink
stage,stage,model_helpdesk_ticket_stage,base.group_user,1,1,1,1
ticket,ticket,model_helpdesk_ticket,base.group_user,1,1,1,1
"""


@pytest.fixture
def addon(tmp_path):
    """Return a folder with an addon that depends on the apps and has the snippet of the page."""
    files = {
        "__manifest__.py": repr(MANIFEST),
        "__init__.py": "from . import models\n",
        "models/__init__.py": "from . import helpdesk, telephony_call, telephony_linked_model\n",
        "models/helpdesk.py": HELPDESK,
        "models/telephony_call.py": CALL,
        "views.xml": VIEWS,
        "models/telephony_linked_model.py": get_snippets()["models/telephony_linked_model.py"],
        "security/ir.model.access.csv": ACCESS,
        "tests/__init__.py": "from . import test_linked\n",
        "tests/test_linked.py": (HERE / "linked_tests.py").read_text(encoding="utf-8"),
    }
    for name, content in files.items():
        file = tmp_path / NAME / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return tmp_path


@pytest.mark.timeout(1800)
def test_calls_belong_to_records_of_apps_installed_later(addon):
    """The registry of the page, forms, rights and look-up with the real models."""
    name, log = f"telephony_linked_{os.getpid()}", "package-linked.log"
    with database.building():
        database.copy(database.ensure_template(), name)
    path = f"{get_addons_path()},{addon}"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    try:
        database.run_odoo(
            name,
            *("-i", NAME, f"--test-tags=/{NAME}", f"--http-port={port}", "--max-cron-threads=0"),
            log=log,
            addons_path=path,
        )
        problems = database.log_problems(log)
        # Of an app of Odoo, about a library that the addon does not need.
        assert [line for line in problems if "attachment_indexation" not in line] == []
        text = (places.LOGS / log).read_text(encoding="utf-8")
        count = len(re.findall(r"^    def test_", (HERE / "linked_tests.py").read_text(), re.M))
        assert re.search(rf"0 failed, 0 error\(s\) of {count} tests", text)
    finally:
        database.drop(name)
