"""What a sync would do, and what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa

from connector.crm import CrmField, Estimate, Object, Usage
from connector.errors import ExitCode
from connector.mapping.model import Dimension
from connector.mapping.model import Mapping as MappingFile
from connector.overrides import Ignored
from connector.quality import Quality
from connector.reference import References
from connector.stages.write import Written
from connector.store import Run


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

    @property
    def counts(self) -> dict[str, int]:
        """What the run record says: records read, accounts in the portfolio, accounts to write."""
        read = {str(name): count for name, count in self.rows.items()}
        portfolio = int(self.accounts.get_column("member").sum())
        return {**read, "portfolio": portfolio, **self.changes, "to_write": self.to_write}


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
