"""Fiscal quarters: their names, first and last days.

A quarter is named after the calendar year in which its fiscal year ends, as most companies name theirs: with a
fiscal year from July, the months July to September 2026 are ``2027Q1``. A fiscal year from January is the
calendar year.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

_NAME = re.compile(r"(\d{4})\s*-?\s*[Qq]([1-4])")


@dataclass(frozen=True, slots=True)
class Quarter:
    """One quarter of a fiscal year.

    Attributes:
        year: the fiscal year.
        number: 1 to 4.
        year_start: month in which fiscal years start, 1 to 12.
    """

    year: int
    number: int
    year_start: int = 1

    @classmethod
    def of(cls, day: date, year_start: int = 1) -> Self:
        """The quarter that `day` belongs to."""
        months = day.month - year_start  # since the fiscal year's start; negative before it
        year = day.year + (year_start > 1) - (months < 0)
        return cls(year, months % 12 // 3 + 1, year_start)

    @classmethod
    def parse(cls, name: str, year_start: int = 1) -> Self:
        """The quarter with this name; ``2026Q4``, ``2026-Q4`` and ``2026 q4`` mean the same.

        Raises:
            ValueError: `name` is no name of a quarter.
        """
        found = _NAME.fullmatch(name.strip())
        if found is None:
            raise ValueError(f"{name!r} is no quarter; write it as year and quarter, such as 2026Q4")
        return cls(int(found[1]), int(found[2]), year_start)

    def __str__(self) -> str:
        return f"{self.year:04d}Q{self.number}"

    @property
    def start(self) -> date:
        """First day."""
        months = self.year_start - 1 + 3 * (self.number - 1)
        year = self.year - (self.year_start > 1)
        return date(year + months // 12, months % 12 + 1, 1)

    @property
    def end(self) -> date:
        """Last day, which still belongs to the quarter."""
        return self.next.start - timedelta(days=1)

    @property
    def next(self) -> Quarter:
        """The quarter after this one."""
        year, number = (self.year, self.number + 1) if self.number < 4 else (self.year + 1, 1)
        return Quarter(year, number, self.year_start)
