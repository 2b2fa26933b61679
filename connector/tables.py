"""The tables that are passed between the stages: their columns in one place, and how to open and convert them.

Tables are lazy Narwhals frames, so that the same expressions run on Polars, DuckDB or Spark. Dates are whole days
since 1970-01-01 (a difference of two dates has no portable spelling), money is whole cents.

Columns, in the order in which the stages add them (``<id>`` is a criterion, ``<d>`` a dimension, ``<key>`` a
result key of ``[write]``, ``<n>`` the number of a rung of ``first_of``, from 0):

map       id, name, owner, industry, size (number), size_class   text unless said otherwise; null if unknown
          member                      boolean: in the portfolio; every pulled account has a row
          left                        boolean: not in the portfolio but one of our fields is set
          pilot                       boolean: ``[write] where`` holds (true without one)
          top, heir, head             only with ``level = "ultimate_parent"``: id of the account's top (its own if it
                                      is one); its top is another account, of the portfolio; it is of the portfolio
                                      and has heirs. Only tops are members
          own                         cents: won amount of the last 12 months, null if unknown
          raw:<id>:<n>                number, boolean or text: what was measured, null if missing; money in
                                      currency units, dates as days before as_of
          expired:<id>:<n>            boolean: a rating that is too old but still counts
          records:<id>:<n>:<object>   Int32: how many of the account's records of an object the value rests on
          by:<id>:<n>                 text, only for a percentile among peers: the peer group, trimmed, lower case
          multi:<id>:<n>              boolean, only where the CRM says that the field holds several values
          wallet, headroom            cents per year, null if no source answers
          share                       0..1
          wallet_source               text: "field", "activity", "peer_p80" ...
          wallet_expired              boolean
          partial                     boolean: some of its opportunities have no amount: the others were summed
          raised                      boolean: the wallet that people entered is below own, and counts as own
          override, override:<id>     only with ``[override]``: what a person has set and holds: the id of a zone, a
                                      criterion's score (those that the file names); null where nothing is set
          override_<f>, override_<f>:<id>   about it: owner, reason (one line each, null if nobody said), until (days:
                                      the last day on which it holds), from (``crm``, ``file``)
          now:<key>                   what the CRM holds now, typed as the result
score     raw:<id>:<n>, expired:<id>:<n>   of criteria that are made of other criteria
          score:<id>                  0..100, whole (Int64, like all scores), null if missing (a stand-in of
                                      ``missing =`` is in it, see known)
          known:<id>                  boolean: the score rests on data
          rung:<id>                   number of the rung that answered, null if none; one more than the last if a
                                      person has set the score
          points:<d>                  0..100, whole: the dimension's score by what is known, null if nothing is
          coverage:<d>                0..1, rounded to 6 decimals
          lo:<d>, hi:<d>              0..100, whole: bounds with every unknown criterion at 0 and at 100
          expired                     boolean: an expired rating or wallet counts in a criterion with weight
segment   top_revenue                 boolean
          zone                        protect, develop, maintain, retreat, unrated: computed, before flag and override
          segment                     the same, after flag and override
          confidence                  firm, provisional; null if unrated
          firm:<d>                    boolean: missing data cannot move the account to the dimension's other side
          segment_since, zone_since   days: the as_of of the last change
          from_zone, from_zone_since, from_segment, from_segment_since   what the run started from, null if nothing
campaign  campaigns                   text: active tags, "; " between them, sorted; null if none
word      why, next_step              one line of text; from here on heirs carry segment, campaigns and why of their top
          manual                      only with ``[override]``: the sentence in `why` that says who has set what
          out:<key>                   the results as the CRM stores them; null outside the portfolio;
                                      not kept after diff
diff      before                      text: the zone that people see now, in the CRM or by the run before; null if none
          send:<key>                  boolean: differs, and is to be sent
          written:<key>               what the CRM will hold after the write
          change                      null, "first", "moved", "updated", "cleared"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, TypeAlias, cast

import narwhals as nw
import polars as pl
import pyarrow as pa

from connector.crm import FieldType, Object, Pulled

Frame: TypeAlias = nw.LazyFrame[Any]

SIZE_CLASSES = (10, 50, 250)
"""Lower edges of the size classes by number of employees: under 10, 50, 250, more."""


def column(name: str) -> str:
    """Name of the column that holds a CRM field: a dot (``RecordType.DeveloperName``) would split it on Spark."""
    return name.replace(".", "__")


@dataclass(frozen=True, slots=True)
class Source:
    """The records of one object, ready for the stages.

    Attributes:
        frame: lazy; columns named by `column`, dates as whole days.
        schema: type of every CRM field, by API name.
        rows: number of records.
    """

    frame: Frame
    schema: dict[str, FieldType]
    rows: int


Sources: TypeAlias = dict[Object, Source]


def opened(pulled: Pulled) -> Source:
    """Pulled records as a lazy frame, dates as days."""
    frame = pl.scan_parquet(list(pulled.paths))
    days = [name for name, kind in pulled.schema.items() if kind in (FieldType.DATE, FieldType.DATETIME)]
    frame = frame.with_columns(pl.col(name).cast(pl.Int32) for name in days)
    frame = frame.rename({name: column(name) for name in pulled.schema if column(name) != name})
    return Source(nw.from_native(frame), dict(pulled.schema), pulled.rows)


WIDE_ROWS = 20_000
"""Rows of a hundred columns that are computed together: of as many as Polars takes by itself, those under way fill some
hundred megabytes more."""
KEY = "@key"
"""Column that `keyed` adds."""


def keyed(frame: Frame, name: str) -> Frame:
    """The frame with KEY, which stands in for the id in the column `name` when rows are grouped or joined.

    Equal ids have equal keys and no others have. On Polars the key is a whole number of 126 bits, made of two hashes:
    engines group and join by it three times as fast as by texts, and the odds that two of a thousand million ids share
    one are below 1 in 10^19. Elsewhere it is the id itself. A key means nothing beyond the run.
    """
    native = frame.to_native()
    if isinstance(native, pl.LazyFrame):
        fingerprinted: Frame = nw.from_native(native.with_columns(_fingerprint([name])))
        return fingerprinted
    return frame.with_columns(nw.col(name).alias(KEY))


def _fingerprint(names: Sequence[str]) -> pl.Expr:
    """The key of one or several texts together; null if one of them is."""
    hashes = (
        (pl.col(name).hash(2 * place), pl.col(name).hash(2 * place + 1)) for place, name in enumerate(names)
    )
    high, low = (reduce(add, each).cast(pl.Int128) for each in zip(*hashes, strict=True))
    known = pl.all_horizontal(pl.col(name).is_not_null() for name in names)
    return pl.when(known).then(high * 2**62 + low).alias(KEY)


def filtered(frame: Frame, test: nw.Expr) -> tuple[Frame, int]:
    """The rows that meet a test, which is never null, and how many. On Polars they are tested once, and at once."""
    native = frame.to_native()
    if isinstance(native, pl.LazyFrame):
        met = frame.select(test.alias("@met")).to_native().collect(engine="streaming")
        count = int(met.get_column("@met").sum())
        if count == met.height:
            return frame, count
        return _side_by_side(native, [met.lazy()]).filter(nw.col("@met")).drop("@met"), count
    kept = frame.with_columns(test.alias("@met")).filter(nw.col("@met")).drop("@met")
    return kept, int(kept.select(nw.len().alias("rows")).collect()["rows"][0])


def materialised(frame: Frame) -> Frame:
    """The same rows in the order of ids, computed once; what follows does not compute them again. Same backend."""
    native = frame.to_native()
    if isinstance(native, pl.LazyFrame):
        with pl.Config(streaming_chunk_size=WIDE_ROWS):
            rows = native.collect(engine="streaming")
        ordered: Frame = nw.from_native(_in_order(rows).lazy())
        return ordered
    return _lazy(frame.collect().sort("id"), frame)


def recalled(frame: Frame, source: Frame, names: Sequence[str]) -> Frame:
    """The same rows with columns of the table that they were made of.

    On Polars these are computed when they are asked for, so that memory need not hold them until then.

    Args:
        frame: rows in the order of ids.
        source: the same ids, in whatever order.
        names: its columns to add.
    """
    native, origin = frame.to_native(), source.to_native()
    if not names:
        return frame
    if isinstance(native, pl.LazyFrame):
        ids, columns = pl.col("id").alias("@id"), origin.select("id", *names)
        if not columns.select("id").collect(engine="streaming").get_column("id").is_sorted():
            columns = _in_order(columns.collect(engine="streaming")).lazy()
        # The ids come along as a short column to read, where none of the others is asked for.
        return _side_by_side(native, [columns.select(ids, *names)]).drop("@id")
    return frame.join(source.select("id", *names), on="id", how="left")


def on_disk(frame: Frame, file: Path) -> pl.DataFrame:
    """The rows in the order of ids, computed piece by piece into an Arrow file, of which memory holds what is in use.

    The file may be removed from its folder while the rows are in use.
    """
    native = frame.to_native()
    with pl.Config(streaming_chunk_size=WIDE_ROWS):
        native.sink_ipc(file, compression="uncompressed", engine="streaming")
    with pa.memory_map(str(file)) as mapped:
        found = pl.from_arrow(pa.ipc.open_file(mapped).read_all(), rechunk=False)
    return _in_order(cast("pl.DataFrame", found))


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Sorted by id; most often they are already."""
    if rows.get_column("id").is_sorted():
        return rows
    order = rows.get_column("id").arg_sort()
    # One column after the other: sorted as a whole, the rows would be in memory three times for a moment.
    return pl.DataFrame([rows.drop_in_place(name).gather(order) for name in rows.columns])


