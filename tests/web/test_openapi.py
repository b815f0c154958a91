"""Requests that nobody would write, made from the page's own description: none may end in an error of the server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples

from lilliput.web.settings import ServeSettings
from tests.web.conftest import create_app, token

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
from starlette.testclient import TestClient  # noqa: E402

from lilliput.web.mail.settings import MailSettings  # noqa: E402


@pytest.mark.parametrize("signed", [False, True], ids=["forms without their token", "forms with it"])
def test_no_request_breaks_the_server(installed_paper: None, settings: ServeSettings, signed: bool) -> None:
    mail = MailSettings(host="127.0.0.1", port=9, security="none", sender="page@example.org")
    app = create_app(replace(settings, mail=mail, queue=3))
    schema = schemathesis.openapi.from_dict(app.openapi())
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 25
    statuses: set[int] = set()
    with TestClient(app, base_url="http://127.0.0.1:8400", raise_server_exceptions=False) as client:
        known = token(client)
        for operation in operations:
            if not operation.path.endswith("/events"):  # which does not end while a run goes on
                statuses |= _answers(client, operation, {"token": known} if signed else {})
    assert {200, 404} <= statuses
    assert (303 in statuses) is signed
    assert (403 in statuses) or signed


def _answers(client: TestClient, operation: Any, fields: dict[str, str]) -> set[int]:
    """The kinds of answer that requests of one operation got."""
    described = operation.definition.raw["responses"]
    statuses: set[int] = set()

    @given(case=operation.as_strategy())
    @examples(
        max_examples=12, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def ask(case: Any) -> None:
        if fields and "name" in case.path_parameters:
            case.path_parameters["name"] = "synthetic"  # else no form would ever get beyond its address
        body = {**(case.body if isinstance(case.body, dict) else {}), **fields}
        answer = client.request(
            case.method, case.formatted_path, params=case.query or None, data=body or None, follow_redirects=False
        )
        statuses.add(answer.status_code)
        # A mail server that is not there, and a queue that is full, are said with 503.
        assert answer.status_code < 500 or answer.status_code == 503, f"{case.method} {answer.url}: {answer.text}"
        kind = f"{answer.status_code // 100}XX"
        assert {str(answer.status_code), kind} & set(described), f"{answer.status_code} is not described"

    ask()
    return statuses
