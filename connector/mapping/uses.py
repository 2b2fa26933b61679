"""Every field that a mapping names: of which object, at which place, and what for.

The passes over a mapping, the reading of the CRM and the granting of rights all start from this list.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from connector.crm import Object
from connector.mapping.model import (
    SEGMENTS,
    ActivitiesSource,
    ContactRolesSource,
    CriteriaSource,
    Criterion,
    CsvSource,
    FieldCondition,
    FieldSource,
    LookupScale,
    Mapping,
    OpportunitiesSource,
    PercentileScale,
    RatingScale,
    RecordsSource,
    Rung,
    Source,
    WalletSource,
)


class Need(StrEnum):
    """What a field must hold, in words for messages."""

    ANYTHING = "anything"
    NUMBER = "a number"
    QUANTITY = "a number or a date"
    AMOUNT = "an amount"
    DATE = "a date"
    CATEGORY = "values to look up"
    YES_NO = "yes or no"
    RECORD = "another record"
    RATING = "a rating"


@dataclass(frozen=True, slots=True)
class Use:
    """One place that names a field to read.

    Attributes:
        object: section whose records have the field.
        field: API name, possibly dotted.
        path: key path in the mapping.
        need: what it must hold.
        values: stored values that the mapping expects among the field's.
        ends: worst and best of the scale that rates it.
        is_file_key: named by a file's column alone, which should be the name of the account's field as well.
        values_path: where they stand, if not at `path`: the scores of a lookup.
        condition: the test that the field is used in, if it is one.
        is_input: people fill it in for the connector: `provision` can create it.
        on_contact: of contact_roles: a field of the contact, not of its role.
    """

    object: Object
    field: str
    path: str
    need: Need = Need.ANYTHING
    values: tuple[str, ...] = ()
    condition: FieldCondition | None = None
    is_input: bool = False
    on_contact: bool = False
    values_path: str | None = None
    is_file_key: bool = False
    ends: tuple[float, float] | None = None


ACCOUNT_KEYS = ("name", "owner", "industry", "size", "parent")
"""Keys of ``[accounts]``, which ``percentile by`` may name too."""


def uses(mapping: Mapping) -> list[Use]:
    """Every field that is read, place by place; a field that is named twice comes twice."""
    return [
        *_portfolio(mapping),
        *_accounts(mapping),
        *_opportunities(mapping),
        *_records(mapping),
        *_criteria(mapping),
        *_wallet(mapping),
        *_override(mapping),
        *_conditions("accounts", mapping.write.where, "write.where"),
    ]


def fields_read(mapping: Mapping, without: Collection[str] = ()) -> dict[Object, tuple[str, ...]]:
    """Fields to read by object, each once, in the order of the file; contacts' own fields are left out.

    Args:
        mapping: the mapping.
        without: key paths that do not count.
    """
    found: dict[Object, dict[str, None]] = {"accounts": {}, "opportunities": {}}
    for use in uses(mapping):
        if not use.on_contact and use.path not in without:
            found.setdefault(use.object, {})[use.field] = None
    for section in ("contact_roles", "activities", "cases", "orders"):
        if getattr(mapping, section) is not None:
            found.setdefault(section, {})
    return {section: tuple(names) for section, names in found.items()}


def rungs(mapping: Mapping) -> Iterator[tuple[str, Rung]]:
    """Every source with its scale, and the key path that both stand under."""
    for criterion in mapping.criteria:
        here = f"criteria[{criterion.id}]"
        if criterion.first_of is None:
            yield here, criterion.rungs[0]
        else:
            yield from (
                (f"{here}.first_of[{place}]", rung) for place, rung in enumerate(criterion.first_of, 1)
            )


def sources(
    criterion: Criterion, mapping: Mapping, lacking: Callable[[str], bool] = lambda _: True
) -> Iterator[Source]:
    """All that can answer a criterion, in the order in which it is asked; for other criteria what answers them.

    Args:
        criterion: the criterion.
        mapping: where it stands.
        lacking: whether a criterion of which this one is made is to be answered, by id.
    """
    for rung in criterion.rungs:
        if isinstance(rung.source, CriteriaSource):
            for id_ in filter(lacking, rung.source.ids):
                yield from sources(mapping.criterion(id_), mapping, lacking)
        else:
            yield rung.source


def filled_in(source: Source, mapping: Mapping) -> Literal["account", "contacts"] | None:
    """Where a person can give a source its value: in a field of the account, in its contacts' roles; None: nowhere.

    Nobody can fill in a trend, or how many product lines a customer buys.
    """
    if isinstance(source, ContactRolesSource):
        return "contacts"
    if isinstance(source, WalletSource):
        return "account" if mapping.wallet is not None and mapping.wallet.field is not None else None
    return "account" if isinstance(source, FieldSource) else None


def by_people(criterion: Criterion, mapping: Mapping) -> list[Source]:
    """Of all that can answer a criterion what a person can give."""
    return [source for source in sources(criterion, mapping) if filled_in(source, mapping)]


def _conditions(section: Object, where: Iterable[FieldCondition], path: str) -> Iterator[Use]:
    for place, condition in enumerate(where, 1):
        operand = condition.operand
        given = operand if isinstance(operand, tuple) else (operand,)
        texts = tuple(value for value in given if isinstance(value, str))
        compared = condition.operator in ("in", "not_in", "equals")
        values = texts if compared else ()
        yield Use(section, condition.field, f"{path}[{place}]", values=values, condition=condition)


def _portfolio(mapping: Mapping) -> Iterator[Use]:
    for key in ("all", "any"):
        for place, condition in enumerate(getattr(mapping.portfolio, key), 1):
            if isinstance(condition, FieldCondition):
                use = next(_conditions("accounts", [condition], ""))
                yield replace(use, path=f"portfolio.{key}[{place}]")


def _accounts(mapping: Mapping) -> Iterator[Use]:
    needs = {"size": Need.NUMBER, "parent": Need.RECORD}
    for key in ACCOUNT_KEYS:
        field = getattr(mapping.accounts, key)
        if field is not None:
            yield Use("accounts", field, f"accounts.{key}", needs.get(key, Need.ANYTHING))


def _opportunities(mapping: Mapping) -> Iterator[Use]:
    part = mapping.opportunities
    if mapping.crm == "salesforce":  # in HubSpot the account is an association, not a field
        yield Use("opportunities", part.account, "opportunities.account", Need.RECORD)
    yield Use("opportunities", part.amount, "opportunities.amount", Need.AMOUNT)
    yield Use("opportunities", part.close_date, "opportunities.close_date", Need.DATE)
    yield Use("opportunities", part.stage, "opportunities.stage")
    if isinstance(part.probability, str):
        yield Use("opportunities", part.probability, "opportunities.probability", Need.NUMBER)
    yield from _conditions("opportunities", part.where, "opportunities.where")


def _records(mapping: Mapping) -> Iterator[Use]:
    roles, activities = mapping.contact_roles, mapping.activities
    if roles is not None:
        if roles.property is not None:
            yield Use("contact_roles", roles.property, "contact_roles.property", on_contact=True)
        if roles.last_activity is not None:
            path = "contact_roles.last_activity"
            yield Use("contact_roles", roles.last_activity, path, Need.DATE, on_contact=True)
        yield from _conditions("contact_roles", roles.where, "contact_roles.where")
    sections: tuple[Object, Object] = ("cases", "orders")
    for section in sections:
        part = getattr(mapping, section)
        if part is not None:
            if part.account is not None and mapping.crm == "salesforce":
                yield Use(section, part.account, f"{section}.account", Need.RECORD)
            if part.date is not None:
                yield Use(section, part.date, f"{section}.date", Need.DATE)
            yield from _conditions(section, part.where, f"{section}.where")
    if activities is not None:
        if activities.date is not None:
            yield Use("activities", activities.date, "activities.date", Need.DATE)
        yield from _conditions("activities", activities.where, "activities.where")


def _criteria(mapping: Mapping) -> Iterator[Use]:
    for path, rung in rungs(mapping):
        source, here = rung.source, f"{path}.source"
        if isinstance(source, FieldSource):
            yield _answer(source.field, path, rung)
            if source.rated_at is not None:
                yield Use("accounts", source.rated_at, f"{here}.rated_at", Need.DATE, is_input=True)
        elif isinstance(source, CsvSource):
            if source.key_field is None:
                yield Use("accounts", source.key, f"{here}.key", is_file_key=True)
            else:
                yield Use("accounts", source.key_field, f"{here}.key_field")
        elif isinstance(source, OpportunitiesSource | RecordsSource | ActivitiesSource):
            if isinstance(source, OpportunitiesSource) and source.field is not None:
                yield Use("opportunities", source.field, f"{here}.field")
            yield from _conditions(source.from_, source.where, f"{here}.where")
        if isinstance(rung.scale, PercentileScale) and rung.scale.by not in (None, *ACCOUNT_KEYS):
            yield Use("accounts", str(rung.scale.by), f"{path}.scale.by")


def _answer(field: str, path: str, rung: Rung) -> Use:
    """A criterion's own field: what its scale needs it to hold."""
    scale, here = rung.scale, f"{path}.source.field"
    if isinstance(scale, RatingScale):
        return Use("accounts", field, here, Need.RATING, is_input=True, ends=(scale.worst, scale.best))
    if isinstance(scale, LookupScale):
        keys, scores = tuple(scale.scores), f"{path}.scale.scores"
        return Use("accounts", field, here, Need.CATEGORY, keys, is_input=True, values_path=scores)
    if scale.kind == "boolean":
        return Use("accounts", field, here, Need.YES_NO)
    return Use("accounts", field, here, Need.QUANTITY)


def _wallet(mapping: Mapping) -> Iterator[Use]:
    wallet = mapping.wallet
    if wallet is None:
        return
    for place, source in enumerate(wallet.sources, 1):
        if source.startswith("field:"):
            field = source.removeprefix("field:")
            yield Use("accounts", field, f"wallet.sources[{place}]", Need.AMOUNT, is_input=True)
    if wallet.rated_at is not None:
        yield Use("accounts", wallet.rated_at, "wallet.rated_at", Need.DATE, is_input=True)


def _override(mapping: Mapping) -> Iterator[Use]:
    override = mapping.override
    if override is None:
        return
    if override.segment is not None:
        yield Use("accounts", override.segment, "override.segment", Need.CATEGORY, SEGMENTS, is_input=True)
    for key, need in (("owner", Need.ANYTHING), ("reason", Need.ANYTHING), ("expires", Need.DATE)):
        field = getattr(override, key)
        if field is not None:
            yield Use("accounts", field, f"override.{key}", need, is_input=True)
