"""What a command works with: the configuration, one connection, its mapping and its store."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import narwhals as nw
import polars as pl
import typer
from rich.markup import escape

from adapters import open_crm
from connector import config
from connector.cli.app import Options
from connector.cli.console import err, progress
from connector.errors import ConfigError, CrmAuthError, Problem, Severity
from connector.fiscal import Quarter
from connector.mapping import live, read
from connector.mapping.model import Dimension
from connector.mapping.model import Mapping as MappingFile
from connector.mirror import Mirror
from connector.reference import Reference
from connector.reports.matrix_chart import Thresholds
from connector.stages.segment import thresholds
from connector.store import Store, open_store
from connector.sync import Preview, fingerprint, preview
from connector.texts import segment_labels

if TYPE_CHECKING:
    from connector.crm import Crm

ConnectionName = Annotated[
    str | None,
    typer.Option(
        "--connection", "-c", metavar="NAME", help="Which connection; needed only if there are several."
    ),
]
AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        metavar="DATE",
        help="Rate as of this date; by default today in the business time zone.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All accounts at one date: as a sync left them, or as a preview computes them.

    Attributes:
        as_of: the date.
        run: number of that sync; None for a preview.
        accounts: every account that was read; see `connector.tables` for the columns.
        thresholds: the zones' borders.
        references: values taken over the whole portfolio, by key.
    """

    as_of: date
    run: int | None
    accounts: pl.DataFrame
    thresholds: Thresholds
    references: Mapping[str, Reference]

    @property
    def members(self) -> pl.DataFrame:
        """The accounts of the portfolio."""
        return self.accounts.filter(pl.col("member"))


