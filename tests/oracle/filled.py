"""What people and an ERP have filled in: fields of every type on the generated accounts, and a CSV file."""

from __future__ import annotations

import csv
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from connector.crm import FieldType
from connector.mapping import Mapping
from connector.mapping.csv_file import read_files
from connector.tables import Source
from connector.windows import days
from tests.oracle.compared import AS_OF, Portfolio

TEXT, NUMBER, DATE = FieldType.TEXT, FieldType.NUMBER, FieldType.DATE
TYPES = {
    "X_Rating": FieldType.PICKLIST,
    "X_Rated": DATE,
    "X_Number": NUMBER,
    "X_Text_Number": TEXT,
    "X_Text_Date": TEXT,
    "X_Date": DATE,
    "X_Flag": FieldType.BOOLEAN,
    "X_Text_Flag": TEXT,
    "X_Word": FieldType.PICKLIST,
    "X_Several": FieldType.MULTI_PICKLIST,
    "X_Money": FieldType.CURRENCY,
    "X_Percent": FieldType.PERCENT,
    "X_Wallet": FieldType.CURRENCY,
    "X_Group": TEXT,
    "X_Owner": TEXT,
    "X_Key": TEXT,
}
COLUMNS: dict[FieldType, Any] = {
    NUMBER: pl.Float64,
    FieldType.CURRENCY: pl.Float64,
    FieldType.PERCENT: pl.Float64,
}
COLUMNS |= {DATE: pl.Int32, FieldType.BOOLEAN: pl.Boolean}


def filled(portfolio: Portfolio, folder: Path) -> Portfolio:
    """The portfolio with the fields in TYPES, as untidy as people leave them, and ``erp.csv`` in a folder."""
    chosen = random.Random(17)
    source = portfolio.read.sources["accounts"]
    native: pl.DataFrame = source.frame.collect().to_native()
    own = _own(portfolio)
    rows = [_row(chosen, own.get(key, 0.0)) for key in native.get_column("@id")]
    columns = [
        pl.Series(name, [row[name] for row in rows], dtype=COLUMNS.get(kind, pl.String))
        for name, kind in TYPES.items()
    ]
    frame = nw.from_native(native.with_columns(columns).lazy())
    whole = Source(frame, {**source.schema, **TYPES}, source.rows)
    table = _erp(chosen, [row["X_Key"] for row in rows])
    with (folder / "erp.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, list(table[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(table)
    read = replace(portfolio.read, sources={**portfolio.read.sources, "accounts": whole})
    return replace(portfolio, read=read, csv={"erp.csv": table})


def with_files(portfolio: Portfolio, mapping: Mapping) -> Portfolio:
    """The portfolio with the files that a mapping reads."""
    return replace(portfolio, read=replace(portfolio.read, files=read_files(mapping)))


def _own(portfolio: Portfolio) -> dict[str, float]:
    """Something like each account's revenue, so that entered wallets look like wallets."""
    frame = portfolio.read.sources["opportunities"].frame.collect().to_native()
    amount = portfolio.mapping.opportunities.amount
    sums = frame.filter(pl.col("@won")).group_by("@account").agg(pl.col(amount).cast(pl.Float64).sum())
    return dict(sums.iter_rows())


def _row(chosen: random.Random, own: float) -> dict[str, Any]:
    today = days(AS_OF)

    def maybe(value: Any, share: float = 0.85) -> Any:
        return value if chosen.random() < share else None

    number = chosen.choice([chosen.uniform(-50, 150), float(chosen.randrange(-3, 9)), float("nan"), 1e18])
    digits = chosen.choice([" 12.5 ", "1e2", "-7", "1,000", "", "0", f"{chosen.uniform(0, 99):.4f}"])
    month = f"20{chosen.randrange(10, 27)}-0{chosen.randrange(1, 10)}"
    written = chosen.choice(["2026-02-30", "soon", "2024-02-29", f"{month}-17"])
    return {
        "X_Rating": maybe(chosen.choice(["1", "2", " 3", "4", "4.5", "5", "6", "0", "good", ""])),
        "X_Rated": maybe(today - chosen.randrange(-30, 900)),
        "X_Number": maybe(number),
        "X_Text_Number": maybe(digits),
        "X_Text_Date": maybe(written),
        "X_Date": maybe(chosen.choice([today - chosen.randrange(-40, 1500), -30_000, 60_000])),
        "X_Flag": maybe(chosen.random() < 0.4),
        "X_Text_Flag": maybe(chosen.choice(["true", " FALSE", "True", "yes", ""])),
        "X_Word": maybe(chosen.choice(["Clear", " clear ", "PARTLY", "none", "foggy", ""])),
        "X_Several": maybe(";".join(chosen.sample(["a", "B ", " c", "x"], chosen.randrange(0, 4)))),
        "X_Money": maybe(chosen.choice([chosen.uniform(0, 2e6), -250.0, 0.0, 1e14])),
        "X_Percent": maybe(chosen.uniform(-10, 110)),
        "X_Wallet": maybe(chosen.choice([*[round(own * chosen.uniform(0.2, 6), 2)] * 8, -5.0, 0.0]), 0.35),
        "X_Group": maybe(chosen.choice(["Wood", " wood", "METAL", "Glass", ""])),
        "X_Owner": maybe(chosen.choice([f"005{number}" for number in range(9)])),
        "X_Key": maybe(chosen.choice(["K-", "k-", " K-"]) + str(chosen.randrange(700))),
    }  # fmt: skip


def _erp(chosen: random.Random, keys: list[str | None]) -> list[dict[str, str]]:
    known = sorted({key.strip().lower() for key in keys if key})
    rows = [
        {
            "Number": chosen.choice([key, key.upper(), f" {key} "]),
            "rate": chosen.choice([f"{chosen.uniform(0, 0.3):.3f}", "", "n/a", "1e-2"]),
            "since": chosen.choice(["2026-01-31", "2025-12-01", "2026-13-01", ""]),
            "grade": chosen.choice(["A", "b ", "C", ""]),
            "fit": chosen.choice(["TRUE", "false", "perhaps", ""]),
        }
        for key in known
        if chosen.random() < 0.9
    ]
    return [*rows, *rows[:40:4], {**rows[0], "Number": "ghost"}]
