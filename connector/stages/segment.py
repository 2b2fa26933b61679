"""segment: scores -> zone, confidence, and since when.

A zone moves late on purpose: an account that was high stays high until it has fallen clearly below the border, and
the reverse, so that noise around the border does not move badges to and fro.
"""

from __future__ import annotations

from datetime import date

import narwhals as nw
import pyarrow as pa

from connector.mapping.model import DIMENSIONS, Dimension, Mapping
from connector.measures.accounts import zone_in_crm
from connector.overrides import ZONE, column_of
from connector.reference import FEW, References
from connector.tables import Frame, History, looked_up

EPOCH = date(1970, 1, 1)
HIGH: dict[Dimension, tuple[str, str]] = {
    "potential": ("protect", "develop"),
    "attractiveness": ("protect", "maintain"),
}
"""The zones that are high on a dimension."""
LOW: dict[Dimension, tuple[str, str]] = {
    "potential": ("maintain", "retreat"),
    "attractiveness": ("develop", "retreat"),
}
DEFAULT_THRESHOLD = 50.0
"""Stands in for a percentile as long as no account is rated, so that nobody has a percentile yet."""
STARTED = ("from_zone", "from_zone_since", "from_segment", "from_segment_since")


def segment(scored: Frame, mapping: Mapping, as_of: date, history: History, references: References) -> Frame:
    """Place every account of the portfolio in the matrix.

    Args:
        scored: one row per account, with points, bounds and coverage by dimension.
        mapping: thresholds, hysteresis, top revenue.
        as_of: the day that is rated; a zone that changes has changed on it.
        history: what the run starts from.
        references: frozen thresholds and the set of top-revenue accounts.

    Returns:
        top_revenue, zone, segment, confidence, segment_since, zone_since, the ``from_`` columns and
        ``firm:<dimension>``. All but the ``from_`` columns and top_revenue (false) are null outside the portfolio.
        A zone that a person has set is the segment; zone and confidence stay those that are computed.
    """
    day = (as_of - EPOCH).days
    frame = _with_start(scored, mapping, history)
    frame = _with_top_revenue(frame, mapping, references)
    borders = thresholds(frame, mapping, references)
    slack = mapping.matrix.hysteresis
    frame = frame.with_columns(
        *(_border(name, borders[name], slack, "from_zone").alias(f"border:{name}") for name in DIMENSIONS),
        *(_covered(name, mapping).alias(f"covered:{name}") for name in DIMENSIONS),
    )
    frame = frame.with_columns(
        (nw.col(f"points:{name}") >= nw.col(f"border:{name}")).alias(f"high:{name}") for name in DIMENSIONS
    )
    frame = frame.with_columns(_zone(mapping, day).alias("zone"))
    frame = frame.with_columns(
        _segment().alias("segment"),
        *(
            _firm(name, _border(name, borders[name], slack, "zone")).alias(f"firm:{name}")
            for name in DIMENSIONS
        ),
    )
    frame = frame.with_columns(_confidence().alias("confidence"), _since("zone", day).alias("zone_since"))
    if column_of(ZONE) in frame.collect_schema().names():
        frame = frame.with_columns(nw.coalesce(nw.col(column_of(ZONE)), nw.col("segment")).alias("segment"))
    frame = frame.with_columns(_since("segment", day).alias("segment_since"))
    return frame.drop([f"{kind}:{name}" for kind in ("border", "covered", "high") for name in DIMENSIONS])


def thresholds(scored: Frame, mapping: Mapping, references: References) -> dict[Dimension, float]:
    """From which score on each dimension counts as high: as given, or the percentile frozen for the quarter.

    A percentile is taken over the rated accounts of the portfolio, interpolated linearly between neighbours. Accounts
    that top revenue makes high on potential are rated without a score there.

    Args:
        scored: one row per account, top_revenue among its columns.
        mapping: thresholds and coverage.
        references: where a percentile is kept.
    """
    return {name: _threshold(scored, mapping, references, name) for name in DIMENSIONS}


def _threshold(scored: Frame, mapping: Mapping, references: References, dimension: Dimension) -> float:
    given = getattr(mapping.matrix.threshold, dimension)
    if not isinstance(given, str):
        return float(given)

    number = FEW

    def percentile() -> float | None:
        nonlocal number
        potential = _covered("potential", mapping)
        potential = potential if dimension == "potential" else potential | nw.col("top_revenue")
        rated = scored.filter(nw.col("member"), potential, _covered("attractiveness", mapping))
        share = int(given.removeprefix("p")) / 100
        points = nw.col(f"points:{dimension}").cast(nw.Float64)
        found = rated.select(
            points.quantile(share, interpolation="linear").alias("value"), nw.len().alias("number")
        ).collect()
        value, number = found["value"][0], int(found["number"][0])
        return None if value is None else round(float(value), 6)

    key = f"threshold:{dimension}"
    value = references.figure(key, given, percentile)
    if number < FEW:
        references.forget(key)
    return DEFAULT_THRESHOLD if value is None else value


def _with_start(scored: Frame, mapping: Mapping, history: History) -> Frame:
    """Add what the run starts from: the history, or before the first run what the CRM holds."""
    if history.zones is not None:
        zones = history.zones.select(["id", "zone", "zone_since", "segment", "segment_since"])
        return looked_up(scored, zones.rename_columns(["id", *STARTED]))
    held, since = nw.lit(None, dtype=nw.String), nw.lit(None, dtype=nw.Int32)
    if mapping.write.segment is not None:
        held = zone_in_crm()
        if mapping.write.segment_since is not None:
            since = nw.when(~held.is_null()).then(nw.col("now:segment_since"))
    return scored.with_columns(**dict(zip(STARTED, (held, since, held, since), strict=True)))


