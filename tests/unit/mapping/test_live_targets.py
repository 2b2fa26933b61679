"""Fields that results go to, against what the CRM describes."""

# ruff: noqa: E501 - messages stand whole, as people read them

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector.crm import CrmField, FieldType
from connector.errors import Severity
from connector.mapping.live_targets import ROOMS
from connector.mapping.model import RESULTS
from tests.unit.mapping.described import described, options, told


def with_target(key: str, field: CrmField) -> list[str]:
    """What is said if this field is the target of this result."""
    crm = described()
    crm.objects["accounts"][field.name] = field
    return told(crm, ('why     = "Why__c"', f'{key} = "{field.name}"'))


def test_every_result_has_its_room() -> None:
    assert tuple(ROOMS) == RESULTS


@pytest.mark.parametrize(("absent", "word"), [(Severity.NOTE, "note"), (Severity.ERROR, "error")])
def test_a_target_that_provision_can_create(absent: Severity, word: str) -> None:
    crm = described()
    del crm.objects["accounts"]["Zone__c"]
    assert told(crm, absent=absent) == [
        (
            f"{word}: write.segment: Zone__c is not there, or sync@example.com may not see it: `kpm provision` creates and "
            "grants it"
        )
    ]


def test_a_target_that_is_probably_misspelt() -> None:
    crm = described()
    crm.objects["accounts"]["Portfolio_Reason__c"] = CrmField(
        "Portfolio_Reason__c", "Reason", FieldType.TEXT, 255
    )
    [problem] = told(crm, ('why     = "Why__c"', 'why     = "Portfolio_Reson__c"'))
    assert problem.endswith("creates and grants it; did you mean Portfolio_Reason__c?")


def test_a_target_that_cannot_be_created() -> None:
    [problem] = told(None, ('why     = "Why__c"', 'why     = "Reason"'))
    assert problem.startswith(
        "error: write.why: Reason is not there, or sync@example.com may not see it, and"
    )
    assert problem.endswith("names of custom fields end in __c")


def test_a_label_as_target() -> None:
    assert told(None, ('why     = "Why__c"', 'why     = "Why"')) == [
        'error: write.why: "Why" is a label; write the API name: Why__c'
    ]


@pytest.mark.parametrize(
    ("key", "facts", "message"),
    [
        (
            "why",
            {"calculated": True, "writable": False},
            "X__c is calculated by the CRM (a formula or roll-up) and cannot be written; {instead}",
        ),
        (
            "why",
            {"writable": False},
            "sync@example.com may not edit X__c; grant it (`kpm provision`), or {instead}",
        ),
        ("why", {"length": 80}, "X__c is too short: it takes 80 characters, 255 are needed; {instead}"),
        ("why", {"type": FieldType.NUMBER}, "X__c holds number, but text or long text is needed; {instead}"),
        (
            "potential",
            {"type": FieldType.TEXT},
            "X__c holds text, but number or percent is needed; {instead}",
        ),
        ("segment_since", {"type": FieldType.DATETIME}, "X__c holds datetime, but date is needed; {instead}"),
        (
            "revenue_flag",
            {"type": FieldType.PICKLIST},
            "X__c holds picklist, but boolean is needed; {instead}",
        ),
        (
            "potential",
            {"type": FieldType.NUMBER, "precision": 4, "scale": 2},
            "X__c is too narrow: it takes 2 digits before the decimal point, 3 are needed; {instead}",
        ),
        (
            "headroom",
            {"type": FieldType.CURRENCY, "precision": 8, "scale": 2},
            "X__c is too narrow: it takes 6 digits before the decimal point, 10 are needed; {instead}",
        ),
    ],
)
def test_a_target_that_does_not_take_the_result(key: str, facts: dict[str, Any], message: str) -> None:
    field = replace(CrmField("X__c", "X", FieldType.TEXT, 255), **facts)
    name = "_".join(word.capitalize() for word in key.split("_"))
    instead = f"name a field of your own such as KPM_{name}__c, which `kpm provision` creates"
    assert with_target(key, field) == [f"error: write.{key}: {message.format(instead=instead)}"]


