"""Reads from the CRM what the mapping needs, and nothing more."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from connector.crm import Condition, Crm, CrmField, Currencies, FieldType, Object, PullRequest
from connector.mapping.model import (
    CriteriaSource,
    CsvSource,
    FieldCondition,
    FieldSource,
    RecordsSource,
    WalletSource,
)
from connector.mapping.model import Mapping as MappingFile
from connector.mapping.uses import fields_read, uses
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


def pull(
    crm: Crm, mapping: MappingFile, folder: Path, advance: Callable[[int, int], None] = lambda *_: None
) -> Read:
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
        fields: the account's fields; targets and inputs that are still to be created are left out.
    """
    read = fields_read(mapping)
    to_create = {use.field for use in uses(mapping) if use.is_input and use.field not in fields}
    targets = [name for name in mapping.write.targets.values() if name in fields]
    deals = mapping.opportunities
    requested = [
        PullRequest(
            "accounts",
            tuple(dict.fromkeys([*(name for name in read["accounts"] if name not in to_create), *targets])),
            where=_portfolio(mapping, [fields[name] for name in targets]),
        ),
        PullRequest(
            "opportunities",
            read["opportunities"],
            where=(tuple(_condition(each) for each in deals.where),) if deals.where else (),
            account=deals.account,
            pipelines=deals.pipelines,
        ),
    ]
    needed = needed_objects(mapping)
    roles, activities = mapping.contact_roles, mapping.activities
    if roles is not None and "contact_roles" in needed:
        people = PullRequest("contact_roles", read["contact_roles"], sources=roles.objects)
        requested.append(replace(people, role_field=roles.property, last_activity=roles.last_activity))
    if mapping.cases is not None and "cases" in needed:
        requested.append(PullRequest("cases", read["cases"], account=mapping.cases.account))
    if mapping.orders is not None and "orders" in needed:
        requested.append(PullRequest("orders", read["orders"], account=mapping.orders.account))
    if activities is not None and "activities" in needed:
        request = PullRequest(
            "activities", read["activities"], sources=activities.objects, date=activities.date
        )
        requested.append(request)
    return requested


def needed_objects(mapping: MappingFile) -> set[str]:
    """Sections that a criterion reads, accounts and opportunities always among them."""
    needed = {"accounts", "opportunities"}
    for source in (rung.source for criterion in mapping.criteria for rung in criterion.rungs):
        if isinstance(source, FieldSource | CsvSource | WalletSource | CriteriaSource):
            continue
        needed.add(source.from_)
        if (
            isinstance(source, RecordsSource)
            and source.measure == "error_rate"
            and source.per != "won_opportunities"
        ):
            needed.add(source.per or "orders")
    return needed


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
