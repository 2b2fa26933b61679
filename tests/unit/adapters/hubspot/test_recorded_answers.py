"""Answers in the shapes that public integrations have recorded, each composed anew, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from adapters.hubspot import HubspotCrm
from connector.crm import ID, PullRequest
from connector.errors import CrmAuthError, CrmRequestError
from tests.unit.adapters.hubspot.conftest import Open
from tests.unit.adapters.hubspot.scripted import Answer, Asked, Reply, Scripted
from tests.unit.adapters.hubspot.test_write import outcomes, write

CORRELATION = "0190aaaa-1111-7222-8333-444455556666"


def error(status: str, message: str, **more: Any) -> dict[str, Any]:
    return {"status": "error", "message": message, "correlationId": CORRELATION, "category": status, **more}


def record(key: str, **properties: str) -> dict[str, Any]:
    """A record as an answer to a write gives it: what was sent, and the system's own."""
    return {
        "id": key,
        "properties": {"hs_object_id": key, "hs_lastmodifieddate": "2026-11-24T04:30:00Z", **properties},
        "createdAt": "2024-01-01T00:00:00Z",
        "updatedAt": "2026-11-24T04:30:00Z",
        "archived": False,
    }


def sent(asked: Asked) -> list[str]:
    return [each["id"] for each in asked.body["inputs"]]


def complete(keys: Sequence[str], *errors: dict[str, Any], status: str = "COMPLETE") -> Answer:
    body: dict[str, Any] = {
        "status": status,
        "results": [record(key, kpm_potential="5") for key in reversed(keys)],
        "startedAt": "2026-11-24T04:30:00.100Z",
        "completedAt": "2026-11-24T04:30:00.350Z",
    }
    if errors:
        body |= {"numErrors": len(errors), "errors": list(errors)}
    return Answer(body, 207 if errors else 200)


VALUES = dict.fromkeys(("101", "102", "103", "104"), 5.0)


def test_a_mixed_answer_with_one_error_for_several_records(server: Scripted, opened: Open) -> None:
    missing = error(
        "OBJECT_NOT_FOUND",
        "Could not get some COMPANY objects, they may be deleted or not exist. Check that ids are valid.",
        context={"ids": ["102", "104"]},
    )
    server.on("/batch/update", lambda _asked: complete(["101", "103"], missing))
    server.on("/companies/102", Answer(b"<html><body><h2>HTTP ERROR 404</h2></body></html>", 404))
    server.on("/companies/104", Answer(b"", 404))
    results = write(opened(server.url), VALUES)
    assert outcomes(results) == {
        "101": "written",
        "102": "rejected OBJECT_NOT_FOUND",
        "103": "written",
        "104": "rejected OBJECT_NOT_FOUND",
    }
    assert "they may be deleted or not exist" in results["104"]["message"]


def test_a_mixed_answer_that_names_trace_ids(server: Scripted, opened: Open) -> None:
    message = (
        "Property values were not valid: "
        '[{"isValid":false,"message":"x was not a valid number.","error":"INVALID_INTEGER","name":"kpm_potential",'
        '"localizedErrorMessage":"x was not a valid number.","portalId":1}]'
    )
    refused = error("VALIDATION_ERROR", message, context={"objectWriteTraceId": ["103"]})
    server.on("/batch/update", lambda _asked: complete(["101", "102", "104"], refused))
    results = write(opened(server.url), VALUES)
    assert outcomes(results) == dict.fromkeys(VALUES, "written") | {"103": "rejected INVALID_INTEGER"}
    assert results["103"]["fields"] == "kpm_potential"


@pytest.mark.parametrize("code", ["INVALID_INTEGER", "LEADING_TRAILING_WHITESPACE", "INVALID_OPTION"])
def test_a_value_that_fails_a_whole_batch_concerns_one_record(
    server: Scripted, opened: Open, code: str
) -> None:
    message = f'Property values were not valid: [{{"isValid":false,"error":"{code}","name":"kpm_potential"}}]'

    def answer(asked: Asked) -> Answer:
        if "103" in sent(asked):
            return Answer(error("VALIDATION_ERROR", message), 400)
        return complete(sent(asked))

    server.on("/batch/update", answer)
    results = write(opened(server.url), VALUES)
    assert outcomes(results) == dict.fromkeys(VALUES, "written") | {"103": f"rejected {code}"}
    assert results["103"]["fields"] == "kpm_potential"
    assert CORRELATION in results["103"]["message"]