@dataclass(frozen=True, slots=True)
class Workplace:
    """Everything about one connection.

    Attributes:
        settings: the whole configuration.
        name: the connection.
        mapping: its mapping, which has passed the first two passes.
        problems: warnings and notes of those passes.
        store: what earlier runs left.
    """

    settings: config.Config
    name: str
    mapping: MappingFile
    problems: list[Problem]
    store: Store

    @property
    def connection(self) -> config.Connection:
        """The connection's own settings."""
        return self.settings.connections[self.name]

    @property
    def labels(self) -> dict[str, str]:
        """Segment -> what people call it."""
        return {str(segment): label for segment, label in segment_labels(self.mapping).items()}

    def as_of(self, given: datetime | None) -> date:
        """The date given, else today in the business time zone."""
        return given.date() if given is not None else self.settings.schedule_of(self.name).today()

    def quarter(self, day: date) -> Quarter:
        """The fiscal quarter of a date."""
        return Quarter.of(day, self.mapping.campaigns.fiscal_year_start)

    def crm(self) -> AbstractContextManager[Crm]:
        """The CRM, as the nightly user."""
        return connected(self.settings, self.name)

    def demand_fit(self, crm: Crm, *, provisioned: bool) -> None:
        """Compare the mapping with the CRM; warnings go to stderr.

        Args:
            crm: the CRM.
            provisioned: our fields must exist already.

        Raises:
            MappingError: the mapping does not fit, with every problem.
        """
        show_problems(live.demand(self.mapping, crm, self.connection.mapping.name, provisioned=provisioned))

    @property
    def has_administrator(self) -> bool:
        """An administrator's credentials are given."""
        return config.admin_connection(self.settings, self.name) is not None

    @contextmanager
    def crm_as_administrator(self) -> Iterator[Crm]:
        """The CRM with the administrator's credentials, for provisioning alone."""
        admin = config.admin_connection(self.settings, self.name)
        if admin is None:
            raise CrmAuthError(
                "Creating fields needs an administrator's credentials, for this one call; they are not stored. Set "
                f"{config.admin_variables(self.settings, self.name)} in the environment; the nightly user's own will "
                "do in that place if it may create fields.",
                crm=self.connection.crm,
                operation="provision",
            )
        opened = open_crm(admin, time_zone=self.settings.schedule_of(self.name).time_zone)
        try:
            yield opened
        except CrmAuthError as error:
            raise CrmAuthError(
                f"With the administrator's credentials ({admin.variables}__...): {error}",
                crm=error.crm,
                operation=error.operation,
                status=error.status,
                code=error.code,
            ) from error
        finally:
            opened.close()

    def mirror(self, *, full: bool = False) -> Mirror:
        """The copy of what earlier runs have read.

        Args:
            full: read everything all the same.
        """
        limits = self.settings.limits_of(self.name)
        return Mirror(self.store.mirror, reconcile_days=limits.reconcile_days, full=full)

    def preview(self, as_of: date, *, refresh: bool = False, full: bool = False) -> Preview:
        """What a sync would do; nothing is written."""
        show_problems(self.problems)
        with self.crm() as crm, progress() as shown:
            self.demand_fit(crm, provisioned=False)
            mirror = self.mirror(full=full)
            return preview(
                crm, self.store, self.mapping, as_of, refresh=refresh, mirror=mirror, progress=shown
            )

    def at(self, given: datetime | None) -> Snapshot:
        """The accounts at a date: as the last sync left them if it fits, else as a preview computes them.

        The last sync fits if the mapping is still the same, and if no other date is asked for.
        """
        found = self._latest()
        wanted = None if given is None else given.date()
        if found is not None and self._is_current(found) and wanted in (None, found.as_of):
            return found
        computed = self.preview(self.as_of(given))
        return Snapshot(
            computed.as_of,
            None,
            computed.accounts,
            borders(computed.thresholds),
            computed.references.all(),
        )

    def snapshot(self) -> Snapshot:
        """The accounts as the last sync left them.

        Raises:
            ConfigError: there was no sync yet, or the mapping was edited since.
        """
        found = self._latest()
        if found is None:
            raise ConfigError(
                f"There was no sync of {self.name} yet. Run `kpm sync` first; `kpm plan` needs no sync."
            )
        if not self._is_current(found):
            raise ConfigError(
                f"{self.connection.mapping.name} was edited after the last sync, as of {found.as_of}. Run `kpm sync` "
                "first, or look at `kpm plan`.",
            )
        return found

    def _latest(self) -> Snapshot | None:
        found = self.store.memory.latest_snapshot()
        if found is None:
            return None
        number, file = found
        as_of = self.store.runs.get(number).as_of
        accounts = pl.read_parquet(file)
        references = self.store.memory.references(str(self.quarter(as_of)))
        return Snapshot(
            as_of,
            number,
            accounts,
            borders(thresholds(nw.from_native(accounts.lazy()), self.mapping, references)),
            references.all(),
        )

    def _is_current(self, found: Snapshot) -> bool:
        return found.run is not None and self.store.runs.get(found.run).fingerprint == fingerprint(
            self.mapping
        )


def borders(found: Mapping[Dimension, float]) -> Thresholds:
    """Thresholds as the reports take them."""
    return Thresholds(found["potential"], found["attractiveness"])


@contextmanager
def connected(settings: config.Config, name: str) -> Iterator[Crm]:
    """The CRM of a connection, as the nightly user."""
    opened = open_crm(
        settings.connections[name],
        time_zone=settings.schedule_of(name).time_zone,
        quota_share=settings.limits_of(name).max_quota_share,
    )
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def workplace(context: typer.Context, connection: str | None) -> Iterator[Workplace]:
    """Open what a command works with; warnings of the mapping go to stderr once."""
    options: Options = context.obj
    settings = config.load(options.config)
    name = config.chosen(settings, connection)
    own = settings.connections[name]
    mapping, problems = read(own.mapping, own.crm)
    with open_store(settings.store, name) as store:
        yield Workplace(settings, name, mapping, problems, store)


def show_problems(problems: list[Problem]) -> None:
    """Warnings and notes on stderr."""
    for problem in problems:
        if problem.severity is Severity.WARNING:
            err.print(f"[warning]warning[/] {escape(str(problem))}", soft_wrap=True)


def written(html: str, file: Path) -> Path:
    """Write a page where it was asked for.

    Raises:
        ConfigError: the file cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(html, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be written: {error.strerror}. Choose another file with --output."
        ) from error
    return file


def interactive() -> bool:
    """A person sits at the terminal and can answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()
