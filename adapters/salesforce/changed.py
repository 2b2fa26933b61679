"""Incremental reads: what changed since a moment, by the stamp that Salesforce sets on every record it changes.

One ``queryAll`` gives changed, deleted and merged records alike; they are told apart on disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from adapters.salesforce.fields import OBJECTS, Fields
from adapters.salesforce.rows import Column, Reading
from connector.crm import ID, FieldType, PullRequest

STAMP = "SystemModstamp"
_GONE, _MASTER, _DONE = "@gone", "@master", "@done"
_SLACK = timedelta(minutes=15)
"""A transaction may be stamped when it begins and be visible when it ends."""
_OLDEST = timedelta(days=14)
"""Deleted records stay in the recycle bin for 15 days; after that nothing tells of them."""

_UNSTAMPED = frozenset(
    {
        "HasOpenActivity",
        "HasOverdueTask",
        "LastActivityDate",
        "LastReferencedDate",
        "LastViewedDate",
    }
)
"""Fields that change without the record being changed: other records, or people who look, move them."""
_STEADY_PARENTS = frozenset({"RecordType"})
"""Parents whose fields only a rebuilding of the org changes."""


def obstacle(request: PullRequest, fields: Fields) -> str | None:
    """Why changes do not all show in the records' own stamps, in a person's words; None if they do.

    Formulas, roll-ups and parents' fields change without the record; contact roles rest on their contacts' and
    opportunities' fields.

    Raises:
        CrmError: Salesforce does not describe an object.
    """
    if request.object == "contact_roles":
        return "a role rests on fields of its contact and opportunity"
    conditions = {condition.field for group in request.where for condition in group}
    extra = {name for name in (request.account, request.date) if name}
    wanted = sorted({*request.fields, *conditions, *extra})
    for name in request.sources or OBJECTS[request.object]:
        known = fields.of(name)
        if STAMP not in known or "IsDeleted" not in known:
            return f"{name} has no {STAMP}"
        for field in wanted:
            own, _, rest = field.partition(".")
            found = known.get(field)
            if rest and own not in _STEADY_PARENTS:
                return f"{field} belongs to another record"
            if field in _UNSTAMPED:
                return f"{field} changes without the record"
            if found is not None and found.calculated:
                return f"{field} is a formula or roll-up, whose changes leave no stamp"
    return None


def recent(since: datetime, now: datetime | None) -> bool:
    """Whether deletions since then can still be seen."""
    return now is not None and -_SLACK < now - since < _OLDEST


def since(reading: Reading, moment: datetime, *, merges: bool, done: str | None) -> Reading:
    """The reading of what changed since a moment, whatever condition it had.

    Args:
        reading: of everything.
        moment: Salesforce's clock when the last read began.
        merges: whether the object's records can be merged.
        done: the field that says whether a record is of the kind that is read at all.
    """
    columns = [*reading.columns, Column(_GONE, "IsDeleted", FieldType.BOOLEAN)]
    columns.append(Column("@stamp", STAMP, FieldType.TEXT))
    columns.append(Column(_MASTER, "MasterRecordId" if merges else None, FieldType.REFERENCE))
    columns.append(Column(_DONE, done, FieldType.BOOLEAN))
    start = (moment - _SLACK).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return replace(
        reading,
        columns=tuple(columns),
        condition=f"{STAMP} >= {start}",
        archived=True,
        key=(STAMP, "Id"),
    )


@dataclass(slots=True)
class Changed:
    """What an incremental read has found.

    Attributes:
        paths: files of the records that are there.
        rows: number of those.
        deleted: ids of those that are not, or are no longer of the kind that is read.
        merged: loser's id -> survivor's id.
    """

    paths: list[Path]
    rows: int
    deleted: list[str]
    merged: dict[str, str]


def told_apart(paths: Iterable[Path]) -> Changed:
    """Files of an incremental reading without what is gone, and what is gone."""
    found = Changed([], 0, [], {})
    for path in paths:
        frame = pl.scan_parquet(path)
        there = pl.col(_GONE).not_() & pl.col(_DONE).fill_null(value=True)
        gone = frame.filter(there.not_()).select(ID, _MASTER).collect()
        found.deleted += gone[ID].to_list()
        found.merged |= dict(gone.drop_nulls(_MASTER).select(ID, _MASTER).iter_rows())
        target = path.with_name(f"{path.stem}-there.parquet")
        kept = frame.filter(there).drop(_GONE, _MASTER, _DONE, "@stamp")
        kept.sink_parquet(target, compression="zstd", compression_level=1)
        found.rows += pl.scan_parquet(target).select(pl.len()).collect().item()
        found.paths.append(target)
        path.unlink()
    found.merged = survivors(found.merged)
    return found


def survivors(direct: Mapping[str, str]) -> dict[str, str]:
    """Loser's id -> id of who is left in the end: a survivor may have been merged away itself later."""
    return {loser: _last(direct, loser) for loser in direct}


def _last(steps: Mapping[str, str], start: str) -> str:
    seen = {start}
    here = steps[start]
    while here in steps and here not in seen:
        seen.add(here)
        here = steps[here]
    return here
