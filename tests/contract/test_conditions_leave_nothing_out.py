from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.crm import ID, Condition, PullRequest
from tests.contract.bench import Bench

Test = Callable[[Any], bool]


def cases(bench: Bench) -> list[tuple[tuple[Condition, ...], Callable[[dict[str, Any]], bool]]]:
    choice, employees = bench.names.choice, bench.names.employees
    some = next(str(record[choice]) for record in bench.accounts().values() if record.get(choice))
    other = some.swapcase()
    return [
        ((Condition(choice, "in", (f" {other} ", "no such value")),), lambda row: row[choice] == some),
        ((Condition(choice, "not_in", (other,)),), lambda row: row[choice] != some),
        ((Condition(choice, "is_set", True),), lambda row: row[choice] is not None),
        ((Condition(employees, "is_set", False),), lambda row: row[employees] is None),
        ((Condition(employees, "above", 50),), lambda row: (row[employees] or 0) > 50),
        (
            (Condition(employees, "below", 1e9), Condition(choice, "equals", some)),
            lambda row: row[employees] is not None and row[choice] == some,
        ),
    ]


@pytest.mark.parametrize("number", range(6))
def test_every_record_wanted_comes(bench: Bench, number: int) -> None:
    fields = (bench.names.choice, bench.names.employees)
    _, everything = bench.read(PullRequest("accounts", fields))
    conditions, test = cases(bench)[number]
    _, rows = bench.read(PullRequest("accounts", fields, where=(conditions,)))
    wanted = {row[ID] for row in everything if test(row)}
    assert wanted
    assert wanted <= {row[ID] for row in rows}


def test_a_record_of_any_group_comes(bench: Bench) -> None:
    fields = (bench.names.choice, bench.names.employees)
    _, everything = bench.read(PullRequest("accounts", fields))
    groups = [cases(bench)[0], cases(bench)[3]]
    _, rows = bench.read(PullRequest("accounts", fields, where=tuple(group for group, _ in groups)))
    wanted = {row[ID] for row in everything if any(test(row) for _, test in groups)}
    assert wanted <= {row[ID] for row in rows}
