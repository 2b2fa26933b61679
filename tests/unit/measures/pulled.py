"""Small pulled portfolios for tests: records as dictionaries with what matters, the rest is filled in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import narwhals as nw
import pyarrow as pa

from connector.crm import Currencies, FieldType
from connector.mapping import Mapping
from connector.mapping.csv_file import CsvTables
from connector.reference import References
from connector.stages.map import Mapped, map_accounts
from connector.tables import History, Source, Sources
from connector.windows import days

AS_OF = date(2026, 5, 31)
EURO = Currencies("EUR")
TEXT, NUMBER, DATE, BOOLEAN = FieldType.TEXT, FieldType.NUMBER, FieldType.DATE, FieldType.BOOLEAN
SCHEMAS: dict[str, dict[str, FieldType]] = {
    "accounts": {
        "@id": TEXT, "@currency": TEXT, "Name": TEXT, "Industry": FieldType.PICKLIST, "Size": NUMBER, "Type": TEXT,
        "Rating": FieldType.PICKLIST, "Rated": DATE, "Note": TEXT, "Flag": BOOLEAN, "Money": FieldType.CURRENCY,
        "Wallet": FieldType.CURRENCY, "Tags": FieldType.MULTI_PICKLIST, "Zone": FieldType.PICKLIST, "Since": DATE,
        "Points": NUMBER, "Top": BOOLEAN,
    },
    "opportunities": {
        "@id": TEXT, "@account": TEXT, "@won": BOOLEAN, "@closed": BOOLEAN, "@currency": TEXT,
        "@home_amount": FieldType.CURRENCY, "Amount": FieldType.CURRENCY, "CloseDate": DATE, "StageName": TEXT,
        "Probability": FieldType.PERCENT, "Type": TEXT,
    },
    "contact_roles": {
        "@id": TEXT, "@account": TEXT, "@opportunity": TEXT, "@contact": TEXT, "@role": TEXT, "@last_activity": DATE,
    },
    "cases": {"@id": TEXT, "@account": TEXT, "Date": DATE, "Type": TEXT},
    "orders": {"@id": TEXT, "@account": TEXT, "Date": DATE},
    "activities": {"@id": TEXT, "@account": TEXT, "@date": DATE, "Type": TEXT},
}  # fmt: skip
LINEAR = {"kind": "linear", "zero": 0, "full": 1}
Rows = Sequence[dict[str, Any]]


def ago(number: int) -> date:
    """So many days before the day that is rated."""
    return AS_OF - timedelta(days=number)


def deal(account: str = "a", **values: Any) -> dict[str, Any]:
    """A won opportunity of 100, thirty days ago, unless said otherwise."""
    return {
        "@account": account,
        "@won": True,
        "@closed": True,
        "Amount": 100.0,
        "CloseDate": ago(30),
        **values,
    }


def open_deal(account: str = "a", **values: Any) -> dict[str, Any]:
    """An open opportunity of 100 at 50 %, thirty days ahead, unless said otherwise."""
    ahead = {"@won": False, "@closed": False, "CloseDate": ago(-30), "Probability": 50.0}
    return deal(account, **{**ahead, **values})


def sources(backend: str, **tables: Rows) -> Sources:
    """Records as pulled, on a backend; accounts and opportunities are always there, others if given."""
    found: dict[Any, Source] = {}
    for name, schema in SCHEMAS.items():
        if name in tables or name in ("accounts", "opportunities"):
            rows = [_row(row, position, schema) for position, row in enumerate(tables.get(name, ()))]
            arrow = pa.schema([(field, _arrow(kind)) for field, kind in schema.items()])
            table = pa.Table.from_pylist(rows, schema=arrow)
            frame = nw.from_native(table, eager_only=True).lazy(backend=backend)
            found[name] = Source(frame, dict(schema), len(rows))
    return found


def _row(row: dict[str, Any], position: int, schema: dict[str, FieldType]) -> dict[str, Any]:
    unknown = set(row) - set(schema)
    assert not unknown, unknown
    given = {"@id": f"{position:04}", **row}
    return {name: days(value) if isinstance(value, date) else value for name, value in given.items()}


def _arrow(kind: FieldType) -> pa.DataType:
    return pa.int32() if kind is DATE else kind.arrow


def mapping_of(*criteria: dict[str, Any], **sections: Any) -> Mapping:
    """A mapping with these criteria of potential (and one of attractiveness), every account in the portfolio."""
    first = {"dimension": "potential", "label": "x"}
    named = [
        {"id": f"c{position}", **first, **({} if "first_of" in criterion else {"scale": LINEAR}), **criterion}
        for position, criterion in enumerate(criteria)
    ]
    other = {
        "id": "other",
        "dimension": "attractiveness",
        "label": "Other",
        "source": {"field": "Size"},
        "scale": LINEAR,
    }
    whole: dict[str, Any] = {
        "version": 1, "crm": "salesforce", "currency": "EUR",
        "accounts": {"name": "Name", "industry": "Industry", "size": "Size"},
        "opportunities": {
            "account": "AccountId", "amount": "Amount", "close_date": "CloseDate", "stage": "StageName",
            "probability": "Probability",
        },
        "contact_roles": {}, "cases": {"account": "AccountId", "date": "Date"},
        "orders": {"account": "AccountId", "date": "Date"}, "activities": {},
        "wallet": {"sources": ["field:Wallet"], "achievable_share": 0.6},
        "criteria": [*named, other],
    }  # fmt: skip
    return Mapping.model_validate(whole | sections)


def mapped(
    backend: str,
    mapping: Mapping,
    *,
    currencies: Currencies = EURO,
    history: History | None = None,
    references: References | None = None,
    as_of: date = AS_OF,
    csv: CsvTables | None = None,
    **tables: Rows,
) -> Mapped:
    """`map_accounts` on these records."""
    return map_accounts(
        sources(backend, **tables),
        mapping,
        as_of,
        currencies,
        history or History(),
        references or References("2026Q2"),
        csv=csv,
    )


def column(found: Mapped, name: str) -> dict[str, Any]:
    """Account -> value of a column."""
    rows = found.accounts.select("id", name).collect().to_arrow().to_pylist()
    return {row["id"]: row[name] for row in rows}


def raw(
    backend: str, source: dict[str, Any], *, scale: dict[str, Any] = LINEAR, **tables: Any
) -> dict[str, Any]:
    """Account -> raw value of one source."""
    tables.setdefault("accounts", [{"@id": "a"}, {"@id": "none"}])
    mapping = mapping_of({"source": source, "scale": scale}, **tables.pop("sections", {}))
    return column(mapped(backend, mapping, **tables), "raw:c0:0")
