"""The age of what people have entered: ratings and wallets fade out.

A rating older than its ``expires_days`` still counts but is expired; after twice that it is missing. Age runs from
the date of the rating, or from the day on which the value was first seen if there is no such date; a date ahead of
``as_of`` counts as today's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from connector.reading import missing
from connector.tables import Frame, looked_up


@dataclass(frozen=True, slots=True)
class Rating:
    """One value that people enter and that ages.

    Attributes:
        key: ``<criterion>:<n>``, or ``wallet:<n>``.
        value: column that ages.
        expired: column to add: too old, but still counts.
        expires_days: None: never.
        remembered: it is to be known since when an undated value is there, even if it does not expire.
    """

    key: str
    value: str
    expired: str
    expires_days: int | None
    remembered: bool = False

    @property
    def text(self) -> str:
        """Column with the value as entered, to tell a changed one."""
        return f"@text:{self.key}"

    @property
    def rated(self) -> str:
        """Column with the day of the rating, null if unknown."""
        return f"@rated:{self.key}"

    @property
    def since(self) -> str:
        """Column with the day from which age runs."""
        return f"@since:{self.key}"


def aged(accounts: Frame, ratings: Sequence[Rating], seen: pa.Table | None, as_of: int) -> Frame:
    """Take away what has expired twice, add what has expired once and since when each value is known.

    Args:
        accounts: id; value, ``@text:`` and ``@rated:`` of every rating.
        ratings: which.
        seen: earlier days on which undated values were first seen; see `connector.tables.History`.
        as_of: days since 1970.
    """
    frame = accounts
    for rating in ratings:
        known = missing(nw.Int32)
        if seen is not None and seen.num_rows:
            rows = seen.filter(pc.equal(seen["rating"], rating.key))
            table = pa.table(
                {
                    "id": rows["id"].cast(pa.string()),
                    rating.text: rows["value"].cast(pa.string()),
                    "@seen": rows["day"].cast(pa.int32()),
                }
            )
            frame = looked_up(frame, table, on=["id", rating.text])
            known = nw.col("@seen")
        since = nw.coalesce(nw.col(rating.rated), known, nw.lit(as_of, dtype=nw.Int32)).cast(nw.Int32)
        frame = frame.with_columns(since.alias(rating.since))
        if rating.expires_days is None:
            frame = frame.with_columns(nw.lit(False).alias(rating.expired))
        else:
            age = as_of - nw.col(rating.since)
            counts = age <= 2 * rating.expires_days
            expired = counts & (age > rating.expires_days) & ~nw.col(rating.value).is_null()
            frame = frame.with_columns(
                nw.when(counts).then(nw.col(rating.value)).alias(rating.value), expired.alias(rating.expired)
            )
        if seen is not None and seen.num_rows:
            frame = frame.drop("@seen")
    return frame


def first_seen(accounts: Frame, ratings: Sequence[Rating]) -> pa.Table | None:
    """Undated values and since when each is known: id, rating, value (texts), day. None if no rating can be undated."""
    parts = [
        accounts.filter(nw.col(rating.rated).is_null(), ~nw.col(rating.text).is_null()).select(
            nw.col("id"),
            nw.lit(rating.key).alias("rating"),
            nw.col(rating.text).alias("value"),
            nw.col(rating.since).alias("day"),
        )
        for rating in ratings
        if rating.expires_days is not None or rating.remembered
    ]
    if not parts:
        return None
    found = nw.concat(parts, how="vertical").collect().to_arrow()
    kinds = {"id": pa.string(), "rating": pa.string(), "value": pa.string(), "day": pa.int32()}
    return pa.table({name: found[name].cast(kind) for name, kind in kinds.items()})
