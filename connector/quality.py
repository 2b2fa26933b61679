"""What was missing or odd in the data, counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

MOST_EXAMPLES: Final = 50
"""Records that one finding names at most."""
FEW_EXAMPLES: Final = 5
"""Those of them that stand on one line."""


class Said(NamedTuple):
    """What is to be said of a finding, in both languages; reads on from the count."""

    en: str
    de: str


@dataclass(frozen=True, slots=True)
class Quality:
    """One kind of finding.

    Attributes:
        object: section of the mapping whose records it concerns.
        field: API name; None where no single field is to blame.
        message: what it is and what became of it.
        count: number of records.
        criterion: whose raw value it concerns, None for all.
        examples: the first of the records or keys concerned, as people know them; `count` is of all.
        harmless: nothing need be done about it.
    """

    object: str
    field: str | None
    message: Said
    count: int
    criterion: str | None = None
    examples: tuple[str, ...] = ()
    harmless: bool = False

    @property
    def note(self) -> dict[str, Any]:
        """As plans, reports and the store keep it: message, count, and criterion and examples if there are any.

        ``message`` is English, ``message_de`` for mappings in German; `noted` chooses.
        """
        more: dict[str, Any] = {"criterion": self.criterion} if self.criterion else {}
        more |= {"examples": list(self.examples)} if self.examples else {}
        german = f"{self.message.de} ({self._where})"
        return {"message": str(self), "message_de": german, "count": self.count, **more}

    def __str__(self) -> str:
        return f"{self.message.en} ({self._where})"

    @property
    def _where(self) -> str:
        return self.object if self.field is None else f"{self.object}.{self.field}"


def noted(note: Mapping[str, Any], language: Literal["en", "de"]) -> str:
    """The message of a kept note; an older run may have kept it in English alone."""
    return str(note.get("message_de", note["message"]) if language == "de" else note["message"])


def named(note: Mapping[str, Any]) -> str:
    """The end of a line about a finding: ``: the first, the second, ...``; empty if it names none."""
    examples = list(note.get("examples", ()))
    more = ", ..." if note["count"] > min(FEW_EXAMPLES, len(examples)) else ""
    return f": {', '.join(examples[:FEW_EXAMPLES])}{more}" if examples else ""
