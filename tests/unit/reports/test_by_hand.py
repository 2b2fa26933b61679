from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from connector.mapping.model import Mapping
from connector.overrides import Ignored
from connector.reports.by_hand import by_hand, decisions_on
from connector.reports.explain import explain
from connector.reports.matrix_chart import Thresholds
from connector.reports.page import Heading, page
from connector.windows import days
from tests.unit.reports.conftest import account

AS_OF = date(2026, 11, 24)
LABELS = {"protect": "Key account", "develop": "Development zone", "retreat": "Efficient care"}


def decided(
    key: str, *, zone: str | None = None, score: int | None = None, ends_in: int = 90, **row: Any
) -> dict[str, Any]:
    until = days(AS_OF + timedelta(days=ends_in))
    facts = {"owner": "Ann", "reason": "new board", "until": until, "from": "crm"}
    decision: dict[str, Any] = {"override": zone, "override:access": score}
    for at, value in (("", zone), (":access", score)):
        decision |= {
            f"override_{fact}{at}": None if value is None else given for fact, given in facts.items()
        }
    if zone is not None:
        row["segment"] = zone
    if score is not None:
        row |= {"score:access": score, "rung:access": 1}
    return {**account(key, **row), **decision}


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    kinds = {"override": pl.String, "override:access": pl.Int64}
    return pl.DataFrame(list(rows), infer_schema_length=None, schema_overrides=kinds)


def test_the_first_to_end_comes_first_and_is_named_14_days_before(mapping: Mapping) -> None:
    rows = frame(
        decided("a", zone="retreat", ends_in=15),
        decided("b", zone="protect", score=7, ends_in=14),
        decided("c", zone="develop", ends_in=0),
        decided("d"),
    )
    found = by_hand(rows, mapping, AS_OF, LABELS)
    assert [(one.account, one.what) for one in found.decisions] == [
        ("c", "segment"), ("b", "access"), ("b", "segment"), ("a", "segment"),
    ]  # fmt: skip
    assert [(one.account, one.what) for one in found.ending] == [
        ("c", "segment"), ("b", "access"), ("b", "segment"),
    ]  # fmt: skip
    assert found.accounts == 3
    score = found.decisions[1]
    assert (score.value, score.shown, score.subject, score.owner) == (
        7,
        "7",
        "Access to decision makers",
        "Ann",
    )
    zone = found.decisions[-1]
    assert (zone.value, zone.shown, zone.computed, zone.reason) == (
        "retreat", "Efficient care", "protect", "new board",
    )  # fmt: skip
    listed = json.loads(json.dumps(found.as_json(), default=str))
    assert listed["ending"][0]["until"] == "2026-11-24"


def test_what_has_ended_is_told_from_what_never_counted(mapping: Mapping) -> None:
    ended = Ignored("a", "segment", "protect", "Zone__c", "it ended on 2026-01-01", ended=True)
    wrong = Ignored("b", "segment", "x", "o.csv, line 2", "is no zone")
    found = by_hand(frame(decided("a")), mapping, AS_OF, LABELS, [ended, wrong])
    assert (found.decisions, found.ended, found.ignored) == ([], [ended], [wrong])


def test_a_snapshot_from_before_there_were_decisions(mapping: Mapping) -> None:
    found = by_hand(pl.DataFrame([account("a")]), mapping, AS_OF, LABELS)
    assert found.as_json() == {"decisions": [], "ending": [], "ended": [], "ignored": []}


@pytest.mark.parametrize(
    ("top_revenue", "zone", "computed"),
    [
        (False, "maintain", "maintain"),
        (True, "maintain", "protect"),
        (True, "retreat", "develop"),
        (True, "protect", "protect"),
    ],
)
def test_explain_tells_the_zone_that_is_set_from_the_computed_one(
    mapping: Mapping, top_revenue: bool, zone: str, computed: str
) -> None:
    row = {**decided("a", zone="retreat", score=35, top_revenue=top_revenue), "zone": zone}
    found = json.loads(json.dumps(explain(row, mapping, Thresholds(50, 50), LABELS, url=None)))
    assert (found["segment"], found["computed"]) == ("retreat", computed)
    assert [one["what"] for one in found["set_by_hand"]] == ["segment", "access"]
    assert found["set_by_hand"][0]["owner"] == "Ann"
    access = found["dimensions"]["attractiveness"]["criteria"][0]
    assert (access["manual"], access["score"], access["value"], access["raw"]) == (
        True,
        35,
        "set by hand",
        None,
    )
    other = found["dimensions"]["attractiveness"]["criteria"][1]
    assert (other["manual"], other["value"]) == (False, "4 on 1 to 5")


def test_without_decisions_explain_computes_what_it_shows(mapping: Mapping) -> None:
    found = explain(
        account("a", zone="maintain", top_revenue=True), mapping, Thresholds(50, 50), LABELS, url=None
    )
    assert (found["computed"], found["set_by_hand"]) == ("protect", [])
    assert decisions_on(account("a"), mapping, LABELS) == []


@pytest.mark.parametrize(("language", "title"), [("en", "Set by hand: 2"), ("de", "Von Hand gesetzt: 2")])
def test_the_page_shows_who_has_set_what(mapping: Mapping, language: str, title: str) -> None:
    rows = frame(decided("a", zone="retreat", ends_in=3), decided("b", score=7), decided("c"))
    mapping = mapping.model_copy(update={"language": language})
    wrong = Ignored("b", "segment", "<x>", "o.csv, line 2", '"<x>" is no zone')
    heading = Heading("acme", "salesforce", AS_OF, "EUR", "")
    html = page(
        rows,
        mapping,
        heading=heading,
        thresholds=Thresholds(50, 50),
        labels=LABELS,
        by_hand=by_hand(rows, mapping, AS_OF, LABELS, [wrong]),
    )
    assert title in html
    assert html.count("new board") == 2
    assert html.count("(ends soon)" if language == "en" else "(endet bald)") == 1
    assert "o.csv, line 2" in html
    assert "<x>" not in html
    assert ("manual" if language == "en" else "manuell") in html
