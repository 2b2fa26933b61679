"""Merged accounts: what was known of a loser belongs to its survivor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import polars as pl
import pyarrow as pa

from connector.reference import Reference, References
from connector.tables import History


def survivor(account: str, merged: Mapping[str, str]) -> str:
    """Who an account is now, after one merge or several in a row."""
    seen = {account}
    while (target := merged.get(account)) is not None and target not in seen:
        seen.add(target)
        account = target
    return account


def settled(merged: Mapping[str, str], present: Iterable[str] = ()) -> dict[str, str]:
    """Every loser with its last survivor; one that is present again was restored, and is no loser."""
    steps = dict(merged)
    for each in present:
        steps.pop(each, None)
    return {loser: survivor(loser, steps) for loser in steps}


def followed(history: History, merged: Mapping[str, str]) -> History:
    """The history under the survivors' ids.

    An account's own zone goes before those that it inherits, and of these the latest counts. Of a rating the value
    decides: since when the survivor's value is known, on whichever of the records it stood.
    """
    zones, seen = history.zones, history.first_seen
    return replace(
        history,
        zones=zones and _handed_on(zones, merged, ["id"], latest="zone_since"),
        first_seen=seen and _handed_on(seen, merged, ["id", "rating", "value"]),
    )


def references_followed(references: References, merged: Mapping[str, str]) -> References:
    """Reference values with the survivors' ids: whoever takes over a top customer is one until the next refresh."""
    stored = {
        key: Reference(each.fingerprint, _handed_on(each.table, merged, ["id"]))
        if "id" in each.table.column_names
        else each
        for key, each in references.stored.items()
    }
    return replace(references, stored=stored)


def _handed_on(
    table: pa.Table, merged: Mapping[str, str], keys: Sequence[str], latest: str | None = None
) -> pa.Table:
    """The table with losers' rows under their survivor's id, unless that has such a row of its own."""
    if not merged:
        return table
    rows = pl.from_arrow(table)
    assert isinstance(rows, pl.DataFrame)
    lost = rows.get_column("id").cast(pl.String).is_in(list(merged))
    if not lost.any():
        return table
    own, lost_rows = rows.filter(~lost), rows.filter(lost)
    order = [pl.col(latest), pl.col("id")] if latest else [pl.col("id")]
    moved = (
        lost_rows.sort(order, descending=[True, False] if latest else False, nulls_last=True)
        .with_columns(pl.col("id").cast(pl.String).replace(merged).cast(rows.schema["id"]))
        .unique(list(keys), keep="first", maintain_order=True)
        .join(own, on=list(keys), how="anti", maintain_order="left")
    )
    found: pa.Table = pl.concat([own, moved]).to_arrow(compat_level=pl.CompatLevel.oldest())
    return found.cast(table.schema)
