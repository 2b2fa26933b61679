"""What some scales need to know of the whole portfolio: the distribution of a value, and how owners rate.

Both are reference values: taken over the portfolio's accounts once per fiscal quarter and then frozen, so that
between two quarters no account's data moves another's score.
"""

from __future__ import annotations

from typing import Final

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from connector.mapping.model import PercentileScale, RatingScale, Rung
from connector.reading import missing
from connector.reference import FEW, References
from connector.scales.numbers import inside
from connector.tables import Frame, divided, like, looked_up, rounded

EVERYBODY: Final = ""
"""The peer group of all; it also serves who has no group, or one that is too small."""
MIN_RATINGS: Final = 10
"""Ratings that an owner must have given for his mean to tell how he rates."""
PARTS: Final = 1e6
"""Ratings are summed in millionths, as whole numbers, so that sums do not depend on their order."""


def placed(
    frame: Frame, column: str, key: str, rung: Rung, fingerprint: str, references: References
) -> Frame:
    """The frame with what the portfolio makes of a value in the value's place, if the rung's scale asks for that.

    Args:
        frame: member, `column`; owner for a centred rating; ``by:<key>`` for a percentile among peers: the peer
            group, trimmed and in lower case, null if there is none.
        column: with the value as `connector.scales.ready` gives it.
        key: ``<id>:<n>``.
        rung: source and scale.
        fingerprint: changes when what the raw value is computed from is edited in the mapping.
        references: where distributions and means are kept.

    Returns:
        in `column` (less + equal / 2) / n among the account's peers, 0..1, for a percentile; the centred rating for
        one; null where there is no value, and for all while nobody of the portfolio has one.
    """
    scale = rung.scale
    if isinstance(scale, PercentileScale):
        found = _ranked(frame.rename({column: "@value"}), key, scale, fingerprint, references)
    elif isinstance(scale, RatingScale) and scale.centre_by is not None:
        valid = inside(scale, nw.col(column)).alias("@value")
        found = _centred(frame.with_columns(valid).drop(column), key, scale, fingerprint, references)
    else:
        return frame
    return found.drop("@value").rename({"@placed": column})


def _ranked(
    frame: Frame, key: str, scale: PercentileScale, fingerprint: str, references: References
) -> Frame:
    group = nw.col(f"by:{key}").fill_null(EVERYBODY) if scale.by is not None else nw.lit(EVERYBODY)
    frame = frame.with_columns(group.alias("@peers"))
    name = f"percentile:{key}"
    table = references.table(name, fingerprint, lambda: distribution(frame, scale))
    everybody = table.filter(pc.equal(table["group"], EVERYBODY))
    if (pc.sum(everybody["count"]).as_py() or 0) < FEW:
        references.forget(name)
    if table.num_rows == 0:
        return frame.with_columns(missing(nw.Float64).alias("@placed")).drop("@peers")
    if scale.by is not None:
        groups = pc.unique(table["group"].combine_chunks())
        known = pa.table({"@peers": groups, "@known": pa.array([True] * len(groups), pa.bool_())})
        frame = looked_up(frame, known, on=["@peers"])
        peers = nw.when(nw.col("@known").fill_null(False)).then(nw.col("@peers"))
        frame = frame.with_columns(peers.fill_null(EVERYBODY).alias("@peers")).drop("@known")
    ranks = _ranks(frame, table).rename_columns(["@peers", "@value", "@placed"])
    return looked_up(frame, ranks, on=["@peers", "@value"]).drop("@peers")


def _ranks(frame: Frame, table: pa.Table) -> pa.Table:
    """Peers, value, rank: once for every value that an account has.

    Computed at once: left lazy, the frame would join itself, and with each further percentile twice as often.
    """
    asked = (
        frame.filter(~nw.col("@value").is_null()).group_by("@peers", "@value").agg(nw.len().alias("count"))
    )
    asked = asked.with_columns(nw.lit(0, dtype=nw.Int64).alias("count"))
    counted = like(frame, table.rename_columns(["@peers", "@value", "count"]))
    both = nw.concat([asked, counted], how="vertical").group_by("@peers", "@value")
    sums = both.agg(nw.col("count").sum().cast(nw.Int64).alias("equal"))
    sums = sums.with_columns(
        nw.col("equal").cum_sum().over("@peers", order_by="@value").cast(nw.Float64).alias("up_to"),
        nw.col("equal").sum().over("@peers").cast(nw.Float64).alias("all"),
    )
    half = divided(nw.col("equal").cast(nw.Float64), 2)
    found = sums.select("@peers", "@value", ((nw.col("up_to") - half) / nw.col("all")).alias("rank"))
    ranks: pa.Table = found.collect().to_arrow()
    return ranks


