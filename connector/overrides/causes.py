"""Where decisions without effect stand, and why they have none, in English and German."""

from __future__ import annotations

from typing import Final

from connector.mapping.model import Language

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "line": ("{file}, line {line}", "{file}, Zeile {line}"),
    "no_effect": (
        "{what} of {account} ({place}) has no effect: {cause}",
        "{what} von {account} ({place}) hat keine Wirkung: {cause}",
    ),
    "no_account": ("names no account", "nennt keinen Kunden"),
    "no_zone": ('"{value}" is no zone{hint} Zones: {zones}', '"{value}" ist keine Zone{hint} Zonen: {zones}'),
    "no_subject": (
        '"{value}" is neither "segment" nor a criterion{hint}',
        '"{value}" ist weder "segment" noch ein Kriterium{hint}',
    ),
    "meant": ('; did you mean "{word}"?', '; ist "{word}" gemeint?'),
    "no_number": (
        '"{value}" is no score: write a number from 0 to 100',
        '"{value}" ist keine Punktzahl: eine Zahl von 0 bis 100 angeben',
    ),
    "no_score": (
        '"{value}" is no score: it must be from 0 to 100',
        '"{value}" ist keine Punktzahl: sie muss zwischen 0 und 100 liegen',
    ),
    "no_date": ('"{value}" is no date such as 2026-12-31', '"{value}" ist kein Datum wie 2026-12-31'),
    "twice": (
        "the file has several rows for this account and subject: keep one",
        "die Datei hat mehrere Zeilen zu diesem Kunden und Gegenstand: eine behalten",
    ),
    "heir": (
        "the account carries the zone of its family's top, {top}: set it there",
        "der Kunde trägt die Zone der Spitze seiner Firmengruppe, {top}: dort setzen",
    ),
    "ended": ("it ended on {day}", "sie endete am {day}"),
    "unknown": (
        "no account with this id was read; customers are read, and accounts that hold our values",
        "zu dieser ID wurde nichts gelesen; gelesen werden Kunden, und Accounts, die Werte von uns tragen",
    ),
    "outside": ("the account is not in the portfolio", "der Kunde ist nicht im Portfolio"),
    "field_first": (
        "the account's own field in the CRM sets its zone, and comes first",
        "das eigene Feld des Kunden im CRM setzt seine Zone und geht vor",
    ),
}


def say(key: str, language: Language, **given: object) -> str:
    """One of the texts with what is given put into it."""
    return TEXTS[key][1 if language == "de" else 0].format(**given)
