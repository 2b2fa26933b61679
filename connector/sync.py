"""The straight line: pull, map, score, segment, campaign, word, diff, write, record. Only this file knows the order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

import narwhals as nw
import polars as pl
import pyarrow as pa

from connector import brakes
from connector.config import SyncLimits
from connector.crm import Crm, CrmField, Estimate, Object, Usage
from connector.errors import BrakeError, ConfigError, ConnectorError, ExitCode, MappingError, StageError
from connector.fiscal import Quarter
from connector.mapping.model import Dimension
from connector.mapping.model import Mapping as MappingFile
from connector.overrides import Ignored, read_file
from connector.quality import Quality
from connector.reference import References
from connector.stages.campaign import campaign
from connector.stages.diff import changes, diff
from connector.stages.map import map_accounts
from connector.stages.pull import Read, pull
from connector.stages.record import record, remember
from connector.stages.score import score
from connector.stages.segment import segment, thresholds
from connector.stages.word import word
from connector.stages.write import Written, write
from connector.store import Run, RunJournal, Status, Store
from connector.tables import Frame, on_disk

P = ParamSpec("P")
T = TypeVar("T")


class Progress(Protocol):
    """Shown to whoever waits."""

    def stage(self, name: str) -> None:
        """A stage begins."""
        ...

    def advance(self, done: int, total: int) -> None:
        """So much of the stage is done."""
        ...


class Silent:
    """Progress that nobody watches."""

    def stage(self, name: str) -> None:
        """A stage begins."""

    def advance(self, done: int, total: int) -> None:
        """So much of the stage is done."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a sync would do.

    Attributes:
        connection: of which connection.
        as_of: the day that is rated.
        mapping: by which mapping.
        accounts: every account that was read, after `diff`; columns as in `connector.tables`.
        rows: records read, by object.
        absent: objects that the CRM does not have, with what it says.
        quality: what was missing or odd in the data.
        ignored: a person's decisions that have no effect.
        first_run: no earlier run has stored zones.
        thresholds: from which score on a dimension counts as high.
        references: values taken over the whole portfolio, those computed now among them.
        first_seen: since when undated ratings have their value, for the next run.
        fields: the account's fields as the connected user sees them.
        merged: merged accounts: loser's id -> survivor's id.
        unsettled: accounts of an interrupted last run of which nobody knows whether the CRM took their change;
            they are compared afresh.
        estimate: API calls of reading this much and writing these changes.
        usage: API calls of this session, and the quota.
    """

    connection: str
    as_of: date
    mapping: MappingFile
    accounts: pl.DataFrame
    rows: Mapping[Object, int]
    absent: Mapping[Object, str]
    quality: tuple[Quality, ...]
    ignored: tuple[Ignored, ...]
    first_run: bool
    thresholds: Mapping[Dimension, float]
    references: References
    first_seen: pa.Table | None
    fields: Mapping[str, CrmField]
    merged: Mapping[str, str]
    unsettled: int
    estimate: Estimate
    usage: Usage

    @property
    def changes(self) -> dict[str, int]:
        """Accounts to write, by kind of change."""
        kinds = self.accounts.get_column("change").drop_nulls().value_counts()
        return dict(sorted(kinds.iter_rows()))

    @property
    def to_write(self) -> int:
        """Accounts to write."""
        return sum(self.changes.values())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sync did.

    Attributes:
        preview: what it set out to do.
        run: as it stands in the history.
        written: what became of the changes.
        snapshot: Parquet file of the accounts, ``written:<key>`` as the CRM stores it.
        refusals: results that are not ``written``, see `connector.crm.RESULT_SCHEMA`.
    """

    preview: Preview
    run: Run
    written: Written
    snapshot: Path
    refusals: pa.Table

    @property
    def exit_code(self) -> ExitCode:
        """All well, or partial."""
        return ExitCode.OK if self.written.complete else ExitCode.PARTIAL


