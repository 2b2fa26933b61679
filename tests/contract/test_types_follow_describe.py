from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connector.crm import PullRequest
from tests.contract.bench import TARGETS, Bench


def test_columns_have_the_types_that_describe_gives(bench: Bench, tmp_path: Path) -> None:
    names = bench.names
    fields = (names.name, names.employees, names.choice, names.created, *map(bench.target, TARGETS))
    pulled = bench.crm.pull(PullRequest("accounts", fields), tmp_path)
    described = bench.crm.describe("accounts")
    for path in pulled.paths:
        stored = pq.read_schema(path)
        assert set(stored.names) == set(pulled.schema)
        for name, kind in pulled.schema.items():
            assert _plain(stored.field(name).type) == kind.arrow, name
    for name in fields:
        assert pulled.schema[name] == described[name].type


def test_provisioned_fields_are_described_as_asked_for(bench: Bench) -> None:
    described = bench.crm.describe("accounts")
    for role, spec in TARGETS.items():
        known = described[bench.target(role)]
        assert known.type.arrow == spec.type.arrow
        assert known.writable
        # HubSpot has no open enumerations: a value outside the options is always refused.
        assert not known.restricted or bench.name.startswith("hubspot")
    options = {option.value: option.label for option in described[bench.target("choice")].options}
    assert options["protect"] == "Key account"


def test_opportunities_say_whether_they_are_won_and_closed(bench: Bench) -> None:
    _, rows = bench.read(PullRequest("opportunities", (bench.names.amount, bench.names.close_date)))
    states = {(row["@won"], row["@closed"]) for row in rows}
    assert states >= {(True, True), (False, True), (False, False)}
    assert (True, False) not in states


def _plain(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_large_string(kind) else kind
