"""What people have set by hand: which decisions hold, which end soon, and which have no effect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import polars as pl

from connector.mapping.model import Mapping
from connector.overrides import FACTS, ZONE, Ignored, column_of
from connector.reports.words import words
from connector.windows import EPOCH, days

SOON = 14
"""Days before its end in which a decision is listed."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision that holds.

    Attributes:
        account: id.
        name: of the account.
        what: ``segment``, or a criterion's id.
        value: id of a zone, or a score.
        computed: zone that the data give; of a criterion the zone, too. None outside the rating.
        owner: who decided; None if nobody said.
        reason: why; None if nobody said.
        until: last day on which it holds.
        origin: ``crm`` or ``file``.
        subject: what people call `what`.
        shown: what people call `value`.
    """

    account: str
    name: str | None
    what: str
    value: str | int
    computed: str | None
    owner: str | None
    reason: str | None
    until: date
    origin: str
    subject: str
    shown: str


@dataclass(frozen=True, slots=True)
class ByHand:
    """All decisions of a portfolio on one day.

    Attributes:
        decisions: those that hold, the first to end first.
        ending: those of them that end within 14 days.
        ended: those that have ended and still stand in their place.
        ignored: those that have no effect, with the cause.
    """

    decisions: list[Decision]
    ending: list[Decision]
    ended: list[Ignored]
    ignored: list[Ignored]

    @property
    def accounts(self) -> int:
        """Accounts whose zone is set by hand."""
        return sum(one.what == ZONE for one in self.decisions)

    def as_json(self) -> dict[str, list[dict[str, Any]]]:
        """Ready for JSON."""
        return {
            "decisions": [asdict(one) for one in self.decisions],
            "ending": [asdict(one) for one in self.ending],
            "ended": [one.as_json() for one in self.ended],
            "ignored": [one.as_json() for one in self.ignored],
        }


def by_hand(
    accounts: pl.DataFrame,
    mapping: Mapping,
    as_of: date,
    labels: Map[str, str],
    ignored: Sequence[Ignored] = (),
) -> ByHand:
    """Collect what holds, and what does not.

    Args:
        accounts: after `diff`; see `connector.tables` for the columns.
        mapping: criteria.
        as_of: the day that was rated.
        labels: segment -> what people call it.
        ignored: decisions without effect, as the run found them.
    """
    found = [
        decision
        for subject in (ZONE, *(criterion.id for criterion in mapping.criteria))
        if column_of(subject) in accounts.columns
        for decision in _about(accounts, subject, mapping, labels)
    ]
    found.sort(key=lambda one: (one.until, one.name or "", one.account, one.what))
    return ByHand(
        decisions=found,
        ending=[one for one in found if days(one.until) - days(as_of) <= SOON],
        ended=[one for one in ignored if one.ended],
        ignored=[one for one in ignored if not one.ended],
    )


def decisions_on(row: Map[str, Any], mapping: Mapping, labels: Map[str, str]) -> list[Decision]:
    """What is set by hand on one account, the zone first."""
    subjects = (ZONE, *(criterion.id for criterion in mapping.criteria))
    return [
        _decision(row, subject, mapping, labels)
        for subject in subjects
        if row.get(column_of(subject)) is not None
    ]


def _about(
    accounts: pl.DataFrame, subject: str, mapping: Mapping, labels: Map[str, str]
) -> Iterable[Decision]:
    columns = ["id", "name", "zone", *(column_of(subject, fact) for fact in FACTS)]
    rows = accounts.filter(pl.col(column_of(subject)).is_not_null()).select(columns)
    return [_decision(row, subject, mapping, labels) for row in rows.iter_rows(named=True)]


def _decision(row: Map[str, Any], subject: str, mapping: Mapping, labels: Map[str, str]) -> Decision:
    value, owner, reason, until, origin = (row[column_of(subject, fact)] for fact in FACTS)
    is_zone = subject == ZONE
    return Decision(
        account=row["id"],
        name=row["name"],
        what=subject,
        value=value,
        computed=row["zone"],
        owner=owner,
        reason=reason,
        until=date.fromordinal(EPOCH.toordinal() + int(until)),
        origin=origin,
        subject=words(mapping.language).head("zone")
        if is_zone
        else mapping.criterion(subject).label.in_(mapping.language),
        shown=labels.get(value, value) if is_zone else f"{value}",
    )
