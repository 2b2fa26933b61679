"""Scales against the portfolio's own values, on a terminal."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "calibration": ("Scales against the portfolio's own values", "Skalen neben den Werten des Portfolios"),
    "calibrated_scale": ("Scale", "Skala"),
    "calibrated_values": ("Values", "Werte"),
    "calibrated_median": ("Median", "Mittlerer Wert"),
    "calibrated_proposed": ("Proposed", "Vorschlag"),
    "calibrated_ends": ("At the ends", "An den Enden"),
    "calibrated_note": (
        "at the ends: share of the values that score 0 or 100, now and then.",
        "an den Enden: Anteil der Werte mit 0 oder 100 Punkten, derzeit und dann.",
    ),
    "calibrated_few": (
        "{count} values are too few, {least} are needed",
        "{count} Werte sind zu wenige, nötig sind {least}",
    ),
    "calibrated_same": (
        "most values are the same: no ends would tell accounts apart",
        "die meisten Werte sind gleich: keine Enden würden Kunden unterscheiden",
    ),
    "calibrated_worse": (
        "better as it is: from {low} to {high}, {share}% of the values would be at the ends",
        "besser, wie sie ist: von {low} bis {high} stünden {share} % der Werte an den Enden",
    ),
    "calibrated_fits": ("fits as it is", "passt, wie sie ist"),
}
