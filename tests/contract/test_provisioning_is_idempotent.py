from __future__ import annotations

from connector.crm import FieldSpec, FieldType, Option
from tests.contract.bench import TARGETS, Bench


def test_a_second_provisioning_changes_nothing(bench: Bench) -> None:
    administrator = bench.open(admin=True)
    steps = administrator.provision(bench.specs, {"accounts": (bench.names.name,)})
    assert steps
    assert not [step for step in steps if step.changed]


def test_a_dry_run_creates_nothing(bench: Bench) -> None:
    administrator = bench.open(admin=True)
    name = bench.target("text").replace("hy", "ither").replace("HY", "ITHER")
    steps = administrator.provision([FieldSpec(name, "New", FieldType.TEXT, length=255)], {}, dry_run=True)
    assert any(not step.done and name in step.target for step in steps)
    assert not [step for step in steps if step.changed]
    assert name not in bench.open(admin=True).describe("accounts")


def test_what_exists_is_not_changed(bench: Bench) -> None:
    administrator = bench.open(admin=True)
    before = bench.open().describe("accounts")[bench.target("choice")]
    spec = FieldSpec(
        bench.target("choice"), "Another label", FieldType.PICKLIST, options=(Option("protect", "Other"),)
    )
    administrator.provision([spec], {})
    assert bench.open().describe("accounts")[bench.target("choice")] == before


def test_the_crm_can_be_asked_about_itself(bench: Bench) -> None:
    assert all(finding.level != "error" for finding in bench.crm.check())
    assert bench.crm.user()
    assert any(bench.crm.stages().values())
    assert len(bench.crm.currencies().home) == 3
    estimate = bench.crm.estimate({"accounts": 10_000, "opportunities": 50_000}, 3_000)
    assert 0 < estimate.minimum <= estimate.calls
    assert sum(bench.crm.usage().calls.values()) > 0
    assert bench.some_ids(1)[0] in bench.crm.account_url(bench.some_ids(1)[0])
    assert len(TARGETS) == len(bench.specs)
