"""One self-contained HTML page of a run: the matrix, the zones, the largest accounts, criteria and movers.

No script, no network: it opens from a mail attachment and prints well.
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from connector.mapping.model import DIMENSIONS, SEGMENTS, Mapping
from connector.overrides import ZONE, column_of
from connector.reports.by_hand import ByHand
from connector.reports.html import environment
from connector.reports.matrix_chart import COLOURS, Thresholds, matrix_chart
from connector.reports.ratings_wanted import largest_unrated
from connector.reports.words import words

LISTED = 50
"""Accounts in each list of the page; the CRM has them all."""
BINS = 10


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as the page shows it."""

    tag: str
    focus: str
    members: int
    state: str


@dataclass(frozen=True, slots=True)
class Heading:
    """What the page says about itself."""

    connection: str
    crm: str
    as_of: date
    currency: str
    note: str


def page(
    accounts: pl.DataFrame,
    mapping: Mapping,
    *,
    heading: Heading,
    thresholds: Thresholds,
    labels: Map[str, str],
    campaigns: Sequence[Campaign] = (),
    quality: Sequence[Map[str, object]] = (),
    by_hand: ByHand | None = None,
) -> str:
    """Render the page, in the language of the mapping.

    Args:
        accounts: the accounts of the portfolio after `diff`; see `connector.tables` for the columns.
        mapping: labels and weights of the criteria.
        heading: connection and date.
        thresholds: the zones' borders in force.
        labels: segment -> what people call it.
        campaigns: all of the connection, newest first.
        quality: what was missing or odd in the data, each with ``message`` and ``count``.
        by_hand: what people have set by hand.
    """
    if "before" not in accounts.columns:  # of an older version
        accounts = accounts.with_columns(before=pl.col("from_segment"))
    largest = accounts.sort([pl.col("own").fill_null(0), pl.col("id")], descending=[True, False])
    moved = largest.filter(pl.col("change") == "moved")
    template = environment().get_template("page.html.j2")
    return template.render(
        heading=heading,
        language=mapping.language,
        t=words(mapping.language),
        chart=matrix_chart(accounts, thresholds, labels, mapping.language),
        zones=_zones(accounts, labels),
        accounts=len(accounts),
        largest=_listed(largest, labels, mapping.matrix.min_coverage),
        movers=_listed(moved, labels, mapping.matrix.min_coverage),
        movement=_movement(accounts),
        unrated=largest_unrated(accounts, mapping, thresholds, LISTED),
        moved=len(moved),
        criteria=_criteria(accounts, mapping),
        quality=quality,
        by_hand=by_hand,
        listed=LISTED,
        campaigns=campaigns,
        colours=COLOURS,
        labels=labels,
    )


def _zones(accounts: pl.DataFrame, labels: Map[str, str]) -> list[dict[str, object]]:
    total = int(accounts.get_column("own").fill_null(0).clip(0).sum()) or 1
    zones = []
    for segment in SEGMENTS:
        inside = accounts.filter(pl.col("segment") == segment)
        revenue = int(inside.get_column("own").fill_null(0).clip(0).sum())
        zones.append(
            {
                "segment": segment,
                "label": labels.get(segment, segment),
                "accounts": len(inside),
                "provisional": len(inside.filter(pl.col("confidence") == "provisional")),
                "revenue": revenue,
                "share": round(100 * revenue / total),
                "headroom": inside.get_column("headroom").fill_null(0).sum(),
            },
        )
    return zones


def _movement(accounts: pl.DataFrame) -> list[dict[str, object]]:
    """From which zone to which, a row for each zone; empty if no account has moved."""
    known = accounts.filter(pl.col("before").is_not_null())
    counted = {
        (source, target): count
        for source, target, count in known.group_by("before", "segment").len().iter_rows()
    }
    if not any(source != target for source, target in counted):
        return []
    rows: list[dict[str, object]] = []
    for source in SEGMENTS:
        cells = {target: counted.get((source, target), 0) for target in SEGMENTS}
        rows.append({"segment": source, "cells": cells, "total": sum(cells.values())})
    return rows


def _listed(accounts: pl.DataFrame, labels: Map[str, str], least: float) -> list[dict[str, object]]:
    """Rows of the list; a score with less than `least` coverage is unknown, as in the CRM."""
    columns = [
        "id",
        "name",
        "segment",
        "before",
        "confidence",
        "top_revenue",
        "own",
        "headroom",
        "why",
        "next_step",
        *(f"{kind}:{dimension}" for dimension in DIMENSIONS for kind in ("points", "coverage", "lo", "hi")),
        *({column_of(ZONE)} & set(accounts.columns)),
    ]
    return [
        {
            **row,
            "label": labels.get(row["segment"], row["segment"]),
            "before": labels.get(row["before"] or "", "–"),
            "manual": row.get(column_of(ZONE)) is not None,
            **{
                dimension: row[f"points:{dimension}"] if row[f"coverage:{dimension}"] >= least else None
                for dimension in DIMENSIONS
            },
            **{
                f"{dimension}_bounds": (row[f"lo:{dimension}"], row[f"hi:{dimension}"])
                for dimension in DIMENSIONS
            },
        }
        for row in accounts.select(columns).head(LISTED).iter_rows(named=True)
    ]


def _criteria(accounts: pl.DataFrame, mapping: Mapping) -> list[dict[str, object]]:
    rows = []
    for criterion in mapping.criteria:
        scores = (
            accounts.filter(pl.col(f"known:{criterion.id}"))
            .get_column(f"score:{criterion.id}")
            .cast(pl.Float64)
        )
        weights = sum(other.weight for other in mapping.of(criterion.dimension))
        bins = [0] * BINS
        counted = (scores // (100 / BINS)).clip(0, BINS - 1).cast(pl.Int64).value_counts()
        for position, count in counted.iter_rows():
            bins[position] = count
        peak = max(bins) or 1
        rows.append(
            {
                "label": criterion.label.in_(mapping.language),
                "dimension": criterion.dimension,
                "weight": round(100 * criterion.weight / weights) if weights else 0,
                "known": round(100 * len(scores) / len(accounts)) if len(accounts) else 0,
                "median": scores.median(),
                "bars": [round(100 * count / peak) for count in bins],
            },
        )
    return rows