def test_duplicate_ids_in_one_batch(server: Scripted, opened: Open) -> None:
    """HubSpot takes 0101 and 101 for one id."""
    words = "Duplicate IDs found in batch input: [101]. IDs must be unique"

    def answer(asked: Asked) -> Answer:
        numbers = [int(key) for key in sent(asked)]
        if len(set(numbers)) < len(numbers):
            return Answer(error("VALIDATION_ERROR", words, context={"ids": ["101"]}), 400)
        return complete(sent(asked))

    server.on("/batch/update", answer)
    results = write(opened(server.url), {"0101": 5.0, "101": 5.0, "102": 5.0})
    assert outcomes(results) == {"0101": "written", "101": "written", "102": "written"}


@pytest.mark.parametrize(
    "empty",
    [
        Answer({"status": "COMPLETE", "results": []}),
        Answer({"status": "COMPLETE", "results": [], "errors": [], "numErrors": 0}, 207),
        Answer({"results": [{"id": "999", "properties": {}}]}, 201),
    ],
)
def test_a_success_that_is_empty_means_that_nothing_was_written(
    server: Scripted, opened: Open, empty: Answer
) -> None:
    server.on("/batch/update", empty)
    server.on("/batch/read", unchanged)
    server.on("/companies/101", Answer(b"", 404))
    results = write(opened(server.url), {"101": 7.0})
    assert outcomes(results) == {"101": "rejected NOT_WRITTEN"}


def unchanged(asked: Asked) -> Answer:
    return Answer({"status": "COMPLETE", "results": [record(key, kpm_potential="1") for key in sent(asked)]})


def test_a_rule_of_the_portal(server: Scripted, opened: Open) -> None:
    rule = {
        "message": "Required property missing: kpm_why",
        "code": "MISSING_CONDITIONAL_REQUIRED_PROPERTY",
        "context": {"propertyName": ["kpm_why"]},
    }
    refused = error(
        "VALIDATION_ERROR",
        "The property values provided are invalid",
        errors=[rule],
        context={"ids": ["102"]},
    )
    for path in ("/properties/2026-09/companies", "/properties/companies"):
        server.on(path, Answer({"results": [{"name": "kpm_potential", "type": "number"}]}))
    server.on("/batch/update", lambda asked: complete([key for key in sent(asked) if key != "102"], refused))
    results = write(opened(server.url, api_version="2026-09"), VALUES)
    assert outcomes(results)["102"] == "rejected MISSING_CONDITIONAL_REQUIRED_PROPERTY"
    assert results["102"]["fields"] == "kpm_why"
    assert sum(row["outcome"] == "written" for row in results.values()) == 3


HTML = "<html>\n<head><title>{0}</title><style>h1 {{}}</style></head>\n<body><h1>{0}</h1></body></html>"
PASSING: list[tuple[int, bytes | dict[str, Any]]] = [
    (423, error("LOCKED", "The resource is locked. Wait at least 2 seconds before retrying.")),
    (477, error("MIGRATION_IN_PROGRESS", "This account is being migrated between data centers.")),
    (
        429,
        error(
            "RATE_LIMITS",
            "You have reached your ten_secondly_rolling limit.",
            policyName="TEN_SECONDLY_ROLLING",
        ),
    ),
    (500, error("INTERNAL_ERROR", "internal error")),
    (502, HTML.format("502 Bad Gateway").encode()),
    (503, HTML.format("Service Temporarily Unavailable").encode()),
    (504, b""),
    (521, HTML.format("Web server is down").encode()),
    (522, HTML.format("Connection timed out").encode()),
    (523, HTML.format("Origin is unreachable").encode()),
    (524, HTML.format("Aufgetreten: Zeitüberschreitung").encode("latin-1")),
]


@pytest.mark.parametrize(("status", "body"), PASSING)
def test_passing_trouble_passes_while_reading(
    server: Scripted, opened: Open, tmp_path: Path, status: int, body: bytes | dict[str, Any]
) -> None:
    pause = {"Retry-After": "0"} if status in (429, 477) else {}
    server.on("/objects/companies", Answer(body, status, pause), Answer({"results": [record("1")]}))
    assert read(opened(server.url, load_method="rest"), tmp_path) == ["1"]


