from __future__ import annotations

from typing import Literal

import pytest

from adapters.retry import Limits
from connector.crm import ID, PullRequest
from connector.errors import CrmAuthError, CrmTemporaryError
from tests.contract.bench import Bench

FAULTS = ("throttle", "unavailable", "drop_before", "drop_after", "drop_during", "malformed_body")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_read_goes_on_after_passing_trouble(bench: Bench, fault: str) -> None:
    hits = bench.fault(fault, 2, "read")
    _, rows = bench.read(PullRequest("accounts", (bench.names.name,)), bench.open())
    assert hits() == 2
    assert {row[ID] for row in rows} == set(bench.accounts())


@pytest.mark.parametrize("fault", FAULTS)
def test_a_write_goes_on_after_passing_trouble(bench: Bench, fault: str) -> None:
    ids = bench.some_ids(6)
    values = {key: {"number": float(number), "text": fault} for number, key in enumerate(ids)}
    hits = bench.fault(fault, 1, "write")
    results = bench.write(values, bench.open())
    assert hits() == 1
    assert {result["outcome"] for result in results.values()} == {"written"}
    found = bench.written(ids)
    assert {key: (row["number"], row["text"]) for key, row in found.items()} == {
        key: (value["number"], value["text"]) for key, value in values.items()
    }


def test_a_slow_answer_is_a_time_out(bench: Bench) -> None:
    hits = bench.fault("slow", 1, "read")
    _, rows = bench.read(PullRequest("accounts", ()), bench.open(read_seconds=0.4))
    assert hits() == 1
    assert {row[ID] for row in rows} == set(bench.accounts())


@pytest.mark.parametrize("on", ["read", "write"])
def test_lasting_trouble_is_raised_as_temporary(bench: Bench, on: Literal["read", "write"]) -> None:
    ids = bench.some_ids(1)
    crm = bench.open(Limits(attempts=3, first_wait=0.001))
    bench.fault("unavailable", 100, on)

    def act() -> object:
        if on == "read":
            return bench.read(PullRequest("accounts", ()), crm)
        return bench.write({key: {"number": 5.0} for key in ids}, crm)

    with pytest.raises(CrmTemporaryError) as caught:
        act()
    assert "3 times" in str(caught.value)
    assert caught.value.operation


def test_a_locked_row_is_tried_again(bench: Bench) -> None:
    ids = bench.some_ids(8)
    hits = bench.fault("row_lock", 3, "write")
    results = bench.write({key: {"number": 6.0} for key in ids}, bench.open())
    assert hits() == 3
    assert {result["outcome"] for result in results.values()} == {"written"}
    assert {row["number"] for row in bench.written(ids).values()} == {6.0}


@pytest.mark.parametrize("on", ["read", "write"])
def test_an_expired_token_is_renewed(bench: Bench, on: Literal["read", "write"]) -> None:
    ids = bench.some_ids(2)
    crm = bench.open()
    hits = bench.fault("expired_token", 1, on)
    if on == "read":
        assert bench.read(PullRequest("accounts", ()), crm)[1]
    else:
        results = bench.write({key: {"number": 7.0} for key in ids}, crm)
        assert {result["outcome"] for result in results.values()} == {"written"}
    assert hits() == 1


def test_revoked_credentials_are_no_passing_trouble(bench: Bench) -> None:
    crm = bench.open()
    crm.describe("accounts")
    bench.revoke()
    with pytest.raises(CrmAuthError):
        bench.read(PullRequest("accounts", (bench.names.name,)), crm)
