"""What the portfolio has to do with one account's value: rates that are smoothed, ratings that are centred, ranks."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Map
from typing import Any

import pyarrow.compute as pc

from connector.mapping.model import (
    Mapping,
    OpportunitiesSource,
    PercentileScale,
    RatingScale,
    RecordsSource,
    Rung,
)
from connector.measures import opportunities, records
from connector.reference import Reference
from connector.reports.words import Words, words
from connector.scales.portfolio import EVERYBODY

Row = Map[str, Any]
Frozen = Map[str, Reference]


def adjusted(row: Row, key: str, rung: Rung, mapping: Mapping, frozen: Frozen) -> list[str]:
    """Each in one phrase, in the language of the mapping.

    Args:
        row: the account after `diff`.
        key: ``<id>:<n>`` of the way that answered.
        rung: that way.
        mapping: its language.
        frozen: reference values by key; where one is not there, its figures are left out.
    """
    t = words(mapping.language)
    return [
        *_smoothed(key, rung, frozen, t),
        *_centred(row, key, rung, frozen, t),
        *_ranked(row, key, rung, frozen, t),
    ]


def _smoothed(key: str, rung: Rung, frozen: Frozen, t: Words) -> Iterator[str]:
    source = rung.source
    if isinstance(source, OpportunitiesSource) and source.measure == "win_rate":
        noun, default = "opportunities", float(opportunities.PRIOR)
    elif isinstance(source, RecordsSource) and source.measure == "error_rate" and source.per is not None:
        noun, default = source.per, float(records.PRIOR)
    else:
        return
    prior = default if source.prior is None else source.prior
    if not prior:
        return
    found = frozen.get(f"rate:{key}")
    rate = None if found is None else found.table.column("value")[0].as_py()
    added = t.many(noun, prior)
    yield (
        t.say("smoothed", prior=added)
        if rate is None
        else t.say("smoothed_to", prior=added, rate=t.number(100 * rate, 0 if rate >= 0.1 else 1))
    )


def _centred(row: Row, key: str, rung: Rung, frozen: Frozen, t: Words) -> Iterator[str]:
    scale, owner, raw = rung.scale, row["owner"], row.get(f"raw:{key}")
    if not isinstance(scale, RatingScale) or scale.centre_by is None or not isinstance(raw, int | float):
        return
    if owner is None:
        yield t["centred_nobody"]
        return
    found = frozen.get(f"centre:{key}")
    if found is None:
        return
    rows = found.table.filter(pc.equal(found.table["owner"], owner)).to_pylist()
    if not rows:
        yield t["centred_few"]
        return
    mean, portfolio = rows[0]["mean"], rows[0]["portfolio"]
    low, high = sorted((scale.worst, scale.best))
    value = min(max(raw + portfolio - mean, low), high)
    figures = {"value": value, "mean": mean, "portfolio": portfolio}
    yield t.say("centred", owner=owner, **{name: t.number(one, 1) for name, one in figures.items()})


def _ranked(row: Row, key: str, rung: Rung, frozen: Frozen, t: Words) -> Iterator[str]:
    scale, found = rung.scale, frozen.get(f"percentile:{key}")
    if not isinstance(scale, PercentileScale):
        return
    sizes: dict[str, int] = {}
    for each in [] if found is None else found.table.to_pylist():
        sizes[each["group"]] = sizes.get(each["group"], 0) + each["count"]
    group = row.get(f"by:{key}")
    if scale.by is None or not sizes:
        peers = t.many("customers", sizes[EVERYBODY]) if sizes else t["ranked_everybody"]
        yield t.say("ranked", peers=peers)
    elif group is None:
        yield t.say("ranked_blank", field=scale.by)
    elif group not in sizes:
        yield t.say("ranked_few", field=scale.by, group=group)
    else:
        yield t.say("ranked_group", peers=t.many("customers", sizes[group]), field=scale.by, group=group)
