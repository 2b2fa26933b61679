from __future__ import annotations

import pytest

from connector.crm import ACCOUNT, CONTACT, DATE, OPPORTUNITY, ROLE, Object, PullRequest
from tests.contract.bench import Bench


@pytest.mark.parametrize("name", ["opportunities", "contact_roles", "cases", "orders", "activities"])
def test_records_carry_the_account_they_belong_to(bench: Bench, name: Object) -> None:
    _, rows = bench.read(PullRequest(name, ()))
    found = {row[ACCOUNT] for row in rows} - {None}
    assert found & set(bench.accounts())


def test_contact_roles_name_contact_and_role(bench: Bench) -> None:
    _, rows = bench.read(PullRequest("contact_roles", ()))
    assert all(row[CONTACT] for row in rows)
    assert any(row[ROLE] for row in rows)
    opportunities = {row["@id"] for row in bench.read(PullRequest("opportunities", ()))[1]}
    assert {row[OPPORTUNITY] for row in rows} - {None} <= opportunities


def test_activities_have_a_date(bench: Bench) -> None:
    _, rows = bench.read(PullRequest("activities", ()))
    assert any(row[DATE] for row in rows)
