"""A local copy of what was read, so that the next read need ask for what changed alone.

It is a cache: deleting it changes nothing but time. Per connection and object it holds the rows as Parquet and a
small state file that says of which request they are, what they rest on and up to when they hold:

    mirror/about.json
    mirror/<object>/state.json
    mirror/<object>/<generation>/*.parquet

A new generation is complete on disk before the state names it, and the state file is replaced in one step. So
a process that is killed at any moment leaves either the old copy with its old watermark or the new one with its
new. A run works on links of its own, which stay when another process moves the mirror on.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from connector.conditions import all_hold, any_holds
from connector.crm import ACCOUNT, CrmReader, FieldType, Pulled, PullRequest
from connector.mergers import settled
from connector.tables import Source, filtered, opened

_log = logging.getLogger(__name__)

VERSION = 1
"""Of the files; those of another version are read anew."""
TOLERANCE = timedelta(hours=12)
"""A nightly run must not miss its day of reconciling by starting some seconds earlier than a week ago."""
FEW, SHARE = 20, 0.01
"""So many more records may be known than the CRM counts: indexes lag, and records go while they are read."""
LEFTOVER_SECONDS = 24 * 3600
ABOUT = "about.json"
_STATE = "state.json"
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, pa.ArrowException, pl.exceptions.PolarsError)


@dataclass(frozen=True, slots=True)
class State:
    """What a mirror of one object holds.

    Attributes:
        fingerprint: of the request and of what its rows rest on.
        generation: folder of the rows.
        request: what was asked for.
        until: the CRM's clock up to which they hold; None if the next read cannot start from them.
        completed: our clock when all of them were last read.
        schema: type of every column.
        rows: number of records.
        key: see `connector.crm.Pulled`.
        narrowed: likewise; rows that an incremental read brought may lie outside the request's conditions.
        merged: loser's id -> survivor's id, all that were ever told.
        moved: which mergers of accounts the rows' accounts have followed.
    """

    fingerprint: str
    generation: str
    request: Mapping[str, Any]
    until: datetime | None
    completed: datetime
    schema: Mapping[str, FieldType]
    rows: int
    key: str
    narrowed: bool
    merged: Mapping[str, str] = field(default_factory=dict)
    moved: str = ""


@dataclass(frozen=True, slots=True)
class Brought:
    """All records of an object.

    Attributes:
        source: the records inside the request's conditions, in files of the run's own.
        merged: loser's id -> survivor's id, all that are known.
        fetched: how many records the CRM was asked for: all, or those that had changed.
        since: up to when the mirror held, None if everything was read.
    """

    source: Source
    merged: Mapping[str, str]
    fetched: int
    since: datetime | None = None


class Mirror:
    """The mirror of one connection.

    Args:
        folder: where it lies; None keeps nothing, and reads everything.
        reconcile_days: after so many days everything is read again; 0 for always.
        full: read everything this once.
    """

    def __init__(self, folder: Path | None, *, reconcile_days: int = 7, full: bool = False) -> None:
        self._folder = folder
        self._age = timedelta(days=reconcile_days)
        self._full = full
        self._merged: Mapping[str, str] = {}  # of accounts, which are read first

    def read(self, crm: CrmReader, request: PullRequest, folder: Path) -> Brought:
        """Bring an object's records, from the CRM as far as they changed, else from the mirror.

        Args:
            crm: where from.
            request: what to read, without `since`.
            folder: for the run's own files; it exists and is empty.

        Raises:
            CrmError: as `connector.crm.Crm.pull` does.
        """
        place = None if self._folder is None else self._folder / request.object
        if place is None:
            pulled = crm.pull(request, folder)
            return self._noted(request, Brought(_inside(pulled, request), pulled.merged, pulled.rows))
        if not crm.incremental(request):
            pulled = replace(crm.pull(request, folder), until=None)
            return self._noted(request, self._complete(request, pulled, place, "", {}))
        mark = _fingerprint(request, crm.basis(request))
        held = None if self._full else self._held(place, mark, folder)
        if held is None:
            known = _mergers(place)  # the CRM forgets them after some time
            return self._noted(
                request, self._complete(request, crm.pull(request, folder), place, mark, known)
            )
        return self._noted(request, self._continued(crm, request, place, held, folder))

    def note(self, about: Mapping[str, Any]) -> None:
        """Keep what else is known of the CRM, for `connector.stored`."""
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = self._folder / f"{uuid4().hex}.tmp"
            draft.write_text(json.dumps(about), encoding="utf-8")
            draft.replace(self._folder / ABOUT)
        except OSError as error:
            _log.warning("The mirror in %s could not be kept: %s", self._folder, error)

    def _noted(self, request: PullRequest, brought: Brought) -> Brought:
        if request.object == "accounts":
            self._merged = brought.merged
        return brought

    def _held(self, place: Path, mark: str, folder: Path) -> tuple[State, Sequence[Path]] | None:
        """What the mirror holds of this request, if it can be continued, with links of our own."""
        for _ in range(3):  # another process may move it on between the state and the links
            try:
                state = _loaded(place)
                if state.until is None or state.fingerprint != mark or self._is_due(state):
                    return None
                files = _linked(sorted((place / state.generation).iterdir()), _emptied(folder / "held"))
                if sum(pq.read_metadata(file).num_rows for file in files) == state.rows:
                    return state, files
            except FileNotFoundError:
                continue
            except _UNREADABLE as error:
                _log.warning("The mirror in %s cannot be used and is made anew: %s", place, error)
                return None
        return None

    def _is_due(self, state: State) -> bool:
        return datetime.now(UTC) - state.completed >= self._age - min(TOLERANCE, self._age)

    def _complete(
        self, request: PullRequest, pulled: Pulled, place: Path, mark: str, known: Mapping[str, str]
    ) -> Brought:
        """Keep what was read as a whole."""
        state = State(
            fingerprint=mark,
            generation=uuid4().hex,
            request=asdict(request),
            until=pulled.until,
            completed=datetime.now(UTC),
            schema=pulled.schema,
            rows=pulled.rows,
            key=pulled.key,
            narrowed=pulled.narrowed,
            merged=settled({**known, **pulled.merged}),
            moved=self._moves(),
        )
        _keep(place, state, pulled.paths)
        return Brought(_inside(pulled, request), state.merged, pulled.rows)

    def _continued(
        self,
        crm: CrmReader,
        request: PullRequest,
        place: Path,
        held: tuple[State, Sequence[Path]],
        folder: Path,
    ) -> Brought:
        """Ask for what changed, and put it in the place of what was there."""
        state, files = held
        changed = crm.pull(replace(request, since=state.until), _emptied(folder / "changed"))
        if not changed.complete and (dict(changed.schema), changed.key) != (dict(state.schema), state.key):
            # A field has another type now, and its old values are no longer comparable.
            changed = crm.pull(request, _emptied(folder / "all"))
        if changed.complete:
            return self._complete(request, changed, place, state.fingerprint, state.merged)
        paths, rows, merged = self._applied(state, files, changed, folder)
        untouched = paths is files
        whole = replace(changed, paths=tuple(paths), rows=rows, narrowed=state.narrowed and untouched)
        source = _inside(whole, request)
        if changed.total is not None and source.rows - changed.total > max(FEW, SHARE * source.rows):
            _log.warning(
                "The CRM shows %d %s where %d were known: all of them are read again.",
                changed.total,
                request.object,
                source.rows,
            )
            again = crm.pull(request, _emptied(folder / "all"))
            return self._complete(request, again, place, state.fingerprint, merged)
        fresh = replace(
            state,
            generation=state.generation if untouched else uuid4().hex,
            until=changed.until or state.until,
            rows=rows,
            narrowed=whole.narrowed,
            merged=merged,
            moved=self._moves(),
        )
        _keep(place, fresh, () if untouched else paths)
        return Brought(source, merged, changed.rows, state.until)

    def _applied(
        self, state: State, files: Sequence[Path], changed: Pulled, folder: Path
    ) -> tuple[Sequence[Path], int, Mapping[str, str]]:
        """Files of the rows as they are now, their number, and who was merged into whom."""
        key = state.key
        new = pl.scan_parquet(list(changed.paths))
        present = new.select(pl.col(key).drop_nulls().unique()).collect().get_column(key)
        told = {**state.merged, **changed.merged}
        merged = settled(told, present.filter(present.is_in(list(told))))
        moves = self._merged if ACCOUNT in state.schema and self._moves() != state.moved else {}
        lost = pl.Series(key, [*changed.deleted, *changed.merged], dtype=present.dtype)
        gone = pl.concat([present, lost]).unique()
        if not len(gone) and not moves:
            return files, state.rows, merged
        old = pl.scan_parquet(list(files)).join(gone.to_frame().lazy(), on=key, how="anti")
        rows = pl.concat([_moved(old, moves), new.select(list(state.schema))])
        target = folder / f"{changed.object}.parquet"
        rows.sink_parquet(target, compression="zstd", compression_level=1, engine="streaming")
        return [target], pq.read_metadata(target).num_rows, merged

    def _moves(self) -> str:
        """A mark of the mergers of accounts that are known."""
        return _digest(sorted(self._merged.items())) if self._merged else ""


def _inside(pulled: Pulled, request: PullRequest) -> Source:
    """The records inside the request's conditions: the same ones however they were read."""
    source = opened(pulled)
    if pulled.narrowed or not request.where:
        return source
    frame, rows = filtered(source.frame, any_holds(all_hold(group, source.schema) for group in request.where))
    return Source(frame, source.schema, rows)


