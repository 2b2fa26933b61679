"""Records as a pull leaves them, beside the portfolio of `tests.unit.reports.conftest`."""

from __future__ import annotations

from datetime import date
from typing import Any

import narwhals as nw
import polars as pl

from connector.crm import ACCOUNT, CLOSED, CURRENCY, ID, WON, FieldType
from connector.tables import Source
from connector.windows import days

AS_OF = date(2026, 11, 24)
TODAY = days(AS_OF)


def members(*rows: tuple[str, int], **columns: list[Any]) -> pl.DataFrame:
    """A portfolio of (id, revenue in cents)."""
    frame = pl.DataFrame(
        {"id": [row[0] for row in rows], "revenue": [row[1] for row in rows]},
        schema={"id": pl.String, "revenue": pl.Int64},
    )
    return frame.with_columns(**{name: pl.Series(values) for name, values in columns.items()})


def deal(
    account: str | None, state: str, ago: int | None, amount: float | None = 1.0, currency: str | None = None
) -> dict[str, Any]:
    """An opportunity ("won", "lost" or "open") dated so many days before today."""
    return {
        ACCOUNT: account,
        "CloseDate": None if ago is None else TODAY - ago,
        "Amount": amount,
        CURRENCY: currency,
        WON: state == "won",
        CLOSED: state != "open",
    }


def deals(*rows: dict[str, Any]) -> Source:
    schema = {
        ACCOUNT: pl.String,
        "CloseDate": pl.Int32,
        "Amount": pl.Float64,
        CURRENCY: pl.String,
        WON: pl.Boolean,
        CLOSED: pl.Boolean,
    }
    frame = pl.DataFrame(list(rows), schema=schema)
    kinds = {"CloseDate": FieldType.DATE, "Amount": FieldType.CURRENCY}
    return Source(nw.from_native(frame.lazy()), kinds, len(frame))


def records(kinds: dict[str, FieldType], **columns: list[Any]) -> Source:
    """Accounts as read."""
    frame = pl.DataFrame({ID: columns.pop("id"), **columns})
    return Source(nw.from_native(frame.lazy()), kinds, len(frame))
