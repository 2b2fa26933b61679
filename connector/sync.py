"""The straight line: pull, map, score, segment, campaign, word, diff, write, record. Only this file knows the order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import narwhals as nw
import polars as pl

from connector import brakes
from connector.closing import Guarded, closed, closed_on_failure
from connector.config import SyncLimits
from connector.crm import ID, Crm, CrmReader, Estimate, Object, Usage
from connector.fiscal import Quarter
from connector.mapping.model import Mapping as MappingFile
from connector.mergers import followed, references_followed, settled
from connector.mirror import Mirror
from connector.outcome import Outcome, Preview
from connector.overrides import read_file
from connector.progress import Line, Progress, Silent, StoppedError
from connector.reference import References
from connector.stages.campaign import campaign
from connector.stages.diff import changes, diff
from connector.stages.map import Mapped, map_accounts
from connector.stages.pull import Read, pull
from connector.stages.record import record, remember
from connector.stages.score import score
from connector.stages.segment import segment, thresholds
from connector.stages.word import word
from connector.stages.write import write
from connector.store import Store
from connector.tables import Frame, History, on_disk

__all__ = [
    "Outcome",
    "Preview",
    "Silent",
    "StoppedError",
    "fingerprint",
    "measured",
    "preview",
    "surveyed",
    "sync",
]


@dataclass(frozen=True, slots=True)
class _Task:
    """What to rate, and by what."""

    crm: CrmReader
    store: Store
    mapping: MappingFile
    as_of: date
    mirror: Mirror
    refresh: bool
    provisioned: bool


def preview(
    crm: CrmReader,
    store: Store,
    mapping: MappingFile,
    as_of: date,
    *,
    refresh: bool = False,
    provisioned: bool = False,
    mirror: Mirror | None = None,
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
        mirror: what earlier runs have read; without one everything is read.
        progress: told of every stage.

    Raises:
        ConnectorError: what keeps a sync from running.
    """
    with surveyed(
        crm,
        store,
        mapping,
        as_of,
        refresh=refresh,
        provisioned=provisioned,
        mirror=mirror,
        progress=progress,
    ) as (found, _):
        return found


@contextmanager
def surveyed(
    crm: CrmReader,
    store: Store,
    mapping: MappingFile,
    as_of: date,
    *,
    refresh: bool = False,
    provisioned: bool = False,
    mirror: Mirror | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[Preview, Read]]:
    """Like `preview`, together with the records that were read: they go when the block ends."""
    folder = store.scratch()
    try:
        line = Line(progress or Silent(), lambda: False)
        yield _computed(
            line, _Task(crm, store, mapping, as_of, mirror or Mirror(None), refresh, provisioned), folder
        )
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
    mirror: Mirror | None = None,
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
        mirror: what earlier runs have read; without one everything is read.
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
        line = Line(progress or Silent(), stop)
        task = _Task(crm, store, mapping, as_of, mirror or Mirror(None), refresh, provisioned=True)
        with closed_on_failure(line, crm, store, run) as folder:
            line("settle", crm.settle, store.jobs)
            plan, _ = _computed(line, task, folder)
            plan = replace(plan, unsettled=store.unsettled(run.id))
            line.counts.update(plan.counts)
            if not accept_movement:
                check_brakes(plan, store, limits)
            known = (plan.accounts, plan.references, plan.first_seen, plan.quality, plan.ignored)
            line("remember", remember, store.memory, run.id, *known)
            store.runs.passed(run.id)
            store.versions.note(run.fingerprint, as_json(mapping))
            store.campaigns.follow(plan.merged)
            store.mergers.keep(plan.merged)
            outgoing = _outgoing(plan, folder / "changes.parquet")
            types = {name: known.type for name, known in plan.fields.items()}
            journal = Guarded(store.journal.of(run.id), still_held)
            written = line(
                "write", write, crm, outgoing, types, journal, store.jobs, stop=stop, advance=line.advance
            )
            snapshot = line("record", record, store.memory, run.id, mapping, written.unwritten)
            run = closed(line, crm, store, run, plan, written)
    return Outcome(plan, run, written, snapshot, store.journal.refusals(run.id))


def fingerprint(mapping: MappingFile) -> str:
    """Changes when the mapping does."""
    return sha256(as_json(mapping).encode()).hexdigest()


def as_json(mapping: MappingFile) -> str:
    """What a mapping says, defaults left out."""
    return mapping.model_dump_json(by_alias=True, exclude_defaults=True)


