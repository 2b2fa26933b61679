"""From the generated portfolio's words and columns to text as HubSpot stores it."""

from __future__ import annotations

from typing import Final

import polars as pl

from adapters.sandbox.hubspot.store.schema import ID_STEP, object_type

FIRST_OWNER: Final = 180_000_000
OWNER_STEP: Final = 3
PARTNER_PIPELINE: Final = "98720000"

# Stage of the generated portfolio -> stage of the default and of the partner pipeline.
STAGES: Final = {
    "prospecting": "appointmentscheduled",
    "qualification": "qualifiedtobuy",
    "proposal": "presentationscheduled",
    "negotiation": "decisionmakerboughtin",
    "won": "closedwon",
    "lost": "closedlost",
}
PARTNER_STAGES: Final = {
    "prospecting": "98720001",
    "qualification": "98720001",
    "proposal": "98720002",
    "negotiation": "98720002",
    "won": "98720003",
    "lost": "98720004",
}
DEAL_TYPES: Final = {"New Business": "newbusiness", "Upsell": "existingbusiness", "Renewal": "renewal"}
TICKET_STAGES: Final = {"New": "1", "Working": "3", "Closed": "4"}
TICKET_CATEGORIES: Final = {
    "Order error": "ORDER_ERROR",
    "Question": "GENERAL_INQUIRY",
    "Complaint": "COMPLAINT",
}


def record_id(name: str, key: str | pl.Expr) -> pl.Expr:
    """Record id of a generated key."""
    column = pl.col(key) if isinstance(key, str) else key
    return column * ID_STEP + object_type(name).first_id


def links_to_accounts(frame: pl.DataFrame, name: str, *, main: int) -> pl.DataFrame:
    """Links to the companies by `account_key`."""
    return frame.filter(pl.col("account_key").is_not_null()).select(
        child=record_id(name, "key"), parent=record_id("companies", "account_key"), main=pl.lit(main)
    )


def owner() -> pl.Expr:
    """Owner id of `owner_key`."""
    return (pl.col("owner_key") * OWNER_STEP + FIRST_OWNER).cast(pl.String)


def moment(day: str, clock: str) -> pl.Expr:
    """A day at a time of day, as HubSpot writes it."""
    return pl.col(day).cast(pl.String) + pl.lit(f"T{clock}")


def number(value: pl.Expr) -> pl.Expr:
    """A number with up to two decimals as text, never with an exponent."""
    whole = value.round(0)
    cents = (value.abs() * 100).round(0).cast(pl.Int64)
    sign = pl.when(value < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    decimal = pl.concat_str(
        sign,
        (cents // 100).cast(pl.String),
        pl.lit("."),
        (cents % 100).cast(pl.String).str.zfill(2).str.strip_chars_end("0"),
    )
    return pl.when(value == whole).then(whole.cast(pl.Int64).cast(pl.String)).otherwise(decimal)
