"""Words of the messages: what was probably meant, and lists of what is known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word that was probably meant, if any is near; upper and lower case do not count.

    Args:
        word: what was written.
        known: what could have been meant.
        cutoff: how alike they must be, 0 to 1.
    """
    by_folded = {each.casefold(): each for each in known}
    close = get_close_matches(word.casefold(), list(by_folded), n=1, cutoff=cutoff)
    return by_folded[close[0]] if close else None


def listed(words: Iterable[str]) -> str:
    """Words in quotes, separated by commas."""
    return ", ".join(f'"{word}"' for word in words)


def meant(word: str, known: Iterable[str]) -> str:
    """The end of a message: ``; did you mean "x"?``, or nothing."""
    close = nearest(word, known)
    return f'; did you mean "{close}"?' if close else ""
