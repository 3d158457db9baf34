"""Processing of every REST request: log, faults, authentication, validation."""

import asyncio
import json
import time

from aiohttp import web

from ..clock import now
from ..defaults import API_VERSION
from ..faults import CARRIED_OUT
from ..sids import is_sid
from .common import ApiError, authenticate

PREFIXES = (f"/{API_VERSION}/", "/v1/", "/v2/")


def rest_middleware(emulator):
    """Return the middleware for one emulator."""

    @web.middleware
    async def middleware(request, handler):
        if not request.path.startswith(PREFIXES):
            return await handler(request)
        started = time.monotonic()
        body = await request.read()
        form = await request.post()
        entry = {
            "at": now().isoformat(),
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "params": {name: list(form.getall(name)) for name in form},
            "status": None,
        }
        emulator.logs.requests.append(entry)
        fault = emulator.faults.rest(request.path, request.method)
        response = await _spoiled(fault, entry)
        if response is None:
            response = await _answer(emulator, request, handler, body)
        if fault and fault.kind in CARRIED_OUT:
            entry["fault"] = fault.kind
            response = await _disturb(fault, request, response)
        entry.update(status=response.status, duration=round(time.monotonic() - started, 4))
        if response.status >= 400 and response.body:
            entry["error"] = json.loads(response.body)
        return response

    return middleware


async def _disturb(fault, request, response):
    """Return what the client gets of a request that was carried out."""
    if fault.kind == "lost":
        request.transport.close()
    elif fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
    else:
        return ApiError(503, 20503, "Service unavailable").response()
    return response


async def _spoiled(fault, entry):
    if fault is None or fault.kind in CARRIED_OUT:
        return None
    entry["fault"] = fault.kind
    if fault.kind == "429":
        return ApiError(429, 20429, "Too Many Requests").response()
    if fault.kind == "5xx":
        return ApiError(503, 20503, "Service unavailable").response()
    await asyncio.sleep(fault.seconds)
    return ApiError(504, 20504, "Gateway time-out").response()


async def _answer(emulator, request, handler, body):
    try:
        authenticate(request, emulator)
        if emulator.specification and not _is_named_on_purpose(emulator, request):
            emulator.specification.check_request(request, body)
        response = await handler(request)
    except ApiError as error:
        return error.response()
    except web.HTTPNotFound:
        return ApiError(
            404, 20404, f"The requested resource {request.path} was not found"
        ).response()
    except web.HTTPMethodNotAllowed:
        return ApiError(405, 20004, "Method not allowed").response()
    if emulator.specification and response.content_type == "application/json":
        emulator.specification.check_answer(request, body, response)
    return response


def _is_named_on_purpose(emulator, request):
    """Return whether a participant is changed under its conference's name, and may be."""
    return (
        emulator.settings.names_on_update
        and "/Participants/" in request.path
        and not is_sid(request.match_info.get("conference", ""), "CF")
    )
