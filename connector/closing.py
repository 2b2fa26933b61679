"""How a run ends: closed in the history whatever happens, with what had been written by then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from connector.crm import Crm
from connector.errors import BrakeError, ConfigError, ConnectorError, MappingError, StageError
from connector.outcome import Preview
from connector.progress import Line, StoppedError
from connector.stages.write import Written
from connector.store import Run, RunJournal, Status, Store


@contextmanager
def closed_on_failure(line: Line, crm: Crm, store: Store, run: Run) -> Iterator[Path]:
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


def _fail(line: Line, crm: Crm, store: Store, run: Run, error: BaseException) -> int | None:
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


def closed(line: Line, crm: Crm, store: Store, run: Run, plan: Preview, written: Written) -> Run:
    """Close a run that came to its end."""
    status = Status.DONE if written.complete else Status.STOPPED if written.unsent else Status.PARTIAL
    results = {name: getattr(written, name) for name in ("written", "rejected", "deferred", "unsent")}
    return store.runs.end(
        run.id,
        status,
        counts={**line.counts, **results},
        calls=crm.usage().calls,
        minimum=plan.estimate.minimum,
    )


class Guarded:
    """A journal that takes no batch once the lock is lost."""

    def __init__(self, journal: RunJournal, still_held: Callable[[], None]) -> None:
        self._journal = journal
        self._still_held = still_held
        self.settle = journal.settle

    def intend(self, batch: pa.RecordBatch) -> int:
        """Keep a batch, if the lock still stands."""
        self._still_held()
        return self._journal.intend(batch)
