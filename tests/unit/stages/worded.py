"""Accounts as they leave `word`, and what is set by hand on them."""

from __future__ import annotations

from typing import Any

from connector.mapping import Mapping
from connector.stages.word import word
from tests.unit.stages.portfolio import LABELS, mapping_of, rows_of, scored

SCORES = {"score:demand": 90, "score:space": 60, "score:access": 20, "score:chemistry": 80}
UNKNOWN: dict[str, Any] = {f"score:{id_}": None for id_ in LABELS}


def worded(
    backend: str, accounts: list[dict[str, Any]], mapping: Mapping | None = None
) -> list[dict[str, Any]]:
    """Accounts as they leave `campaign`: firm, unless they say otherwise."""
    mapping = mapping or mapping_of()
    defaults: dict[str, Any] = {
        "segment": "protect",
        "confidence": "firm",
        "top_revenue": False,
        "segment_since": 20_000,
        "campaigns": None,
        "firm:potential": True,
        "firm:attractiveness": True,
    }
    rows = [{"id": f"{place:03}", **defaults, **account} for place, account in enumerate(accounts)]
    return rows_of(word(scored(backend, rows, mapping), mapping))


BY_ANN = {
    "override_owner": "Ann Berg",
    "override_reason": "New board, contract signed.",
    "override_from": "crm",
}


def by_hand(criteria: tuple[str, ...] = (), **facts: Any) -> dict[str, Any]:
    """Columns about what is set by hand, empty but for `facts`."""
    columns: dict[str, Any] = {}
    for subject in ("", *(f":{criterion}" for criterion in criteria)):
        columns |= {f"override{kind}{subject}": None for kind in ("", "_owner", "_reason", "_until", "_from")}
    return columns | facts
