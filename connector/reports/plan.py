"""What a sync would do, or has done: zones, movements, named movers, fields, calls. `plan` and `sync` share it."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from connector.crm import Estimate, Usage
from connector.mapping.model import SEGMENTS, Mapping
from connector.reports.by_hand import ByHand
from connector.reports.matrix_chart import Thresholds
from connector.reports.ratings_wanted import (
    Standing,
    Unrated,
    Wanted,
    largest_unrated,
    ratings_wanted,
    standings,
)

UNRATED = 200
"""Unrated accounts listed with their bounds, largest revenue first."""
MOVERS = 10
"""Movers named in the plan, largest revenue first."""


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone of the matrix; revenue and white space in cents."""

    segment: str
    label: str
    accounts: int
    provisional: int
    revenue: int
    headroom: int
    before: int


@dataclass(frozen=True, slots=True)
class Movement:
    """Accounts that go from one zone to another; `source` None: they had no zone."""

    source: str | None
    target: str
    accounts: int
    revenue: int


@dataclass(frozen=True, slots=True)
class Mover:
    """One account that moves."""

    id: str
    name: str | None
    source: str | None
    target: str
    revenue: int
    why: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What changes.

    Attributes:
        pulled: accounts read.
        portfolio: accounts that belong to the portfolio.
        pilot: those of them that may be written; None where all may.
        zones: all five, in the order of the matrix.
        movements: from x to, unchanged accounts left out.
        movers: the largest that move, named.
        changes: accounts to write, by kind (first, moved, updated, cleared).
        fields: accounts in which a field changes, by field name.
        standings: where unrated accounts would stand by what is known.
        unrated: the largest of them with their bounds and what is missing.
        wanted: missing ratings, worth most first.
        top_revenue: accounts that count as high on potential by their revenue.
        calls: what reading and writing takes.
        quota: API calls used and allowed today.
        quality: what was missing or odd in the data, counted.
        by_hand: what people have set by hand.
    """

    pulled: int
    portfolio: int
    pilot: int | None
    zones: list[Zone]
    movements: list[Movement]
    movers: list[Mover]
    changes: dict[str, int]
    fields: dict[str, int]
    standings: list[Standing]
    unrated: list[Unrated]
    wanted: list[Wanted]
    top_revenue: int
    calls: Estimate | None
    quota: Usage | None
    quality: list[dict[str, Any]]
    by_hand: ByHand

    @property
    def to_write(self) -> int:
        """Accounts that are written."""
        return sum(self.changes.values())

    @property
    def revenue_moved(self) -> int:
        """Revenue of the accounts that change their zone, in cents; those without a zone before do not count."""
        return sum(move.revenue for move in self.movements if move.source is not None)

    @property
    def moved(self) -> int:
        """Accounts that change their zone."""
        return self.changes.get("moved", 0)

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON; money in cents."""
        return {
            **asdict(self),
            "by_hand": self.by_hand.as_json(),
            "to_write": self.to_write,
            "moved": self.moved,
            "revenue_moved": self.revenue_moved,
        }


def plan(
    accounts: pl.DataFrame,
    mapping: Mapping,
    thresholds: Thresholds,
    labels: Map[str, str],
    by_hand: ByHand,
    *,
    calls: Estimate | None = None,
    quota: Usage | None = None,
    quality: list[dict[str, Any]] | None = None,
) -> Plan:
    """Sum up the accounts after `diff` (see `connector.tables` for the columns)."""
    members = accounts.filter(pl.col("member")).with_columns(
        pl.col("own").fill_null(0).clip(0).cast(pl.Int64).alias("revenue"),
    )
    changes = accounts.filter(pl.col("change").is_not_null()).get_column("change").value_counts()
    return Plan(
        pulled=len(accounts),
        pilot=int(members.get_column("pilot").sum()) if mapping.write.where else None,
        portfolio=len(members),
        zones=zones(members, labels),
        movements=_movements(members),
        movers=_movers(members),
        changes={kind: count for kind, count in sorted(changes.iter_rows())},  # noqa: C416 - typed
        fields={
            name: count
            for key, name in mapping.write.targets.items()
            if (count := int(accounts.get_column(f"send:{key}").fill_null(value=False).sum()))
        },
        standings=standings(members, mapping, thresholds),
        unrated=largest_unrated(members, mapping, thresholds, UNRATED),
        wanted=ratings_wanted(members, mapping, thresholds),
        top_revenue=int(members.get_column("top_revenue").fill_null(value=False).sum()),
        calls=calls,
        quota=quota,
        quality=quality or [],
        by_hand=by_hand,
    )


def zones(members: pl.DataFrame, labels: Map[str, str]) -> list[Zone]:
    """All five zones, in the order of the matrix; `members` has ``revenue`` in cents, never negative."""
    counted = members.group_by("segment").agg(
        pl.len().alias("accounts"),
        (pl.col("confidence") == "provisional").sum().alias("provisional"),
        pl.col("revenue").sum(),
        pl.col("headroom").fill_null(0).cast(pl.Int64).sum(),
    )
    before: dict[str | None, int] = dict(members.group_by("before").len().iter_rows())
    found: dict[str, dict[str, int]] = {row["segment"]: row for row in counted.iter_rows(named=True)}
    nothing = {"accounts": 0, "provisional": 0, "revenue": 0, "headroom": 0}
    return [
        Zone(
            segment=segment,
            label=labels.get(segment, segment),
            before=before.get(segment, 0),
            **{key: found.get(segment, nothing)[key] for key in nothing},
        )
        for segment in SEGMENTS
    ]


def _moving(members: pl.DataFrame) -> pl.DataFrame:
    return members.filter(pl.col("before").fill_null("") != pl.col("segment"))


def _movements(members: pl.DataFrame) -> list[Movement]:
    counted = _moving(members).group_by("before", "segment").agg(pl.len().alias("n"), pl.col("revenue").sum())
    order: dict[str, int] = {segment: position for position, segment in enumerate(SEGMENTS)}
    rows = [Movement(*row) for row in counted.select("before", "segment", "n", "revenue").iter_rows()]
    return sorted(rows, key=lambda row: (order.get(row.source or "", -1), order[row.target]))


def _movers(members: pl.DataFrame) -> list[Mover]:
    named = _moving(members).filter(pl.col("before").is_not_null())
    largest = named.sort(["revenue", "id"], descending=[True, False]).head(MOVERS)
    return [
        Mover(*row) for row in largest.select("id", "name", "before", "segment", "revenue", "why").iter_rows()
    ]
