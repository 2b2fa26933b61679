"""Every worked example of docs/measures.md, computed from its tables as they stand there."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pytest

from connector.crm import FieldType
from connector.mapping import Mapping
from connector.mapping.csv_file import read_files
from connector.measures import BUILT as MEASURES
from connector.reference import References
from connector.scales import BUILT as SCALES
from connector.stages.map import map_accounts
from connector.stages.score import score
from connector.tables import History, Source, Sources
from connector.windows import days
from tests.unit.measures.pulled import AS_OF, EURO, SCHEMAS

PAGE = (Path(__file__).parents[3] / "docs" / "measures.md").read_text(encoding="utf-8")
OBJECTS = {
    "account": "accounts",
    "opportunity of": "opportunities",
    "contact role of": "contact_roles",
    "case of": "cases",
    "order of": "orders",
    "activity of": "activities",
}
COLUMNS = {
    "contact_roles": {"Role": "@role", "LastActivityDate": "@last_activity"},
    "activities": {"ActivityDate": "@date"},
}
"""Columns that an adapter names alike on every CRM."""
STAGES = {"Won": (True, True), "Lost": (False, True), "Open": (False, False)}
"""Stage -> won, closed."""
CURRENCY_FIELDS = {"Amount", "Wallet__c"}
Table = list[dict[str, str]]


@dataclass(frozen=True)
class Example:
    """One section of the page: its mapping, its input by object, its CSV file, and what is to come out."""

    name: str
    mapping: dict[str, Any]
    tables: dict[str, Table]
    csv: str
    results: Table


def table(lines: list[str]) -> Table:
    head, _, *rows = ([cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines)
    return [dict(zip(head, row, strict=True)) for row in rows]


def example(name: str, text: str) -> Example:
    blocks = dict(re.findall(r"^```(toml|csv)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL))
    found = [table(lines.splitlines()) for lines in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)]
    results = next(each for each in found if "raw value" in each[0])
    tables = {OBJECTS[next(iter(each[0]))]: each for each in found if each is not results}
    return Example(name, tomllib.loads(blocks["toml"]), tables, blocks.get("csv", ""), results)


SECTIONS = re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", PAGE, flags=re.MULTILINE | re.DOTALL)
EXAMPLES = [example(name, text) for name, text in SECTIONS]


def value(cell: str) -> Any:
    """What a cell means: nothing, a number, a date in days, yes or no, or a text."""
    if not cell or cell == "missing":
        return None
    if cell in ("true", "false"):
        return cell == "true"
    if re.fullmatch(r"-?[\d,]+(\.\d+)?", cell):
        return float(cell.replace(",", ""))
    return days(date.fromisoformat(cell)) if re.fullmatch(r"\d{4}-\d\d-\d\d", cell) else cell


def kind(name: str, cells: list[str]) -> FieldType:
    dates = [cell for cell in cells if re.fullmatch(r"\d{4}-\d\d-\d\d", cell)]
    types = {type(value(cell)) for cell in cells if cell}
    if name in CURRENCY_FIELDS:
        return FieldType.CURRENCY
    if dates:
        return FieldType.DATE
    return {bool: FieldType.BOOLEAN, float: FieldType.NUMBER}.get(types.pop(), FieldType.TEXT)


def copies(row: dict[str, str]) -> list[str]:
    """Ids of the accounts that a row stands for."""
    number = int(row.get("times", "1"))
    return [row["account"], *(f"{row['account']} {copy}" for copy in range(2, number + 1))]


def sources(case: Example) -> Sources:
    given = {name: rows for name, rows in case.tables.items() if name != "accounts"}
    named = {row[next(iter(row))]: {} for rows in (*given.values(), case.results) for row in rows}
    named |= {row["account"]: row for row in case.tables.get("accounts", [])}
    accounts = [
        {"@id": key, **{name: cell for name, cell in row.items() if name not in ("account", "times")}}
        for account, row in named.items()
        for key in copies({"account": account, **row})
    ]
    found = {"accounts": opened("accounts", accounts)}
    for name, rows in {"opportunities": [], **given}.items():
        records = [_record(name, row) for row in rows for _ in range(int(row.get("times", "1")))]
        found[name] = opened(name, records)
    return found  # type: ignore[return-value]


def _record(name: str, row: dict[str, str]) -> dict[str, str]:
    of, *_ = row
    known = COLUMNS.get(name, {})
    record = {known.get(key, key): cell for key, cell in row.items() if key not in (of, "times")}
    if name == "opportunities":
        won, closed = STAGES[row["StageName"]]
        record |= {"@won": str(won).lower(), "@closed": str(closed).lower()}
    return {"@account": row[of], **record}


def opened(name: str, rows: list[dict[str, str]]) -> Source:
    """Rows of cells as a pull would have read them; what a section of the mapping names is there, empty."""
    plain = {key: each for key, each in SCHEMAS[name].items() if key.startswith("@") or key in DEFAULTS[name]}
    cells = {key: [row.get(key, "") for row in rows] for key in {key: None for row in rows for key in row}}
    schema = {
        **plain,
        **{key: kind(key, found) for key, found in cells.items() if any(found) and key not in plain},
    }
    records = [
        {
            "@id": f"{number:04}",
            **{key: _typed(row.get(key, ""), schema[key]) for key in row if key in schema},
        }
        for number, row in enumerate(rows)
    ]
    arrow = pa.schema(
        [(key, pa.int32() if each is FieldType.DATE else each.arrow) for key, each in schema.items()]
    )
    frame = nw.from_native(pa.Table.from_pylist(records, schema=arrow), eager_only=True).lazy(
        backend="polars"
    )
    return Source(frame, schema, len(rows))


def _typed(cell: str, wanted: FieldType) -> Any:
    return cell or None if wanted in (FieldType.TEXT, FieldType.PICKLIST) else value(cell)


DEFAULTS: dict[str, set[str]] = {
    "accounts": {"Name", "Industry"},
    "opportunities": {"Amount", "CloseDate", "StageName", "Probability"},
    "contact_roles": set(),
    "cases": set(),
    "orders": set(),
    "activities": set(),
}
"""Fields that the sections of every example's mapping name."""


