"""Nouns that follow a number: one, and several."""

from __future__ import annotations

from typing import Final

NOUNS: Final[dict[str, tuple[tuple[str, str], tuple[str, str]]]] = {
    "accounts": (("account", "accounts"), ("Kunde", "Kunden")),
    "activities": (("activity", "activities"), ("Aktivität", "Aktivitäten")),
    "api_calls": (("API call", "API calls"), ("API-Aufruf", "API-Aufrufe")),
    "cases": (("case", "cases"), ("Fall", "Fälle")),
    "contact_roles": (("role", "roles"), ("Rolle", "Rollen")),
    "customers": (("customer", "customers"), ("Kunde", "Kunden")),
    "days": (("day", "days"), ("Tag", "Tage")),
    "decisions": (("decision", "decisions"), ("Festlegung", "Festlegungen")),
    "entered_wallets": (
        ("entered wallet", "entered wallets"),
        ("eingetragenem Gesamtbedarf", "eingetragenen Bedarfsangaben"),
    ),
    "families": (("family", "families"), ("Firmengruppe", "Firmengruppen")),
    "groups": (("group", "groups"), ("Gruppe", "Gruppen")),
    "opportunities": (("opportunity", "opportunities"), ("Chance", "Chancen")),
    "orders": (("order", "orders"), ("Auftrag", "Aufträge")),
    "points": (("point", "points"), ("Punkt", "Punkte")),
    "scores": (("score", "scores"), ("Punktzahl", "Punktzahlen")),
    "won_opportunities": (
        ("won opportunity", "won opportunities"),
        ("gewonnene Chance", "gewonnene Chancen"),
    ),
    "zones": (("zone", "zones"), ("Zone", "Zonen")),
}
