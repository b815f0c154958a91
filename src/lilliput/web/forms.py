"""Reading a form that changes something: only with the token of the page that it was on."""

from __future__ import annotations

import hmac
from typing import Any

from fastapi import HTTPException, Request
from starlette.datastructures import FormData

from lilliput.web.app import site_of

FIELD = "token"


def form_fields(*names: str) -> dict[str, Any]:
    """What a form has beside its token, for the description of the server: `openapi_extra=form_fields("vote")`."""
    fields = {name: {"type": "string"} for name in (FIELD, *names)}
    schema = {"type": "object", "properties": fields, "required": [FIELD]}
    return {"requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": schema}}}}


async def checked_form(request: Request) -> FormData:
    """The fields of a form from one of our own pages.

    Raises:
        HTTPException: 403, it does not carry this browser's token; 400, it cannot be read.
    """
    form = await request.form(max_files=1, max_fields=64)
    given = form.get(FIELD, "")
    wanted = site_of(request).guard.token(request)
    if not isinstance(given, str) or not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
        await form.close()
        raise HTTPException(403, "This form is not from this browser's page, or is too old. Go back and reload it.")
    return form


def text_of(form: FormData, name: str, limit: int = 2000) -> str:
    """A text field, without the spaces around it and no longer than `limit`."""
    value = form.get(name, "")
    return value.strip()[:limit] if isinstance(value, str) else ""