def number_of(frame: Frame, test: nw.Expr) -> nw.Expr:
    """How many rows of a group meet a test, which is never null, as Int32; Spark has no sum of booleans."""
    whole = test if isinstance(frame.to_native(), pl.LazyFrame) else test.cast(nw.Int32)
    return whole.sum().cast(nw.Int32)


def extended(frame: Frame, columns: Iterable[nw.Expr]) -> Frame:
    """The frame with more columns, possibly none: `with_columns` refuses an empty list."""
    listed = list(columns)
    return frame.with_columns(*listed) if listed else frame


def like(frame: Frame, table: pa.Table) -> Frame:
    """A small Arrow table as a lazy frame of the backend that `frame` runs on, to join with it."""
    return _lazy(nw.from_native(table, eager_only=True), frame)


def looked_up(frame: Frame, table: pa.Table, on: Sequence[str] = ("id",)) -> Frame:
    """The same rows with the table's other columns, null where it has no such key; a key is there once at most.

    On Polars the rows stay in their order and only the keys are computed at once, see `beside`.
    """
    keys, small = list(on), like(frame, table)
    native = frame.to_native()
    if isinstance(native, pl.LazyFrame):
        asked, known = native.select(keys), small.to_native()
        if all(small.collect_schema()[key] == nw.String for key in keys):
            asked, known = (each.with_columns(_fingerprint(keys)).drop(keys) for each in (asked, known))
            keys = [KEY]
        found = _answered(asked.collect(engine="streaming"), known.collect(engine="streaming"), keys)
        return _side_by_side(native, [found])
    return frame.join(small, on=keys, how="left")


