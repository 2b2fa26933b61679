"""Brakes: a run that would move, clear or lose more than allowed stops before it writes anything.

They catch what no single value shows: a mapping edited by mistake, a rating field emptied by an import, a CRM user
who lost access to half of the accounts and is told nothing of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import polars as pl

from connector.config import SyncLimits
from connector.errors import BrakeError

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
ONCE: Final = "run `kpm sync --accept-movement` once"
ACCEPT: Final = f"look at `kpm plan`; if it is meant to be so, {ONCE}"


@dataclass(frozen=True, slots=True)
class Movement:
    """What a run would do to the accounts.

    Attributes:
        portfolio: accounts in the portfolio.
        moved: of those, accounts that leave the segment they have: in the CRM, or where it is not written there,
            the one of the run before.
        holding: accounts that hold one of our values now.
        cleared: of those, accounts that lose them.
    """

    portfolio: int
    moved: int
    holding: int
    cleared: int


def movement(accounts: pl.DataFrame, keys: list[str]) -> Movement:
    """Count what a run would do.

    Args:
        accounts: every account after `diff`.
        keys: result keys that are written.
    """
    if "segment" in keys:
        leaves = pl.col("send:segment") & pl.col("now:segment").is_not_null()
    else:
        leaves = pl.col("from_segment").is_not_null() & (pl.col("segment") != pl.col("from_segment"))
    holds = pl.any_horizontal(pl.lit(value=False), *map(_held, keys))
    cleared = (pl.col("change") == "cleared").fill_null(value=False)
    row = accounts.select(
        portfolio=pl.col("member").sum(),
        moved=(pl.col("member") & leaves).sum(),
        holding=(holds | cleared).sum(),
        cleared=cleared.sum(),
    ).row(0)
    return Movement(*(int(value or 0) for value in row))


def _held(key: str) -> pl.Expr:
    """A value stands in the field; a Salesforce checkbox is never empty, so that false is none."""
    now = pl.col(f"now:{key}")
    return now.fill_null(value=False) if key == "revenue_flag" else now.is_not_null()


def check_shrink(
    rows: Mapping[str, int],
    before: Mapping[str, int],
    limits: SyncLimits,
    edited: Mapping[str, str] = NOTHING,
) -> None:
    """Stop if clearly fewer accounts or opportunities were read than by the last completed run.

    Args:
        rows: records read, by object.
        before: the same of the last completed run.
        limits: how many fewer may be read.
        edited: by object the key of the mapping that says which of its records are read, if it was edited since.

    Raises:
        BrakeError: too few.
    """
    for name in ("accounts", "opportunities"):
        now, then = rows.get(name, 0), before.get(name, 0)
        if now >= then * (1 - limits.max_shrink_share):
            continue
        cause = (
            f"{edited[name]} was edited since and may read fewer; look at how many accounts the portfolio has in "
            "`kpm plan`. If it is meant to be so"
            if name in edited
            else "Has the CRM's user lost access to records (sharing, territory, teams)? `kpm check` tells. If the "
            "records are gone for good"
        )
        raise BrakeError(
            f"Only {now:,} {name} were read, {then:,} the last time: {1 - now / then:.0%} fewer, more than "
            f"max_shrink_share = {limits.max_shrink_share:g} allows. Nothing was written. {cause}, "
            f"{ONCE}.",
            brake="max_shrink_share",
        )


def edited(mapping: str, before: str | None) -> dict[str, str]:
    """By object the key that says which of its records are read, where two mappings differ in it.

    Args:
        mapping: the one in use, as JSON.
        before: the one of the last run; None if there was none.
    """
    if before is None:
        return {}
    now, then = json.loads(mapping), json.loads(before)
    found = {}
    if now.get("portfolio") != then.get("portfolio"):
        found["accounts"] = "[portfolio]"
    if (now.get("opportunities") or {}).get("where") != (then.get("opportunities") or {}).get("where"):
        found["opportunities"] = "[opportunities] where"
    return found


def check_movement(found: Movement, limits: SyncLimits, *, first_run: bool) -> None:
    """Stop if too many accounts would change their segment or lose their values.

    Raises:
        BrakeError: too many.
    """
    if not first_run and found.moved > found.portfolio * limits.max_moved_share:
        raise BrakeError(
            f"{found.moved:,} of {found.portfolio:,} accounts would change their segment: "
            f"{found.moved / found.portfolio:.0%}, more than max_moved_share = {limits.max_moved_share:g} allows. "
            f"Nothing was written. Was the mapping edited, or a field emptied? To go on, {ACCEPT}.",
            brake="max_moved_share",
        )
    if found.cleared > found.holding * limits.max_cleared_share:
        raise BrakeError(
            f"{found.cleared:,} of {found.holding:,} accounts would lose their values: "
            f"{found.cleared / found.holding:.0%}, more than max_cleared_share = {limits.max_cleared_share:g} allows. "
            f"Nothing was written. Was [portfolio] edited, or its field emptied? To go on, {ACCEPT}.",
            brake="max_cleared_share",
        )
