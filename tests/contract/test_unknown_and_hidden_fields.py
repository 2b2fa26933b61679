from __future__ import annotations

import pytest

from connector.crm import CrmField, PullRequest
from connector.errors import CrmAuthError, CrmError, CrmRequestError
from tests.contract.bench import VALUES, Bench


def test_an_unknown_field_is_named_when_read(bench: Bench) -> None:
    with pytest.raises(CrmRequestError) as caught:
        bench.read(PullRequest("accounts", ("no_such_field",)))
    assert_helpful(caught.value, "no_such_field")


def test_a_hidden_field_is_named_when_read(bench: Bench) -> None:
    field = bench.target("text")
    bench.hide(field)
    crm = bench.open()
    with pytest.raises(CrmRequestError) as caught:
        bench.read(PullRequest("accounts", (field,)), crm)
    assert_helpful(caught.value, field)


def test_a_hidden_field_is_not_described(bench: Bench) -> None:
    field = bench.target("text")
    assert isinstance(bench.open().resolve("accounts", field), CrmField)
    bench.hide(field)
    crm = bench.open()
    assert field not in crm.describe("accounts")
    assert crm.resolve("accounts", field) is None


def test_a_hidden_field_is_named_when_written(bench: Bench) -> None:
    field = bench.target("text")
    ids = bench.some_ids(1)
    bench.hide(field)
    with pytest.raises(CrmError) as caught:
        bench.write(dict.fromkeys(ids, VALUES), bench.open())
    assert_helpful(caught.value, field)


def test_a_read_only_field_is_a_missing_right(bench: Bench) -> None:
    field = bench.target("number")
    ids = bench.some_ids(2)
    bench.lock(field)
    crm = bench.open()
    assert not crm.describe("accounts")[field].writable
    with pytest.raises(CrmAuthError) as caught:
        bench.write(dict.fromkeys(ids, VALUES), crm)
    assert_helpful(caught.value, field)


def assert_helpful(error: CrmError, field: str) -> None:
    """The message names the field, the user and what to do."""
    text = str(error)
    assert field in text
    assert "sync@" in text or "user" in text or "token" in text
    assert "kpm provision" in text or "scope" in text or "Check" in text
    assert error.operation