class StoppedError(ConnectorError):
    """A stop was asked for before anything was written."""

    exit_code = ExitCode.PARTIAL


@dataclass(slots=True)
class _Line:
    """Runs the stages in order and remembers where the run is; until it writes, it can be stopped anywhere."""

    progress: Progress
    stop: Callable[[], bool]
    stage: str = "pull"
    counts: dict[str, int] = field(default_factory=dict)

    def __call__(self, stage: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self._check(stage)
        self.stage = stage
        self.progress.stage(stage)
        return work(*args, **kwargs)

    def advance(self, done: int, total: int) -> None:
        """Pass progress on."""
        self._check(self.stage)
        self.progress.advance(done, total)

    def _check(self, stage: str) -> None:
        if stage not in ("write", "record") and self.stop():
            raise StoppedError("Stopped before anything was written, as asked.")


def preview(
    crm: Crm,
    store: Store,
    mapping: MappingFile,
    as_of: date,
    *,
    refresh: bool = False,
    provisioned: bool = False,
    progress: Progress | None = None,
) -> Preview:
    """Compute what a sync would do; nothing is written to the CRM, and the store keeps nothing.

    Args:
        crm: where the accounts are.
        store: what earlier runs have left.
        mapping: how accounts are rated.
        as_of: the day to rate, in the business time zone.
        refresh: count every difference, however small.
        provisioned: demand that our fields exist; otherwise those that are still to be created count as empty.
        progress: told of every stage.

    Raises:
        ConnectorError: what keeps a sync from running.
    """
    with surveyed(
        crm, store, mapping, as_of, refresh=refresh, provisioned=provisioned, progress=progress
    ) as (found, _):
        return found


@contextmanager
def surveyed(
    crm: Crm,
    store: Store,
    mapping: MappingFile,
    as_of: date,
    *,
    refresh: bool = False,
    provisioned: bool = False,
    progress: Progress | None = None,
) -> Iterator[tuple[Preview, Read]]:
    """Like `preview`, together with the records that were read: they go when the block ends."""
    folder = store.scratch()
    try:
        line = _Line(progress or Silent(), lambda: False)
        yield _computed(line, crm, store, mapping, as_of, folder, refresh=refresh, provisioned=provisioned)
    finally:
        store.discard(folder)


def sync(  # noqa: PLR0913 - the settings of one run, by keyword
    crm: Crm,
    store: Store,
    mapping: MappingFile,
    as_of: date,
    limits: SyncLimits,
    *,
    refresh: bool = False,
    accept_movement: bool = False,
    night: date | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Rate every account and write what differs.

    Args:
        crm: where the accounts are.
        store: what earlier runs have left; takes what this one leaves.
        mapping: how accounts are rated.
        as_of: the day to rate, in the business time zone.
        limits: brakes.
        refresh: write every difference, however small.
        accept_movement: the brakes were looked at and may be passed this once.
        night: the local date for which the scheduler runs it.
        progress: told of every stage.
        stop: asked before each batch; the batch in hand is finished and recorded.

    Raises:
        SyncLockedError: another sync of this connection is under way.
        NightTakenError: the scheduler has had its run for `night`.
        BrakeError: the run would do more than allowed; nothing was written.
        StoppedError: a stop was asked for before the first batch; nothing was written.
        MappingError, ConfigError: the mapping does not fit; nothing was written.
        StageError: anything else that ended the run, with what had been written by then.
    """
    with store.lock() as still_held:
        run = store.runs.begin(as_of, fingerprint(mapping), night=night)
        line = _Line(progress or Silent(), stop)
        with _closed_on_failure(line, crm, store, run) as folder:
            line("settle", crm.settle, store.jobs)
            plan, _ = _computed(line, crm, store, mapping, as_of, folder, refresh=refresh, provisioned=True)
            plan = replace(plan, unsettled=store.unsettled(run.id))
            line.counts.update(_counts(plan))
            if not accept_movement:
                _brake(plan, store, limits)
            known = (plan.accounts, plan.references, plan.first_seen, plan.quality, plan.ignored)
            line("remember", remember, store.memory, run.id, *known)
            store.runs.passed(run.id)
            store.campaigns.follow(plan.merged)
            outgoing = _outgoing(plan, folder / "changes.parquet")
            types = {name: known.type for name, known in plan.fields.items()}
            journal = _Guarded(store.journal.of(run.id), still_held)
            written = line(
                "write", write, crm, outgoing, types, journal, store.jobs, stop=stop, advance=line.advance
            )
            snapshot = line("record", record, store.memory, run.id, mapping, written.unwritten)
            run = _close(line, crm, store, run, plan, written)
    return Outcome(plan, run, written, snapshot, store.journal.refusals(run.id))


def fingerprint(mapping: MappingFile) -> str:
    """Changes when the mapping does."""
    return sha256(mapping.model_dump_json(by_alias=True, exclude_defaults=True).encode()).hexdigest()


def _computed(
    line: _Line,
    crm: Crm,
    store: Store,
    mapping: MappingFile,
    as_of: date,
    folder: Path,
    *,
    refresh: bool,
    provisioned: bool,
) -> tuple[Preview, Read]:
    """The line from `pull` to `diff`; what was read lies in `folder`."""
    by_hand = read_file(mapping)
    history = store.memory.history(as_of)
    quarter = str(Quarter.of(as_of, mapping.campaigns.fiscal_year_start))
    references = store.memory.references(quarter, refresh=mapping.reference.refresh == "every_run")
    read = line("pull", pull, crm, mapping, folder / "pull", provisioned=provisioned, advance=line.advance)
    membership = store.campaigns.membership(as_of, read.merged)
    mapped = line(
        "map",
        map_accounts,
        read.sources,
        mapping,
        as_of,
        read.currencies,
        history,
        references,
        by_hand,
        read.merged,
    )
    scored = line("score", score, mapped.accounts, mapping, references)
    zoned = line("segment", segment, scored, mapping, as_of, history, references)
    tagged = line("campaign", campaign, zoned, membership)
    worded = line("word", word, tagged, mapping)
    diffed = line("diff", _diffed, worded, mapping, folder / "accounts.arrow", refresh=refresh)
    usage = crm.usage()
    to_write = int(diffed.get_column("change").is_not_null().sum())
    found = Preview(
        connection=store.connection,
        as_of=as_of,
        mapping=mapping,
        accounts=diffed,
        rows=read.rows,
        absent=read.absent,
        quality=mapped.quality,
        ignored=mapped.ignored,
        first_run=history.first_run,
        thresholds=thresholds(nw.from_native(diffed.lazy()), mapping, references),
        references=references,
        first_seen=mapped.first_seen,
        fields=read.fields,
        merged=read.merged,
        unsettled=store.unsettled(),
        estimate=_estimate(crm, read.rows, to_write, usage),
        usage=usage,
    )
    return found, read


def _diffed(worded: Frame, mapping: MappingFile, file: Path, *, refresh: bool) -> pl.DataFrame:
    """Compute all that is lazy so far: one row per account, in the order of ids. What `word` proposed is not kept."""
    frame = diff(worded, mapping, refresh)
    return on_disk(frame.drop([f"out:{key}" for key in mapping.write.targets]), file)


def _estimate(crm: Crm, rows: Mapping[Object, int], to_write: int, usage: Usage) -> Estimate:
    """What a sync takes: the calls that this session has made to read as much, and those that writing adds."""
    whole, reading = crm.estimate(rows, to_write), crm.estimate(rows, 0)
    return Estimate(sum(usage.calls.values()) + whole.calls - reading.calls, whole.minimum)


def _brake(plan: Preview, store: Store, limits: SyncLimits) -> None:
    last = store.runs.last_completed()
    brakes.check_shrink(
        {str(name): count for name, count in plan.rows.items()}, last.counts if last else {}, limits
    )
    found = brakes.movement(plan.accounts, list(plan.mapping.write.targets))
    brakes.check_movement(found, limits, first_run=plan.first_run)


def _counts(plan: Preview) -> dict[str, int]:
    read = {str(name): count for name, count in plan.rows.items()}
    portfolio = int(plan.accounts.get_column("member").sum())
    return {**read, "portfolio": portfolio, **plan.changes, "to_write": plan.to_write}


def _outgoing(plan: Preview, file: Path) -> Path:
    """The changes on disk, in the order of ids."""
    table: pl.DataFrame = changes(nw.from_native(plan.accounts.lazy()), plan.mapping).collect().to_native()
    table.write_parquet(file)
    return file


@contextmanager
def _closed_on_failure(line: _Line, crm: Crm, store: Store, run: Run) -> Iterator[Path]:
    """A folder for the run's own use; whatever ends the run early is recorded."""
    folder: Path | None = None
    try:
        folder = store.scratch()
        yield folder
    except (
        BrakeError,
        MappingError,
        ConfigError,
        StoppedError,
    ) as error:  # all of them before the first write
        _fail(line, crm, store, run, error)
        raise
    except Exception as error:
        written = _fail(line, crm, store, run, error)
        told = _told(line.stage, run, error, written)
        raise StageError(told, stage=line.stage, run_id=run.id, written=written or 0) from error
    except BaseException as error:  # Ctrl-C in the middle of a batch
        _fail(line, crm, store, run, error)
        raise
    finally:
        if folder is not None:
            store.discard(folder)


def _fail(line: _Line, crm: Crm, store: Store, run: Run, error: BaseException) -> int | None:
    """Close a run that an error has ended; returns how many changes had reached the CRM, None if nobody knows."""
    asked = isinstance(error, StoppedError) or not isinstance(error, Exception)
    status = Status.STOPPED if asked else Status.FAILED
    text = f"{line.stage}: {str(error) or type(error).__name__}"
    try:
        journal = store.journal.of(run.id)
        journal.abandon()
        written = journal.written()
        counts = {**line.counts, "written": written} if line.stage in ("write", "record") else line.counts
        store.runs.end(run.id, status, counts=counts, calls=crm.usage().calls, error=text)
    except Exception:  # noqa: BLE001 - the store may be what failed; the next run finds this one interrupted
        return None
    return written


def _told(stage: str, run: Run, error: Exception, written: int | None) -> str:
    cause = str(error) if isinstance(error, ConnectorError) else f"{type(error).__name__}: {error}"
    done = (
        f"{written:,} changes had reached the CRM by then" if written else "Nothing had been written by then"
    )
    if written is None:
        done = "How much had been written by then is in the journal, which cannot be reached now"
    return f"Run {run.id} stopped at {stage}: {cause}\n{done}; the next sync does what is missing."


def _close(line: _Line, crm: Crm, store: Store, run: Run, plan: Preview, written: Written) -> Run:
    status = Status.DONE if written.complete else Status.STOPPED if written.unsent else Status.PARTIAL
    results = {name: getattr(written, name) for name in ("written", "rejected", "deferred", "unsent")}
    return store.runs.end(
        run.id,
        status,
        counts={**line.counts, **results},
        calls=crm.usage().calls,
        minimum=plan.estimate.minimum,
    )


class _Guarded:
    """A journal that takes no batch once the lock is lost."""

    def __init__(self, journal: RunJournal, still_held: Callable[[], None]) -> None:
        self._journal = journal
        self._still_held = still_held
        self.settle = journal.settle

    def intend(self, batch: pa.RecordBatch) -> int:
        """Keep a batch, if the lock still stands."""
        self._still_held()
        return self._journal.intend(batch)