def mapping_of(case: Example, folder: Path) -> Mapping:
    alone = {key: each for key, each in case.mapping.items() if key in ("source", "scale")}
    criteria = case.mapping.get("criteria", [{"id": "example", **alone}])
    common = {"dimension": "potential", "label": "x"}
    other = {"id": "other", "dimension": "attractiveness", "label": "x", "source": {"field": "Name"}}
    other["scale"] = {"kind": "lookup", "scores": {"x": 50}}
    whole: dict[str, Any] = {
        "version": 1, "crm": "salesforce", "currency": "EUR",
        "accounts": {"name": "Name", "industry": "Industry", "owner": "OwnerId"},
        "opportunities": {
            "account": "AccountId", "amount": "Amount", "close_date": "CloseDate", "stage": "StageName",
            "probability": "Probability",
        },
        "contact_roles": {}, "activities": {},
        "cases": {"account": "AccountId", "date": "CreatedDate"},
        "orders": {"account": "AccountId", "date": "EffectiveDate"},
        **{key: each for key, each in case.mapping.items() if key not in alone},
        "criteria": [*({**common, **each} for each in criteria), other],
    }  # fmt: skip
    (folder / "erp.csv").write_text(case.csv, encoding="utf-8")
    return Mapping.model_validate(whole, context={"folder": folder})


def as_printed(raw: Any, cell: str) -> Any:
    """A number with as many decimals as the page gives it."""
    return round(raw, len(cell.partition(".")[2])) if isinstance(raw, (int, float)) else raw


@pytest.mark.parametrize("case", EXAMPLES, ids=lambda case: case.name)
def test_an_example_comes_out_as_it_is_printed(case: Example, tmp_path: Path) -> None:
    mapping, references = mapping_of(case, tmp_path), References("2026Q2")
    *_, criterion, _ = mapping.criteria
    files = read_files(mapping)
    mapped = map_accounts(sources(case), mapping, AS_OF, EURO, History(), references, csv=files)
    names = ("id", f"raw:{criterion.id}:0", f"score:{criterion.id}")
    found = score(mapped.accounts, mapping, references).select(names).collect().to_arrow().to_pylist()
    printed = {row["account"]: row for row in case.results}
    assert {row["id"].partition(" ")[0] for row in found} == set(printed)
    for account, raw, points in (row.values() for row in found):
        cells = printed[account.partition(" ")[0]]
        assert points == value(cells["score"]), (account, points, cells)
        assert as_printed(raw, cells["raw value"]) == value(cells["raw value"]), (account, raw, cells)


def test_every_measure_and_every_scale_has_its_example() -> None:
    names = [case.name for case in EXAMPLES]
    measures = [measure for found in MEASURES.values() for measure in found]
    assert sorted(names) == sorted({"field", "csv", *SCALES, *measures})
    for case in EXAMPLES:
        source, scale = case.mapping.get("source", {}), case.mapping.get("scale", {})
        if case.name in SCALES:
            assert scale["kind"] == case.name
        elif case.name in ("field", "csv"):
            assert case.name in source
        elif "criteria" not in case.mapping:
            assert source["measure"] == case.name
