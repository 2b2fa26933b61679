from __future__ import annotations

from connector.crm import ID, PullRequest
from tests.contract.bench import Bench


def test_an_empty_number_is_null_and_a_number_is_that_number(bench: Bench) -> None:
    field = bench.names.employees
    _, rows = bench.read(PullRequest("accounts", (field,)))
    stored = {key: record.get(field) for key, record in bench.accounts().items()}
    found = {row[ID]: row[field] for row in rows}
    assert None in stored.values()
    assert {key for key, value in found.items() if value is None} == {
        key for key, value in stored.items() if value in (None, "")
    }
    assert all(value == float(str(stored[key])) for key, value in found.items() if value is not None)


def test_no_empty_text_is_ever_read(bench: Bench) -> None:
    _, rows = bench.read(PullRequest("accounts", (bench.names.name, bench.target("text"))))
    assert all(value != "" for row in rows for value in row.values())