def beside(frame: Frame, name: str, tables: Iterable[Frame]) -> Frame:
    """The same rows with the columns of other tables, null where these have no row of that id.

    On Polars the tables are computed at once, one after the other, and their rows put in the order of the frame's: its
    own columns do not move, as they do in a join, and stay in order, which a join of Polars costs as much again.

    Args:
        frame: rows in an order that is the same whenever it is computed, as long as no join is behind it.
        name: column with the id.
        tables: KEY of an id, once at most per table, and columns, see `keyed`.
    """
    native = frame.to_native()
    if isinstance(native, pl.LazyFrame):
        asked = keyed(frame, name).select(KEY).to_native().collect(engine="streaming")
        found = (table.to_native().collect(engine="streaming") for table in tables)
        return _side_by_side(native, [_answered(asked, each, [KEY]) for each in found])
    joined = keyed(frame, name)
    for table in tables:
        joined = joined.join(table, on=KEY, how="left")
    return joined.drop(KEY)


def _answered(asked: pl.DataFrame, table: pl.DataFrame, keys: list[str]) -> pl.LazyFrame:
    """The table's other columns for each row of keys, in their order."""
    return asked.join(table, on=keys, how="left", maintain_order="left").drop(keys).lazy()


def _side_by_side(frame: pl.LazyFrame, others: Iterable[pl.LazyFrame]) -> Frame:
    wider: Frame = nw.from_native(pl.concat([frame, *others], how="horizontal"))
    return wider


