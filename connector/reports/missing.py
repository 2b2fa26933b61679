"""What an account lacks, and who could fill it in."""

from __future__ import annotations

from collections.abc import Mapping as Map
from typing import Any, Literal

from connector.mapping.model import (
    ActivitiesSource,
    ContactRolesSource,
    CriteriaSource,
    Criterion,
    CsvSource,
    FieldSource,
    Mapping,
    OpportunitiesSource,
    RecordsSource,
    Source,
    WalletSource,
)

Who = Literal["person", "records", "file"]
"""Somebody who fills in a field, whoever keeps the CRM's other records, whoever keeps a file."""


def to_fill(row: Map[str, Any], mapping: Mapping) -> list[dict[str, Any]]:
    """Criteria with weight that have no data: what would answer them, a person's answer first.

    Returns:
        id, label, and ways: a list of who ("person", "records", "file") and how, in words.
    """
    return [
        {
            "id": criterion.id,
            "label": criterion.label.in_(mapping.language),
            "ways": [{"who": who, "how": how} for who, how in ways(criterion, mapping)],
        }
        for criterion in mapping.criteria
        if criterion.weight and not row[f"known:{criterion.id}"]
    ]


def ways(criterion: Criterion, mapping: Mapping) -> list[tuple[Who, str]]:
    """Who could answer a criterion, and how; people come first."""
    found = [way for rung in criterion.rungs for way in _ways(rung.source, mapping)]
    return sorted(dict.fromkeys(found), key=lambda way: way[0] != "person")


def _ways(source: Source, mapping: Mapping) -> list[tuple[Who, str]]:
    if isinstance(source, FieldSource):
        return [("person", f"fill in {source.field} on the account")]
    if isinstance(source, CsvSource):
        key = source.key_field or source.key
        return [("file", f"a row of {source.csv} for its {key}, with {source.column}")]
    if isinstance(source, ContactRolesSource):
        groups = [(group,) if isinstance(group, str) else group for group in source.required]
        roles = ", ".join(" or ".join(group) for group in groups)
        return [("person", f"fill in the contacts' roles; needed: {roles}")]
    if isinstance(source, WalletSource):
        return _wallet(mapping)
    if isinstance(source, CriteriaSource):
        return [way for id_ in source.ids for way in ways(mapping.criterion(id_), mapping)]
    return [("records", _records(source))]


def _records(source: OpportunitiesSource | RecordsSource | ActivitiesSource) -> str:
    if isinstance(source, ActivitiesSource):
        return "a completed activity with the account"
    if isinstance(source, RecordsSource):
        per = (source.per or "records").replace("_", " ")
        least = 5 if source.min_base is None else source.min_base
        return f"at least {least:g} {per} in {source.months} months"
    window = f" within {source.months} months" if source.months else ""
    words = {
        "open_amount": "open opportunities with an amount",
        "weighted_pipeline": "open opportunities with amount and probability",
        "win_rate": "a closed opportunity",
        "breadth": f"won opportunities with {source.field}",
        "trend": f"a first purchase more than {2 * (source.months or 0)} months ago, and revenue since then",
    }
    if source.measure == "trend":
        return words["trend"]
    return words.get(source.measure, "won opportunities with an amount") + window


def _wallet(mapping: Mapping) -> list[tuple[Who, str]]:
    found: list[tuple[Who, str]] = []
    for source in mapping.wallet.sources if mapping.wallet is not None else ():
        if source.startswith("field:"):
            found.append(
                ("person", f"fill in {source.removeprefix('field:')} on the account: its yearly spend")
            )
        elif source == "activity":
            found.append(("records", "a better year with us than the last one"))
        else:
            found.append(("records", "won opportunities of the last 12 months"))
    return found
