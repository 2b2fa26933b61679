"""What an account lacks, and what would answer it."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "fill_field": ("fill in {field} on the account", "{field} beim Kunden ausfüllen"),
    "fill_wallet": (
        "fill in {field} on the account: its yearly spend",
        "{field} beim Kunden ausfüllen: sein Gesamtbedarf im Jahr",
    ),
    "fill_roles": (
        "fill in the contacts' roles; needed: {roles}",
        "die Rollen der Ansprechpartner ausfüllen; nötig: {roles}",
    ),
    "fill_csv": (
        "a row of {file} for its {key}, with {column}",
        "eine Zeile in {file} mit {key} dieses Kunden und {column}",
    ),
    "fill_or": (" or ", " oder "),
    "lacking_won": ("won opportunities with an amount", "gewonnene Chancen mit Betrag"),
    "lacking_open_amount": ("open opportunities with an amount", "offene Chancen mit Betrag"),
    "lacking_weighted_pipeline": (
        "open opportunities with amount and probability",
        "offene Chancen mit Betrag und Wahrscheinlichkeit",
    ),
    "lacking_win_rate": ("a closed opportunity", "eine abgeschlossene Chance"),
    "lacking_breadth": ("won opportunities with {field}", "gewonnene Chancen mit {field}"),
    "lacking_trend": (
        "a first purchase more than {months} months ago, and revenue since then",
        "ein erster Kauf vor mehr als {months} Monaten und seither Umsatz",
    ),
    "lacking_within": (" within {months} months", " innerhalb von {months} Monaten"),
    "lacking_activity": (
        "a completed activity with the account",
        "eine abgeschlossene Aktivität mit dem Kunden",
    ),
    "lacking_rate": (
        "at least {least} {base} in {months} months",
        "mindestens {least} {base} in {months} Monaten",
    ),
    "lacking_records": ("records", "Datensätze"),
    "lacking_cases": ("cases", "Fälle"),
    "lacking_orders": ("orders", "Aufträge"),
    "lacking_won_opportunities": ("won opportunities", "gewonnene Chancen"),
    "lacking_better_year": (
        "a better year with us than the last one",
        "ein besseres Jahr bei uns als das letzte",
    ),
    "lacking_peers": (
        "similar customers who clearly buy more",
        "ähnliche Kunden, die deutlich mehr kaufen",
    ),
    "lacking_revenue": ("won opportunities of the last 12 months", "gewonnene Chancen der letzten 12 Monate"),
}
