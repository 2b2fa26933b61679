"""The same data under two mappings: who would stand elsewhere, and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import polars as pl

from connector.mapping.model import SEGMENTS
from connector.reports.matrix_chart import Thresholds

OUTSIDE = "outside"
"""Stands for the zone of an account that is not in the portfolio."""
PLACES: tuple[str, ...] = (*SEGMENTS, OUTSIDE)
NAMED = 20


@dataclass(frozen=True, slots=True)
class Shift:
    """An account that would stand elsewhere; revenue in cents.

    Attributes:
        why: its reason under the other mapping.
        was: its points (potential, attractiveness) today, None where unknown.
        then: the same under the other mapping.
    """

    id: str
    name: str | None
    source: str
    target: str
    revenue: int
    was: tuple[int | None, int | None]
    then: tuple[int | None, int | None]
    why: str | None


@dataclass(frozen=True, slots=True)
class Zoned:
    """One zone, or outside, under both mappings."""

    segment: str
    before: int
    after: int
    revenue_before: int
    revenue_after: int
    provisional_before: int
    provisional_after: int


@dataclass(frozen=True, slots=True)
class Cell:
    """Accounts that would go from one place to another."""

    source: str
    target: str
    accounts: int
    revenue: int


@dataclass(frozen=True, slots=True)
class Simulation:
    """What another mapping would do.

    Attributes:
        as_of: the day that is rated.
        accounts: compared, those outside under both mappings left out.
        zones: the five zones, and outside.
        cells: from x to, accounts that stay among them.
        movers: the largest that would move, named.
        thresholds: borders today and then.
        rescored: accounts whose points would change, whether they move or not.
        notes: what the stored data cannot tell.
    """

    as_of: date
    accounts: int
    zones: tuple[Zoned, ...]
    cells: tuple[Cell, ...]
    movers: tuple[Shift, ...]
    thresholds: tuple[Thresholds, Thresholds]
    rescored: int
    notes: tuple[str, ...]

    @property
    def moved(self) -> int:
        """Accounts that would stand elsewhere."""
        return sum(cell.accounts for cell in self.cells if cell.source != cell.target)

    @property
    def revenue_moved(self) -> int:
        """Their revenue, in cents."""
        return sum(cell.revenue for cell in self.cells if cell.source != cell.target)

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON; money in cents."""
        return {**asdict(self), "moved": self.moved, "revenue_moved": self.revenue_moved}


def simulation(
    today: pl.DataFrame,
    then: pl.DataFrame,
    *,
    as_of: date,
    thresholds: tuple[Thresholds, Thresholds],
    notes: tuple[str, ...] = (),
) -> Simulation:
    """Compare.

    Args:
        today: every account after `diff` under the mapping in use.
        then: the same under the other one.
        as_of: the day that is rated.
        thresholds: borders under each.
        notes: what the stored data cannot tell.
    """
    both = _side(today, "").join(_side(then, ":then"), on="id", how="full", coalesce=True)
    both = both.with_columns(
        pl.col("place").fill_null(OUTSIDE),
        pl.col("place:then").fill_null(OUTSIDE),
        pl.max_horizontal("revenue", "revenue:then").fill_null(0).alias("revenue"),
    ).filter((pl.col("place") != OUTSIDE) | (pl.col("place:then") != OUTSIDE))
    moving = both.filter(pl.col("place") != pl.col("place:then"))
    largest = moving.sort(["revenue", "id"], descending=[True, False]).head(NAMED)
    same = pl.col("potential").eq_missing(pl.col("potential:then")) & pl.col("fit").eq_missing(
        pl.col("fit:then")
    )
    return Simulation(
        as_of=as_of,
        accounts=len(both),
        zones=tuple(_zone(both, place) for place in PLACES),
        cells=_cells(both),
        movers=tuple(
            Shift(
                row["id"],
                row["name:then"] or row["name"],
                row["place"],
                row["place:then"],
                row["revenue"],
                (row["potential"], row["fit"]),
                (row["potential:then"], row["fit:then"]),
                row["why:then"],
            )
            for row in largest.iter_rows(named=True)
        ),
        thresholds=thresholds,
        rescored=len(both.filter(~same)),
        notes=notes,
    )


def _side(accounts: pl.DataFrame, suffix: str) -> pl.DataFrame:
    place = pl.when(pl.col("member")).then(pl.col("segment")).otherwise(pl.lit(OUTSIDE))
    columns = {
        "name": pl.col("name"),
        "place": place,
        "confidence": pl.col("confidence"),
        "revenue": pl.col("own").fill_null(0).clip(0).cast(pl.Int64),
        "potential": pl.col("points:potential").cast(pl.Int64),
        "fit": pl.col("points:attractiveness").cast(pl.Int64),
        "why": pl.col("why"),
    }
    return accounts.select("id", *(value.alias(f"{name}{suffix}") for name, value in columns.items()))


def _zone(both: pl.DataFrame, place: str) -> Zoned:
    before, after = both.filter(pl.col("place") == place), both.filter(pl.col("place:then") == place)

    def provisional(rows: pl.DataFrame, column: str) -> int:
        return int((rows.get_column(column) == "provisional").sum())

    return Zoned(
        segment=place,
        before=len(before),
        after=len(after),
        revenue_before=int(before.get_column("revenue").sum()),
        revenue_after=int(after.get_column("revenue").sum()),
        provisional_before=provisional(before, "confidence"),
        provisional_after=provisional(after, "confidence:then"),
    )


def _cells(both: pl.DataFrame) -> tuple[Cell, ...]:
    order = {place: number for number, place in enumerate(PLACES)}
    counted = both.group_by("place", "place:then").agg(pl.len().alias("n"), pl.col("revenue").sum())
    cells = [Cell(*row) for row in counted.iter_rows()]
    return tuple(sorted(cells, key=lambda cell: (order[cell.source], order[cell.target])))
