"""Campaign focus: on which weakness should the next quarter work, and with which accounts?

One focus a quarter, chosen where the change potential is largest: the white space of the accounts that are worth the
work, as far as the weakness stands in its way and a quarter can move it.
"""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw
import pyarrow as pa

from connector.mapping.model import ContactRolesSource, Criterion, Mapping, WalletSource
from connector.overrides import ZONE, column_of
from connector.tables import Frame, rounded

SHARE_OF_WALLET = "share_of_wallet"
"""The focus that comes from the wallet and is no criterion of the fit."""


@dataclass(frozen=True, slots=True)
class Focus:
    """Something that a campaign can work on.

    Attributes:
        id: an attractiveness criterion's id, or ``share_of_wallet``.
        label: what people call it.
        criterion: whose weight and changeability count.
        identifies: accounts whose score is unknown are members too, marked *identify*: nobody knows yet who decides
            there, and finding out is the work.
    """

    id: str
    label: str
    criterion: Criterion
    identifies: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """One line of the ranking. Money is in whole cents a year; firm and provisional are told apart.

    Attributes:
        focus: what the campaign would work on.
        firm: members that are firm on potential, *identify* members apart.
        provisional: the other ones with a known score.
        identify: members whose score is unknown.
        money_firm: change potential of the firm members.
        money_provisional: change potential of the provisional ones.
        unknown: accounts high on potential whose score is unknown, *identify* members among them; they add no money.
        without_headroom: members whose white space is unknown; they add no money either.
    """

    focus: Focus
    firm: int
    provisional: int
    identify: int
    money_firm: int
    money_provisional: int
    unknown: int
    without_headroom: int

    @property
    def members(self) -> int:
        """All members that the campaign would start with."""
        return self.firm + self.provisional + self.identify

    @property
    def money(self) -> int:
        """Change potential of all members, in cents."""
        return self.money_firm + self.money_provisional


def foci(mapping: Mapping) -> tuple[Focus, ...]:
    """What a campaign can work on: every attractiveness criterion, and the wallet if a potential criterion reads it."""
    language = mapping.language
    found = [
        Focus(one.id, one.label.in_(language), one, identifies=_reads(one, ContactRolesSource))
        for one in mapping.of("attractiveness")
    ]
    wallet = next((one for one in mapping.of("potential") if _reads(one, WalletSource)), None)
    if wallet is not None and mapping.wallet is not None:
        label = {"en": "Share of wallet", "de": "Lieferanteil"}[language]
        found.insert(0, Focus(SHARE_OF_WALLET, label, wallet, identifies=False))
    return tuple(found)


def propose(frame: Frame, mapping: Mapping) -> tuple[Proposal, ...]:
    """Rank what a campaign could work on: largest change potential first, then most members, then by the mapping.

    Args:
        frame: one row per account, from `segment` on.
        mapping: criteria, targets, wallet.
    """
    candidates = foci(mapping)
    if not candidates:
        return ()
    worth = _worth_the_work(frame)
    figures = [figure for focus in candidates for figure in _figures(focus, mapping)]
    (row,) = worth.select(*figures).collect().to_arrow().to_pylist()
    proposals = [
        Proposal(focus, **{name: int(row[f"{focus.id}:{name}"] or 0) for name in _counted(focus, mapping)})
        for focus in candidates
    ]
    return tuple(sorted(proposals, key=lambda one: (-one.money, -one.members)))


