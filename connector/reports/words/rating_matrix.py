"""The rating matrix."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "rating_matrix": ("Rating matrix", "Bewertungsmatrix"),
    "version": ("version", "Version"),
    "in_force": ("in force", "in Kraft"),
    "not_in_force": (
        "not in force yet: no sync has used it",
        "noch nicht in Kraft: kein Lauf hat sie benutzt",
    ),
    "printed": ("printed", "gedruckt am"),
    "high_from": ("high from", "hoch ab"),
    "now": ("now", "derzeit"),
    "measured": ("How it is measured", "Wie gemessen wird"),
    "steps": ("Points and what they take", "Punkte und was sie verlangen"),
    "target": ("Target", "Ziel"),
    "or_else": ("or, if unknown", "sonst"),
    "too_old": ("too old after", "veraltet nach"),
    "days": ("days", "Tagen"),
    "stand_in": ("unknown counts as", "unbekannt zählt als"),
    "zones": ("Zones", "Zonen"),
    "high": ("high", "hoch"),
    "low": ("low", "niedrig"),
    "rule_hysteresis": (
        "points beyond the border before a zone changes:",
        "Punkte über die Grenze, bis die Zone wechselt:",
    ),
    "rule_stay": ("days that a zone is kept at least:", "Tage, die eine Zone mindestens bleibt:"),
    "rule_coverage": ("rated from so much known weight on:", "bewertet ab bekanntem Gewicht von"),
    "rule_top": (
        "the largest customers with so much of the revenue count as high on potential:",
        "die größten Kunden mit so viel Umsatz gelten als hoch im Potenzial:",
    ),
    "rule_floor": (
        "in the development zone, a person decides below attractiveness",
        "in der Entwicklungszone entscheidet ein Mensch unter Attraktivität",
    ),
    "rule_achievable": (
        "the most that one supplier gets:",
        "höchstens erreichbarer Anteil eines Lieferanten:",
    ),
    "rule_family": ("families of accounts are rated as one", "Firmengruppen werden als ein Kunde bewertet"),
    "rule_overrides": ("people may set zones by hand", "Zonen können von Hand gesetzt werden"),
    "in_the_portfolio": ("In the portfolio", "Im Portfolio"),
    "portfolio_all": ("all of: {rules}", "alles davon: {rules}"),
    "portfolio_any": ("at least one of: {rules}", "mindestens eines davon: {rules}"),
    # what narrows and bounds a source
    "detail_roles": ("needed: {roles}", "nötig: {roles}"),
    "detail_active": (
        "of contacts with an activity within {days} days",
        "von Ansprechpartnern mit einer Aktivität in {days} Tagen",
    ),
    "detail_parts": ("of {parts}", "aus {parts}"),
    "detail_wallet": ("what it spends in all: {sources}", "was er insgesamt ausgibt: {sources}"),
    "detail_values": ("different values of {field}", "verschiedene Werte von {field}"),
    "detail_of": ("out of {count}", "von {count}"),
    "detail_cap": (
        "at most {most} {currency} per opportunity",
        "höchstens {most} {currency} je Chance",
    ),
    "detail_grace": ("overdue ones for {days} days more", "überfällige noch {days} Tage lang"),
    "detail_base": ("from {least} {base} on", "ab {least} {base}"),
    "detail_prior": ("with {prior} average ones added", "um {prior} durchschnittliche ergänzt"),
    "detail_half_life": ("half of it after {days} days", "nach {days} Tagen nur halb"),
    "detail_where": ("only if {tests}", "nur, wenn gilt: {tests}"),
    "detail_and": (" and ", " und "),
    "changed": ("Who changed what since when", "Wer hat was seit wann geändert"),
    "since": ("In force since", "In Kraft seit"),
    "by": ("First sync by", "Erster Lauf durch"),
    "by_note": (
        """By: the user of the operating system who ran the first sync with it; who edited the file, its own history
        tells.""",
        """Durch: der Benutzer des Betriebssystems, der den ersten Lauf damit startete; wer die Datei bearbeitet hat,
        weiß deren eigene Historie.""",
    ),
    "changes_more": ("and {count} more: {commands}", "und {count} weitere: {commands}"),
    "what": ("Changes", "Änderungen"),
    "first_version": ("first version", "erste Version"),
    "same_again": ("no setting differs", "keine Einstellung weicht ab"),
    "never_synced": ("No sync has used a mapping yet.", "Noch hat kein Lauf ein Mapping benutzt."),
    "sign_date": ("Date", "Datum"),
    "sign_sales": ("For sales", "Für den Vertrieb"),
    "sign_method": ("Responsible for the method", "Verantwortlich für die Methode"),
}
