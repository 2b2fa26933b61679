"""Campaigns: one focus per quarter, its members frozen at the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
from sqlalchemy import Engine, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from connector.errors import ConfigError
from connector.mergers import survivor
from connector.store.database import packed, unpacked
from connector.store.schema import campaigns, members
from connector.tables import Membership


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign.

    Attributes:
        id: its number, unique over all connections.
        focus: a criterion's id or ``share_of_wallet``.
        quarter: such as ``2026Q4``.
        tag: what stands on its members' records while it is active.
        started: first day.
        ends: last day of the quarter, on which it is still active.
        closed: the day on which a person closed it, from which it is no longer active.
        members: number of accounts.
    """

    id: int
    focus: str
    quarter: str
    tag: str
    started: date
    ends: date
    closed: date | None
    members: int

    def active(self, as_of: date) -> bool:
        """Whether the tag is to stand on the records on this day."""
        return self.started <= as_of <= self.ends and (self.closed is None or as_of < self.closed)


class Campaigns:
    """The campaigns of one connection."""

    def __init__(self, engine: Engine, connection: str) -> None:
        self._engine = engine
        self._connection = connection

    def start(
        self, focus: str, quarter: str, tag: str, *, started: date, ends: date, at_start: pa.Table
    ) -> Campaign:
        """Start a campaign with its members.

        Args:
            focus: a criterion's id or ``share_of_wallet``.
            quarter: in which it runs.
            tag: see `Campaign`.
            started: first day.
            ends: last day of the quarter.
            at_start: the members with ``id`` and whatever was known of them; frozen.

        Raises:
            ConfigError: this quarter has a focus already, or nobody would be a member.
        """
        accounts = sorted(set(at_start.column("id").to_pylist()))
        if not accounts:
            raise ConfigError(f"No account is eligible for a campaign on {focus}: nothing was started.")
        values = {
            "connection": self._connection,
            "focus": focus,
            "quarter": quarter,
            "tag": tag,
            "started": started,
            "ends": ends,
            "at_start": packed(at_start),
        }
        try:
            with self._engine.begin() as connection:
                key = connection.execute(insert(campaigns).values(values)).inserted_primary_key
                assert key is not None
                rows = [
                    {"campaign": key[0], "account": one, "connection": self._connection} for one in accounts
                ]
                connection.execute(insert(members), rows)
        except IntegrityError as error:
            running = next((one for one in self.all() if one.quarter == quarter and one.closed is None), None)
            name = f" ({running.focus}, since {running.started})" if running else ""
            raise ConfigError(
                f"{quarter} has its focus already{name}: one focus a quarter. Close it first with "
                f"`kpm campaigns close`, or start this one for another quarter with --quarter.",
            ) from error
        return self.get(key[0])

    def get(self, campaign: int) -> Campaign:
        """The campaign with this number.

        Raises:
            KeyError: this connection has no such campaign.
        """
        found = next((one for one in self.all() if one.id == campaign), None)
        if found is None:
            raise KeyError(campaign)
        return found

    def all(self) -> list[Campaign]:
        """All campaigns, the latest first."""
        query = (
            select(campaigns, func.count(members.c.account).label("members"))
            .outerjoin(members, members.c.campaign == campaigns.c.id)
            .where(campaigns.c.connection == self._connection)
            .group_by(campaigns.c.id)
            .order_by(campaigns.c.id.desc())
        )
        with self._engine.connect() as connection:
            return [_campaign(row) for row in connection.execute(query)]

    def close(self, campaign: int, day: date) -> Campaign:
        """Close a campaign; its tag goes with the next sync. Closing twice keeps the first day.

        Raises:
            KeyError: this connection has no such campaign.
        """
        where = (
            campaigns.c.id == campaign,
            campaigns.c.connection == self._connection,
            campaigns.c.closed.is_(None),
        )
        with self._engine.begin() as connection:
            connection.execute(update(campaigns).where(*where).values(closed=day))
        return self.get(campaign)

    def at_start(self, campaign: int) -> pa.Table:
        """The members as they were chosen.

        Raises:
            KeyError: this connection has no such campaign.
        """
        query = select(campaigns.c.at_start).where(
            campaigns.c.id == campaign, campaigns.c.connection == self._connection
        )
        with self._engine.connect() as connection:
            blob = connection.scalar(query)
        if blob is None:
            raise KeyError(campaign)
        return unpacked(blob)

    def membership(self, as_of: date, merged: Mapping[str, str] | None = None) -> Membership:
        """Active tags by account on this day; a merged member's tag stands on the survivor."""
        tags = {one.id: one.tag for one in self.all() if one.active(as_of)}
        query = select(members.c.campaign, members.c.account).where(members.c.campaign.in_(tags))
        with self._engine.connect() as connection:
            rows = list(connection.execute(query))
        found = sorted({(survivor(row.account, merged or {}), tags[row.campaign]) for row in rows})
        return Membership(
            pa.table(
                {
                    "id": pa.array([account for account, _ in found], pa.string()),
                    "tag": pa.array([tag for _, tag in found], pa.string()),
                },
            ),
        )

    def follow(self, merged: Mapping[str, str]) -> None:
        """Hand the memberships of merged accounts to their survivors, for good."""
        if not merged:
            return
        query = select(members.c.campaign, members.c.account).where(members.c.connection == self._connection)
        with self._engine.begin() as connection:
            for row in [row for row in connection.execute(query) if row.account in merged]:
                place = (members.c.campaign == row.campaign, members.c.account == row.account)
                target = survivor(row.account, merged)
                known = select(members.c.account).where(place[0], members.c.account == target)
                if connection.execute(known).first() is None:
                    connection.execute(update(members).where(*place).values(account=target))
                else:
                    connection.execute(delete(members).where(*place))


def _campaign(row: Row[Any]) -> Campaign:
    return Campaign(row.id, row.focus, row.quarter, row.tag, row.started, row.ends, row.closed, row.members)
