"""Where unrated accounts would stand, and which ratings are worth asking for first.

On the first day the rating fields of a CRM are empty. What is known already places accounts roughly, between
bounds; this report says so, and ranks the missing criteria by the revenue of the accounts that each would make
rated or firm.
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass
from functools import reduce

import polars as pl

from connector.mapping.model import DIMENSIONS, Criterion, Dimension, Mapping, WalletSource
from connector.mapping.uses import by_people
from connector.reports.matrix_chart import Thresholds
from connector.reports.measured import source_in_words
from connector.reports.words import words

ANSWERS = (0, 25, 50, 75, 100)
"""An account would be firm if it is so whichever of these the missing rating answers."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One missing criterion.

    Attributes:
        criterion: its id.
        label: its label.
        fill: what to fill in, in words.
        unknown: accounts of the portfolio without it.
        rated: unrated accounts that it alone would make rated.
        firm: accounts that it alone would make firm, whatever the answer.
        revenue: last-12-month revenue of those accounts, in cents.
    """

    criterion: str
    label: str
    fill: str
    unknown: int
    rated: int
    firm: int
    revenue: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Unrated accounts by where they would stand.

    Attributes:
        zone: zone by what is known; None if nothing is known on a dimension.
        accounts: how many.
        certain: those whose bounds leave no other zone.
        revenue: last-12-month revenue in cents.
    """

    zone: str | None
    accounts: int
    certain: int
    revenue: int


@dataclass(frozen=True, slots=True)
class Unrated:
    """One account that is not rated yet, by what is known of it.

    Attributes:
        zone: where it would stand; None if nothing is known on a dimension.
        potential, attractiveness: lowest and highest possible score.
        missing: labels of the criteria without data.
        revenue: of the last 12 months, in cents.
    """

    id: str
    name: str | None
    zone: str | None
    potential: tuple[int, int]
    attractiveness: tuple[int, int]
    missing: list[str]
    revenue: int


def ratings_wanted(accounts: pl.DataFrame, mapping: Mapping, thresholds: Thresholds) -> list[Wanted]:
    """Missing criteria that people could fill in, worth most first: by revenue, by number of accounts, by id."""
    rows = [
        _wanted(accounts, mapping, criterion, thresholds)
        for criterion in mapping.criteria
        if criterion.weight > 0 and by_people(criterion, mapping)
    ]
    return sorted(
        (row for row in rows if row.unknown),
        key=lambda row: (-row.revenue, -(row.rated + row.firm), row.criterion),
    )


def standings(accounts: pl.DataFrame, mapping: Mapping, thresholds: Thresholds) -> list[Standing]:
    """Where the unrated accounts would stand by what is known, largest revenue first."""
    placed = accounts.filter(pl.col("segment") == "unrated").select(
        _own(),
        zone=_zone("points", mapping, thresholds),
        certain=_zone("lo", mapping, thresholds) == _zone("hi", mapping, thresholds),
    )
    counted = placed.group_by("zone").agg(pl.len().alias("n"), pl.col("certain").sum(), pl.col("own").sum())
    return [
        Standing(row["zone"], row["n"], row["certain"] if row["zone"] else 0, row["own"])
        for row in counted.sort(
            ["own", "n", "zone"], descending=[True, True, False], nulls_last=True
        ).iter_rows(named=True)
    ]


def largest_unrated(
    accounts: pl.DataFrame, mapping: Mapping, thresholds: Thresholds, limit: int
) -> list[Unrated]:
    """The unrated accounts with the highest revenue, with their bounds and what is missing."""
    criteria = [criterion for criterion in mapping.criteria if criterion.weight > 0]
    bounds = [f"{end}:{dimension}" for dimension in DIMENSIONS for end in ("lo", "hi")]
    rows = (
        accounts.filter(pl.col("segment") == "unrated")
        .with_columns(_own(), zone=_zone("points", mapping, thresholds))
        .sort(["own", "id"], descending=[True, False])
        .head(limit)
        .select("id", "name", "zone", "own", *bounds, *(f"known:{criterion.id}" for criterion in criteria))
    )
    return [
        Unrated(
            row["id"],
            row["name"],
            row["zone"],
            (int(row["lo:potential"]), int(row["hi:potential"])),
            (int(row["lo:attractiveness"]), int(row["hi:attractiveness"])),
            [one.label.in_(mapping.language) for one in criteria if not row[f"known:{one.id}"]],
            row["own"],
        )
        for row in rows.iter_rows(named=True)
    ]


def _own() -> pl.Expr:
    return pl.col("own").fill_null(0).clip(0).cast(pl.Int64).alias("own")


