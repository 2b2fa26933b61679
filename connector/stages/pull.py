"""pull: reads from the CRM what the mapping needs, and nothing more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree

import narwhals as nw

from connector.crm import Condition, CrmField, CrmReader, Currencies, FieldType, Object, PullRequest
from connector.errors import CrmRequestError
from connector.mapping.csv_file import CsvTables, read_files
from connector.mapping.model import (
    CriteriaSource,
    CsvSource,
    FieldCondition,
    FieldSource,
    RecordsSource,
    WalletSource,
    Where,
)
from connector.mapping.model import Mapping as MappingFile
from connector.mapping.naming import can_be_created
from connector.mapping.uses import Need, fields_read, uses
from connector.measures.records import objects
from connector.mirror import Mirror
from connector.stored import about
from connector.tables import Source, Sources, column

ANSWERED_BY_ADAPTER = ("opportunities.account", "cases.account", "orders.account", "activities.date")
"""Keys whose fields arrive as added columns (``@account``, ``@date``)."""
NO_OBJECT = "OBJECT_NOT_FOUND"

_INPUT_TYPES = {Need.AMOUNT: FieldType.CURRENCY, Need.DATE: FieldType.DATE}
_RESULT_TYPES = {
    "segment_since": FieldType.DATE,
    "revenue_flag": FieldType.BOOLEAN,
    **dict.fromkeys(("segment", "confidence", "why", "next_step", "campaigns"), FieldType.TEXT),
}
_COLUMN_TYPES = {
    FieldType.DATE: nw.Int32(),
    FieldType.BOOLEAN: nw.Boolean(),
    FieldType.TEXT: nw.String(),
    FieldType.NUMBER: nw.Float64(),
    FieldType.CURRENCY: nw.Float64(),
}


@dataclass(frozen=True, slots=True)
class Read:
    """What one run has read.

    Attributes:
        sources: by object; one that no criterion needs, or that the CRM does not have, is left out.
        currencies: home currency and rates.
        merged: accounts that were merged: loser's id -> survivor's id.
        rows: number of records by object.
        fetched: how many records the CRM was asked for, by object: all, or those that had changed.
        absent: objects that the CRM does not have, with what it says.
        fields: the account's fields as the connected user sees them.
        files: CSV files that criteria read.
    """

    sources: Sources
    currencies: Currencies
    merged: Mapping[str, str]
    rows: Mapping[Object, int]
    fetched: Mapping[Object, int]
    absent: Mapping[Object, str] = field(default_factory=dict)
    fields: Mapping[str, CrmField] = field(default_factory=dict)
    files: CsvTables = field(default_factory=dict)


def pull(
    crm: CrmReader,
    mapping: MappingFile,
    folder: Path,
    mirror: Mirror,
    *,
    provisioned: bool = True,
    advance: Callable[[int, int], None] = lambda *_: None,
) -> Read:
    """Read every object that the mapping needs.

    Args:
        crm: where from.
        mapping: says what is needed.
        folder: for Parquet files; it is emptied first.
        mirror: holds what earlier runs have read.
        provisioned: our fields exist. If not, those that provisioning would create count as empty.
        advance: told how many objects are read, of how many.

    Raises:
        CrmError: the CRM refuses, or does not know a field that should exist.
        MappingError: a CSV file cannot be read.
    """
    files = read_files(mapping)
    rmtree(folder, ignore_errors=True)
    fields = crm.describe("accounts")
    to_come = {} if provisioned else _to_be_created(mapping, fields)
    requested = requests(mapping, fields, without=to_come)
    sources: Sources = {}
    merged: Mapping[str, str] = {}
    absent: dict[Object, str] = {}
    fetched: dict[Object, int] = {}
    for position, request in enumerate(requested):
        advance(position, len(requested))
        place = folder / request.object
        place.mkdir(parents=True)
        try:
            brought = mirror.read(crm, request, place)
        except CrmRequestError as error:
            if error.code != NO_OBJECT or request.object in ("accounts", "opportunities"):
                raise
            absent[request.object] = str(error)
            continue
        sources[request.object] = brought.source
        fetched[request.object] = brought.fetched
        merged = brought.merged if request.object == "accounts" else merged
    advance(len(requested), len(requested))
    sources["accounts"] = _with_empty(sources["accounts"], to_come)
    rows = {name: source.rows for name, source in sources.items()}
    currencies = crm.currencies()
    mirror.note(about(fields, currencies))
    return Read(sources, currencies, merged, rows, fetched, absent, fields, files)


def requests(
    mapping: MappingFile, fields: Mapping[str, CrmField], without: Iterable[str] = ()
) -> list[PullRequest]:
    """What to ask the CRM for, accounts first.

    Args:
        mapping: the mapping.
        fields: the account's fields.
        without: fields of the account that do not exist yet.
    """
    read = fields_read(mapping, without=ANSWERED_BY_ADAPTER)
    wanted = dict.fromkeys((*read["accounts"], *mapping.write.targets.values()))
    names = [name for name in wanted if name not in set(without)]
    asked = [
        PullRequest(
            "accounts", tuple(names), _portfolio(mapping, [fields[n] for n in _targets(mapping, fields)])
        )
    ]
    part = mapping.opportunities
    asked.append(
        PullRequest(
            "opportunities",
            read["opportunities"],
            _pushed(part.where),
            account=part.account,
            pipelines=part.pipelines,
        ),
    )
    needed = needed_objects(mapping)
    if "contact_roles" in needed and (roles := mapping.contact_roles) is not None:
        asked.append(
            PullRequest(
                "contact_roles",
                read["contact_roles"],
                _pushed(roles.where),
                sources=roles.objects,
                role_field=roles.property,
                last_activity=roles.last_activity,
            ),
        )
    records: tuple[Object, ...] = ("cases", "orders")
    for name in records:
        section = mapping.cases if name == "cases" else mapping.orders
        if name in needed and section is not None:
            asked.append(
                PullRequest(
                    name, read[name], _pushed(section.where), account=section.account, date=section.date
                )
            )
    if "activities" in needed and (activities := mapping.activities) is not None:
        asked.append(
            PullRequest(
                "activities",
                read["activities"],
                _pushed(activities.where),
                sources=activities.objects,
                date=activities.date,
            ),
        )
    return asked


def needed_objects(mapping: MappingFile) -> set[str]:
    """Sections that a criterion reads, accounts and opportunities always among them."""
    needed = {"accounts", "opportunities"}
    for source in (rung.source for criterion in mapping.criteria for rung in criterion.rungs):
        if isinstance(source, FieldSource | CsvSource | WalletSource | CriteriaSource):
            continue
        needed.update(objects(source) if isinstance(source, RecordsSource) else (source.from_,))
    return needed


def _targets(mapping: MappingFile, fields: Mapping[str, CrmField]) -> list[str]:
    return [name for name in mapping.write.targets.values() if name in fields]


def _portfolio(mapping: MappingFile, targets: Iterable[CrmField]) -> tuple[tuple[Condition, ...], ...]:
    """The portfolio as far as fields decide it, and every account on which one of our fields is set."""
    rule = mapping.portfolio
    if rule.level == "ultimate_parent":  # who belongs to a customer's family is known when all are read
        return ()
    common = tuple(_condition(each) for each in rule.all if isinstance(each, FieldCondition))
    if rule.any and all(isinstance(each, FieldCondition) for each in rule.any):
        groups = [(*common, _condition(each)) for each in rule.any if isinstance(each, FieldCondition)]
    else:  # a measured condition is decided after the pull
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


def _pushed(where: Where) -> tuple[tuple[Condition, ...], ...]:
    return (tuple(_condition(each) for each in where),) if where else ()


def _to_be_created(mapping: MappingFile, fields: Mapping[str, CrmField]) -> dict[str, FieldType]:
    """Fields of the account that provisioning would create, and their types."""
    found = {
        use.field: _INPUT_TYPES.get(use.need, FieldType.TEXT)
        for use in uses(mapping)
        if use.is_input and use.field not in fields and can_be_created(use.field, mapping.crm)
    }
    for key, name in mapping.write.targets.items():
        if name not in fields:
            found[name] = _RESULT_TYPES.get(key, FieldType.NUMBER)
    return found


def _with_empty(source: Source, types: Mapping[str, FieldType]) -> Source:
    """The same records with empty columns for fields that do not exist yet."""
    if not types:
        return source
    empty = [nw.lit(None, dtype=_COLUMN_TYPES[kind]).alias(column(name)) for name, kind in types.items()]
    return Source(source.frame.with_columns(*empty), {**source.schema, **types}, source.rows)