@pytest.mark.parametrize(("status", "body"), PASSING)
def test_passing_trouble_passes_while_writing_and_writes_nothing_twice(
    server: Scripted, opened: Open, status: int, body: bytes | dict[str, Any]
) -> None:
    held: dict[str, str] = {}
    writes: list[str] = []
    trouble: list[Answer] = [Answer(body, status)]

    def update(asked: Asked) -> Answer:
        worked = status in (500, 502, 504, 524)  # the answer was lost behind the work
        if not trouble or worked:
            for each in asked.body["inputs"]:
                held[each["id"]] = each["properties"]["kpm_potential"]
                writes.append(each["id"])
        return trouble.pop() if trouble else complete(sent(asked))

    def look(asked: Asked) -> Answer:
        return Answer(
            {"results": [record(key, kpm_potential=held[key]) for key in sent(asked) if key in held]}
        )

    server.on("/batch/update", update)
    server.on("/batch/read", look)
    assert set(outcomes(write(opened(server.url), VALUES)).values()) == {"written"}
    assert sorted(writes) == sorted(VALUES)


def read(crm: HubspotCrm, folder: Path) -> list[str]:
    pulled = crm.pull(PullRequest("accounts", ("kpm_why",)), folder)
    return pl.read_parquet(pulled.paths)[ID].to_list()


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (
            Answer(error("INVALID_AUTHENTICATION", "Authentication credentials not found."), 401),
            CrmAuthError,
            "the access token is wrong",
        ),
        (
            Answer(
                error(
                    "EXPIRED_AUTHENTICATION",
                    "The OAuth token used to make this call expired 20781 day(s) ago.",
                    context={"expire time": ["1970-01-01T00:00:00Z"]},
                ),
                401,
            ),
            CrmAuthError,
            "the access token is wrong: mistyped, cut off, revoked, or of another portal",
        ),
        (
            Answer(
                error(
                    "MISSING_SCOPES",
                    "This app hasn't been granted all required scopes to make this call.",
                    errors=[
                        {
                            "message": "One or more of the following scopes are required.",
                            "context": {"requiredGranularScopes": ["crm.objects.companies.read"]},
                        }
                    ],
                ),
                403,
            ),
            CrmAuthError,
            r"lacks the scope crm\.objects\.companies\.read",
        ),
        (
            Answer(HTML.format("403 Forbidden").encode(), 403),
            CrmAuthError,
            "lacks a right.*403 Forbidden",
        ),
        (
            Answer(error("VALIDATION_ERROR", "Unable to infer object type from: companys"), 400),
            CrmRequestError,
            "Unable to infer object type",
        ),
    ],
)
def test_final_answers_say_who_acts(
    server: Scripted,
    opened: Open,
    tmp_path: Path,
    answer: Reply,
    kind: type[Exception],
    words: str,
) -> None:
    server.on("/objects/companies", answer)
    with pytest.raises(kind, match=words):
        read(opened(server.url, load_method="rest"), tmp_path)


def test_an_address_that_is_too_long(server: Scripted, opened: Open, tmp_path: Path) -> None:
    def listed(asked: Asked) -> Answer:
        too_long = Answer(HTML.format("414 Request-URI Too Large").encode(), 414)
        return too_long if "properties" in asked.query else Answer({"results": [record("1")]})

    server.on("/objects/companies", listed)
    server.on(
        "/batch/read", lambda asked: Answer({"results": [record(key, kpm_why="x") for key in sent(asked)]})
    )
    assert read(opened(server.url, load_method="rest"), tmp_path) == ["1"]


def test_an_app_without_its_installation(server: Scripted, opened: Open) -> None:
    refused = {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"}
    server.on("/oauth/v1/token", Answer(refused, 400))
    app = {
        "auth": "refresh_token",
        "client_id": "app",
        "client_secret": "sandbox-secret",
        "refresh_token": "gone",
    }
    with pytest.raises(CrmAuthError, match=r"install the app again.*BAD_REFRESH_TOKEN"):
        opened(server.url, **app).currencies()
    assert len(server.to("/token")) == 1  # no login loop
