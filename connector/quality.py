"""What was missing or odd in the data, counted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quality:
    """One kind of finding.

    Attributes:
        object: section of the mapping whose records it concerns.
        field: API name; None where no single field is to blame.
        message: what it is and what became of it; reads on from the count.
        count: number of records.
        criterion: whose raw value it concerns, None for all.
    """

    object: str
    field: str | None
    message: str
    count: int
    criterion: str | None = None

    def __str__(self) -> str:
        where = self.object if self.field is None else f"{self.object}.{self.field}"
        return f"{self.message} ({where})"
