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
    assert problem.startswith("error: write.why: there is no field Reason on accounts")
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
            "X__c is calculated by the CRM (a formula or roll-up) and cannot be written",
        ),
        (
            "why",
            {"writable": False},
            "sync@example.com may not edit X__c; grant it (`kpm provision`), or take a field of your own",
        ),
        ("why", {"length": 80}, "X__c is too short: it takes 80 characters, 255 are needed"),
        ("why", {"type": FieldType.NUMBER}, "X__c holds number, but text or long text is needed"),
        ("potential", {"type": FieldType.TEXT}, "X__c holds text, but number or percent is needed"),
        ("segment_since", {"type": FieldType.DATETIME}, "X__c holds datetime, but date is needed"),
        ("revenue_flag", {"type": FieldType.PICKLIST}, "X__c holds picklist, but boolean is needed"),
        (
            "potential",
            {"type": FieldType.NUMBER, "precision": 4, "scale": 2},
            "X__c is too narrow: it takes 2 digits before the decimal point, 3 are needed",
        ),
        (
            "headroom",
            {"type": FieldType.CURRENCY, "precision": 8, "scale": 2},
            "X__c is too narrow: it takes 6 digits before the decimal point, 10 are needed",
        ),
        (
            "confidence",
            {"type": FieldType.PICKLIST, "restricted": True, "options": options("firm", "loose")},
            'X__c takes only its own values and lacks "provisional"; add them, or lift the restriction',
        ),
    ],
)
def test_a_target_that_does_not_take_the_result(key: str, facts: dict[str, Any], message: str) -> None:
    field = replace(CrmField("X__c", "X", FieldType.TEXT, 255), **facts)
    assert with_target(key, field) == [f"error: write.{key}: {message}"]


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
        "error: write.criteria.access.field: Access__c holds text, but number or percent is needed"
    ]
