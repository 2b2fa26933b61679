"""What narrows and bounds a source, beyond the phrase that names it: for who signs a rating matrix off."""

from __future__ import annotations

from collections.abc import Iterator

from connector.mapping.model import (
    ActivitiesSource,
    ContactRolesSource,
    CriteriaSource,
    FieldCondition,
    Mapping,
    OpportunitiesSource,
    RecordsSource,
    Source,
    WalletSource,
)
from connector.reports.measured import roles_in_words, wallet_in_words
from connector.reports.membership import condition_in_words
from connector.reports.words import Words, words


def details(source: Source, mapping: Mapping) -> list[str]:
    """Roles, conditions, caps, least numbers, weights, each in a few words; of a wallet where it comes from."""
    t = words(mapping.language)
    return [*_made_of(source, mapping, t), *_bounds(source, mapping, t), *_conditions(source, mapping, t)]


def _made_of(source: Source, mapping: Mapping, t: Words) -> Iterator[str]:
    if isinstance(source, ContactRolesSource):
        yield t.say("detail_roles", roles=roles_in_words(source, t.language))
        if source.active_within_days is not None:
            yield t.say("detail_active", days=source.active_within_days)
    elif isinstance(source, CriteriaSource):
        criteria = [mapping.criterion(id_) for id_ in source.ids]
        weights = source.weights or tuple(each.weight for each in criteria)
        if source.measure in ("weighted", "geometric"):
            parts = (
                f"{each.label.in_(mapping.language)} ({t.brief(weight)})"
                for each, weight in zip(criteria, weights, strict=True)
            )
        else:
            parts = (each.label.in_(mapping.language) for each in criteria)
        yield t.say("detail_parts", parts=", ".join(parts))
    elif isinstance(source, WalletSource) and mapping.wallet is not None:
        field = mapping.wallet.field
        named = (wallet_in_words(each, field, mapping.language) for each in mapping.wallet.sources)
        yield t.say("detail_wallet", sources=", ".join(name for name in named if name))


def _bounds(source: Source, mapping: Mapping, t: Words) -> Iterator[str]:
    if isinstance(source, OpportunitiesSource):
        if source.field is not None:
            yield t.say("detail_values", field=source.field)
        if source.of is not None:
            yield t.say("detail_of", count=t.brief(source.of))
        if source.max_per_deal is not None:
            yield t.say("detail_cap", most=t.number(source.max_per_deal), currency=mapping.currency)
        if source.overdue_grace_days is not None:
            yield t.say("detail_grace", days=source.overdue_grace_days)
    if isinstance(source, RecordsSource) and source.measure == "error_rate":
        least = 5 if source.min_base is None else source.min_base
        base = t[f"lacking_{source.per}"] if source.per is not None else t["lacking_records"]
        yield t.say("detail_base", least=t.brief(least), base=base)
    if isinstance(source, OpportunitiesSource | RecordsSource) and source.prior is not None:
        yield t.say("detail_prior", prior=t.brief(source.prior))
    if isinstance(source, RecordsSource | ActivitiesSource) and source.half_life_days is not None:
        yield t.say("detail_half_life", days=source.half_life_days)


def _conditions(source: Source, mapping: Mapping, t: Words) -> Iterator[str]:
    """Its own, and those of its object's section."""
    section = getattr(mapping, getattr(source, "from_", ""), None)
    tests: list[FieldCondition] = [*getattr(section, "where", ()), *getattr(source, "where", ())]
    if tests:
        yield t.say("detail_where", tests=t["detail_and"].join(condition_in_words(test, t) for test in tests))
