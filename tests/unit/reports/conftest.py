"""A small portfolio as it looks after `diff`, and its mapping."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from connector.cli.console import out
from connector.mapping.model import Mapping

MAPPING = {
    "version": 1,
    "crm": "salesforce",
    "currency": "EUR",
    "accounts": {"name": "Name"},
    "opportunities": {
        "account": "AccountId",
        "amount": "Amount",
        "close_date": "CloseDate",
        "stage": "StageName",
    },
    "criteria": [
        {
            "id": "demand",
            "dimension": "potential",
            "label": "Future demand",
            "weight": 60,
            "source": {"field": "Demand__c"},
            "scale": {"kind": "rating", "worst": 1, "best": 5},
        },
        {
            "id": "size",
            "dimension": "potential",
            "label": "Size",
            "weight": 40,
            "source": {"field": "NumberOfEmployees"},
            "scale": {"kind": "log", "zero": 10, "full": 5000},
        },
        {
            "id": "access",
            "dimension": "attractiveness",
            "label": "Access to decision makers",
            "weight": 50,
            "source": {"field": "Access__c"},
            "scale": {"kind": "rating", "worst": 1, "best": 5},
        },
        {
            "id": "chemistry",
            "dimension": "attractiveness",
            "label": "Chemistry",
            "weight": 50,
            "source": {"field": "Chemistry__c"},
            "scale": {"kind": "rating", "worst": 1, "best": 5},
        },
    ],
    "write": {
        "segment": "Segment__c",
        "segment_since": "Since__c",
        "potential": "Potential__c",
        "why": "Why__c",
    },
}


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """What was printed since it was asked last, on a terminal so wide that no word is cut."""
    monkeypatch.setattr(out, "width", 1000)
    return lambda: capsys.readouterr().out


@pytest.fixture(scope="session")
def mapping() -> Mapping:
    return Mapping.model_validate(MAPPING)


def account(key: str, **values: object) -> dict[str, object]:
    """One row after `diff`, rated high on both dimensions unless said otherwise."""
    scores = {"demand": 80, "size": 60, "access": 70, "chemistry": 90}
    row: dict[str, object] = {
        "id": key,
        "name": f"Account {key}",
        "owner": "Anna",
        "member": True,
        "own": 1_000_00,
        "wallet": None,
        "wallet_source": None,
        "wallet_expired": False,
        "share": None,
        "headroom": None,
        "expired": False,
        "top_revenue": False,
        "zone": "protect",
        "segment": "protect",
        "confidence": "firm",
        "segment_since": 20_000,
        "from_zone": None,
        "from_segment": None,
        "before": None,
        "campaigns": None,
        "why": "Key account: potential 72, fit 80.",
        "next_step": "Guard against poaching.",
        "change": "first",
        **{f"score:{name}": score for name, score in scores.items()},
        **{f"known:{name}": True for name in scores},
        **{f"rung:{name}": 0 for name in scores},
        **{f"raw:{name}:0": 4.0 for name in scores},
        **{f"expired:{name}:0": False for name in scores},
        "points:potential": 72,
        "points:attractiveness": 80,
        "coverage:potential": 1.0,
        "coverage:attractiveness": 1.0,
        "lo:potential": 72,
        "hi:potential": 72,
        "lo:attractiveness": 80,
        "hi:attractiveness": 80,
        "written:segment": "protect",
        "written:segment_since": 20_000,
        "written:potential": 72,
        "written:why": "Key account: potential 72, fit 80.",
    }
    unknown = set(values) - set(row)
    assert not unknown, unknown
    return {**row, **values}


def table(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), infer_schema_length=None)
