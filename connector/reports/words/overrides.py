"""What people have set by hand, on a terminal."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "nothing_by_hand": ("Nothing is set by hand as of {day}.", "Von Hand ist nichts gesetzt, Stand {day}."),
    "ended_in_place": ("Ended, and to be taken out", "Abgelaufen, bitte entfernen"),
    "zones_by_hand": ("{zones} set by hand", "{zones} von Hand gesetzt"),
    "ending_within": (
        "{decisions} ending within {days} days:",
        "{decisions}, die in den nächsten {days} Tagen ablaufen:",
    ),
    "lists_all": ("{command} lists them all", "{command} listet alle auf"),
    "where_set": ("Where", "Wo"),
    "cause": ("Cause", "Ursache"),
}
