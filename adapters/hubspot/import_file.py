"""The file of an import: companies by their ids, and the values that change; an empty cell changes nothing."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import polars as pl
import pyarrow as pa

from adapters.hubspot.estimate import IMPORT_ROWS
from adapters.hubspot.export_file import blocks
from adapters.hubspot.exports import OBJECT_ID
from adapters.hubspot.paths import TYPE_IDS
from adapters.hubspot.results import Change, Outcome
from adapters.hubspot.rows import cells
from connector.crm import ID, SEND, FieldType

_BYTES = 450_000_000  # HubSpot takes 512 MB
_BATCH = 50_000  # more rows than a batch ever has
_COMPANY = TYPE_IDS["companies"]


@dataclass(slots=True)
class ImportFile:
    """What goes into one import.

    Attributes:
        path: of the CSV.
        columns: properties, behind the id.
        kinds: their types.
        rows: so far.
        seen: numbers of the records that this session has a change for.
        parts: ids of every batch taken, in order: a stretch of `seen`, or the ids themselves if they are no numbers.
        alone: what became of the changes that an import cannot make.
    """

    path: Path
    columns: Sequence[str]
    kinds: Mapping[str, FieldType]
    seen: array[int]
    rows: int = 0
    parts: list[range | pa.Array] = field(default_factory=list)
    alone: dict[str, Outcome] = field(default_factory=dict)

    @classmethod
    def begun(
        cls, path: Path, batch: pa.RecordBatch, kinds: Mapping[str, FieldType], seen: array[int]
    ) -> Self:
        """A new file for batches like this one."""
        targets = [name.removeprefix(SEND) for name in batch.schema.names if name.startswith(SEND)]
        path.write_text(",".join((OBJECT_ID, *targets)) + "\n", encoding="utf-8")
        return cls(path, targets, kinds, seen)

    @property
    def full(self) -> bool:
        """Whether another batch might be too much."""
        return self.rows > IMPORT_ROWS - _BATCH or (self.rows > 0 and self.path.stat().st_size > _BYTES)

    def ids(self) -> Iterator[pa.Array]:
        """Ids of every batch taken, in order."""
        for part in self.parts:
            if isinstance(part, range):
                yield pa.array([str(each) for each in self.seen[part.start : part.stop]], pa.string())
            else:
                yield part

    def changes(self, ids: Iterable[str] | None = None) -> Iterator[list[Change]]:
        """The rows as single changes, some thousand at a time; all, or those with certain ids."""
        names = (OBJECT_ID, *self.columns)
        wanted = None if ids is None else list(ids)
        for block in blocks(self.path, names, names):
            chosen = block if wanted is None else block.filter(pl.col(OBJECT_ID).is_in(wanted))
            if not chosen.is_empty():
                yield [
                    Change(
                        str(key), {name: text for name, text in zip(self.columns, texts, strict=True) if text}
                    )
                    for key, *texts in chosen.iter_rows()
                ]

    def id_at(self, line: int) -> str | None:
        """The record's id in a line, the header being the first."""
        seen = 1
        for block in blocks(self.path, (OBJECT_ID, *self.columns), (OBJECT_ID,)):
            if seen < line <= seen + len(block):
                return str(block[OBJECT_ID][line - seen - 1])
            seen += len(block)
        return None

    def add(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Append the changes of a batch; those that an import cannot make, as it cannot clear, are returned."""
        keys = batch[ID].to_pylist()
        numeric = all(str(each).isdigit() for each in keys)
        # A number takes a third of the memory that a text does.
        self.parts.append(range(len(self.seen) - len(keys), len(self.seen)) if numeric else batch[ID])
        texts, leaves, sends = [], pl.Series([False] * batch.num_rows), pl.Series([False] * batch.num_rows)
        for name in self.columns:
            sent = pl.Series(pl.from_arrow(batch[SEND + name])).fill_null(value=False)
            if self.kinds[name] is FieldType.DATETIME:
                column = pl.Series([None] * batch.num_rows, dtype=pl.String)
            else:
                column = cells(batch[name], self.kinds[name])
            # Nothing to write where something is sent: it clears, or a file cannot hold it.
            leaves |= sent & (column.fill_null("").str.strip_chars() == "")
            sends |= sent
            texts.append(pl.select(pl.when(sent).then(column)).to_series().alias(name))
        ids = pl.Series(OBJECT_ID, pl.from_arrow(batch[ID])).cast(pl.String)
        chosen = pl.DataFrame([ids, *texts]).filter(sends & ~leaves)
        with self.path.open("ab") as opened:
            chosen.write_csv(opened, include_header=False, null_value="")
        self.rows += len(chosen)
        return batch.filter((leaves | ~sends).to_arrow())

    def request(self, name: str) -> dict[str, Any]:
        """What HubSpot is to do with the file; its own defaults are UPSERT and MONTH_DAY_YEAR."""
        mappings: list[dict[str, Any]] = [
            {
                "columnObjectTypeId": _COMPANY,
                "columnName": OBJECT_ID,
                "propertyName": OBJECT_ID,
                "columnType": "HUBSPOT_OBJECT_ID",
            }
        ]
        mappings += [
            {"columnObjectTypeId": _COMPANY, "columnName": each, "propertyName": each}
            for each in self.columns
        ]
        return {
            "name": name,
            "importOperations": {_COMPANY: "UPDATE"},
            "dateFormat": "YEAR_MONTH_DAY",
            "createContactListFromImport": False,
            "files": [
                {
                    "fileName": self.path.name,
                    "fileFormat": "CSV",
                    "fileImportPage": {"hasHeader": True, "columnMappings": mappings},
                }
            ],
        }
