from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.admin.workshop import Agreed, Own, Ready, field_name, identifier, mapping_text, ready
from connector.crm import CrmName
from connector.errors import Severity
from connector.mapping import load, parse
from connector.mapping.model import DIMENSIONS, Dimension
from connector.mapping.naming import can_be_created
from connector.texts import one_line

SHIPPED = Path(__file__).parents[3] / "mappings"
TODAY = date(2026, 11, 24)
CRMS: tuple[CrmName, CrmName] = ("salesforce", "hubspot")


def agreed(*criteria: Ready | Own, weight: float = 20) -> Agreed:
    return Agreed([(each, weight) for each in criteria], "de", "CHF", TODAY)


@pytest.mark.parametrize("crm", CRMS)
def test_all_ready_criteria_give_the_shipped_mapping(crm: CrmName) -> None:
    shipped = load(SHIPPED / f"{crm}.toml")
    found = ready(crm)
    assert [(one.id, one.dimension, dict(one.label)) for one in found] == [
        (one.id, one.dimension, {"en": one.label.en, "de": one.label.de}) for one in shipped.criteria
    ]
    weights = {one.id: one.weight for one in shipped.criteria}
    whole = Agreed([(one, weights[one.id]) for one in found], "en", "EUR", TODAY)
    text = mapping_text(crm, whole)
    assert parse(text, "m.toml", crm)[0].model_dump() == shipped.model_dump()
    comments = {line for line in (SHIPPED / f"{crm}.toml").read_text().splitlines() if line.startswith("# ")}
    assert len(comments - set(text.splitlines())) <= 6  # what the ready criteria need is told otherwise


@pytest.mark.parametrize("crm", CRMS)
def test_own_criteria_beside_ready_ones(crm: CrmName) -> None:
    space, chemistry = (next(one for one in ready(crm) if one.id == id_) for id_ in ("headroom", "chemistry"))
    own = [
        Own("Zahlungskraft", "potential", "rated", anchors={1: 'sagt "nein"', 5: "stark"}),
        Own("Bestellungen", "potential", "number", "orders_number", zero=0, full=12.5),
        Own("Zahlungskraft", "attractiveness", "yes_no", "is_partner"),
        Own("Größe", "attractiveness", "rated"),
    ]
    mapping, problems = parse(mapping_text(crm, agreed(space, chemistry, *own, weight=25)), "m.toml", crm)
    assert not [each for each in problems if each.severity is Severity.ERROR]
    assert [one.id for one in mapping.criteria] == [
        "headroom", "zahlungskraft", "bestellungen", "chemistry", "zahlungskraft_2", "groesse",
    ]  # fmt: skip
    assert (mapping.language, mapping.currency) == ("de", "CHF")
    assert {one.weight for one in mapping.criteria} == {25}
    rated = mapping.criterion("zahlungskraft")
    assert rated.anchors["1"].in_("de") == 'sagt "nein"'
    dumped = rated.rungs[0].source.model_dump()
    assert dumped["field"] == ("KPM_Zahlungskraft__c" if crm == "salesforce" else "kpm_zahlungskraft")
    assert mapping.criterion("bestellungen").rungs[0].scale.model_dump() == {
        "kind": "linear",
        "zero": 0,
        "full": 12.5,
    }
    assert "decision_access" not in mapping.write.criteria
    assert mapping.write.segment is not None


@pytest.mark.parametrize("crm", CRMS)
def test_a_criterion_never_takes_a_field_that_is_ours_already(crm: CrmName) -> None:
    own = [Own(label, side, "rated") for side in DIMENSIONS for label in ("Attractiveness", "Why", "Wallet")]
    mapping = parse(mapping_text(crm, agreed(*own)), "m.toml", crm)[0]
    assert [one.id for one in mapping.of("potential")] == ["attractiveness_2", "why_2", "wallet_2"]


@pytest.mark.parametrize("crm", CRMS)
@settings(max_examples=40, deadline=None)
@given(
    labels=st.lists(st.text(min_size=1, max_size=60).filter(one_line), min_size=6, max_size=6, unique=True)
)
def test_whatever_people_call_them(crm: CrmName, labels: list[str]) -> None:
    sides: list[Dimension] = [DIMENSIONS[place % 2] for place in range(6)]
    own = [Own(label, side, "rated", anchors={3: label}) for label, side in zip(labels, sides, strict=True)]
    text = mapping_text(crm, agreed(*own))
    mapping = parse(text, "m.toml", crm)[0]
    assert len({one.id for one in mapping.criteria}) == 6
    told = {one_line(label) for label in labels}
    assert {one.label.in_("de") for one in mapping.criteria} == told
    fields = [one.rungs[0].source.model_dump()["field"] for one in mapping.criteria]
    assert len(set(fields)) == 6
    assert all(can_be_created(name, crm) for name in fields)
    assert tomllib.loads(text)["language"] == "de"


@pytest.mark.parametrize(
    ("label", "taken", "id_"),
    [
        ("Größe des Bedarfs", (), "groesse_des_bedarfs"),
        ("  3. Chance! ", (), "c_3_chance"),
        ("漢字", (), "criterion"),
        ("Demand", ("demand", "demand_2"), "demand_3"),
        ("x" * 50, (), "x" * 30),
    ],
)
def test_ids_from_labels(label: str, taken: tuple[str, ...], id_: str) -> None:
    assert identifier(label, taken) == id_


def test_names_of_fields() -> None:
    assert field_name("future_demand", "salesforce") == "KPM_Future_Demand__c"
    assert field_name("future_demand", "hubspot") == "kpm_future_demand"
    assert can_be_created(field_name("x" * 30 + "_2", "salesforce"), "salesforce")