@pytest.mark.parametrize("absent", [Severity.NOTE, Severity.ERROR])
def test_options_that_provision_adds(absent: Severity) -> None:
    """One line with one remedy; a check goes on after it, whoever needs the field now stops."""
    field = CrmField("X__c", "X", FieldType.PICKLIST, options=options("firm", "loose"), restricted=True)
    crm = described()
    crm.objects["accounts"]["X__c"] = field
    assert told(crm, ('why     = "Why__c"', 'confidence = "X__c"'), absent=absent) == [
        (
            f'{absent}: write.confidence: X__c lacks the options "provisional": `kpm provision` adds them, and changes '
            "none that is there"
        )
    ]


def test_options_of_the_crms_own_field_are_not_ours_to_add() -> None:
    field = CrmField(
        "Rating", "Rating", FieldType.PICKLIST, options=options("a"), restricted=True, standard=True
    )
    (problem,) = with_target("confidence", field)
    assert problem.startswith("error: write.confidence: Rating is Salesforce's own field")


def test_what_nobody_can_write_is_no_matter_of_rights() -> None:
    field = CrmField("CreatedDate", "Created", FieldType.DATE, writable=False, standard=True)
    assert with_target("segment_since", field) == [
        "error: write.segment_since: CreatedDate is read-only in Salesforce, whoever asks; name a field of your own such as KPM_Segment_Since__c, which `kpm provision` creates"
    ]


def test_a_field_of_our_own_name_is_not_proposed_again() -> None:
    (problem,) = with_target("why", CrmField("KPM_Why__c", "Why", FieldType.DATE))
    assert problem.endswith("is needed; name a new field, which `kpm provision` creates")


def test_the_crms_own_fields_are_not_ours_to_overwrite() -> None:
    (problem,) = with_target(
        "why", CrmField("Description", "Notes", FieldType.LONG_TEXT, 32_000, standard=True)
    )
    assert problem.startswith(
        "error: write.why: Description is Salesforce's own field, and what stands in it would be"
    )
    assert "KPM_Why__c" in problem
    (problem,) = with_target("why", CrmField("Site", "Site", FieldType.TEXT, 80, standard=True))
    assert "too short" in problem


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("why", CrmField("X__c", "X", FieldType.LONG_TEXT, 32_000)),
        ("confidence", CrmField("X__c", "X", FieldType.TEXT, 20)),
        ("confidence", CrmField("X__c", "X", FieldType.PICKLIST, options=options("a"))),
        (
            "confidence",
            CrmField(
                "X__c", "X", FieldType.PICKLIST, options=options("firm", "provisional"), restricted=True
            ),
        ),
        ("potential", CrmField("X__c", "X", FieldType.PERCENT, precision=5, scale=2)),
        ("potential", CrmField("X__c", "X", FieldType.NUMBER)),
        ("headroom", CrmField("X__c", "X", FieldType.CURRENCY, precision=18, scale=2)),
        ("segment_since", CrmField("X__c", "X", FieldType.DATE)),
        ("revenue_flag", CrmField("X__c", "X", FieldType.BOOLEAN)),
    ],
)
def test_a_target_that_takes_the_result(key: str, field: CrmField) -> None:
    assert with_target(key, field) == []


def test_a_single_criterion_needs_room_for_a_score() -> None:
    crm = described()
    crm.objects["accounts"]["Access__c"] = CrmField("Access__c", "Access", FieldType.TEXT, 255)
    assert told(crm, ('why     = "Why__c"', 'criteria.access = "Access__c"')) == [
        "error: write.criteria.access.field: Access__c holds text, but number or percent is needed; name a field of your own such as KPM_Access__c, which `kpm provision` creates"
    ]
