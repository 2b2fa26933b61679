"""The fields that a mapping needs in the CRM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.admin.labels import HELP_LIMIT, LABEL_LIMIT
from connector.admin.provision import provision, reads, specs
from connector.crm import CrmField, FieldSpec, FieldType, Option
from connector.errors import Severity
from connector.mapping import Mapping, parse, read
from connector.mapping.live import live
from tests.contract.fake import FakeCrm, small_portfolio

FOLDER = Path(__file__).parents[3] / "mappings"


def mapping_of(crm: str = "salesforce", *changes: tuple[str, str]) -> Mapping:
    text = (FOLDER / f"{crm}.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return parse(text, f"{crm}.toml")[0]


def by_name(mapping: Mapping, *existing: CrmField) -> dict[str, FieldSpec]:
    return {spec.name: spec for spec in specs(mapping, {field.name: field for field in existing})}


@pytest.mark.parametrize(
    ("key", "kind", "facts"),
    [
        ("segment", FieldType.PICKLIST, {}),
        ("segment_since", FieldType.DATE, {}),
        ("potential", FieldType.NUMBER, {"precision": 5, "scale": 0}),
        ("attractiveness", FieldType.NUMBER, {"precision": 5, "scale": 0}),
        ("coverage", FieldType.NUMBER, {"precision": 5, "scale": 0}),
        ("confidence", FieldType.PICKLIST, {}),
        ("why", FieldType.TEXT, {"length": 255}),
        ("next_step", FieldType.TEXT, {"length": 255}),
        ("campaigns", FieldType.TEXT, {"length": 255}),
        ("headroom", FieldType.NUMBER, {"precision": 18, "scale": 0}),
        ("share_of_wallet", FieldType.NUMBER, {"precision": 5, "scale": 0}),
        ("revenue_flag", FieldType.BOOLEAN, {}),
        ("criteria:decision_access", FieldType.NUMBER, {"precision": 5, "scale": 0}),
    ],
)
@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_a_result_gets_the_field_that_holds_it(
    crm: str, key: str, kind: FieldType, facts: dict[str, Any]
) -> None:
    mapping = mapping_of(crm)
    spec = by_name(mapping)[mapping.write.targets[key]]
    assert (spec.type, spec.result) == (kind, True)
    assert {
        name: getattr(spec, name)
        for name in ("length", "precision", "scale")
        if getattr(spec, name) is not None
    } == facts


def test_a_zone_is_stored_by_id_and_shown_by_label() -> None:
    own = ('segments.retreat = { en = "Efficient care"', 'segments.retreat = { en = "Self service"')
    zone = by_name(mapping_of("salesforce", own))["KPM_Segment__c"]
    assert zone.label == "Portfolio zone"
    assert [(option.value, option.label) for option in zone.options] == [
        ("protect", "Key account"),
        ("develop", "Development zone"),
        ("maintain", "Maintain"),
        ("retreat", "Self service"),
        ("unrated", "Not rated yet"),
    ]


def test_the_zone_gets_a_badge_where_the_crm_can_show_one() -> None:
    own = ('segments.retreat = { en = "Efficient care"', 'segments.retreat = { en = "Self service"')
    found = by_name(mapping_of("salesforce", own))
    badge = found["KPM_Segment_Badge__c"]
    assert (badge.badge_of, badge.label) == ("KPM_Segment__c", "Portfolio badge")
    assert set(badge.marks) == {"protect", "develop", "maintain", "retreat"}
    assert len(set(badge.marks.values())) == 4
    assert {option.value: option.label for option in badge.options}["retreat"] == "Self service"
    german = by_name(mapping_of("salesforce", ('language = "en"', 'language = "de"')))
    assert german["KPM_Segment_Badge__c"].label == "Portfolio-Kennzeichen"
    assert not [name for name in by_name(mapping_of("hubspot")) if "badge" in name.lower()]


def test_a_badge_of_a_long_name_has_a_name_that_salesforce_takes() -> None:
    long = "Customer_Portfolio_Zone_Of_This_Company__c"
    found = by_name(mapping_of("salesforce", ('"KPM_Segment__c"', f'"{long}"')))
    (badge,) = [spec for spec in found.values() if spec.badge_of]
    assert badge.badge_of == long
    assert len(badge.name.removesuffix("__c")) <= 40
    assert "__" not in badge.name.removesuffix("__c")


def test_labels_follow_the_language_of_the_mapping() -> None:
    found = by_name(mapping_of("salesforce", ('language = "en"', 'language = "de"')))
    assert found["KPM_Segment__c"].label == "Portfoliozone"
    assert found["KPM_Campaigns__c"].label == "Schwerpunktprogramm"
    assert found["KPM_Demand__c"].options[0] == Option("1", "1 - schrumpft oder schließt")
    assert found["KPM_Decision_Access__c"].label == "Zugang zu Entscheidern (Punkte)"


@pytest.mark.parametrize("language", ["en", "de"])
def test_labels_and_help_fit(language: str) -> None:
    mapping = mapping_of("salesforce", ('language = "en"', f'language = "{language}"'))
    long = mapping.model_copy(
        update={
            "criteria": tuple(
                one.model_copy(
                    update={"label": one.label.model_copy(update={language: "Very long words " * 9})}
                )
                for one in mapping.criteria
            )
        }
    )
    for spec in specs(long, {}):
        assert 0 < len(spec.label) <= LABEL_LIMIT
        assert 0 < len(spec.help) <= HELP_LIMIT


def test_what_people_fill_in() -> None:
    inputs = {name: spec for name, spec in by_name(mapping_of()).items() if not spec.result}
    assert {name: spec.type for name, spec in inputs.items()} == {
        "KPM_Demand__c": FieldType.PICKLIST,
        "KPM_Chemistry__c": FieldType.PICKLIST,
        "KPM_Rated_At__c": FieldType.DATE,
        "KPM_Strategy__c": FieldType.PICKLIST,
        "KPM_Wallet__c": FieldType.CURRENCY,
        "KPM_Wallet_Rated_At__c": FieldType.DATE,
    }
    assert [option.value for option in inputs["KPM_Demand__c"].options] == ["1", "2", "3", "4", "5"]
    assert [option.value for option in inputs["KPM_Strategy__c"].options] == ["Clear", "Partly", "None"]


def test_steps_without_an_anchor_show_their_number_and_run_upwards() -> None:
    good = (Path(__file__).parents[2] / "fixtures" / "mappings" / "good.toml").read_text()
    anchors = 'anchors   = { 4 = "open conflict", 6 = "good" }'
    changed = good.replace("worst = 1, best = 5 }", f"worst = 7, best = 4 }}\n{anchors}", 1)
    found = by_name(parse(changed, "m.toml")[0])
    assert [(one.value, one.label) for one in found["Demand__c"].options] == [
        ("4", "4 - open conflict"),
        ("5", "5"),
        ("6", "6 - good"),
        ("7", "7"),
    ]


def test_an_override_brings_its_three_fields() -> None:
    fields = 'segment = "Own_Zone__c"\nreason  = "Own_Reason__c"\nexpires = "Own_Until__c"'
    found = by_name(mapping_of("salesforce", ("[texts]", f"[override]\n{fields}\n\n[texts]")))
    assert {name: found[name].type for name in ("Own_Zone__c", "Own_Reason__c", "Own_Until__c")} == {
        "Own_Zone__c": FieldType.PICKLIST,
        "Own_Reason__c": FieldType.TEXT,
        "Own_Until__c": FieldType.DATE,
    }


# --- inputs that exist -----------------------------------------------------------------------------------


def test_an_existing_input_stays_as_it_is() -> None:
    stars = CrmField("KPM_Chemistry__c", "Stars", FieldType.NUMBER, precision=1, scale=0)
    spec = by_name(mapping_of(), stars)["KPM_Chemistry__c"]
    assert (spec.type, spec.label, spec.precision, spec.options, spec.result) == (
        FieldType.NUMBER,
        "Stars",
        1,
        (),
        False,
    )


def test_an_existing_picklist_is_ours_to_fill_only_with_just_our_values() -> None:
    ours = CrmField(
        "KPM_Strategy__c",
        "Strategy",
        FieldType.PICKLIST,
        options=(Option("clear", "C"), Option("Partly", "P"), Option("None", "N")),
    )
    theirs = CrmField(
        "KPM_Strategy__c",
        "Strategy",
        FieldType.PICKLIST,
        options=(Option("Clear", "C"), Option("Vague", "V")),
    )
    assert "KPM_Strategy__c" in by_name(mapping_of(), ours)
    assert "KPM_Strategy__c" not in by_name(mapping_of(), theirs)


@pytest.mark.parametrize(
    "field",
    [
        CrmField("Industry", "Industry", FieldType.PICKLIST),
        CrmField("Custom__c", "Formula", FieldType.TEXT, calculated=True),
        CrmField("Custom__c", "Owner", FieldType.REFERENCE),
    ],
)
def test_rights_on_other_peoples_fields_are_not_given(field: CrmField) -> None:
    mapping = mapping_of("salesforce", ('field = "KPM_Strategy__c"', f'field = "{field.name}"'))
    assert field.name not in by_name(mapping, field)


def test_a_name_that_cannot_be_a_custom_field_is_not_created() -> None:
    mapping = mapping_of("salesforce", ('field = "KPM_Strategy__c"', 'field = "Strategie"'))
    assert "Strategie" not in by_name(mapping)


def test_a_field_that_several_criteria_share_is_created_once() -> None:
    shared = (
        'source    = { field = "KPM_Strategy__c" }',
        'source = { field = "KPM_Strategy__c", rated_at = "KPM_Rated_At__c", expires_days = 9 }',
    )
    names = [spec.name for spec in specs(mapping_of("salesforce", shared), {})]
    assert len(names) == len(set(names))


# --- the call --------------------------------------------------------------------------------------------


def test_fields_to_read_come_by_object() -> None:
    found = reads(read(FOLDER / "hubspot.toml")[0])
    assert found["opportunities"] == ("amount", "closedate", "dealstage", "dealtype")
    assert found["cases"] == ("createdate", "hs_ticket_category")
    assert {"kpm_demand", "numberofemployees", "lifecyclestage"} <= set(found["accounts"])
    assert found["contact_roles"] == ()


def test_provisioning_makes_the_crm_fit_and_finds_nothing_to_do_again() -> None:
    mapping = mapping_of("salesforce", ('parent   = "ParentId"\n', ""))
    crm = FakeCrm(small_portfolio(4))
    planned = provision(crm, mapping, dry_run=True)
    assert "KPM_Segment__c" not in crm.describe("accounts")
    assert not any(step.changed for step in planned)
    done = provision(crm, mapping, assign=["rep@example.com"], nightly_user="sync@example.com")
    assert [step.target for step in done if step.what == "assign"] == ["rep@example.com", "sync@example.com"]
    created = [step for step in done if step.changed and step.what == "create field"]
    assert len(created) == len(specs(mapping, {}))
    assert not any(step.changed and step.what == "create field" for step in provision(crm, mapping))
    about = [
        one.path for one in live(crm, mapping, "m", absent=Severity.ERROR) if one.severity is Severity.ERROR
    ]
    assert [path for path in about if path.startswith(("write", "wallet"))] == []
