from __future__ import annotations

from typing import get_args

import pytest

from connector.crm import ID, Condition, Object, PullRequest
from tests.contract.bench import Bench

OBJECTS: tuple[Object, ...] = get_args(Object)


@pytest.mark.parametrize("name", OBJECTS)
def test_no_record_comes_twice(bench: Bench, name: Object) -> None:
    pulled, rows = bench.read(PullRequest(name, ()))
    ids = [row[ID] for row in rows]
    assert ids
    assert len(set(ids)) == len(ids) == pulled.rows


def test_accounts_are_all_there_without_deleted_and_merged_ones(bench: Bench) -> None:
    _, rows = bench.read(PullRequest("accounts", ()))
    assert {row[ID] for row in rows} == set(bench.accounts())


def test_a_merged_account_leads_to_one_that_lives(bench: Bench) -> None:
    pulled, _ = bench.read(PullRequest("accounts", ()))
    alive = set(bench.accounts())
    assert not set(pulled.merged) & alive
    assert set(pulled.merged.values()) <= alive


def test_an_empty_result_still_has_a_file_with_all_columns(bench: Bench) -> None:
    nothing = ((Condition(bench.names.choice, "in", ("no such value",)),),)
    request = PullRequest("accounts", (bench.names.name, bench.names.choice), where=nothing)
    pulled, rows = bench.read(request)
    assert pulled.paths
    assert set(pulled.schema) >= {ID, bench.names.name}
    assert all(row[bench.names.choice] != "no such value" for row in rows)
