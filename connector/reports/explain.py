"""Why one account stands where it stands: every criterion with its raw value, source, score and weight."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from connector.mapping.model import DIMENSIONS, Criterion, Dimension, Mapping, RatingScale
from connector.overrides import ZONE, column_of
from connector.reports.adjusted import Frozen, adjusted
from connector.reports.by_hand import Decision, decisions_on
from connector.reports.distance import LOW, distances
from connector.reports.matrix_chart import Thresholds
from connector.reports.measured import (
    rated_in_words,
    source_in_words,
    sources_in_words,
    value_in_words,
    wallet_in_words,
)
from connector.reports.membership import Rule
from connector.reports.missing import to_fill
from connector.reports.words import words
from connector.texts import LOOKED_AT_FIRST, NOTABLE, neutral_pull, weight_of

Row = Map[str, Any]
EPOCH = date(1970, 1, 1)
NOTHING_FROZEN: Frozen = {}
LISTED = 10
"""Accounts of a family that are named."""
NAMED = 2
"""Criteria named as lifting and as burdening most."""


@dataclass(frozen=True, slots=True)
class Family:
    """An account's family, as far as it is named.

    Attributes:
        top: id of the account for which the family's records count.
        top_name: its name.
        accounts: accounts of the family, the top included.
        named: id and name of the first of those below the top.
    """

    top: str
    top_name: str | None
    accounts: int
    named: list[tuple[str, str | None]]


def family_of(row: Row, accounts: pl.DataFrame) -> Family | None:
    """The family of an account; None if it stands alone, or if families are not rated as one."""
    if "top" not in accounts.columns:
        return None
    inside = accounts.filter(pl.col("top") == row["top"]).select("id", "name", "top").sort("name", "id")
    if len(inside) < 2:
        return None
    below = inside.filter(pl.col("id") != row["top"]).head(LISTED).select("id", "name")
    name = inside.filter(pl.col("id") == row["top"]).item(0, "name")
    return Family(row["top"], name, len(inside), list(below.iter_rows()))


def explain(
    row: Row,
    mapping: Mapping,
    thresholds: Thresholds,
    labels: Map[str, str],
    *,
    url: str | None,
    family: Family | None = None,
    frozen: Frozen = NOTHING_FROZEN,
    rules: list[Rule] | None = None,
) -> dict[str, Any]:
    """Everything behind one account's zone, ready for JSON.

    Args:
        row: the account after `diff`; see `connector.tables` for the columns.
        mapping: criteria and targets.
        thresholds: borders in force.
        labels: segment -> what people call it.
        url: the account's page in the CRM.
        family: its own, if families are rated as one and it belongs to one.
        frozen: reference values by key, as far as they are known.
        rules: of an account outside the portfolio, which rules it meets; None if that is not known.
    """
    dimensions = {
        name: _dimension(row, mapping, name, getattr(thresholds, name), frozen) for name in DIMENSIONS
    }
    up, down = _pulls(row, mapping)
    rated = row["member"] or row.get("heir")
    computed, lacking = _computed(row), to_fill(row, mapping) if row["member"] else []
    ways = distances(row, computed, mapping, thresholds, labels) if row["member"] else []
    return {
        "language": mapping.language,
        "account": {"id": row["id"], "name": row["name"], "owner": row["owner"], "url": url},
        "member": row["member"],
        "rules": None if rules is None else [asdict(rule) for rule in rules],
        "family": None if family is None else asdict(family),
        "segment": row["segment"] if rated else None,
        "label": labels.get(row["segment"] or "", row["segment"]) if rated else None,
        "segment_since": day(row["segment_since"]),
        "segment_before": row["from_segment"],
        "confidence": row["confidence"],
        "computed": computed,
        "set_by_hand": [_decision(one) for one in decisions_on(row, mapping, labels)],
        "top_revenue": row["top_revenue"],
        "revenue_12_months": _money(row["own"]),
        "currency": mapping.currency,
        "dimensions": dimensions,
        "strongest_up": up[:NAMED],
        "strongest_down": down[:NAMED],
        "missing": [entry["id"] for entry in lacking],
        "to_fill": lacking,
        "wallet": {
            "wallet": _money(row["wallet"]),
            "source": row["wallet_source"],
            "share": row["share"],
            "headroom": _money(row["headroom"]),
            "expired": row["wallet_expired"],
            "basis": wallet_in_words(
                row["wallet_source"],
                None if mapping.wallet is None else mapping.wallet.field,
                mapping.language,
            ),
        },
        "distance": str(ways[0]) if ways else None,
        "ways_up": [way.as_json() for way in ways],
        "warnings": _warnings(row, mapping),
        "campaigns": row["campaigns"],
        "why": row["why"],
        "next_step": row["next_step"],
        "written": {key.replace(":", "."): _written(key, _kept(row, key)) for key in mapping.write.targets},
    }


def _kept(row: Row, key: str) -> Any:  # noqa: ANN401 - whatever the field holds
    """What was written; older versions kept the scores of single criteria under a name with a dot."""
    return row.get(f"written:{key}", row.get(f"written:{key.replace(':', '.')}"))


def _warnings(row: Row, mapping: Mapping) -> list[str]:
    """What is odd about the account's own data; a snapshot of an older version may not tell."""
    t = words(mapping.language)
    return [t[f"warned_{name}"] for name in ("partial", "raised") if row.get(name)]