def _with_top_revenue(scored: Frame, mapping: Mapping, references: References) -> Frame:
    share = mapping.matrix.protect_top_revenue
    if share == 0:
        return scored.with_columns(top_revenue=nw.lit(False))
    top = references.table("top_revenue", f"{share:g}", lambda: _top_revenue(scored, share))
    flags = pa.table({"id": top.column("id"), "top_revenue": pa.array([True] * top.num_rows, pa.bool_())})
    flagged = looked_up(scored, flags)
    return flagged.with_columns(top_revenue=nw.col("top_revenue").fill_null(False) & nw.col("member"))


def _top_revenue(scored: Frame, share: float) -> pa.Table:
    """Ids of the largest accounts that together make up `share` of the portfolio's revenue.

    An account is in if the sum of all strictly larger ones is below that share: equal revenues are in together.
    """
    paying = scored.filter(nw.col("member"), nw.col("own") > 0).select("id", nw.col("own").cast(nw.Int64))
    sums = paying.group_by("own").agg(nw.col("own").sum().cast(nw.Int64).alias("sum"))
    sums = sums.with_columns(up_to=nw.col("sum").cum_sum().over(order_by="own").cast(nw.Int64))
    total = sums.select(nw.col("sum").sum().cast(nw.Int64).alias("total")).collect()["total"][0]
    larger = nw.lit(int(total or 0)) - nw.col("up_to")
    least = sums.filter(larger < share * int(total or 0)).select(nw.col("own").min()).collect()["own"][0]
    ids = (
        paying.filter(nw.col("own") >= (0 if least is None else int(least))).select("id").sort("id").collect()
    )
    table: pa.Table = ids.to_arrow()
    return pa.table({"id": table.column("id").cast(pa.string())})


def _covered(dimension: Dimension, mapping: Mapping) -> nw.Expr:
    """Enough of the dimension's weight had data to rate it."""
    enough = nw.col(f"coverage:{dimension}") >= mapping.matrix.min_coverage
    return (enough & ~nw.col(f"points:{dimension}").is_null()).fill_null(False)


def _border(dimension: Dimension, threshold: float, hysteresis: float, place: str) -> nw.Expr:
    """The score from which an account is high, given the zone in the column `place`."""
    was = nw.col(place)
    return (
        nw.when(was.is_in(HIGH[dimension]))
        .then(nw.lit(threshold - hysteresis))
        .when(was.is_in(LOW[dimension]))
        .then(nw.lit(threshold + hysteresis))
        .otherwise(nw.lit(threshold))
    )


def _firm(dimension: Dimension, border: nw.Expr) -> nw.Expr:
    """Whatever the missing data turn out to be, the account stays in the zone that it has now.

    The border is the one that this zone gives: were it that of the zone before, an account would be provisional in
    the night in which it gets a zone and firm in the next, and be written twice for nothing.
    """
    firm = (nw.col(f"lo:{dimension}") >= border) == (nw.col(f"hi:{dimension}") >= border)
    if dimension == "potential":
        firm = firm | nw.col("top_revenue")
    return nw.when(nw.col("member")).then(firm)


def _zone(mapping: Mapping, day: int) -> nw.Expr:
    """The zone by scores alone."""
    potential, attractiveness = nw.col("high:potential"), nw.col("high:attractiveness")
    zone = (
        nw.when(~nw.col("member"))
        .then(nw.lit(None, dtype=nw.String))
        .when(~(nw.col("covered:potential") & nw.col("covered:attractiveness")))
        .then(nw.lit("unrated"))
    )
    stay = mapping.matrix.min_stay_days
    if stay > 0:  # a move between rated zones waits; falling out of the rating, or into it, does not
        early = (nw.lit(day) - nw.col("from_zone_since") < stay) & (nw.col("from_zone") != "unrated")
        zone = zone.when(early.fill_null(False)).then(nw.col("from_zone"))
    return (
        zone.when(potential & attractiveness)
        .then(nw.lit("protect"))
        .when(potential)
        .then(nw.lit("develop"))
        .when(attractiveness)
        .then(nw.lit("maintain"))
        .otherwise(nw.lit("retreat"))
    )


def _segment() -> nw.Expr:
    """The zone, with top revenue standing in for high potential."""
    zone = nw.col("zone")
    attractive = (
        nw.when(zone == "unrated")
        .then(nw.col("high:attractiveness"))
        .otherwise(
            zone.is_in(HIGH["attractiveness"]),
        )
    )
    flagged = nw.col("top_revenue") & nw.col("covered:attractiveness")
    return (
        nw.when(flagged & attractive)
        .then(nw.lit("protect"))
        .when(flagged)
        .then(nw.lit("develop"))
        .otherwise(zone)
    )


def _confidence() -> nw.Expr:
    firm = nw.col("firm:potential") & nw.col("firm:attractiveness") & nw.col("covered:potential")
    return (
        nw.when((nw.col("segment") == "unrated") | nw.col("segment").is_null())
        .then(nw.lit(None, dtype=nw.String))
        .when(firm & ~nw.col("expired"))
        .then(nw.lit("firm"))
        .otherwise(nw.lit("provisional"))
    )


def _since(name: str, day: int) -> nw.Expr:
    """The day of the last change: the known one if nothing changed, else `day`."""
    known = (nw.col(name) == nw.col(f"from_{name}")) & ~nw.col(f"from_{name}_since").is_null()
    return (
        nw.when(nw.col(name).is_null())
        .then(nw.lit(None, dtype=nw.Int32))
        .when(known.fill_null(False))
        .then(nw.col(f"from_{name}_since").cast(nw.Int32))
        .otherwise(nw.lit(day, dtype=nw.Int32))
    )
