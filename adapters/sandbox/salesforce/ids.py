"""Salesforce record ids: 15 case-sensitive characters, or 18 with a checksum that survives case folding."""

from __future__ import annotations

from functools import lru_cache

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_UPPER = frozenset(_BASE62[10:36])
_POD = "Sb0"  # where a real org's instance stands in the id
_SHORT, _LONG = 15, 18


def make_id(prefix: str, number: int) -> str:
    """The 18-character id of record `number` of the object with this three-character prefix."""
    # Loading makes millions of ids: what neighbours share is worked out once.
    upper, pair = divmod(number, _PAIR)
    short, checks, bits = _shared(prefix, upper)
    last, last_bits = _PAIRS[pair]
    return short + last + checks + _CHECK[bits | last_bits << 3]


@lru_cache(maxsize=10_000)
def _shared(prefix: str, upper: int) -> tuple[str, str, int]:
    """Of an id without its last two digits: the text, two checksum characters and three bits of the third."""
    digits = ""
    while upper:
        upper, digit = divmod(upper, 62)
        digits = _BASE62[digit] + digits
    short = prefix + _POD + digits.rjust(7, "0")
    whole = with_checksum(short + "00")
    return short, whole[_SHORT:-1], _CHECK.index(whole[-1])


def with_checksum(short: str) -> str:
    """A 15-character id with its three checksum characters: one bit per upper-case letter, in fives."""
    return short + _check(short[:5]) + _check(short[5:10]) + _CHECK[_bits(short[10:])]


def _bits(letters: str) -> int:
    bits = 0
    for place, letter in enumerate(letters):
        if letter in _UPPER:
            bits |= 1 << place
    return bits


@lru_cache(maxsize=10_000)
def _check(letters: str) -> str:
    """The checksum character of five letters that many ids share."""
    return _CHECK[_bits(letters)]


_PAIR = 62 * 62
_PAIRS = [(one + two, _bits(one + two)) for one in _BASE62 for two in _BASE62]


def normalised(text: str) -> str | None:
    """The 18-character form of an id; None if `text` is no id."""
    if not text.isascii() or not text.isalnum():
        return None
    if len(text) == _SHORT:
        return with_checksum(text)
    if len(text) == _LONG:
        # A client may have folded the case: the checksum says what the letters were.
        return text if with_checksum(text[:_SHORT]) == text else _restored(text)
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