def placed(frame: Frame, place: str, table: pa.Table) -> Frame:
    """The same rows with the columns of that row of the table whose number is in the column `place`, null without one.

    On Polars nothing but these columns moves: a join would move them all.
    """
    native = frame.to_native()
    if isinstance(native, pl.LazyFrame):
        short = cast("pl.DataFrame", pl.from_arrow(table))
        found = [pl.lit(values).gather(pl.col(place)).alias(values.name) for values in short]
        more: Frame = nw.from_native(native.with_columns(found))
        return more
    return frame.join(
        like(frame, table.append_column(place, pa.array(range(table.num_rows), pa.int64()))),
        on=place,
        how="left",
    )


def _lazy(rows: nw.DataFrame[Any], like: Frame) -> Frame:
    """The rows as a lazy frame of the backend that another one runs on; Spark's belong to a session as well."""
    backend: Any = like.implementation  # Narwhals types backends as literals
    lazy: Frame = rows.lazy(backend=backend, session=getattr(like.to_native(), "sparkSession", None))
    return lazy


def translated(value: nw.Expr, table: Mapping[Any, Any], dtype: Any) -> nw.Expr:  # noqa: ANN401 - as Narwhals has it
    """What a short table says for a value; null for one that is not in it.

    A chain of conditions: for `replace_strict` Polars would need the whole column, and hold all rows in memory.
    """
    found = nw.lit(None, dtype=dtype)
    for key, meaning in reversed(list(table.items())):
        found = nw.when(value == key).then(nw.lit(meaning, dtype=dtype)).otherwise(found)
    return found


def divided(value: nw.Expr, by: float) -> nw.Expr:
    """True division by a constant.

    Polars multiplies by the constant's reciprocal instead, except on a lone row: 200,000 / 1e6 comes out as
    0.19999999999999998 or 0.2, depending on how rows fall into batches. By a column it divides as it should.
    """
    return value / (value * 0 + by)


def rounded(value: nw.Expr, decimals: int = 0) -> nw.Expr:
    """Half away from zero, after rounding to 6 decimals more; backends differ in their own rounding.

    Null stays null, -0 becomes 0.
    """
    millionths = value.abs() * (10.0**decimals * 1e6) + 0.5
    millionths = _floor(millionths) if decimals else millionths.floor()
    # Half a millionth more than the half keeps an exact half clear of the border, however the engine divides.
    magnitude = ((millionths + 500_000.5) / 1e6).floor()
    if decimals:
        magnitude = divided(magnitude, 10.0**decimals)
    return nw.when(value < 0).then(0.0 - magnitude).otherwise(magnitude)


def _floor(value: nw.Expr) -> nw.Expr:
    """The whole number below, of what is not below 0.

    A larger one than 2^53 is whole already, and Spark, where floors are 64-bit integers, would cut it off. It names the
    value three times, which makes plans long: only for what is multiplied by much.
    """
    return nw.when(value < 2.0**53).then(value.floor()).otherwise(value)


@dataclass(frozen=True, slots=True)
class History:
    """What earlier runs of the connection left behind, for one ``as_of``.

    Attributes:
        zones: id, zone, zone_since, segment, segment_since (days) that the run starts from: those of the latest
            run with an earlier ``as_of``, or what the first run of this same ``as_of`` started from. None if
            there is no such run: the CRM's own segment is the start.
        first_seen: id, rating (``<id>:<n>``), value (text), day: when an undated rating had this value first.
            None if there is none.
        first_run: no run of this connection has been completed.
    """

    zones: pa.Table | None = None
    first_seen: pa.Table | None = None
    first_run: bool = True


@dataclass(frozen=True, slots=True)
class Membership:
    """Active campaign tags: id, tag, one row per account and campaign. Arrow; possibly empty."""

    members: pa.Table = field(
        default_factory=lambda: pa.table({"id": pa.array([], pa.string()), "tag": pa.array([], pa.string())}),
    )
