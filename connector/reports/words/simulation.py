"""What another mapping would do, on a terminal."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "outside_place": ("Outside the portfolio", "Außerhalb des Portfolios"),
    "simulation_head": (
        "{connection}, the data read last, as of {day}: {accounts}; nothing is written",
        "{connection}, die zuletzt gelesenen Daten, Stand {day}: {accounts}; geschrieben wird nichts",
    ),
    "zone_now": ("Now", "Derzeit"),
    "zone_then": ("Then", "Dann"),
    "revenue_now": ("Revenue now", "Umsatz derzeit"),
    "revenue_then": ("Revenue then, {currency}", "Umsatz dann, {currency}"),
    "provisional_now": ("Provisional now", "Derzeit vorläufig"),
    "provisional_then": ("Then provisional", "Dann vorläufig"),
    "border_moves": (
        "high on {dimension} from {now} now, from {then} then",
        "hoch bei {dimension} derzeit ab {now}, dann ab {then}",
    ),
    "nobody_moves": ("Nobody would move", "Niemand würde wandern"),
    "points_change": (
        "; the points of {accounts} would change.",
        "; andere Punkte hätten: {accounts}.",
    ),
    "would_move": (
        "{accounts} with {revenue} {currency} revenue of 12 months would move",
        "Es würden wandern: {accounts} mit {revenue} {currency} Umsatz in 12 Monaten",
    ),
    "names_more": (
        "and {count} more; {command} names the largest {named}",
        "und {count} weitere; {command} nennt die größten {named}",
    ),
    "mind": ("Mind", "Zu beachten"),
}
