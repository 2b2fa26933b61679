"""What several pages and lists have in common."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "as_of": ("as of", "Stand"),
    "amounts_in": ("amounts in", "Beträge in"),
    "accounts": ("Accounts", "Kunden"),
    "account": ("Account", "Kunde"),
    "zone": ("Zone", "Zone"),
    "revenue": ("Revenue", "Umsatz"),
    "white_space": ("White space", "Offener Lieferanteil"),
    "provisional": ("provisional", "vorläufig"),
    "potential": ("Potential", "Potenzial"),
    "attractiveness": ("Attractiveness (strategic fit)", "Attraktivität (strategische Passung)"),
    "fit": ("Attractiveness", "Attraktivität"),
    "chart": (
        "Area: revenue of the last 12 months. Filled: firm. Hollow: provisional, data is missing or too old.",
        "Fläche: Umsatz der letzten 12 Monate. Gefüllt: gesichert. Hohl: vorläufig, Daten fehlen oder sind zu alt.",
    ),
    "chart_unrated": (
        "Accounts that are not rated yet stand where what is known of them puts them.",
        "Noch nicht bewertete Kunden stehen, wohin das Bekannte sie stellt.",
    ),
    "smaller": ("smaller accounts", "kleinere Kunden"),
    "unknown": ("unknown", "unbekannt"),
    "nothing_known": (
        "unknown: nothing is known on a dimension",
        "unbekannt: auf einer Dimension ist nichts bekannt",
    ),
    "to": ("to", "bis"),
    "missing": ("Missing", "Es fehlt"),
    "would_stand": ("Would stand in", "Stünde in"),
    "why": ("Why", "Warum"),
    "lacks": ("What the data lacks", "Was den Daten fehlt"),
    "members": ("Members", "Mitglieder"),
    "focus": ("Focus", "Schwerpunkt"),
    "criterion": ("Criterion", "Kriterium"),
}
