"""The tables of the store. Every one is keyed by connection."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

VERSION = 2
"""Of these tables; a store of an earlier version is brought up to date, one of a later version is refused."""

STEPS: Mapping[int, tuple[str, ...]] = {2: ()}
"""Statements that lead from the version before to this one; new tables are created by themselves."""


class Moment(TypeDecorator[datetime]):
    """A point in time: aware in Python, UTC without a zone in the database, as SQLite has no zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ANN401, ARG002
        """From the database."""
        return None if value is None else value.replace(tzinfo=UTC)


metadata = MetaData()

about = Table("kpm_about", metadata, Column("version", Integer, nullable=False))

runs = Table(
    "kpm_runs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("connection", String(100), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("as_of", Date, nullable=False),
    Column("night", Date),  # local date that the scheduler ran it for; null for a person's run
    Column("status", String(20), nullable=False),
    Column("started", Moment, nullable=False),
    Column("ended", Moment),
    Column("fingerprint", String(64), nullable=False),
    Column("passed", Boolean, nullable=False, default=False),  # the brakes let it through: its zones count
    Column("counts", JSON, nullable=False, default=dict),
    Column("calls", JSON, nullable=False, default=dict),
    Column("minimum", Integer),
    Column("error", Text),
    UniqueConstraint("connection", "night", name="kpm_one_run_a_night"),
    Index("kpm_runs_by_day", "connection", "as_of"),
    sqlite_autoincrement=True,  # a number is never used twice, even if the last run is deleted
)

journal = Table(
    "kpm_journal",
    metadata,
    Column("run", ForeignKey("kpm_runs.id"), primary_key=True),
    Column("batch", Integer, primary_key=True),
    Column("connection", String(100), nullable=False),
    Column("state", String(10), nullable=False),  # intended | settled | unknown
    Column("accounts", Integer, nullable=False),
    Column("changes", LargeBinary, nullable=False),  # Arrow IPC: @id, F, send:F, was:F
    Column("results", LargeBinary),  # Arrow IPC: see connector.crm.RESULT_SCHEMA
    Column("intended", Moment, nullable=False),
    Column("settled", Moment),
)

jobs = Table(  # of the CRM's own, that go on whether or not their run lives
    "kpm_jobs",
    metadata,
    Column("connection", String(100), primary_key=True),
    Column("job", String(200), primary_key=True),
    Column("kind", String(50), nullable=False),
    Column("detail", Text, nullable=False),
    Column("opened", Moment, nullable=False),
)

mergers = Table(  # accounts that the CRM has merged; what is known of the loser belongs to the survivor
    "kpm_mergers",
    metadata,
    Column("connection", String(100), primary_key=True),
    Column("loser", String(100), primary_key=True),
    Column("survivor", String(100), nullable=False),
    Column("seen", Moment, nullable=False),
)

campaigns = Table(
    "kpm_campaigns",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("connection", String(100), nullable=False),
    Column("focus", String(100), nullable=False),
    Column("quarter", String(10), nullable=False),
    Column("tag", String(255), nullable=False),
    Column("started", Date, nullable=False),
    Column("ends", Date, nullable=False),
    Column("closed", Date),
    Column("at_start", LargeBinary, nullable=False),  # Arrow IPC: the members as they were chosen
    Index(
        "kpm_one_campaign_a_quarter",
        "connection",
        "quarter",
        unique=True,
        sqlite_where=text("closed IS NULL"),
        postgresql_where=text("closed IS NULL"),
    ),
    sqlite_autoincrement=True,
)

members = Table(
    "kpm_members",
    metadata,
    Column("campaign", ForeignKey("kpm_campaigns.id"), primary_key=True),
    Column("account", String(100), primary_key=True),
    Column("connection", String(100), nullable=False),
)

references = Table(
    "kpm_references",
    metadata,
    Column("connection", String(100), primary_key=True),
    Column("quarter", String(10), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),  # Arrow IPC
    Column("run", ForeignKey("kpm_runs.id"), nullable=False),
)

versions = Table(
    "kpm_versions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("connection", String(100), nullable=False, index=True),
    Column("fingerprint", String(64), nullable=False),
    Column("since", Moment, nullable=False),  # when the first run with it passed the brakes
    Column("who", String(300), nullable=False),
    Column("content", Text, nullable=False),  # the mapping as JSON, defaults left out
)

holders = Table(
    "kpm_holders",
    metadata,
    Column("connection", String(100), primary_key=True),
    Column("who", String(300), nullable=False),
    Column("since", Moment, nullable=False),
)
