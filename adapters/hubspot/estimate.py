"""How many calls a sync takes, and the fewest that the same work allows by the ways that the settings open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Literal

from adapters.hubspot import associations, query, search
from adapters.hubspot.paths import OBJECTS
from connector.crm import Estimate, Object

IMPORT_ROWS = 1_048_576
"""Rows of an import's file."""
BATCH = 100
"""Changes of a batch."""
_POLLS = 3  # of a job that is quick; a slow one has one every five seconds
_SEVERAL_SHARE = (
    0.1  # of the deals that have more than one company; a guess, for what is made, not for the minimum
)

Way = Literal["list", "export", "search", "changes"]


@dataclass(frozen=True, slots=True)
class Done:
    """How one of HubSpot's objects was read.

    Attributes:
        way: page by page; by an export; by a search for a property; by a search for changes.
        records: of HubSpot's, before any was left out.
    """

    way: Way
    records: int

    @property
    def minimum(self) -> int:
        """The fewest calls: pages, or the start of an export and its download."""
        if self.way == "export":
            return 2
        if self.way == "list":
            return max(1, ceil(self.records / query.PAGE))
        pages = max(1, ceil(self.records / search.PAGE))
        # A search tells no companies; one for changes is followed by a look at what was archived, and a count.
        return pages + (2 if self.way == "changes" else ceil(self.records / associations.INPUTS))


@dataclass(frozen=True, slots=True)
class Costs:
    """What a connection's ways cost.

    Attributes:
        singles: calls that every sync makes: the portal's details; login and user, if they were needed.
        rates: pages of exchange rates.
        bulk_from: number of records or changes from which jobs are used; None for never.
        counted: whether companies are counted before anything is read.
    """

    singles: int
    rates: int
    bulk_from: int | None
    counted: bool

    def estimate(self, rows: Mapping[Object, int], changes: int, done: Mapping[str, Done]) -> Estimate:
        """Calls that reading so many records and writing so many changes takes.

        Args:
            rows: records by section.
            changes: accounts to write.
            done: how objects were read in this session, which is known exactly; the others are guessed.
        """
        minimum = self.singles + self.rates + (1 if "opportunities" in rows else 0)  # pipelines
        more = int(self.counted)
        for section, count in rows.items():
            for name in OBJECTS[section]:
                share = ceil(count / len(OBJECTS[section]))
                read = done.get(name) or Done("export" if self._bulk(share) else "list", share)
                minimum += 1 + read.minimum  # its description
                more += self._more(name, read)
        if self._bulk(changes):
            minimum += ceil(changes / IMPORT_ROWS)
            more += _POLLS * ceil(changes / IMPORT_ROWS)
        else:
            minimum += ceil(changes / BATCH)
        return Estimate(minimum + more, minimum)

    def _bulk(self, count: int) -> bool:
        return self.bulk_from is not None and count > self.bulk_from

    def _more(self, name: str, read: Done) -> int:
        """Calls beyond the minimum."""
        several = ceil(read.records * _SEVERAL_SHARE / associations.INPUTS) if name == "deals" else 0
        polls = _POLLS + 1 if read.way == "export" else 0  # and a look at how many records it holds
        return polls + several
