"""In a person's words: what a source measures, and a raw value with its unit."""

from __future__ import annotations

from connector.mapping.model import (
    ActivitiesSource,
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

_OPPORTUNITIES = {
    "won_amount": "won amount",
    "won_count": "won opportunities",
    "open_amount": "open amount",
    "weighted_pipeline": "open amount weighted by probability",
    "win_rate": "share of closed opportunities that were won, smoothed",
    "days_since_won": "days since the last won opportunity",
    "tenure_years": "years since the first won opportunity",
    "trend": "change of the won amount against the period before",
    "breadth": "different values among won opportunities",
}
_FORWARD = frozenset({"open_amount", "weighted_pipeline"})
_MONEY = frozenset({"won_amount", "open_amount", "weighted_pipeline", "headroom"})
_SHARES = frozenset({"win_rate", "error_rate", "role_coverage", "share", "headroom_share", "breadth"})
_DAYS = frozenset({"days_since_won", "days_since_last"})
_WALLET = {
    "share": "share of wallet",
    "headroom": "white space within reach",
    "headroom_share": "white space as a share of the wallet",
}


def source_in_words(source: Source) -> str:
    """One phrase: ``open amount weighted by probability, next 12 months``."""
    if isinstance(source, FieldSource):
        return f"field {source.field}"
    if isinstance(source, CsvSource):
        return f"column {source.column} of {source.csv}"
    if isinstance(source, OpportunitiesSource):
        return _OPPORTUNITIES[source.measure] + _window(source.months, forward=source.measure in _FORWARD)
    if isinstance(source, ContactRolesSource):
        return f"buying roles filled, of {len(source.required)} needed"
    if isinstance(source, RecordsSource):
        if source.measure == "error_rate":
            return f"{source.from_} that match, per {(source.per or 'record').replace('_', ' ')}" + _window(
                source.months
            )
        return f"number of {source.from_}" + _window(source.months)
    if isinstance(source, ActivitiesSource):
        subject = "activities" if source.measure == "count" else "days since the last activity"
        return subject + _window(source.months)
    if isinstance(source, WalletSource):
        return _WALLET[source.measure]
    if isinstance(source, CriteriaSource):
        return f"{source.measure} of {', '.join(source.ids)}"
    raise AssertionError(source)


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


def _window(months: int | None, *, forward: bool = False) -> str:
    if months is None:
        return ""
    return f", {'next' if forward else 'last'} {months} months"
