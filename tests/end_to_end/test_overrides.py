"""What people set by hand, on the record and in a file, through the installed command."""

from __future__ import annotations

from datetime import timedelta

from tests.end_to_end.conftest import ACCOUNTS, AS_OF, Place
from tests.end_to_end.test_changes import customer

FIELDS = {
    "salesforce": (
        "KPM_Override__c",
        "KPM_Override_Owner__c",
        "KPM_Override_Reason__c",
        "KPM_Override_Until__c",
    ),
    "hubspot": ("kpm_override", "kpm_override_owner", "kpm_override_reason", "kpm_override_until"),
}
LAST = AS_OF + timedelta(days=10)


def with_overrides(here: Place, rows: str) -> None:
    """The mapping with the section switched on, its fields created, and the file beside it."""
    zone, owner, reason, until = FIELDS[here.crm]
    section = (
        f'segment = "{zone}"\nowner = "{owner}"\nreason = "{reason}"\nexpires = "{until}"\nfile = "o.csv"'
    )
    here.edit_mapping(r"^\[texts\]", f"[override]\n{section}\n\n[texts]")
    (here.mapping.parent / "o.csv").write_text(f"account,what,value,owner,reason,expires\n{rows}")
    here.kpm("provision", "--yes")


def test_set_shown_and_gone(here: Place) -> None:
    here.sync()
    key, before = customer(here)
    other = "retreat" if before["segment"] != "retreat" else "protect"
    with_overrides(
        here, f"{key},decision_access,3,Ben Huber,Met the board,{LAST}\nnobody,segment,protect,,,\n"
    )
    zone, owner, reason, until = FIELDS[here.crm]
    values = {
        zone: other,
        owner: "Anna Berger",
        reason: "They told us; nobody else knows",
        until: LAST.isoformat(),
    }
    here.sandbox.edit(here.crm, ACCOUNTS[here.crm], id=key, values=values)

    plan = here.kpm("plan", "--as-of", AS_OF.isoformat(), "--json").json()["by_hand"]
    assert [(one["account"], one["what"]) for one in plan["ending"]] == [
        (key, "decision_access"),
        (key, "segment"),
    ]
    assert [one["place"] for one in plan["ignored"]] == ["o.csv, line 3"]

    summary = here.sync()
    assert summary["by_hand"]["decisions"] == 2
    targets, held = here.targets(), here.cells()[key]
    assert held[targets["segment"]] == other
    assert held[targets["why"]].endswith("Set manually by Anna Berger: They told us; nobody else knows.")
    assert "(manual): " in held[targets["why"]]
    assert here.sync()["written"] == 0

    told = here.kpm("explain", key).out
    assert "set manually by Anna Berger until" in " ".join(told.split())
    listed = here.kpm("overrides", "--as-of", AS_OF.isoformat()).out
    assert "Anna Berger" in listed
    assert "Met the board" in " ".join(listed.split())
    here.kpm("report", "--output", "report.html")
    assert "They told us; nobody else knows" in (here.folder / "report.html").read_text()

    after = LAST + timedelta(days=1)
    here.sync(as_of=after)
    held = here.cells()[key]
    assert held[targets["segment"]] == before["segment"]
    assert "manual" not in held[targets["why"]]
    gone = here.kpm("overrides", "--as-of", after.isoformat(), "--json").json()
    assert {one["what"] for one in gone["ended"]} == {"segment", "decision_access"}
    assert gone["decisions"] == []


def test_nothing_to_list_without_the_section(here: Place) -> None:
    told = here.kpm("overrides", code=2).err
    assert "no section [override]" in " ".join(told.split())


def test_a_quick_check_reads_the_file_too(here: Place) -> None:
    with_overrides(here, "x,segmnt,protect,,,\n")
    told = " ".join(here.kpm("check", "--quick").out.split())
    assert 'segmnt of x (o.csv, line 2) has no effect: "segmnt" is neither "segment" nor a criterion' in told
    (here.mapping.parent / "o.csv").write_text("account,what,value\nx,segment,protect\n")
    assert "every row of o.csv is understood: 1" in " ".join(here.kpm("check", "--quick").out.split())
    (here.mapping.parent / "o.csv").unlink()
    assert "there is no o.csv" in " ".join(here.kpm("check", "--quick", code=2).err.split())
