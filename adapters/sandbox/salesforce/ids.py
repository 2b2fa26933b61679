"""Salesforce record ids: 15 case-sensitive characters, or 18 with a checksum that survives case folding."""

from __future__ import annotations

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_POD = "Sb0"  # where a real org's instance stands in the id
_SHORT, _LONG = 15, 18


def make_id(prefix: str, number: int) -> str:
    """The 18-character id of record `number` of the object with this three-character prefix."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return with_checksum(prefix + _POD + digits.rjust(9, "0"))


def with_checksum(short: str) -> str:
    """A 15-character id with its three checksum characters: one bit per upper-case letter, in fives."""
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, letter in enumerate(short[start : start + 5]) if letter.isupper())
        suffix += _CHECK[bits]
    return short + suffix


def normalised(text: str) -> str | None:
    """The 18-character form of an id; None if `text` is no id."""
    if not text.isascii() or not text.isalnum():
        return None
    if len(text) == _SHORT:
        return with_checksum(text)
    if len(text) == _LONG:
        # A client may have folded the case: the checksum says what the letters were.
        restored = _restored(text)
        return text if with_checksum(text[:_SHORT]) == text else restored
    return None


def _restored(text: str) -> str | None:
    suffix = text[_SHORT:].upper()
    if any(letter not in _CHECK for letter in suffix):
        return None
    letters = []
    for place, letter in enumerate(text[:_SHORT]):
        upper = _CHECK.index(suffix[place // 5]) >> (place % 5) & 1
        letters.append(letter.upper() if upper else letter.lower())
    return with_checksum("".join(letters))