def _moved(rows: pl.LazyFrame, moves: Mapping[str, str]) -> pl.LazyFrame:
    """Records of merged accounts belong to the survivor, whether or not the CRM stamped them when it moved them."""
    if not moves:
        return rows
    names = rows.collect_schema().names()
    table = pl.LazyFrame({ACCOUNT: list(moves), "@survivor": list(moves.values())})
    found = rows.join(table, on=ACCOUNT, how="left")
    return found.with_columns(pl.coalesce("@survivor", ACCOUNT).alias(ACCOUNT)).select(names)


def kept(place: Path, folder: Path) -> tuple[State, Sequence[Path]] | None:
    """What a mirror of one object holds, with links of our own in `folder`; None if it holds nothing usable."""
    try:
        state = _loaded(place)
        return state, _linked(sorted((place / state.generation).iterdir()), _emptied(folder))
    except _UNREADABLE:
        return None


def _fingerprint(request: PullRequest, basis: str) -> str:
    return _digest([VERSION, asdict(replace(request, since=None)), basis])


def _digest(value: Any) -> str:  # noqa: ANN401 - whatever JSON takes
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _loaded(place: Path) -> State:
    """The state of a mirror.

    Raises:
        FileNotFoundError: there is none.
        ValueError, KeyError, TypeError: it is damaged.
    """
    found = json.loads((place / _STATE).read_text(encoding="utf-8"))
    moments = {name: found[name] for name in ("until", "completed")}
    found |= {name: moment and datetime.fromisoformat(moment) for name, moment in moments.items()}
    found["schema"] = {name: FieldType(kind) for name, kind in found["schema"].items()}
    return State(**found)


