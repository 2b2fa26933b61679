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