def _wanted(accounts: pl.DataFrame, mapping: Mapping, criterion: Criterion, thresholds: Thresholds) -> Wanted:
    other: Dimension = "attractiveness" if criterion.dimension == "potential" else "potential"
    weights = sum(each.weight for each in mapping.of(criterion.dimension))
    floor = mapping.matrix.min_coverage
    covered = (pl.col(f"coverage:{criterion.dimension}") + criterion.weight / weights).round(6) >= floor
    other_covered = pl.col(f"coverage:{other}") >= floor
    flagged = pl.col("top_revenue")
    if criterion.dimension == "potential":
        rated_then = (covered | flagged) & other_covered
    else:
        rated_then = covered & (other_covered | flagged)
    certain_here = _certain_with(mapping, criterion, thresholds)
    certain_there = _high(f"lo:{other}", other, mapping, thresholds) == _high(
        f"hi:{other}", other, mapping, thresholds
    )
    if other == "potential":
        certain_there = certain_there | flagged
    else:
        certain_here = certain_here | flagged
    firm_then = rated_then & certain_here & certain_there & ~pl.col("expired")
    missing = accounts.filter(~pl.col(f"known:{criterion.id}")).select(
        _own(),
        rated=(pl.col("segment") == "unrated") & rated_then,
        firm=(pl.col("confidence").fill_null("") != "firm") & firm_then,
    )
    gained = missing.filter(pl.col("rated") | pl.col("firm"))
    return Wanted(
        criterion=criterion.id,
        label=criterion.label.in_(mapping.language),
        fill=_to_fill(criterion, mapping),
        unknown=len(missing),
        rated=int(missing.get_column("rated").sum()),
        firm=int(missing.get_column("firm").sum()),
        revenue=int(gained.get_column("own").sum()),
    )


def _to_fill(criterion: Criterion, mapping: Mapping) -> str:
    """The fields or roles that people fill in, of a combination those of its parts: ``field A or field B``."""
    t = words(mapping.language)
    wallet = None if mapping.wallet is None else mapping.wallet.field
    named = (
        t.say("source_field", field=wallet)
        if isinstance(source, WalletSource)
        else source_in_words(source, mapping.language)
        for source in by_people(criterion, mapping)
    )
    return t["source_or"].join(dict.fromkeys(named))


def _certain_with(mapping: Mapping, criterion: Criterion, thresholds: Thresholds) -> pl.Expr:
    """The dimension would have one side only, whichever answer the criterion gave."""
    criteria = [each for each in mapping.of(criterion.dimension) if each.weight > 0]
    weights = sum(each.weight for each in criteria)

    def bound(answer: float, unknown: float) -> pl.Expr:
        total = pl.lit(criterion.weight * answer)
        for each in criteria:
            if each.id != criterion.id:
                score = (
                    pl.when(pl.col(f"known:{each.id}")).then(pl.col(f"score:{each.id}")).otherwise(unknown)
                )
                total = total + each.weight * score
        return ((total / weights).round(6) + 0.5).floor()

    sides = [
        _side(bound(answer, 0), criterion.dimension, mapping, thresholds)
        == _side(bound(answer, 100), criterion.dimension, mapping, thresholds)
        for answer in ANSWERS
    ]
    return reduce(lambda one, two: one & two, sides)


def _zone(kind: str, mapping: Mapping, thresholds: Thresholds) -> pl.Expr:
    potential = _high(f"{kind}:potential", "potential", mapping, thresholds) | pl.col("top_revenue")
    fit = _high(f"{kind}:attractiveness", "attractiveness", mapping, thresholds)
    return (
        pl.when(potential.is_null() | fit.is_null())
        .then(pl.lit(None, pl.String))
        .when(potential & fit)
        .then(pl.lit("protect"))
        .when(potential)
        .then(pl.lit("develop"))
        .when(fit)
        .then(pl.lit("maintain"))
        .otherwise(pl.lit("retreat"))
    )


def _high(column: str, dimension: Dimension, mapping: Mapping, thresholds: Thresholds) -> pl.Expr:
    return _side(pl.col(column), dimension, mapping, thresholds)


_WERE_HIGH: Map[Dimension, tuple[str, str]] = {
    "potential": ("protect", "develop"),
    "attractiveness": ("protect", "maintain"),
}


def _side(points: pl.Expr, dimension: Dimension, mapping: Mapping, thresholds: Thresholds) -> pl.Expr:
    """High or not, with the hysteresis that the account's last zone gives."""
    threshold: float = getattr(thresholds, dimension)
    slack = mapping.matrix.hysteresis
    last = pl.col("from_zone")
    placed = last.is_not_null() & (last != "unrated")
    needed = (
        pl.when(placed & last.is_in(_WERE_HIGH[dimension]))
        .then(threshold - slack)
        .when(placed)
        .then(threshold + slack)
        .otherwise(threshold)
    )
    return points >= needed
