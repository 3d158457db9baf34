"""The records of a working month for the demonstration data."""

from datetime import timedelta
from math import ceil

import pytz

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import file_open

from ..tools.wav import read_sound
from .month import RECORDED_SECONDS, RING_SECONDS, UNANSWERED, VOICEMAIL_SECONDS, Month

# Contacts of Odoo's own demonstration data, and of this one; best customers first.
CONTACTS = (
    "crm_telephony.partner_anna",
    "base.res_partner_2",
    "base.res_partner_address_15",
    "crm_telephony.partner_bruno",
    "base.res_partner_4",
    "base.res_partner_12",
    "base.res_partner_address_4",
    "base.res_partner_18",
    "base.res_partner_address_28",
    "base.res_partner_10",
    "base.res_partner_1",
    "base.res_partner_address_7",
    "base.res_partner_address_16",
    "base.res_partner_address_27",
)
# Callers without a contact, with what the telephone network says about them. Their numbers are
# reserved for fiction: https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama
# and 555-0100 to 555-0199 of the North American plan. The last caller hides the number.
STRANGERS = (
    ("+442079460123", {}),
    ("+12025550143", {"caller_city": "Washington", "attestation": "verified"}),
    ("+447700900456", {}),
    ("+12125550187", {"caller_name": "Harbor Interiors", "caller_city": "New York"}),
    ("+14155550119", {"caller_city": "San Francisco", "attestation": "unverified"}),
    ("", {}),
)
# Result and summary of a conversation, for calls of customers to support, and for all others.
SUPPORT_SUBJECTS = (
    ("solved", "Asked for the delivery date of the desks: Monday morning."),
    ("solved", "A drawer does not close. Explained how to adjust the rail."),
    ("solved", "Needed a copy of the last invoice. Sent by e-mail."),
    ("call_again", "One chair arrived damaged. Photos will follow; call again on Thursday."),
    ("solved", ""),
    ("", ""),
    ("solved", "Changed the delivery address to the new office."),
    ("wrong_number", ""),
)
SALES_SUBJECTS = (
    ("interested", "Wants twenty desks for the new office. Send an offer with delivery in March."),
    ("interested", "Compares our acoustic panels with another supplier. Decides next week."),
    ("call_again", "In a meeting. Prefers a call in the afternoon."),
    ("not_interested", "Has ordered elsewhere. Ask again next year."),
    ("interested", "Would like to see the showroom on Friday."),
    ("interested", ""),
    ("", ""),
    ("", "Question about the discount for more than ten chairs."),
)
DEVICES = ("Jabra Evolve2 30", "Built-in Microphone", "Logitech H390", "Poly Blackwire 3320")
# Dollars a minute of a received, a dialed and a browser leg; the sum is an example.
PRICES = {"incoming": 0.0085, "outgoing": 0.014, "browser": 0.004}
CANCELED_AFTER = timedelta(days=4)


class TelephonyDemo(models.AbstractModel):
    """Generator of the demonstration calls; only the demonstration data calls it.

    The calls have ended long ago: they ring nowhere, and nothing is sent to the provider. They
    belong to an archived account, so that the database still is *not connected*, and connecting it
    begins as in any other database.
    """

    _name = "telephony.demo"
    _description = "Telephony Demonstration Data"

    @api.model
    def _generate(self, ring_step_id, mailbox_step_id, queue_step_id, now=None):
        """Create the calls of the last 30 days, once for a company.

        :param int ring_step_id: step that rings sales; its company has the calls
        :param int mailbox_step_id: step with the mailbox of sales
        :param int queue_step_id: step with the queue of support
        :param datetime now: the present moment; no call is later
        :return: the calls; empty if they exist already
        """
        steps = self.env["telephony.flow.step"].browse(
            (ring_step_id, mailbox_step_id, queue_step_id)
        )
        account = self._make_account(steps[0], steps[2])
        if not account:
            return self.env["telephony.call"]
        return _Writer(account, *steps, now).make()

    @api.model
    def _make_account(self, ring_step, queue_step):
        """Return the account of the calls; empty if it exists already."""
        accounts = self.env["telephony.account"].with_context(active_test=False)
        company = ring_step.company_id
        sid = f"ACdemo{company.id:028d}"
        if accounts.search_count([("account_sid", "=", sid)], limit=1):
            return accounts
        account = accounts.create(
            {"name": "Demonstration", "company_id": company.id, "account_sid": sid, "active": False}
        )
        self.env["telephony.number"].create(
            [
                {
                    "account_id": account.id,
                    "name": name,
                    "number": number,
                    "flow_id": step.flow_id.id,
                    "active": False,
                }
                for name, number, step in (
                    ("Sales", "+3225550190", ring_step),
                    ("Support", "+3225550191", queue_step),
                )
            ]
        )
        return account