def _mergers(place: Path) -> Mapping[str, str]:
    """What a mirror that is about to be replaced knows of mergers."""
    try:
        return _loaded(place).merged
    except _UNREADABLE:
        return {}


def _generation(place: Path) -> str:
    try:
        return _loaded(place).generation
    except _UNREADABLE:
        return ""


def _keep(place: Path, state: State, paths: Sequence[Path]) -> None:
    """Move the mirror on: first the rows, if there are new ones, then the state; then the old rows go.

    A disk that is full costs the next run some time, and this one nothing.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        if paths:
            for file in _linked(paths, _emptied(place / state.generation)):
                _to_disk(file)
            _to_disk(place / state.generation)
        replaced = _generation(place)
        until = state.until and state.until.isoformat()
        found = {**asdict(state), "until": until, "completed": state.completed.isoformat()}
        draft = place / f"{uuid4().hex}.tmp"
        draft.write_text(json.dumps(found), encoding="utf-8")
        _to_disk(draft)
        draft.replace(place / _STATE)
        _to_disk(place)
        _tidy(place, state.generation, replaced)
    except OSError as error:
        _log.warning("The mirror in %s could not be kept, the next run reads more: %s", place, error)


def _tidy(place: Path, current: str, replaced: str) -> None:
    """Remove the generation that was replaced, and old leftovers; young ones may be another process's in the making."""
    for each in place.iterdir():
        young = each.stat().st_mtime > time.time() - LEFTOVER_SECONDS
        if each.name in (current, _STATE) or (young and each.name != replaced):
            continue
        if each.is_dir():
            shutil.rmtree(each, ignore_errors=True)
        else:
            each.unlink(missing_ok=True)


def _linked(files: Sequence[Path], folder: Path) -> list[Path]:
    """The same files under names in another folder; copied where the file system has no links."""
    targets = [folder / f"{number:05}.parquet" for number in range(len(files))]
    for file, target in zip(files, targets, strict=True):
        try:
            os.link(file, target)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copyfile(file, target)
    return targets


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
