"""Bulk API 2.0 against the sandbox: a fault at every step of a job's life."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from adapters.sandbox import Sandbox
from connector.crm import ID, SEND, PullRequest
from connector.errors import CrmTemporaryError
from tests.unit.adapters.salesforce.conftest import Opener

FAULTS = ("unavailable", "drop_before", "drop_after", "drop_during", "malformed_body", "expired_token")
INDUSTRY = pa.schema([(ID, pa.string()), ("Industry", pa.string()), (SEND + "Industry", pa.bool_())])


def ids(sandbox: Sandbox) -> list[str]:
    return [row["Id"] for row in sandbox.dump("salesforce", "Account") if not row["IsDeleted"]]


def industries(sandbox: Sandbox) -> dict[str, str | None]:
    return {row["Id"]: row["Industry"] for row in sandbox.dump("salesforce", "Account")}


def changes(keys: list[str], value: str | None) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {ID: keys, "Industry": [value] * len(keys), SEND + "Industry": [True] * len(keys)}, schema=INDUSTRY
    )


@pytest.mark.parametrize("step", range(5))
@pytest.mark.parametrize("fault", FAULTS)
def test_a_read_survives_a_fault_at_any_step(
    sandbox: Sandbox, opened: Opener, tmp_path: Path, fault: str, step: int
) -> None:
    crm = opened(load_method="bulk")
    made = sandbox.fault(fault, path="jobs/query", after=step, times=1, seconds=0)
    pulled = crm.pull(PullRequest("accounts", ("Name",)), tmp_path)
    assert made.hits == 1
    assert len(pulled.paths) == 3  # 120 accounts in pages of 50
    assert sorted(pl.read_parquet(list(pulled.paths))[ID]) == sorted(ids(sandbox))


@pytest.mark.parametrize("step", range(4))
@pytest.mark.parametrize("fault", FAULTS)
def test_a_write_survives_a_fault_at_any_step(
    sandbox: Sandbox, opened: Opener, fault: str, step: int
) -> None:
    crm = opened(load_method="bulk")
    keys = ids(sandbox)[:10]
    made = sandbox.fault(fault, path="jobs/ingest", after=step, times=1, seconds=0)
    value = "Banking" if step % 2 else "Energy"
    (result,) = crm.write([changes(keys, value)], len(keys))
    assert made.hits == 1
    assert result.column("outcome").to_pylist() == ["written"] * 10
    found = industries(sandbox)
    assert {found[key] for key in keys} == {value}


def test_a_page_shorter_than_announced_is_read_again(
    sandbox: Sandbox, opened: Opener, tmp_path: Path
) -> None:
    made = sandbox.fault("short_page", times=2)
    pulled = opened(load_method="bulk").pull(PullRequest("accounts", ()), tmp_path)
    assert made.hits == 2
    assert pulled.rows == len(ids(sandbox))


def test_pages_that_stay_short_are_no_result(sandbox: Sandbox, opened: Opener, tmp_path: Path) -> None:
    sandbox.fault("short_page")
    with pytest.raises(CrmTemporaryError, match="announces"):
        opened(load_method="bulk").pull(PullRequest("accounts", ()), tmp_path)


def test_refused_and_locked_rows_of_a_job(sandbox: Sandbox, opened: Opener) -> None:
    crm = opened(load_method="bulk")
    keys = ids(sandbox)[:20]
    unknown = "001Sb00000zzzzzIAA"
    made = sandbox.fault("row_lock", times=5)
    (result,) = crm.write([changes([*keys, unknown], "Media")], 21)
    assert made.hits == 5
    rows: dict[str, dict[str, Any]] = {row[ID]: row for row in result.to_pylist()}
    assert {rows[key]["outcome"] for key in keys} == {"written"}
    assert rows[unknown]["outcome"] == "rejected"
    assert rows[unknown]["code"] in ("INVALID_CROSS_REFERENCE_KEY", "ENTITY_IS_DELETED", "MALFORMED_ID")
    assert rows[unknown]["message"]


def test_a_field_name_that_the_job_refuses(sandbox: Sandbox, opened: Opener) -> None:
    crm = opened(load_method="bulk")
    schema = pa.schema([(ID, pa.string()), ("Nope__c", pa.string()), (SEND + "Nope__c", pa.bool_())])
    batch = pa.RecordBatch.from_pydict(
        {ID: ids(sandbox)[:1], "Nope__c": ["x"], SEND + "Nope__c": [True]}, schema=schema
    )
    with pytest.raises(
        Exception, match=r"has no field Nope__c, or .* may not see it.*Field name not found : Nope__c"
    ):
        list(crm.write([batch], 1))


def test_a_text_that_looks_like_a_null_and_an_untouched_cell(sandbox: Sandbox, opened: Opener) -> None:
    crm = opened(load_method="bulk")
    first, second, third = ids(sandbox)[:3]
    list(crm.write([changes([first, second, third], "Retail")], 3))
    batch = pa.RecordBatch.from_pydict(
        {
            ID: [first, second, third],
            "Industry": [None, None, "Energy"],
            SEND + "Industry": [True, False, True],
        },
        schema=INDUSTRY,
    )
    list(crm.write([batch], 3))
    found = industries(sandbox)
    assert (found[first], found[second], found[third]) == (None, "Retail", "Energy")
