import functools
import logging
from urllib.parse import urlencode

from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import Forbidden

from odoo import models
from odoo.exceptions import UserError
from odoo.http import request

from ..providers.twilio import doors, signature
from ..providers.voice_response import Pause, Redirect
from . import gate
from .account.telephony_account import ACCOUNT_ID
from .retry import Busy, run_again_at_once

_logger = logging.getLogger(__name__)

# Webhooks, and the ways in which a page or a program calls a method of our own models.
WEBHOOKS = "/telephony/twilio/"
METHODS = ("/web/dataset/call_kw/telephony.", "/web/dataset/call_button/telephony.")
API = "/json/2/telephony."
OUR_PATHS = ("/telephony/", *METHODS, API)
# Key under which a request keeps the end of its wait at the gate.
DEADLINE = "crm_telephony.gate_deadline"


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _dispatch(cls, endpoint):
        """Enter the gate with a request of ours, and retry it at once after a lost race."""
        dispatch = functools.partial(super()._dispatch, endpoint)
        if not request.httprequest.path.startswith(OUR_PATHS):
            return dispatch()
        environ = request.httprequest.environ

        def enter_and_dispatch():
            names = cls._get_gate_names()
            if names:
                # Retries wait for the rest of the time only, Odoo's own included.
                deadline = environ.setdefault(DEADLINE, gate.get_deadline())
                # The authentication of a user may have written: Odoo notes each new device.
                gate.enter(
                    request.env,
                    commits=True,
                    deadline=deadline,
                    has_read_only=request.httprequest.path.startswith(WEBHOOKS),
                    **names,
                )
            return dispatch()

        try:
            return run_again_at_once(enter_and_dispatch, request.env, lambda: environ.get(DEADLINE))
        except Busy:
            return cls._answer_busy()

    @classmethod
    def _answer_busy(cls):
        """Answer a request whose call was locked for too long; it has changed nothing.

        :return: for a webhook, its response. Its provider asks again for a voice response. It does
            not repeat a report: the reconciliation learns what it would have said
        :raise UserError: a user asked
        """
        http_request = request.httprequest
        path = http_request.path
        _logger.warning("A request gave up, because its call was locked for too long: %s", path)
        if not path.startswith(WEBHOOKS):
            raise UserError(
                request.env._(
                    "Nothing was changed, because another change of this call takes unusually "
                    "long. Wait a few seconds, and try again."
                )
            )
        route = path.removeprefix(WEBHOOKS)
        if doors.is_report(route):
            return request.make_response("", status=503)
        # sudo: telephony.account - the request is signed with this account's secret
        account_sudo = (
            request.env["telephony.account"]
            .sudo()
            .browse(request.env.context["telephony_account_id"])
        )
        query = doors.get_repeated(http_request.args, http_request.form)
        url = account_sudo._get_webhook_url(route) + ("?" + urlencode(query) if query else "")
        return request.make_response(
            account_sudo._render([Pause(1), Redirect(url)]),
            headers=[("Content-Type", "text/xml; charset=utf-8")],
        )

    @classmethod
    def _get_gate_names(cls):
        """Return what the request may change, see `gate.find_keys`; None if it changes no call."""
        path = request.httprequest.path
        if path.startswith(WEBHOOKS):
            names = doors.get_names(
                path.removeprefix(WEBHOOKS),
                doors.without_zeros(request.httprequest.args),
                doors.without_zeros(request.httprequest.form),
            )
            account_id = request.env.context.get("telephony_account_id")
            return {**names, "account_id": account_id} if names and account_id else None
        params = request.params
        if path.startswith(METHODS):
            names = (params.get(name) for name in ("model", "method", "args", "kwargs"))
        elif path.startswith(API):
            # The arguments are the fields of the body.
            names = (params.get("__model__"), params.get("__method__"), [params.get("ids")], params)
        else:
            # The parameters of any other page are not those of a method, and it may have no user.
            return None
        model, *names = names
        return gate.get_call_names(request.env, str(model), *names)

    def session_info(self):
        """Add whether the user may telephone: the page knows it without a request of its own."""
        session_info = super().session_info()
        session_info["groups"]["crm_telephony.group_user"] = self.env.user.has_group(
            "crm_telephony.group_user"
        )
        return session_info

    @classmethod
    def _auth_method_twilio(cls):
        """Admit Twilio only: the secret of the named account must have signed the request.

        The endpoint is public, so a refusal must be cheap. A request that cannot come from Twilio
        is refused before its body is read; at most 64 KB are read, and only the account is
        searched. Handlers receive exactly the signed fields.

        :raise Forbidden: the account is unknown, or the signature is missing or wrong
        """
        cls._auth_method_public()
        http_request = request.httprequest
        form = cls._read_twilio_form(http_request)
        # sudo: telephony.account - the secret is only compared here
        accounts_sudo = request.env["telephony.account"].sudo()
        account_sudo, is_signed = accounts_sudo._find_signed(
            http_request.args.get(ACCOUNT_ID),
            form.get(signature.ACCOUNT),
            cls._get_raw_path(http_request),
            form,
            http_request.headers.get(signature.HEADER),
        )
        if not is_signed:
            _logger.warning(
                "A webhook without a valid signature was refused: %s", http_request.path
            )
            if account_sudo:
                account_sudo._remember_refusal()
            raise Forbidden
        # Odoo parses the form again for the handler's parameters, and finds these fields.
        http_request.form, http_request.files = form, ImmutableMultiDict()
        request.update_env(
            context={
                **request.env.context,
                "telephony_account_id": account_sudo.id,
                "allowed_company_ids": account_sudo.company_id.ids,
            }
        )

    @classmethod
    def _get_raw_path(cls, http_request):
        # The signature covers the path as it was sent; the server has already decoded its own copy.
        return http_request.environ.get("REQUEST_URI") or http_request.full_path.rstrip("?")

    @classmethod
    def _read_twilio_form(cls, http_request):
        """Return the fields of a request that may come from Twilio.

        :return: the fields; empty when the request cannot come from Twilio
        :rtype: ImmutableMultiDict
        """
        if not signature.may_be_signed(
            http_request.headers.get(signature.HEADER),
            cls._get_raw_path(http_request),
            http_request.mimetype,
            None if "Transfer-Encoding" in http_request.headers else http_request.content_length,
        ):
            return ImmutableMultiDict()
        return ImmutableMultiDict(signature.parse_form(http_request.get_data()) or ())