def distribution(frame: Frame, scale: PercentileScale) -> pa.Table:
    """How often the portfolio's accounts have each value, among all and within each peer group that is large enough.

    Args:
        frame: member, ``@value``, ``@peers``.
        scale: its ``min_group``.

    Returns:
        group ("" for all), value, count; sorted.
    """
    members = frame.filter(nw.col("member"), ~nw.col("@value").is_null()).select("@peers", "@value")
    everybody = members.select(nw.lit(EVERYBODY).alias("group"), nw.col("@value").alias("value"))
    parts = [everybody]
    if scale.by is not None:
        peers = members.select(nw.col("@peers").alias("group"), nw.col("@value").alias("value"))
        peers = peers.filter(nw.col("group") != EVERYBODY)
        large = peers.group_by("group").agg(nw.len().alias("size")).filter(nw.col("size") >= scale.min_group)
        parts.append(peers.join(large.select("group"), on="group", how="inner").select("group", "value"))
    counts = nw.concat(parts, how="vertical").group_by("group", "value").agg(nw.len().alias("count"))
    found = counts.sort("group", "value").collect().to_arrow()
    types = {"group": pa.string(), "value": pa.float64(), "count": pa.int64()}
    return pa.table({name: found[name].cast(kind) for name, kind in types.items()})


def _centred(frame: Frame, key: str, scale: RatingScale, fingerprint: str, references: References) -> Frame:
    """The rating less its owner's mean plus the portfolio's, clipped to the range.

    Of an owner with fewer than 10 ratings, and without an owner, the rating as given.
    """
    table = references.table(f"centre:{key}", fingerprint, lambda: owner_means(frame))
    means = pa.table({"owner": table["owner"], "@shift": pc.subtract(table["portfolio"], table["mean"])})
    low, high = sorted((scale.worst, scale.best))
    shifted = (nw.col("@value") + nw.col("@shift").fill_null(0.0)).clip(low, high)
    return looked_up(frame, means, on=["owner"]).with_columns(shifted.alias("@placed")).drop("@shift")


def owner_means(frame: Frame) -> pa.Table:
    """The mean rating of each owner with at least 10, beside that of the portfolio.

    Args:
        frame: member, owner, ``@value``: the rating, null if there is none.

    Returns:
        owner, mean, portfolio (the mean over all ratings), ratings; sorted by owner.
    """
    parts = rounded(nw.col("@value") * PARTS).cast(nw.Int64)
    rated = frame.filter(nw.col("member"), ~nw.col("@value").is_null())
    sums = (
        rated.with_columns(parts.alias("@parts"))
        .group_by("owner")
        .agg(nw.col("@parts").sum().cast(nw.Int64).alias("sum"), nw.len().cast(nw.Int64).alias("ratings"))
    )
    found = sums.collect().sort("owner").to_arrow()
    total, number = pc.sum(found["sum"]).as_py() or 0, pc.sum(found["ratings"]).as_py() or 0
    known = found.filter(
        pc.and_(pc.is_valid(found["owner"]), pc.greater_equal(found["ratings"], MIN_RATINGS))
    )
    ratings = known["ratings"].cast(pa.float64())
    return pa.table(
        {
            "owner": known["owner"].cast(pa.string()),
            "mean": pc.divide(pc.divide(known["sum"].cast(pa.float64()), ratings), PARTS),
            "portfolio": pa.array([total / number / PARTS] * known.num_rows if number else [], pa.float64()),
            "ratings": known["ratings"].cast(pa.int64()),
        }
    )
