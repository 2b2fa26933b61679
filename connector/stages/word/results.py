"""Every result of ``[write]`` as the CRM stores it."""

from __future__ import annotations

import narwhals as nw

from connector.mapping.model import DIMENSIONS, SINGLE, Mapping
from connector.stages.word.parts import as_float, is_covered, is_rated
from connector.tables import rounded

INHERITED = ("segment", "campaigns", "why")
"""Results that an account has in common with the top of its family."""


def results(mapping: Mapping, *, heirs: bool = False) -> list[nw.Expr]:
    """Every result of ``[write]``, rounded as the CRM stores it.

    Args:
        mapping: targets.
        heirs: there is a column ``heir``.
    """
    rated = is_rated(mapping)
    coverage = nw.min_horizontal(*(nw.col(f"coverage:{name}") for name in DIMENSIONS))
    values = {
        "segment": nw.col("segment"),
        "segment_since": nw.col("segment_since"),
        "potential": nw.when(rated & is_covered("potential", mapping)).then(
            as_float(nw.col("points:potential"))
        ),
        "attractiveness": nw.when(rated).then(as_float(nw.col("points:attractiveness"))),
        "coverage": rounded(100.0 * coverage),
        "confidence": nw.col("confidence"),
        "why": nw.col("why"),
        "next_step": nw.col("next_step"),
        "campaigns": nw.col("campaigns"),
        "headroom": rounded(as_float(nw.col("headroom")) / 100.0),
        "share_of_wallet": rounded(100.0 * as_float(nw.col("share"))),
        "revenue_flag": nw.col("top_revenue"),
    }
    for criterion in mapping.criteria:  # a stand-in for missing data is no score of the account
        known = nw.when(nw.col(f"known:{criterion.id}"))
        values[f"{SINGLE}{criterion.id}"] = known.then(as_float(nw.col(f"score:{criterion.id}")))
    member = nw.col("member")
    kin = member | nw.col("heir") if heirs else member
    return [
        nw.when(kin if key in INHERITED else member).then(values[key]).alias(f"out:{key}")
        for key in mapping.write.targets
    ]
