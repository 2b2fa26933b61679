"""Loyal customers who buy every quarter at an unknown share of their wallet: the best ones must not lose protection.

Nobody knows what such a customer buys elsewhere. An estimate at or below what he buys from us would make his white
space 0, his potential low, and the largest customers the first to be neglected. The data are those of
``make bench-wallet``, without a single wallet entered by a rep.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from connector.crm import Currencies, FieldType
from connector.mapping import Mapping
from connector.reference import References
from connector.stages.map import map_accounts
from connector.stages.score import score
from connector.stages.segment import segment
from connector.tables import History, Source
from tests.bench import wallets
from tests.bench.wallets import AS_OF, World

ACCOUNTS = 3_000
RIGHTS = ("protect", "develop")


def with_fit(world: World) -> World:
    """The same customers; reps have rated four in five of them."""
    draw = np.random.default_rng(3)
    source = world.sources["accounts"]
    native: pl.DataFrame = source.frame.collect().to_native()
    ratings = draw.integers(1, 6, len(native)).astype(float)
    known = pa.array(np.where(draw.random(len(native)) < 0.2, np.nan, ratings), from_pandas=True)
    frame = native.with_columns(pl.Series("Fit", pl.from_arrow(known)))
    schema = {**source.schema, "Fit": FieldType.NUMBER}
    accounts = Source(nw.from_native(frame.lazy()), schema, source.rows)
    return replace(world, sources={**world.sources, "accounts": accounts})


def rules(*sources: str) -> Mapping:
    data = wallets.mapping(*sources).model_dump(by_alias=True, exclude_none=True)
    headroom = {"id": "space", "dimension": "potential", "label": "White space", "weight": 60}
    headroom |= {"source": {"from": "wallet", "measure": "headroom"}}
    headroom["scale"] = {"kind": "log", "zero": 1_000, "full": 100_000}
    size = {
        "id": "size",
        "dimension": "potential",
        "label": "Size",
        "weight": 40,
        "source": {"field": "Size"},
    }
    size["scale"] = {"kind": "log", "zero": 5, "full": 2_000}
    fit = {"id": "fit", "dimension": "attractiveness", "label": "Fit", "source": {"field": "Fit"}}
    fit["scale"] = {"kind": "rating", "worst": 1, "best": 5}
    return Mapping.model_validate({**data, "criteria": [headroom, size, fit]})


def segmented(world: World, mapping: Mapping) -> pl.DataFrame:
    history, references = History(), References("2026Q4")
    mapped = map_accounts(world.sources, mapping, AS_OF, Currencies("EUR"), history, references)
    scored = score(mapped.accounts, mapping, references)
    found = segment(scored, mapping, AS_OF, history, references).collect().to_native()
    return pl.DataFrame(found.to_arrow() if hasattr(found, "to_arrow") else found)


def above_peers() -> pl.Expr:
    """Buys more than four in five of the customers like him, computed here anew."""
    buying = pl.col("own") > 0
    groups = (["industry", "size_class"], ["industry"], [])
    chosen = pl.lit(None, pl.Float64)
    for keys in reversed(groups):
        peers = pl.col("own").filter(buying)
        border, number = peers.quantile(0.8, "linear"), peers.len()
        if keys:
            border, number = border.over(keys), number.over(keys)
        chosen = pl.when(number >= 20).then(border).otherwise(chosen)
    return buying & (pl.col("own") > chosen)


@pytest.fixture(scope="module")
def world() -> World:
    return with_fit(wallets.world(ACCOUNTS, entered=0))


@pytest.mark.parametrize(
    "sources", [("activity", "model", "peer_p80"), ("activity",), ("peer_p80",)], ids="-".join
)
def test_the_best_customers_keep_their_protection(
    world: World, sources: tuple[str, ...], record_property: Callable[[str, object], None]
) -> None:
    mapping = rules(*sources)
    found = segmented(world, mapping)
    flagged = found.filter("top_revenue")
    assert len(flagged) > 100
    lost = flagged.filter(~pl.col("segment").is_in(RIGHTS))
    assert set(lost["segment"]) == {"unrated"}
    assert (lost["coverage:attractiveness"] < mapping.matrix.min_coverage).all()
    assert (lost["score:fit"].is_null()).all()
    steady = found.filter(pl.col("id").is_in(list(world.steady)))
    unknown = steady.filter(pl.col("wallet").is_null())
    assert len(unknown) > 100, "the trap must be set"
    others = found.filter(~pl.col("top_revenue") & above_peers())
    zones = ", ".join(
        f"{number} {zone}" for zone, number in sorted(others.group_by("segment").len().iter_rows())
    )
    record_property(
        "figures",
        f"saturation trap, wallet from {', '.join(sources)}: {len(flagged)} of {ACCOUNTS} customers are top revenue, "
        f"{len(flagged) - len(lost)} of them in protect or develop, {len(lost)} unrated for lack of attractiveness; "
        f"above their peers' P80 without the flag: {len(others)} ({zones}); "
        f"of {len(steady)} who buy steadily the white space of {len(unknown)} is unknown",
    )


@pytest.mark.parametrize(
    "sources", [("activity", "model", "peer_p80"), ("activity",), ("peer_p80",)], ids="-".join
)
def test_no_white_space_is_0_because_it_is_unknown(world: World, sources: tuple[str, ...]) -> None:
    found = segmented(world, rules(*sources))
    unknown, known = found.filter(pl.col("wallet").is_null()), found.filter(pl.col("wallet").is_not_null())
    for name in ("headroom", "share", "score:space", "raw:space:0", "wallet_source"):
        assert unknown[name].null_count() == len(unknown), name
    assert (known["headroom"] > 0).all(), "an estimate that leaves nothing is no answer"
    assert not unknown["known:space"].any()
    # And where it is known, it is what the estimate says, never less than the achievable share leaves.
    share: Any = 0.6
    left = known.select((share * pl.col("wallet") - pl.col("own")).alias("left"))["left"]
    assert ((known["headroom"] - left).abs() <= 1).all()
