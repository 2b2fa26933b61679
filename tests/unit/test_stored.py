from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from connector.crm import Condition, Currencies, PullRequest, Rate
from connector.errors import ConfigError
from connector.mirror import Mirror
from connector.stages.pull import pull, requests
from connector.stored import StoredCrm
from tests.contract.fake import FakeCrm
from tests.unit.rehearsal import mapping_of, provisioned

MAPPING = mapping_of()


def read_once(tmp_path: Path, *, follows: bool = True) -> tuple[FakeCrm, StoredCrm]:
    crm = provisioned(MAPPING, 12, follows=follows)
    pull(crm, MAPPING, tmp_path / "pull", Mirror(tmp_path / "mirror"))
    return crm, StoredCrm("salesforce", tmp_path / "mirror")


def asked(crm: FakeCrm, name: str) -> PullRequest:
    return next(each for each in requests(MAPPING, crm.describe("accounts")) if each.object == name)


@pytest.mark.parametrize("follows", [True, False])
def test_what_was_read_is_answered_again(tmp_path: Path, follows: bool) -> None:
    crm, stored = read_once(tmp_path, follows=follows)
    assert stored.describe("accounts") == crm.describe("accounts")
    assert stored.currencies() == crm.currencies()
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    request = asked(crm, "opportunities")
    first, second = crm.pull(request, folders[0]), stored.pull(request, folders[1])
    assert (first.rows, dict(first.schema)) == (second.rows, dict(second.schema))
    rows = [pl.read_parquet(list(each.paths)).sort("@id") for each in (first, second)]
    assert rows[0].equals(rows[1].select(rows[0].columns))
    assert not stored.notes
    assert (stored.estimate({}, 5).calls, stored.usage().calls) == (0, {})


def test_dated_rates_survive(tmp_path: Path) -> None:
    crm = provisioned(MAPPING, 3)
    crm.org.currencies = Currencies("EUR", (Rate("USD", 1.1, date(2026, 1, 1), None, dated=True),))
    pull(crm, MAPPING, tmp_path / "pull", Mirror(tmp_path / "mirror"))
    assert StoredCrm("salesforce", tmp_path / "mirror").currencies() == crm.org.currencies


def test_what_was_not_read_is_named(tmp_path: Path) -> None:
    crm, stored = read_once(tmp_path)
    request = asked(crm, "opportunities")
    with pytest.raises(
        ConfigError, match=r"The field Margin__c of opportunities was not read: `kpm plan` reads it"
    ):
        stored.pull(replace(request, fields=("Margin__c",)), tmp_path / "x")
    with pytest.raises(ConfigError, match="opportunities were read with another account"):
        stored.pull(replace(request, account="Partner__c"), tmp_path / "x")
    with pytest.raises(ConfigError, match="cases were not read yet"):
        stored.pull(PullRequest("cases", ()), tmp_path / "x")


def test_a_wider_rule_is_noted(tmp_path: Path) -> None:
    crm, stored = read_once(tmp_path)
    wider = replace(asked(crm, "accounts"), where=((Condition("Type", "in", ("Partner",)),),))
    stored.pull(wider, tmp_path / "x")
    assert len(stored.notes) == 1
    assert next(iter(stored.notes)).startswith("accounts that the mapping in use does not read were not read")


def test_nothing_was_read_yet(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Run `kpm plan` or `kpm sync` once"):
        StoredCrm("salesforce", tmp_path / "mirror")
