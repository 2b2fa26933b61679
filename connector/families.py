"""Families of accounts: each account's top, the end of its chain of parents, and what is recorded below it.

The chain is followed by pointer jumping: each round lets every account point to where the account points that it points
to, so that n rounds follow 2^n parents. That takes joins alone, and as many rounds as the logarithm of the deepest
chain; DEPTH is the deepest one that is followed to its end.
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Final

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from connector.crm import ACCOUNT, CONTACT, ID, OPPORTUNITY, ROLE
from connector.mapping.model import Mapping
from connector.quality import Quality, Said
from connector.reading import as_text
from connector.tables import Frame, Source, Sources, column, like, looked_up

ROUNDS: Final = 10
FAMILY: Final = ("top", "heir", "head")
"""Columns about families, see `connector.tables`."""
DEPTH: Final = 2**ROUNDS
"""Parents above an account that are followed; what lies beyond counts as a circle."""


@dataclass(frozen=True, slots=True)
class Families:
    """Who belongs to whom.

    Attributes:
        tops: id, top: accounts whose top is another account; all others are their own.
        circles: accounts whose chain of parents leads back to them; each is its own top.
        orphans: accounts whose parent was not read; each is its own top.
    """

    tops: pa.Table
    circles: int
    orphans: int

    @property
    def quality(self) -> tuple[Quality, ...]:
        """What is odd about the chains, as far as there is anything."""
        circle = Said(
            "accounts lead back to themselves through their parents: each stands for itself",
            "Kunden führen über ihre Eltern zu sich selbst zurück: Jeder steht für sich",
        )
        orphan = Said(
            "accounts have a parent that was not read: each stands for itself",
            "Kunden haben ein Mutterunternehmen, das nicht gelesen wurde: Jeder steht für sich",
        )
        found = (
            Quality("accounts", None, circle, self.circles),
            Quality("accounts", None, orphan, self.orphans),
        )
        return tuple(each for each in found if each.count)


def rates_families(mapping: Mapping) -> bool:
    """Families are rated as one."""
    return mapping.portfolio.level == "ultimate_parent"


def families(accounts: Source, mapping: Mapping, merged: Map[str, str]) -> Families:
    """Find every account's top.

    Args:
        accounts: as pulled, all of them.
        mapping: names the field with the parent.
        merged: merged accounts, loser's id -> survivor's id: a parent may still be named by its old id.
    """
    field = mapping.accounts.parent
    if field is None or field not in accounts.schema:
        return Families(pa.table({"id": pa.array([], pa.string()), "top": pa.array([], pa.string())}), 0, 0)
    parent = as_text(nw.col(column(field)), accounts.schema[field])
    named = accounts.frame.select(nw.col(ID).alias("id"), parent.alias("up"))
    if merged:
        survivors = {loser: _survivor(loser, merged) for loser in merged}
        renamed = pa.table({"up": list(survivors), "@survivor": list(survivors.values())})
        named = looked_up(named, renamed, on=["up"])
        named = named.select("id", nw.coalesce(nw.col("@survivor"), nw.col("up")).alias("up"))
    named = named.filter(~nw.col("up").is_null())
    read = accounts.frame.select(nw.col(ID).alias("up"), nw.lit(True).alias("@read"))
    found = named.join(read, on="up", how="left").collect().to_arrow()
    known = found.filter(pc.is_valid(found["@read"])).select(["id", "up"])
    own = pc.equal(known["id"], known["up"])
    pairs = known.filter(pc.invert(own))
    tops, unsettled = _followed(accounts.frame, pairs)
    circle = pc.unique(unsettled["up"])
    if len(circle):
        pairs = pairs.filter(pc.invert(pc.is_in(pairs["id"], circle)))
        tops, _ = _followed(accounts.frame, pairs)
    circles = len(circle) + int(pc.sum(own).as_py() or 0)
    return Families(tops.rename_columns(["id", "top"]), circles, found.num_rows - known.num_rows)


def regrouped(sources: Sources, found: Families, *, several: bool) -> Sources:
    """The same records, each belonging to the top of its account's family, and to it once.

    Args:
        sources: as pulled.
        found: the families.
        several: a record may belong to several accounts.
    """
    tops = found.tops.rename_columns([ACCOUNT, "@top"])
    moved: Sources = {}
    for name, source in sources.items():
        frame = source.frame
        if name != "accounts" and tops.num_rows:
            frame = looked_up(frame, tops, on=[ACCOUNT])
            top = nw.coalesce(nw.col("@top"), nw.col(ACCOUNT)).alias(ACCOUNT)
            frame = frame.with_columns(top).drop("@top")
            frame = _once(frame) if several else frame
        moved[name] = Source(frame, source.schema, source.rows)
    return moved


def with_tops(frame: Frame, found: Families) -> Frame:
    """Add ``top``; only tops are members of the portfolio.

    Args:
        frame: one row per account, with id and member.
        found: the families.
    """
    frame = looked_up(frame, found.tops)
    frame = frame.with_columns(nw.coalesce(nw.col("top"), nw.col("id")).alias("top"))
    return frame.with_columns((nw.col("member") & (nw.col("top") == nw.col("id"))).alias("member"))


def with_heirs(frame: Frame) -> Frame:
    """Add ``heir``: its top is another account, in the portfolio; and ``head``: in the portfolio, and has heirs.

    Args:
        frame: one row per account, with id, member and top; computed already.
    """
    below = frame.filter(nw.col("top") != nw.col("id")).select(nw.col("top").alias("id")).unique()
    heads = frame.filter(nw.col("member")).select("id").join(below, on="id", how="inner")
    table = heads.collect().to_arrow()
    flags = pa.table(
        {"top": table["id"].cast(pa.string()), "@head": pa.array([True] * table.num_rows, pa.bool_())}
    )
    frame = looked_up(frame, flags, on=["top"])
    headed, own = nw.col("@head").fill_null(False), nw.col("top") == nw.col("id")
    return frame.with_columns(
        (headed & ~own).alias("heir"),
        (headed & own).alias("head"),
        (nw.col("left") & ~headed).alias("left"),
    ).drop("@head")


def _once(frame: Frame) -> Frame:
    """A record of several accounts of one family counts once for it; a contact's roles are told apart."""
    present = set(frame.collect_schema().names())
    keys = [name for name in (ID, ACCOUNT, CONTACT, OPPORTUNITY, ROLE) if name in present]
    return frame.unique(subset=keys, keep="any")


def _followed(frame: Frame, pairs: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Every account with the last account of its chain, and the rows of those whose chain has none within DEPTH."""
    ups, unsettled = pairs, pairs
    for _ in range(ROUNDS + 1):
        further = like(frame, pa.table({"up": ups["id"], "@further": ups["up"]}))
        joined = like(frame, ups).join(further, on="up", how="left").collect().to_arrow()
        unsettled = joined.filter(pc.is_valid(joined["@further"])).select(["id", "up"])
        if not unsettled.num_rows:
            break
        ups = pa.table({"id": joined["id"], "up": pc.coalesce(joined["@further"], joined["up"])})
    return ups, unsettled


def _survivor(account: str, merged: Map[str, str]) -> str:
    """Who is left of an account that was merged, perhaps several times over."""
    seen = {account}
    while account in merged and merged[account] not in seen:
        account = merged[account]
        seen.add(account)
    return account