def _dimension(
    row: Row, mapping: Mapping, dimension: Dimension, threshold: float, frozen: Frozen
) -> dict[str, Any]:
    criteria = mapping.of(dimension)
    weights = sum(criterion.weight for criterion in criteria)
    return {
        "score": row[f"points:{dimension}"]
        if row[f"coverage:{dimension}"] >= mapping.matrix.min_coverage
        else None,
        "low": row[f"lo:{dimension}"],
        "high": row[f"hi:{dimension}"],
        "coverage": row[f"coverage:{dimension}"],
        "threshold": threshold,
        "border": _border(row, mapping, dimension, threshold),
        "criteria": [_criterion(row, criterion, mapping, weights, frozen) for criterion in criteria],
    }


def _border(row: Row, mapping: Mapping, dimension: Dimension, threshold: float) -> float | None:
    """What the account has to cross to change sides, and what its bounds are judged by; None where it is not rated."""
    if row["zone"] in (None, "unrated"):
        return None
    return threshold + mapping.matrix.hysteresis * (1 if row["zone"] in LOW[dimension] else -1)


def _criterion(
    row: Row, criterion: Criterion, mapping: Mapping, weights: float, frozen: Frozen
) -> dict[str, Any]:
    score = row[f"score:{criterion.id}"]
    known = bool(row[f"known:{criterion.id}"])
    answered = row[f"rung:{criterion.id}"]
    number = 0 if answered is None else int(answered)
    share = criterion.weight / weights if weights else 0.0
    # what has no score counts nowhere: contributions add up to the dimension's score
    counting = sum(
        one.weight for one in mapping.of(criterion.dimension) if row[f"score:{one.id}"] is not None
    )
    part = criterion.weight / counting if counting else 0.0
    t = words(mapping.language)
    source, raw, value = sources_in_words(criterion, mapping.language), None, t["unknown"]
    notes: list[str] = []
    rungs_read = _records(row, f"{criterion.id}:{number}")
    if manual := number == len(criterion.rungs):
        source = value = t["value_by_hand"]
    elif known:
        rung = criterion.rungs[number]
        raw = row.get(f"raw:{criterion.id}:{number}")
        source = source_in_words(rung.source, mapping.language)
        value = value_in_words(rung.source, raw, mapping.currency, mapping.language)
        if isinstance(rung.scale, RatingScale) and isinstance(raw, int | float):
            value = rated_in_words(criterion, rung.scale, raw, mapping.language)
        notes = adjusted(row, f"{criterion.id}:{number}", rung, mapping, frozen)
    return {
        "id": criterion.id,
        "label": criterion.label.in_(mapping.language),
        "weight": round(100 * share, 1),
        "score": score,
        "known": known,
        "target": criterion.target,
        "source": source,
        "records": None if manual or not rungs_read else rungs_read,
        "raw": raw,
        "value": value,
        "notes": notes,
        "manual": manual,
        "contribution": None if score is None else round(part * float(score), 1),
        "above_target": None if score is None else round(share * (float(score) - criterion.target), 1),
        "expired": bool(row.get(f"expired:{criterion.id}:{number}")),
    }


def _records(row: Row, key: str) -> dict[str, int]:
    """How many records the value of a way to answer rests on, by object."""
    start = f"records:{key}:"
    return {
        name.removeprefix(start): int(number or 0) for name, number in row.items() if name.startswith(start)
    }


def _computed(row: Row) -> str | None:
    """The zone by the data, with top revenue standing in for high potential; what a person has set is not in it."""
    zone: str | None = row["segment"] if row.get(column_of(ZONE)) is None else row["zone"]
    if not row["member"] or row.get(column_of(ZONE)) is None or not row["top_revenue"]:
        return zone if row["member"] else None
    return {"maintain": "protect", "retreat": "develop"}.get(zone or "", zone)


def _decision(one: Decision) -> dict[str, Any]:
    return {
        "what": one.what,
        "label": one.subject,
        "value": one.value,
        "shown": one.shown,
        "owner": one.owner,
        "reason": one.reason,
        "until": one.until.isoformat(),
        "from": one.origin,
    }


def _pulls(row: Row, mapping: Mapping) -> tuple[list[str], list[str]]:
    """Criteria that lift the account and that burden it, measured from their targets, the strongest first.

    The first of each is the one that the account's `why` names: of an unrated account the best that is known, and of
    the burdens the strongest of the dimension that explains the zone, if it costs that a point.
    """
    weighed = [one for one in mapping.criteria if one.weight > 0]
    pulls = {
        one.id: (weight_of(one, mapping) * int(row[f"score:{one.id}"]) - neutral_pull(one, mapping), place)
        for place, one in enumerate(weighed)
        if row[f"known:{one.id}"]
    }
    known = [one for one in weighed if one.id in pulls]
    unrated = row["segment"] == "unrated"
    lifting = [one for one in known if pulls[one.id][0] >= 0 or unrated]
    burdening = [one for one in known if pulls[one.id][0] < 0]
    up = sorted(lifting, key=lambda one: pulls[one.id], reverse=True)
    down = sorted(burdening, key=lambda one: pulls[one.id])
    looked_at = LOOKED_AT_FIRST.get(row["segment"])
    explains = [one for one in down if one.dimension == looked_at and pulls[one.id][0] <= -NOTABLE]
    if explains:
        down = [explains[0], *(one for one in down if one is not explains[0])]
    return [one.id for one in up], [one.id for one in down]


def day(days: int | None) -> str | None:
    """Days since 1970-01-01 as an ISO date."""
    return None if days is None else (EPOCH + timedelta(days=int(days))).isoformat()


def _written(key: str, value: object) -> object:
    return day(int(value)) if key == "segment_since" and isinstance(value, int | float) else value


def _money(cents: float | None) -> float | None:
    return None if cents is None else cents / 100