@contextmanager
def measured(
    crm: CrmReader,
    store: Store,
    mapping: MappingFile,
    as_of: date,
    *,
    mirror: Mirror | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[Mapped, References]]:
    """The line up to `map`: what was measured, and the reference values. Frames can be read until the block ends."""
    folder = store.scratch()
    try:
        line = Line(progress or Silent(), lambda: False)
        task = _Task(crm, store, mapping, as_of, mirror or Mirror(None), refresh=False, provisioned=False)
        _, mapped, _, references = _measured(line, task, folder)
        yield mapped, references
    finally:
        store.discard(folder)


def _measured(line: Line, task: _Task, folder: Path) -> tuple[Read, Mapped, History, References]:
    """`pull` and `map`; what was read lies in `folder`."""
    crm, store, mapping, as_of = task.crm, task.store, task.mapping, task.as_of
    by_hand = read_file(mapping)
    quarter = str(Quarter.of(as_of, mapping.campaigns.fiscal_year_start))
    read = line(
        "pull",
        pull,
        crm,
        mapping,
        folder / "pull",
        task.mirror,
        provisioned=task.provisioned,
        advance=line.advance,
    )
    read = _with_earlier_mergers(read, store)
    history = followed(store.memory.history(as_of), read.merged)
    kept = store.memory.references(quarter, refresh=mapping.reference.refresh == "every_run")
    references = references_followed(kept, read.merged)
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
        merged=read.merged,
        csv=read.files,
    )
    return read, mapped, history, references


def _computed(line: Line, task: _Task, folder: Path) -> tuple[Preview, Read]:
    """The line from `pull` to `diff`; what was read lies in `folder`."""
    crm, store, mapping, as_of = task.crm, task.store, task.mapping, task.as_of
    read, mapped, history, references = _measured(line, task, folder)
    mapped, first_run = replace(mapped, wallets=None), history.first_run  # they hold every column of `map`
    membership = store.campaigns.membership(as_of, read.merged)
    scored = line("score", score, mapped.accounts, mapping, references)
    zoned = line("segment", segment, scored, mapping, as_of, history, references)
    del history  # a million zones, which are columns now
    tagged = line("campaign", campaign, zoned, membership)
    worded = line("word", word, tagged, mapping)
    diffed = line("diff", _diffed, worded, mapping, folder / "accounts.arrow", refresh=task.refresh)
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
        first_run=first_run,
        thresholds=thresholds(nw.from_native(diffed.lazy()), mapping, references),
        references=references,
        first_seen=mapped.first_seen,
        fields=read.fields,
        merged=read.merged,
        unsettled=store.unsettled(),
        estimate=_estimate(crm, read.fetched, to_write, usage),
        usage=usage,
    )
    return found, read


def _with_earlier_mergers(read: Read, store: Store) -> Read:
    """What was read, with every merged account that this or an earlier run was told of and that is gone still."""
    merged = {**store.mergers.all(), **read.merged}
    if not merged:
        return read
    accounts = read.sources["accounts"].frame
    back = accounts.filter(nw.col(ID).is_in(list(merged))).select(ID).collect()
    return replace(read, merged=settled(merged, back[ID].to_list()))


def _estimate(crm: CrmReader, rows: Mapping[Object, int], to_write: int, usage: Usage) -> Estimate:
    """What a sync takes: the calls that this session has made to read as much, and those that writing adds."""
    whole, reading = crm.estimate(rows, to_write), crm.estimate(rows, 0)
    return Estimate(sum(usage.calls.values()) + whole.calls - reading.calls, whole.minimum)


def _diffed(worded: Frame, mapping: MappingFile, file: Path, *, refresh: bool) -> pl.DataFrame:
    """Compute all that is lazy so far: one row per account, in the order of ids. What `word` proposed is not kept."""
    frame = diff(worded, mapping, refresh)
    return on_disk(frame.drop([f"out:{key}" for key in mapping.write.targets]), file)


def check_brakes(plan: Preview, store: Store, limits: SyncLimits) -> None:
    """Whether a sync would go on with this.

    Raises:
        BrakeError: it would do more than allowed.
    """
    last, versions = store.runs.last_completed(), store.versions.all()
    rows = {str(name): count for name, count in plan.rows.items()}
    edited = brakes.edited(as_json(plan.mapping), versions[-1].content if versions else None)
    brakes.check_shrink(rows, last.counts if last else {}, limits, edited)
    found = brakes.movement(plan.accounts, list(plan.mapping.write.targets))
    brakes.check_movement(found, limits, first_run=plan.first_run)


def _outgoing(plan: Preview, file: Path) -> Path:
    """The changes on disk, in the order of ids."""
    table: pl.DataFrame = changes(nw.from_native(plan.accounts.lazy()), plan.mapping).collect().to_native()
    table.write_parquet(file)
    return file
