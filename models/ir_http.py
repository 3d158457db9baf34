import functools
import logging

from werkzeug.exceptions import Forbidden

from odoo import models
from odoo.http import request

from .telephony_lost_race import run_again_at_once

_logger = logging.getLogger(__name__)

# Webhooks, and what a page asks our models for.
OUR_PATHS = ("/telephony/", "/web/dataset/call_kw/telephony.")


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _dispatch(cls, endpoint):
        """Try a request of ours again at once when it lost a race for a row."""
        dispatch = functools.partial(super()._dispatch, endpoint)
        if request.httprequest.path.startswith(OUR_PATHS):
            return run_again_at_once(dispatch, request.env)
        return dispatch()

    @classmethod
    def _auth_method_twilio(cls):
        """Let only Twilio in: the request is signed with the secret of the account it names.

        Nothing but the account's identifier is read before the signature is checked. The
        address that was signed is the *configured* one, because behind a proxy the request's own
        host and scheme are somebody else's.

        :raise Forbidden: the account is unknown, or the signature is missing or wrong
        """
        cls._auth_method_public()
        http_request = request.httprequest
        form = http_request.form
        path = http_request.environ.get("REQUEST_URI") or http_request.full_path.rstrip("?")
        # sudo: telephony.account - the secret is compared here and goes nowhere
        account_sudo = request.env["telephony.account"].sudo()._find_signed(
            form.get("AccountSid"), path, form, http_request.headers.get("X-Twilio-Signature")
        )
        if not account_sudo:
            _logger.warning("A webhook without a valid signature was refused: %s",
                            http_request.path)
            raise Forbidden
        request.update_env(context={
            **request.env.context,
            "telephony_account_id": account_sudo.id,
            "allowed_company_ids": account_sudo.company_id.ids,
        })
