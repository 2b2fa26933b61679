"""In a person's words: what a source measures, and a raw value with its unit."""

from __future__ import annotations

from typing import Final

from connector.mapping.model import (
    ContactRolesSource,
    CriteriaSource,
    Criterion,
    CsvSource,
    FieldSource,
    Language,
    OpportunitiesSource,
    RatingScale,
    RecordsSource,
    Source,
    WalletSource,
)

_EN, _DE = 0, 1
_MEASURES: Final[dict[str, tuple[str, str]]] = {
    "won_amount": ("won amount", "gewonnener Betrag"),
    "won_count": ("won opportunities", "gewonnene Chancen"),
    "open_amount": ("open amount", "offener Betrag"),
    "weighted_pipeline": (
        "open amount weighted by probability",
        "offener Betrag, gewichtet mit der Wahrscheinlichkeit",
    ),
    "win_rate": (
        "share of closed opportunities that were won, smoothed",
        "Anteil der gewonnenen an den abgeschlossenen Chancen, geglättet",
    ),
    "days_since_won": ("days since the last won opportunity", "Tage seit der letzten gewonnenen Chance"),
    "tenure_years": ("years since the first won opportunity", "Jahre seit der ersten gewonnenen Chance"),
    "trend": (
        "change of the won amount against the period before",
        "Veränderung des gewonnenen Betrags gegen den Zeitraum davor",
    ),
    "breadth": (
        "different values among won opportunities",
        "verschiedene Werte unter den gewonnenen Chancen",
    ),
    "share": ("share of wallet", "Lieferanteil"),
    "headroom": ("white space within reach", "erreichbarer offener Lieferanteil"),
    "headroom_share": (
        "white space as a share of the wallet",
        "offener Lieferanteil, gemessen am Gesamtbedarf",
    ),
}
_OBJECTS: Final = {
    "cases": ("cases", "Fälle"),
    "orders": ("orders", "Aufträge"),
    "won_opportunities": ("won opportunities", "gewonnene Chancen"),
    "record": ("record", "Datensatz"),
}
_COMBINED: Final = {
    "weighted": ("weighted mean of", "gewichtetes Mittel von"),
    "min": ("lowest of", "kleinster Wert von"),
    "max": ("highest of", "größter Wert von"),
    "geometric": ("geometric mean of", "geometrisches Mittel von"),
}
_PHRASES: Final = {
    "field": ("field {}", "Feld {}"),
    "column": ("column {} of {}", "Spalte {} von {}"),
    "roles": ("buying roles filled, of {} needed", "besetzte Einkaufsrollen, von {} nötigen"),
    "rate": ("{} that match, per {}", "passende {}, je {}"),
    "number": ("number of {}", "Zahl der {}"),
    "activities": ("activities", "Aktivitäten"),
    "last_activity": ("days since the last activity", "Tage seit der letzten Aktivität"),
    "next": (", next {} months", ", nächste {} Monate"),
    "last": (", last {} months", ", letzte {} Monate"),
}
_FORWARD = frozenset({"open_amount", "weighted_pipeline"})
_MONEY = frozenset({"won_amount", "open_amount", "weighted_pipeline", "headroom"})
_SHARES = frozenset({"win_rate", "error_rate", "role_coverage", "share", "headroom_share", "breadth"})
_DAYS = frozenset({"days_since_won", "days_since_last"})


def source_in_words(source: Source, language: Language = "en") -> str:
    """One phrase: ``open amount weighted by probability, next 12 months``."""
    place = _DE if language == "de" else _EN

    def say(key: str, *values: object) -> str:
        return _PHRASES[key][place].format(*values)

    if isinstance(source, FieldSource):
        return say("field", source.field)
    if isinstance(source, CsvSource):
        return say("column", source.column, source.csv)
    if isinstance(source, OpportunitiesSource):
        direction = "next" if source.measure in _FORWARD else "last"
        return _MEASURES[source.measure][place] + (say(direction, source.months) if source.months else "")
    if isinstance(source, ContactRolesSource):
        return say("roles", len(source.required))
    if isinstance(source, WalletSource):
        return _MEASURES[source.measure][place]
    if isinstance(source, CriteriaSource):
        return f"{_COMBINED[source.measure][place]} {', '.join(source.ids)}"
    if isinstance(source, RecordsSource):
        text = say("number", _OBJECTS[source.from_][place])
        if source.measure == "error_rate":
            text = say("rate", _OBJECTS[source.from_][place], _OBJECTS[source.per or "record"][place])
    else:
        text = say("activities" if source.measure == "count" else "last_activity")
    return text + (say("last", source.months) if source.months else "")


def rated_in_words(criterion: Criterion, scale: RatingScale, value: float, language: Language) -> str:
    """A rating with its range, and what the step means: ``4 on 1 to 5: good``."""
    anchor = criterion.anchors.get(f"{value:g}")
    text = f"{value:g} on {scale.worst:g} to {scale.best:g}"
    return text if anchor is None else f"{text}: {anchor.in_(language)}"


def value_in_words(source: Source, value: object, currency: str) -> str:
    """A raw value with its unit; money is in units of `currency`, shares are 0..1."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    measure = getattr(source, "measure", "")
    if measure in _MONEY:
        return f"{value:,.0f} {currency}"
    if measure in _SHARES:
        return f"{100 * value:.0f} %"
    if measure in _DAYS:
        return f"{value:,.0f} days"
    if measure == "tenure_years":
        return f"{value:,.1f} years"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def wallet_in_words(source: str | None, field: str | None) -> str | None:
    """Where a wallet comes from; None if no source has answered. `field` is the one that people fill in."""
    if source is None:
        return None
    known = {
        "activity": "its best year with us",
        "model": "a model of the wallets that people have entered",
        "peer_p80": "what comparable customers buy",
    }
    return known.get(source, f"the field {field}")
