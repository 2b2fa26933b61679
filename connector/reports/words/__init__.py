"""What people read of accounts and of the method on pages and on a terminal, in English and German.

Each file holds the texts of one reader's page or list by key, English first; the keys of all files are one set. Texts
that the CRM gets are in `connector.texts`; what is said to an administrator of files, logins and settings is English
and stands where it is said (docs/decisions/0019-two-languages.md).
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from functools import cache
from typing import Final

from connector.mapping.model import Language
from connector.reports.words import (
    calibration,
    campaigns,
    common,
    counted,
    explanation,
    fixes,
    lacking,
    measured,
    overrides,
    plan,
    potential_check,
    rating_matrix,
    report,
    scales,
    simulation,
    wallets,
)

CATALOGUES: Final[Map[str, Map[str, tuple[str, str]]]] = {
    "calibration": calibration.TEXTS,
    "campaigns": campaigns.TEXTS,
    "common": common.TEXTS,
    "explanation": explanation.TEXTS,
    "fixes": fixes.TEXTS,
    "lacking": lacking.TEXTS,
    "measured": measured.TEXTS,
    "overrides": overrides.TEXTS,
    "plan": plan.TEXTS,
    "potential_check": potential_check.TEXTS,
    "rating_matrix": rating_matrix.TEXTS,
    "report": report.TEXTS,
    "scales": scales.TEXTS,
    "simulation": simulation.TEXTS,
    "wallets": wallets.TEXTS,
}
"""File -> key -> the text in English, in German."""


class Words(dict[str, str]):
    """Every text of one language by key, and numbers as that language writes them."""

    def __init__(self, language: Language) -> None:
        place = 1 if language == "de" else 0
        super().__init__(
            {key: pair[place] for texts in CATALOGUES.values() for key, pair in texts.items()},
        )
        self.language: Language = language
        self._nouns = {key: pair[place] for key, pair in counted.NOUNS.items()}

    def say(self, key: str, /, **given: object) -> str:
        """The text of a key with what is given put into it."""
        return self[key].format(**given)

    def head(self, key: str, /, **given: object) -> str:
        """A text of a page as it stands inside a line or over a column: German nouns stay as they are."""
        text = self.say(key, **given)
        return text if self.language == "de" else text[:1].lower() + text[1:]

    def many(self, key: str, count: float) -> str:
        """A number with its noun: ``1 account``, ``2,000 accounts``, ``2.000 Kunden``."""
        return f"{self.number(count, 0 if float(count).is_integer() else 1)} {self._nouns[key][count != 1]}"

    def number(self, value: float, decimals: int = 0) -> str:
        """With separators: ``1,234.5``, ``1.234,5``."""
        return self._written(f"{value:,.{decimals}f}")

    def brief(self, value: float) -> str:
        """With as many digits as it needs and no separators: ``52.4``, ``52,4``, ``2026``."""
        return self._written(f"{value:.10g}")

    def money(self, cents: float | None) -> str:
        """Whole units; a dash for unknown."""
        return "–" if cents is None else self.number(cents / 100)

    def _written(self, text: str) -> str:
        return text.translate(_GERMAN) if self.language == "de" else text


_GERMAN: Final = str.maketrans(",.", ".,")


@cache
def words(language: Language) -> Words:
    """Everything that is said in a language."""
    return Words(language)
