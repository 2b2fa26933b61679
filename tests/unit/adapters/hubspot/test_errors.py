from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapters.hubspot.errors import Refused, Translator, error_code, named_properties
from adapters.hubspot.http import Portal
from connector.errors import CrmAuthError, CrmError, CrmRequestError, CrmTemporaryError, ExitCode
from tests.unit.adapters.hubspot.conftest import QUICK, connection
from tests.unit.adapters.hubspot.scripted import Scripted


def refused(status: int, body: dict[str, Any] | bytes) -> Refused:
    return Refused(status, {}, body if isinstance(body, bytes) else orjson.dumps(body))


def translated(status: int, body: dict[str, Any] | bytes) -> CrmError:
    return Translator().translate(refused(status, body), "read deals")


def test_hubspots_own_words_stay_verbatim_with_their_correlation_id() -> None:
    body = {
        "status": "error",
        "category": "VALIDATION_ERROR",
        "message": "limit: 1000",
        "correlationId": "abc-1",
    }
    error = translated(400, body)
    assert str(error).endswith("HubSpot says: VALIDATION_ERROR: limit: 1000 (correlationId abc-1)")
    assert (error.crm, error.operation, error.status, error.code) == (
        "hubspot",
        "read deals",
        400,
        "VALIDATION_ERROR",
    )


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (403, {"category": "MISSING_SCOPES", "message": "no"}, CrmAuthError, "the scope named below"),
        (
            403,
            {"message": "no", "errors": [{"context": {"requiredScopes": ["a", "b"]}}]},
            CrmAuthError,
            "lacks the scope a or b",
        ),
        (403, {"category": "BANNED", "message": "no"}, CrmAuthError, "lacks a right"),
        (
            401,
            {"category": "EXPIRED_AUTHENTICATION", "message": "expired 3 day(s) ago"},
            CrmAuthError,
            "has expired",
        ),
        (
            401,
            {
                "category": "EXPIRED_AUTHENTICATION",
                "message": "expired 20000 day(s) ago",
                "context": {"expire time": ["1970-01-01T00:00:00Z"]},
            },
            CrmAuthError,
            "the access token is wrong",
        ),
        (400, {"error": "invalid_grant", "error_description": "gone"}, CrmAuthError, "install the app again"),
        (404, b"", CrmRequestError, "an empty answer"),
        (404, b"<html><body><h2>HTTP ERROR 404</h2></body></html>", CrmRequestError, "HTTP ERROR 404"),
        (
            400,
            {"category": "VALIDATION_ERROR", "message": 'Property "kpm_x" does not exist'},
            CrmRequestError,
            "has no property kpm_x",
        ),
        (
            429,
            {"policyName": "DAILY", "message": "You have reached your daily limit."},
            CrmTemporaryError,
            "midnight",
        ),
    ],
)
def test_who_acts_and_how(
    status: int, body: dict[str, Any] | bytes, kind: type[CrmError], words: str
) -> None:
    error = translated(status, body)
    assert type(error) is kind
    assert words in str(error)


def test_missing_rights_are_exit_three() -> None:
    assert translated(403, {"category": "MISSING_SCOPES", "message": "no"}).exit_code is ExitCode.CREDENTIALS


@pytest.mark.parametrize("status", [423, 429, 477, 500, 502, 503, 504, 521, 524])
def test_passing_statuses(status: int) -> None:
    trouble = Translator().judge(refused(status, {"message": "later"}))
    assert trouble is not None
    assert (trouble.status, trouble.reason) == (status, "later")


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413])
def test_final_statuses(status: int) -> None:
    assert Translator().judge(refused(status, {"message": "no"})) is None


def test_an_answer_of_one_of_our_own_kind_is_final() -> None:
    assert Translator().judge({"results": []}) is None
    assert Translator().judge(ValueError("ours")) is None


def test_properties_and_codes_of_a_refused_value() -> None:
    message = (
        'Property values were not valid: [{"isValid":false,"error":"INVALID_OPTION","name":"kpm_segment"}]'
    )
    entry = {"category": "VALIDATION_ERROR", "message": message}
    assert named_properties(entry) == ("kpm_segment",)
    assert error_code(entry) == "INVALID_OPTION"


def test_properties_named_in_the_context() -> None:
    entry = {
        "category": "VALIDATION_ERROR",
        "errors": [{"code": "X", "context": {"propertyName": ["a", "b"]}}],
    }
    assert named_properties(entry) == ("a", "b")
    assert error_code(entry) == "X"
    assert error_code({}) == "UNKNOWN"


def test_a_certificate_that_is_not_trusted_is_no_passing_trouble(server: Scripted) -> None:
    # Plain HTTP where TLS is expected: the handshake fails.
    portal = Portal(connection(server.url.replace("http:", "https:")), QUICK, 2)
    with pytest.raises(CrmRequestError, match=r"certificate is not trusted.*ca_bundle"):
        portal.request("read a thing", "GET", "/thing")
    portal.close()


def test_secrets_are_taken_out_of_every_message() -> None:
    translator = Translator(secrets=("top-secret",))
    error = translator.translate(refused(400, {"message": "what is top-secret?"}), "read deals")
    assert "top-secret" not in str(error)
    assert "what is ***?" in str(error)
