"""In a person's words: what a source measures, and a raw value with its unit."""

from __future__ import annotations

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
from connector.reports.words import words

_FORWARD = frozenset({"open_amount", "weighted_pipeline"})
_MONEY = frozenset({"won_amount", "open_amount", "weighted_pipeline", "headroom"})
_SHARES = frozenset({"win_rate", "error_rate", "role_coverage", "share", "headroom_share", "breadth"})
_DAYS = frozenset({"days_since_won", "days_since_last"})


def source_in_words(source: Source, language: Language = "en") -> str:
    """One phrase: ``open amount weighted by probability, next 12 months``."""
    t = words(language)
    if isinstance(source, FieldSource):
        return t.say("source_field", field=source.field)
    if isinstance(source, CsvSource):
        return t.say("source_column", column=source.column, file=source.csv)
    if isinstance(source, ContactRolesSource):
        return t.say("source_roles", needed=len(source.required))
    if isinstance(source, WalletSource):
        return t[f"measure_{source.measure}"]
    if isinstance(source, CriteriaSource):
        return t.say(f"combined_{source.measure}", criteria=", ".join(source.ids))
    window = "source_last"
    if isinstance(source, OpportunitiesSource):
        text = t[f"measure_{source.measure}"]
        window = "source_next" if source.measure in _FORWARD else window
    elif isinstance(source, RecordsSource):
        text = t[f"source_number_{source.from_}"]
        if source.measure == "error_rate":
            text = t.say(f"source_rate_{source.from_}", base=t[f"base_{source.per or 'record'}"])
    else:
        text = t["source_activities" if source.measure == "count" else "source_last_activity"]
    return text + (t.say(window, months=source.months) if source.months else "")


def roles_in_words(source: ContactRolesSource, language: Language) -> str:
    """The roles that are needed: ``Buyer or Owner, Sponsor``."""
    t = words(language)
    groups = [(group,) if isinstance(group, str) else group for group in source.required]
    return ", ".join(t["fill_or"].join(group) for group in groups)


def sources_in_words(criterion: Criterion, language: Language) -> str:
    """Every way to answer a criterion: ``field Demand__c or open amount, next 12 months``."""
    return words(language)["source_or"].join(
        source_in_words(rung.source, language) for rung in criterion.rungs
    )


def rated_in_words(criterion: Criterion, scale: RatingScale, value: float, language: Language) -> str:
    """A rating with its range, and what the step means: ``4 on 1 to 5: good``."""
    t = words(language)
    anchor = criterion.anchors.get(f"{value:g}")
    text = t.say("rated_as", value=t.brief(value), worst=t.brief(scale.worst), best=t.brief(scale.best))
    return text if anchor is None else f"{text}: {anchor.in_(language)}"


def value_in_words(source: Source, value: object, currency: str, language: Language = "en") -> str:
    """A raw value with its unit; money is in units of `currency`, shares are 0..1."""
    t = words(language)
    if value is None:
        return t["unknown"]
    if isinstance(value, bool):
        return t["yes"] if value else t["no"]
    if not isinstance(value, int | float):
        return str(value)
    measure = getattr(source, "measure", "")
    if measure in _MONEY:
        return f"{t.number(value)} {currency}"
    if measure in _SHARES:
        return f"{100 * value:.0f} %"
    if measure in _DAYS:
        return t.many("days", round(value))
    if measure == "tenure_years":
        return t.say("value_years", years=t.number(value, 1))
    return t.number(value) if float(value).is_integer() else t.number(value, 2)


def wallet_in_words(source: str | None, field: str | None, language: Language = "en") -> str | None:
    """Where a wallet comes from; None if no source has answered. `field` is the one that people fill in."""
    if source is None:
        return None
    key = f"wallet_{source}" if source in ("activity", "model", "peer_p80") else "wallet_field"
    return words(language).say(key, field=field)