class _Writer:
    """Writes the records of one month.

    :param account: account of the calls, with its two numbers
    :param ring_step: step that rings sales
    :param mailbox_step: step with the mailbox of sales
    :param queue_step: step with the queue of support
    :param datetime now: see `_generate`
    """

    def __init__(self, account, ring_step, mailbox_step, queue_step, now):
        context = {
            "tracking_disable": True,
            "mail_create_nolog": True,
            "telephony_rules_later": True,
        }
        self.env = account.with_context(**context).env
        self.account, self.company = account.with_env(self.env), account.company_id
        numbers = account.with_context(active_test=False).number_ids
        self.sales_number, self.support_number = numbers
        self.mailbox_step, self.queue = mailbox_step, queue_step.queue_id
        agents = ring_step.agent_ids | self.queue.agent_ids
        self.agents = list(agents)
        self.callers, self.leads = self._get_callers(), {}
        zone = pytz.timezone(self.company.resource_calendar_id.tz or "UTC")
        places = {agent: place for place, agent in enumerate(agents)}
        sales = [places[agent] for agent in ring_step.agent_ids]
        self.month = Month(
            now or fields.Datetime.now(),
            zone,
            sales,
            [places[agent] for agent in self.queue.agent_ids],
            len(self.callers),
            sales,
        )

    def _get_callers(self):
        """Return contact, number and facts of each caller; every third one has no contact."""
        contacts = (self.env.ref(name, raise_if_not_found=False) for name in CONTACTS)
        known = [
            (contact, contact.phone_sanitized, {})
            for contact in contacts
            if contact and contact.phone_sanitized
        ]
        callers = []
        for place, (number, facts) in enumerate(STRANGERS):
            callers += known[place * 2 : place * 2 + 2]
            callers.append((self.env["res.partner"], number, facts))
        return callers + known[len(STRANGERS) * 2 :]

    def make(self):
        """Write everything, and return the calls."""
        planned = self.month.calls
        calls = self.env["telephony.call"].create([self._get_call_values(one) for one in planned])
        self.pairs = list(zip(planned, calls, strict=True))
        self.records = {one.number: call for one, call in self.pairs}
        self._write_recordings()
        self._write_qualities()
        self._write_queue_callbacks()
        self._write_log()
        self._write_callbacks()
        return calls

    # === CALLS === #

    def _get_call_values(self, planned):
        partner, number, facts = self.callers[planned.caller]
        if planned.direction == "outgoing" and not number:
            # A hidden number cannot be called.
            partner, number, facts = self.callers[0]
        is_incoming = planned.direction == "incoming"
        ours = self._get_number(planned)
        lead = self._get_lead(planned, partner, number)
        result, note = self._get_subject(planned)
        agent = self._get_last_agent(planned)
        values = {
            "account_id": self.account.id,
            "direction": planned.direction,
            "state": "ended",
            "outcome": planned.outcome,
            "ended_by": "agent" if planned.outcome == "canceled" else "customer",
            "from_number": number if is_incoming else ours.number,
            "to_number": ours.number if is_incoming else number,
            "customer_number": number or False,
            "number_id": ours.id,
            "partner_id": partner.id,
            "lead_id": lead.id,
            "user_id": agent.user_id.id,
            "flow_id": is_incoming and ours.flow_id.id,
            "started_at": planned.started_at,
            "answered_at": planned.answered_at,
            "ended_at": planned.ended_at,
            "duration": planned.talk,
            "wait_duration": planned.wait + (0 if planned.talk else planned.rest),
            "disposition_id": result.id,
            "note": note,
            "leg_ids": [Command.create(leg) for leg in self._get_legs(planned, number)],
            "offer_ids": [Command.create(offer) for offer in self._get_offers(planned)],
            "timeline_ids": [Command.create(row) for row in self._get_timeline(planned, number)],
        }
        if is_incoming:
            values.update(facts)
        if planned.is_queued:
            values.update(
                queue_id=self.queue.id,
                queued_at=planned.started_at,
                queue_position=planned.position,
                queue_callback_requested=planned.outcome == "queue_callback",
            )
        if planned.outcome in ("missed", "voicemail"):
            users = self.mailbox_step.agent_ids.user_id
            values["recipient_ids"] = [Command.set(users.ids)]
        if planned.transferred_to is not None:
            values["transfer_ids"] = [Command.create(self._get_transfer(planned))]
        return values

    def _get_lead(self, planned, partner, number):
        """Return the caller's only open lead; salespeople also call from one of several."""
        leads = self.env["crm.lead"]
        if planned.direction == "incoming" or planned.subject % 2:
            return leads._telephony_find(partner, number, self.company)
        if partner not in self.leads:
            self.leads[partner] = leads.search(
                [
                    ("partner_id", "=", partner.id),
                    ("won_status", "=", "pending"),
                    ("company_id", "in", (self.company.id, False)),
                ],
                order="id",
            )
        found = self.leads[partner] if partner else leads
        return found[planned.subject % len(found)] if found else found

    def _get_number(self, planned):
        is_support = planned.is_queued or (planned.answers and planned.answers.is_queued)
        return self.support_number if is_support else self.sales_number

    def _get_agent(self, place):
        return self.env["telephony.agent"] if place is None else self.agents[place]

    def _get_last_agent(self, planned):
        is_transferred = planned.transferred_to is not None
        return self._get_agent(planned.transferred_to if is_transferred else planned.agent)

    def _get_name(self, place):
        return self.agents[place].user_id.name

    def _get_subject(self, planned):
        """Return result and summary of a conversation."""
        dispositions = self.env["telephony.disposition"]
        if planned.outcome != "answered":
            return dispositions, False
        subjects = SUPPORT_SUBJECTS if planned.is_queued else SALES_SUBJECTS
        name, note = subjects[planned.subject % len(subjects)]
        if name:
            dispositions = self.env.ref(f"crm_telephony.disposition_{name}", False) or dispositions
        return dispositions, note

    def _get_legs(self, planned, number):
        """Return the legs of the customer and of the agents who talked."""
        is_incoming = planned.direction == "incoming"
        start, end, answered_at = planned.started_at, planned.ended_at, planned.answered_at
        reasons = {"busy": "busy", "no_answer": "no_answer", "canceled": "canceled"}
        customer = {
            "role": "customer",
            "label": "customer",
            "number": number or False,
            # The line of a caller is open from the beginning.
            "answered_at": start if is_incoming else answered_at,
            "end_reason": reasons.get(planned.outcome, "completed"),
        }
        if planned.outcome == "failed":
            customer.update(end_reason="failed", failure="number_unknown", failure_code="404")
        legs = [self._get_leg(customer, start, end, PRICES[planned.direction])]
        # A leg with an identifier was dialed before, and is not counted as dialed now.
        legs[0]["provider_leg_id"] = f"CAdemo{planned.number:028d}"
        if planned.agent is None:
            return legs
        talks = [(planned.agent, start if not is_incoming else answered_at, end)]
        if planned.transferred_to is not None:
            asked_at = answered_at + timedelta(seconds=planned.transferred_after)
            handed_at = asked_at + timedelta(seconds=planned.consulted)
            talks = [
                (planned.agent, answered_at, asked_at if planned.is_blind else handed_at),
                (planned.transferred_to, handed_at if planned.is_blind else asked_at, end),
            ]
        for count, (place, since, until) in enumerate(talks, 1):
            agent = {
                "role": "agent",
                "label": f"agent-{count}",
                "user_id": self.agents[place].user_id.id,
                "answered_at": since,
                "joined_at": since,
                "left_at": until,
                "is_released": count < len(talks),
                "end_reason": "completed",
            }
            legs.append(self._get_leg(agent, since, until, PRICES["browser"]))
        return legs

    def _get_leg(self, values, start, end, price):
        answered_at = values["answered_at"]
        minutes = ceil((end - answered_at).total_seconds() / 60) if answered_at else 0
        return {
            "account_id": self.account.id,
            "status": "ended",
            "initiated_at": start,
            "ringing_at": start,
            "ended_at": end,
            "price": minutes * price,
            "price_currency": "USD" if answered_at else False,
            **values,
        }

    def _get_offers(self, planned):
        end = planned.started_at + timedelta(seconds=planned.wait)
        states = {"missed": "expired", "voicemail": "expired"}
        return [
            {
                "agent_id": self.agents[place].id,
                "state": "accepted"
                if place == planned.agent
                else states.get(planned.outcome, "withdrawn"),
                "offered_at": planned.started_at,
                "expires_at": planned.started_at + timedelta(seconds=RING_SECONDS),
                "closed_at": end,
            }
            for place in planned.rung
        ]

    def _get_transfer(self, planned):
        started_at = planned.answered_at + timedelta(seconds=planned.transferred_after)
        return {
            "user_id": self.agents[planned.agent].user_id.id,
            "mode": "blind" if planned.is_blind else "warm",
            "kind": "agent",
            "agent_id": self.agents[planned.transferred_to].id,
            "state": "done",
            "started_at": started_at,
            "ended_at": started_at + timedelta(seconds=planned.consulted),
        }

    # === TIMELINE === #

    def _get_timeline(self, planned, number):
        """Return the rows of the timeline, in order."""
        if planned.direction == "outgoing":
            rows = [(0, "call_started", {"name": self._get_name(planned.agent)})]
            if planned.outcome == "failed":
                leg = self.env["telephony.call.leg"].new(
                    {"failure": "number_unknown", "failure_code": "404"}
                )
                rows_in = self.env["telephony.call.timeline"]._get_in_languages
                reason = rows_in(leg, lambda leg: leg._get_failure_message())
                rows.append((planned.wait, "customer_not_reached", {"reason": reason}))
        else:
            rows = self._get_incoming_rows(planned)
        if planned.is_recorded and planned.talk:
            name = {"name": self._get_name(planned.agent)}
            rows += [
                (planned.wait, "recording_started", name),
                (planned.wait + RECORDED_SECONDS, "recording_stopped", name),
            ]
        if planned.transferred_to is not None:
            rows += self._get_transfer_rows(planned)
        return [
            {
                "at": planned.started_at + timedelta(seconds=seconds),
                "code": code,
                "values": values,
            }
            for seconds, code, values in rows
        ]

    def _get_incoming_rows(self, planned):
        names = ", ".join(self._get_name(place) for place in planned.rung)
        rows = [(0, "call_received", {"number": self._get_number(planned).display_name})]
        if planned.is_queued:
            rows.append((0, "queue_waiting", {"queue": self.queue.name}))
        rows.append((0, "ringing", {"names": names}))
        if planned.outcome == "answered":
            rows.append((planned.wait, "agent_answered", {"name": self._get_name(planned.agent)}))
        elif planned.outcome == "queue_callback":
            rows.append((planned.wait, "queue_callback_requested", {}))
        elif planned.outcome in ("missed", "voicemail"):
            # A caller who is missed hears the mailbox, and leaves no message.
            rows.append((planned.wait, "agents_not_answered", {"names": names}))
            rows.append((planned.wait, "voicemail", {"step": self.mailbox_step.name}))
        return rows

    def _get_transfer_rows(self, planned):
        names = {
            "name": self._get_name(planned.agent),
            "target": self._get_name(planned.transferred_to),
        }
        start = planned.wait + planned.transferred_after
        return [
            (start, "transferred" if planned.is_blind else "consulted", names),
            (start + planned.consulted, "transfer_done", {"name": names["target"]}),
        ]

    # === RECORDINGS AND QUALITY === #

    def _write_recordings(self):
        """Write voicemails and recorded conversations, with a real sound."""
        pairs = [pair for pair in self.pairs if pair[0].is_recorded]
        recordings = self.env["telephony.recording"].create(
            [
                {
                    "call_id": call.id,
                    "account_id": self.account.id,
                    "kind": "conversation" if planned.talk else "voicemail",
                    "state": "stored",
                    "wanted": "stopped",
                    "duration": RECORDED_SECONDS if planned.talk else VOICEMAIL_SECONDS,
                    "recorded_at": planned.answered_at
                    or planned.ended_at - timedelta(seconds=VOICEMAIL_SECONDS),
                }
                for planned, call in pairs
            ]
        )
        sounds = {kind: self._read_sound(kind) for kind in ("conversation", "voicemail")}
        attachments = self.env["ir.attachment"].create(
            [
                {
                    "name": f"recording-{recording.id}.wav",
                    "raw": sounds[recording.kind][0],
                    "mimetype": "audio/wav",
                    "res_model": recording._name,
                    "res_id": recording.id,
                    "res_field": "attachment_id",
                }
                for recording in recordings
            ]
        )
        # The administrator has listened; new voicemails are shown as such.
        admin = self.env.ref("base.user_admin")
        accesses = []
        for (planned, _call), recording, attachment in zip(
            pairs, recordings, attachments, strict=True
        ):
            sound = sounds[recording.kind][1]
            recording.write(
                {
                    "attachment_id": attachment.id,
                    "channels": sound.channels,
                    "peaks": sound.peaks,
                }
            )
            heard_at = planned.ended_at + timedelta(minutes=5)
            if planned.is_heard and heard_at < self.month.now:
                accesses.append(
                    {
                        "recording_id": recording.id,
                        "user_id": admin.id,
                        "heard_at": heard_at,
                        "last_range_at": heard_at,
                    }
                )
        self.env["telephony.recording.access"].create(accesses)

    def _read_sound(self, name):
        """Return the content and the properties of a sound of the demonstration."""
        with file_open(f"crm_telephony/demo/sounds/{name}.wav", "rb") as file:
            content = file.read()
            return content, read_sound(file)

    def _write_qualities(self):
        """Write what the browsers measured, some of it bad."""
        values_list = []
        for planned, call in self.pairs:
            for leg in call.leg_ids.filtered(lambda leg: leg.role == "agent" and leg.user_id):
                if not planned.talk or planned.number % 3 == 2:
                    continue
                is_bad = planned.trouble == "bad_network"
                spread = planned.subject % 50
                values = {
                    "call_id": call.id,
                    "leg_id": leg.id,
                    "user_id": leg.user_id.id,
                    "measured_at": leg.ended_at,
                    "device": DEVICES[leg.user_id.id % len(DEVICES)],
                    "rtt": (420 if is_bad else 45) + spread,
                    "jitter": (48 if is_bad else 3) + spread / 5,
                    "packet_loss": (6 if is_bad else 0) + spread / 40,
                    "mos": (2.7 if is_bad else 4.3) - spread / 100,
                }
                if planned.trouble:
                    values[planned.trouble] = 1
                    values["issue"] = "choppy" if is_bad else False
                if planned.trouble == "silent_microphone":
                    values["silent_seconds"] = 8
                values_list.append(values)
        self.env["telephony.call.quality"].create(values_list)

    # === CALLBACKS === #

    def _write_queue_callbacks(self):
        """Write the promises to callers of the queue, and the calls that kept them."""
        kept = {
            planned.answers.number: call
            for planned, call in self.pairs
            if planned.answers and planned.outcome == "answered"
        }
        for planned, call in self.pairs:
            if planned.outcome != "queue_callback":
                continue
            attempt = kept.get(planned.number)
            queue_callback = self.env["telephony.queue.callback"].create(
                {
                    "origin_id": call.id,
                    "state": "done" if attempt else "canceled",
                    "requested_at": call.ended_at,
                    "expires_at": call.queued_at + timedelta(days=1),
                    "attempt_count": 1 if attempt else 0,
                    "closed_at": attempt.answered_at if attempt else call.ended_at,
                }
            )
            if attempt:
                attempt.write({"queue_callback_id": queue_callback.id, "queue_id": self.queue.id})

    def _write_callbacks(self):
        """Write what is owed to callers, as the calls would have left it."""
        open_callbacks, callbacks = {}, self.env["telephony.callback"]
        for planned, call in self.pairs:
            self._cancel_old(open_callbacks, call.started_at)
            number = call.customer_number
            waiting = [
                callback for key, callback in open_callbacks.items() if key[1] == number and number
            ]
            if planned.outcome == "answered":
                for callback in waiting:
                    callback.write(
                        {
                            "state": "done",
                            "done_at": call.answered_at,
                            "done_call_id": call.id,
                        }
                    )
                    # At most one open callback may be stored.
                    callback.flush_recordset()
                    del open_callbacks[callback.number_id, number]
            elif planned.direction == "outgoing":
                for callback in waiting:
                    callback.write(
                        {
                            "attempt_count": callback.attempt_count + 1,
                            "last_attempt_at": call.ended_at,
                        }
                    )
            elif planned.outcome in UNANSWERED and number:
                key = (call.number_id, number)
                if key in open_callbacks:
                    open_callbacks[key]._count_call(call, planned.outcome)
                else:
                    open_callbacks[key] = callbacks._create_for(call, planned.outcome)
                call.callback_id = open_callbacks[key]
        self._cancel_old(open_callbacks, self.month.now)
        for callback in open_callbacks.values():
            callback._update_activity()

    def _cancel_old(self, open_callbacks, now):
        """Cancel the callbacks that no one has made for days."""
        for key, callback in list(open_callbacks.items()):
            if callback.last_at < now - CANCELED_AFTER:
                callback.write({"state": "canceled", "cancel_reason": "Answered by e-mail."})
                callback.flush_recordset()
                del open_callbacks[key]

    # === LOG === #

    def _write_log(self):
        """Post the log notes in the chatter, at the time of the calls."""
        for _planned, call in self.pairs:
            call._post_log()
            call.message_id.date = call.ended_at
