"""campaign: the active campaign tags of every account, as one text."""

from __future__ import annotations

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from connector.tables import Frame, Membership, looked_up


def campaign(zoned: Frame, membership: Membership) -> Frame:
    """Add `campaigns`: active tags in alphabetical order, "; " between them; null without any.

    Args:
        zoned: one row per account.
        membership: active tags; an account has one row per campaign, and a tag counts once.
    """
    if membership.members.num_rows == 0:
        return zoned.with_columns(campaigns=nw.lit(None, dtype=nw.String))
    return looked_up(zoned, _joined(membership.members))


def _joined(members: pa.Table) -> pa.Table:
    once = members.select(["id", "tag"]).group_by(["id", "tag"]).aggregate([])
    in_order = once.sort_by([("id", "ascending"), ("tag", "ascending")])
    tags = in_order.group_by("id", use_threads=False).aggregate(
        [("tag", "list")]
    )  # one thread keeps the order
    texts = pc.binary_join(tags.column("tag_list"), "; ")
    return pa.table({"id": tags.column("id").cast(pa.string()), "campaigns": texts.cast(pa.string())})
