"""Reads from the CRM what the mapping needs, and nothing more."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.crm import Condition, Crm, CrmField, Currencies, FieldType, Object, PullRequest
from connector.mapping.model import (
    ContactRolesSource,
    CriteriaSource,
    CsvSource,
    FieldCondition,
    FieldSource,
    OpportunitiesSource,
    PercentileScale,
    RecordsSource,
    Source,
    WalletSource,
    Where,
)
from connector.mapping.model import Mapping as MappingFile
from connector.tables import Sources, opened

OBJECTS: tuple[Object, ...] = ("accounts", "opportunities", "contact_roles", "cases", "orders", "activities")


@dataclass(frozen=True, slots=True)
class Read:
    """What one run has read.

    Attributes:
        sources: by object; an object that no criterion needs is absent.
        currencies: home currency and rates.
        stages: stages of opportunities by pipeline.
        merged: accounts that were merged: loser's id -> survivor's id.
        rows: number of records by object.
    """

    sources: Sources
    currencies: Currencies
    stages: Mapping[str, tuple[str, ...]]
    merged: Mapping[str, str]
    rows: Mapping[Object, int]


def pull(crm: Crm, mapping: MappingFile, folder: Path, advance: Callable[[int, int], None] = lambda *_: None) -> Read:
    """Read every object that the mapping needs into Parquet files below `folder`, which is emptied first."""
    requested = requests(mapping, crm.describe("accounts"))
    shutil.rmtree(folder, ignore_errors=True)
    sources: Sources = {}
    merged: dict[str, str] = {}
    for position, request in enumerate(requested):
        advance(position, len(requested))
        place = folder / request.object
        place.mkdir(parents=True)
        pulled = crm.pull(request, place)
        sources[request.object] = opened(pulled)
        if request.object == "accounts":
            merged.update(pulled.merged)
    advance(len(requested), len(requested))
    rows = {name: source.rows for name, source in sources.items()}
    return Read(sources, crm.currencies(), crm.stages(), merged, rows)


def requests(mapping: MappingFile, fields: Mapping[str, CrmField]) -> list[PullRequest]:
    """What to ask the CRM for, accounts first.

    Args:
        mapping: the mapping.
        fields: the account's fields; targets that do not exist yet are left out.
    """
    read = [_accounts(mapping, fields), _opportunities(mapping)]
    needed = needed_objects(mapping)
    if "contact_roles" in needed and mapping.contact_roles is not None:
        section = mapping.contact_roles
        read.append(
            PullRequest(
                "contact_roles",
                _names(_tested(section.where)),
                sources=section.objects,
                role_field=section.property,
                last_activity=section.last_activity,
            ),
        )
    for name in ("cases", "orders"):
        records = mapping.cases if name == "cases" else mapping.orders
        if name in needed and records is not None:
            tested = [*_tested(records.where), *_tested_by_sources(mapping, name)]
            read.append(PullRequest(name, _names([records.date, *tested]), account=records.account))
    if "activities" in needed and mapping.activities is not None:
        activities = mapping.activities
        tested = [*_tested(activities.where), *_tested_by_sources(mapping, "activities")]
        read.append(PullRequest("activities", _names(tested), sources=activities.objects, date=activities.date))
    return read


def needed_objects(mapping: MappingFile) -> set[str]:
    """Sections that a criterion reads, accounts and opportunities always among them."""
    needed = {"accounts", "opportunities"}
    for source in _sources(mapping):
        if isinstance(source, FieldSource | CsvSource | WalletSource | CriteriaSource):
            continue
        needed.add(source.from_)
        if isinstance(source, RecordsSource) and source.measure == "error_rate" and source.per != "won_opportunities":
            needed.add(source.per or "orders")
    return needed


def account_fields(mapping: MappingFile) -> tuple[str, ...]:
    """Fields of the account that are read, the targets apart."""
    section = mapping.accounts
    names: list[str | None] = [section.name, section.owner, section.industry, section.size, section.parent]
    for criterion in mapping.criteria:
        for rung in criterion.rungs:
            if isinstance(rung.source, FieldSource):
                names += [rung.source.field, rung.source.rated_at]
            if isinstance(rung.source, CsvSource):
                names.append(rung.source.key_field or rung.source.key)
            if isinstance(rung.scale, PercentileScale) and rung.scale.by is not None:
                names.append(getattr(section, rung.scale.by, rung.scale.by))
    if mapping.wallet is not None:
        names += [mapping.wallet.field, mapping.wallet.rated_at]
    rule = [*mapping.portfolio.all, *mapping.portfolio.any, *mapping.write.where]
    names += [condition.field for condition in rule if isinstance(condition, FieldCondition)]
    return _names(names)


def opportunity_fields(mapping: MappingFile) -> tuple[str, ...]:
    """Fields of the opportunity that are read."""
    section = mapping.opportunities
    names: list[str | None] = [section.amount, section.close_date, section.stage, *_tested(section.where)]
    if isinstance(section.probability, str):
        names.append(section.probability)
    for source in _sources(mapping):
        if isinstance(source, OpportunitiesSource):
            names += [source.field, *_tested(source.where)]
    return _names(names)


def _accounts(mapping: MappingFile, fields: Mapping[str, CrmField]) -> PullRequest:
    targets = [name for name in mapping.write.targets.values() if name in fields]
    asked = _names([*account_fields(mapping), *targets])
    return PullRequest("accounts", asked, where=_portfolio(mapping, [fields[name] for name in targets]))


def _portfolio(mapping: MappingFile, targets: Iterable[CrmField]) -> tuple[tuple[Condition, ...], ...]:
    """The portfolio as far as fields decide it, and every account on which one of our fields is set."""
    rule = mapping.portfolio
    common = tuple(_condition(each) for each in rule.all if isinstance(each, FieldCondition))
    if rule.any and all(isinstance(each, FieldCondition) for each in rule.any):
        groups = [(*common, _condition(each)) for each in rule.any if isinstance(each, FieldCondition)]
    else:
        groups = [common]
    if () in groups:
        return ()
    return (*groups, *((_is_filled(target),) for target in targets))


def _is_filled(target: CrmField) -> Condition:
    if target.type is FieldType.BOOLEAN:  # Salesforce knows no empty checkbox
        return Condition(target.name, "equals", value=True)
    return Condition(target.name, "is_set", value=True)


def _condition(test: FieldCondition) -> Condition:
    return Condition(test.field, test.operator, test.operand)


def _opportunities(mapping: MappingFile) -> PullRequest:
    section = mapping.opportunities
    return PullRequest(
        "opportunities",
        opportunity_fields(mapping),
        where=(tuple(_condition(each) for each in section.where),) if section.where else (),
        account=section.account,
        pipelines=section.pipelines,
    )


def _sources(mapping: MappingFile) -> list[Source]:
    return [rung.source for criterion in mapping.criteria for rung in criterion.rungs]


def _tested(where: Where) -> list[str]:
    return [condition.field for condition in where]


def _tested_by_sources(mapping: MappingFile, section: str) -> list[str]:
    return [
        name
        for source in _sources(mapping)
        if not isinstance(source, FieldSource | CsvSource | WalletSource | CriteriaSource | ContactRolesSource)
        and source.from_ == section
        for name in _tested(source.where)
    ]


def _names(names: Iterable[str | None]) -> tuple[str, ...]:
    """Without gaps and repetitions, in the order given."""
    return tuple(dict.fromkeys(name for name in names if name))