def members(frame: Frame, mapping: Mapping, focus: str) -> pa.Table:
    """The accounts that a campaign on `focus` starts with.

    Args:
        frame: one row per account, from `segment` on.
        mapping: criteria, targets, wallet.
        focus: id of a focus.

    Returns:
        id, name, owner, segment, score (null where unknown), headroom, contribution (cents), own (cents), firm and
        identify (boolean), the most promising first: firm on potential, then largest contribution, then largest
        own revenue; *identify* members last.

    Raises:
        KeyError: the mapping has no such focus.
    """
    chosen = next((one for one in foci(mapping) if one.id == focus), None)
    if chosen is None:
        raise KeyError(focus)
    parts = _parts(chosen, mapping)
    table = _worth_the_work(frame).with_columns(
        score=parts.score,
        contribution=parts.contribution,
        firm=nw.col("firm:potential"),
        identify=parts.identify,
        member_of=parts.burdened | parts.identify,
        known_own=nw.col("own").fill_null(0),
    )
    table = table.filter(nw.col("member_of")).sort(
        "identify",
        "firm",
        "contribution",
        "known_own",
        "id",
        descending=[False, True, True, True, False],
    )
    columns = (
        "id",
        "name",
        "owner",
        "segment",
        "score",
        "headroom",
        "contribution",
        "own",
        "firm",
        "identify",
    )
    chosen_ones: pa.Table = table.select(*columns).collect().to_arrow()
    return chosen_ones


@dataclass(frozen=True, slots=True)
class _Parts:
    """Expressions on accounts worth the work.

    Attributes:
        score: points, or percent for the wallet; null if unknown.
        burdened: known and below what is to be reached.
        identify: unknown, and finding out is the work.
        contribution: cents that this account adds to the change potential; 0 if not burdened.
    """

    score: nw.Expr
    burdened: nw.Expr
    identify: nw.Expr
    contribution: nw.Expr


def _parts(focus: Focus, mapping: Mapping) -> _Parts:
    criterion = focus.criterion
    if focus.id == SHARE_OF_WALLET and mapping.wallet is not None:
        goal = mapping.wallet.achievable_share
        value, score = nw.col("share"), rounded(nw.col("share") * 100.0)
    else:
        goal = criterion.target
        value = nw.when(nw.col(f"known:{criterion.id}")).then(
            nw.col(f"score:{criterion.id}").cast(nw.Float64)
        )
        score = value
    burdened = (value < goal).fill_null(False)
    weights = sum(one.weight for one in mapping.of(criterion.dimension))
    part = criterion.changeability * criterion.weight / weights if weights else 0.0
    headroom = nw.col("headroom").cast(nw.Float64).fill_null(0.0)
    money = rounded(headroom * part * ((goal - value) / goal))
    return _Parts(
        score=score,
        burdened=burdened,
        identify=value.is_null() if focus.identifies else nw.lit(False),
        contribution=nw.when(burdened).then(money).otherwise(nw.lit(0.0)).cast(nw.Int64),
    )


def _figures(focus: Focus, mapping: Mapping) -> list[nw.Expr]:
    return [figure.sum().alias(f"{focus.id}:{name}") for name, figure in _counted(focus, mapping).items()]


def _counted(focus: Focus, mapping: Mapping) -> dict[str, nw.Expr]:
    """What is summed up over the accounts worth the work, by the proposal's attributes."""
    parts = _parts(focus, mapping)
    firm = nw.col("firm:potential")
    nothing = nw.lit(0, dtype=nw.Int64)
    return {
        "firm": (parts.burdened & firm).cast(nw.Int64),
        "provisional": (parts.burdened & ~firm).cast(nw.Int64),
        "identify": (parts.identify & nw.col("member")).cast(nw.Int64),
        "money_firm": nw.when(firm).then(parts.contribution).otherwise(nothing),
        "money_provisional": nw.when(~firm).then(parts.contribution).otherwise(nothing),
        "unknown": parts.score.is_null().cast(nw.Int64),
        "without_headroom": ((parts.burdened | parts.identify) & nw.col("headroom").is_null()).cast(nw.Int64),
    }


def _worth_the_work(frame: Frame) -> Frame:
    """Rated accounts that are high on potential: those to develop, and key accounts that could be poached.

    Where a person has set the zone, a person has decided what to do as well.
    """
    frame = frame.filter(nw.col("member"), nw.col("segment").is_in(["develop", "protect"]))
    by_hand = column_of(ZONE)
    return frame.filter(nw.col(by_hand).is_null()) if by_hand in frame.collect_schema().names() else frame


def _reads(criterion: Criterion, kind: type[ContactRolesSource | WalletSource]) -> bool:
    return any(isinstance(rung.source, kind) for rung in criterion.rungs)
