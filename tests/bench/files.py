"""A portfolio on disk as an adapter leaves it after a pull: Parquet, generated from a seed, any size."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from connector.crm import FieldType, Object, Pulled

CHUNK = 250_000
INDUSTRIES = (
    "Manufacturing",
    "Construction",
    "Retail",
    "Healthcare",
    "Logistics",
    "Energy",
    "Banking",
    "Media",
)
TEXT, NUMBER, CURRENCY, PERCENT = FieldType.TEXT, FieldType.NUMBER, FieldType.CURRENCY, FieldType.PERCENT
PICKLIST, BOOLEAN, DATE = FieldType.PICKLIST, FieldType.BOOLEAN, FieldType.DATE
_POLARS = {
    TEXT: pl.String(),
    PICKLIST: pl.String(),
    NUMBER: pl.Float64(),
    BOOLEAN: pl.Boolean(),
    DATE: pl.Date(),
}

SCHEMAS: dict[Object, dict[str, FieldType]] = {
    "accounts": {
        "@id": TEXT, "@currency": TEXT, "Name": TEXT, "OwnerId": TEXT, "Industry": PICKLIST,
        "NumberOfEmployees": NUMBER, "ParentId": TEXT, "Type": PICKLIST, "IsPersonAccount": BOOLEAN,
        "KPM_Demand__c": PICKLIST, "KPM_Chemistry__c": PICKLIST, "KPM_Strategy__c": PICKLIST,
        "KPM_Rated_At__c": DATE, "KPM_Wallet__c": CURRENCY, "KPM_Wallet_Rated_At__c": DATE,
    },
    "opportunities": {
        "@id": TEXT, "@account": TEXT, "@won": BOOLEAN, "@closed": BOOLEAN, "@currency": TEXT, "Amount": CURRENCY,
        "CloseDate": DATE, "StageName": PICKLIST, "Probability": PERCENT, "Type": PICKLIST,
    },
    "contact_roles": {
        "@id": TEXT, "@account": TEXT, "@opportunity": TEXT, "@contact": TEXT, "@role": PICKLIST,
        "@last_activity": DATE,
    },
    "cases": {"@id": TEXT, "@account": TEXT, "CreatedDate": DATE, "Type": PICKLIST},
    "orders": {"@id": TEXT, "@account": TEXT, "EffectiveDate": DATE},
}  # fmt: skip


RESULTS = {
    "segment": PICKLIST, "segment_since": DATE, "confidence": PICKLIST, "why": TEXT, "next_step": TEXT,
    "campaigns": TEXT, "revenue_flag": BOOLEAN,
}  # fmt: skip
"""Types of our own fields; all others are numbers."""


def portfolio(
    folder: Path, accounts: int, as_of: date, targets: Mapping[str, str], seed: int = 7
) -> dict[Object, Pulled]:
    """Write accounts, 5 opportunities, 2 orders, a contact role and a case each; return what a pull returns.

    Args:
        folder: where to.
        accounts: how many.
        as_of: the day on which the CRM is read.
        targets: result key -> our field, empty so far.
        seed: another one, other records.
    """
    ours = _types(targets)
    empty = [
        pl.lit(False if kind is BOOLEAN else None, dtype=_POLARS[kind]).alias(
            name
        )  # Salesforce has no empty checkbox
        for name, kind in ours.items()
    ]
    for start in range(0, accounts, CHUNK):
        random = np.random.default_rng([seed, start])
        for name, frame in _chunk(random, start, min(CHUNK, accounts - start), as_of).items():
            whole = frame.with_columns(empty) if name == "accounts" else frame
            whole.write_parquet(_path(folder, name, start), compression="lz4")
    return pulled(folder, targets)


def pulled(folder: Path, targets: Mapping[str, str]) -> dict[Object, Pulled]:
    """What a pull that has left these files returns."""
    found: dict[Object, Pulled] = {}
    for name, schema in SCHEMAS.items():
        paths = tuple(sorted(folder.glob(f"{name}-*.parquet")))
        rows = sum(pq.read_metadata(path).num_rows for path in paths)
        own = _types(targets) if name == "accounts" else {}
        found[name] = Pulled(name, paths, {**schema, **own}, rows)
    return found


def take_over(folder: Path, to: Path, snapshot: Path, targets: Mapping[str, str]) -> None:
    """The same files in another folder, with accounts that hold what a run has written, as its snapshot says."""
    ours = _types(targets)
    written = [
        pl.col(f"written:{key}").cast(_POLARS[ours[name]]).alias(name) for key, name in targets.items()
    ]
    held = pl.read_parquet(snapshot, columns=["id", *(f"written:{key}" for key in targets)])
    held = held.select(pl.col("id").alias("@id"), *written)
    for path in sorted(folder.glob("accounts-*.parquet")):
        accounts = pl.read_parquet(path).drop(list(ours))
        after = accounts.join(held, on="@id", how="left", maintain_order="left")
        after.write_parquet(to / path.name, compression="lz4")
    for name in SCHEMAS.keys() - {"accounts"}:
        for path in folder.glob(f"{name}-*.parquet"):
            (to / path.name).hardlink_to(path)


def _types(targets: Mapping[str, str]) -> dict[str, FieldType]:
    return {name: RESULTS.get(key, NUMBER) for key, name in targets.items()}


def _path(folder: Path, name: str, start: int) -> Path:
    return folder / f"{name}-{start:09}.parquet"


def _ids(prefix: str, numbers: np.ndarray) -> pl.Series:
    padded = pl.Series(numbers).cast(pl.String).str.zfill(12)
    return pl.select(pl.concat_str([pl.lit(prefix), padded])).to_series()


def _some(random: np.random.Generator, values: np.ndarray, share: float) -> pl.Series:
    """The values, with a share of them known and the rest null."""
    return pl.select(
        pl.when(pl.Series(random.random(len(values)) < share)).then(pl.Series(values))
    ).to_series()


def _days(random: np.random.Generator, as_of: date, back: int, ahead: int, n: int) -> pl.Series:
    today = (as_of - date(1970, 1, 1)).days
    return pl.Series(random.integers(today - back, today + ahead, n).astype("int32")).cast(pl.Date)


def _pick(random: np.random.Generator, values: tuple[str, ...], n: int) -> np.ndarray:
    return np.array(values)[random.integers(0, len(values), n)]


def _chunk(random: np.random.Generator, start: int, n: int, as_of: date) -> dict[Object, pl.DataFrame]:
    numbers = np.arange(start, start + n)
    ids = _ids("001", numbers)
    size = np.exp(random.normal(9.5, 1.4, n))
    rated = _days(random, as_of, 900, 0, n)
    accounts = pl.DataFrame(
        {
            "@id": ids,
            "@currency": np.full(n, "EUR"),
            "Name": _ids("Customer ", numbers),
            "OwnerId": _ids("005", numbers % 200),
            "Industry": _pick(random, INDUSTRIES, n),
            "NumberOfEmployees": _some(random, np.exp(random.normal(4, 1.6, n)).round(), 0.9),
            "ParentId": pl.Series([None] * n, dtype=pl.String),
            "Type": _pick(random, ("Customer", "Customer - Direct", "Prospect", "Customer"), n),
            "IsPersonAccount": np.zeros(n, bool),
            "KPM_Demand__c": _some(random, _pick(random, ("1", "2", "3", "4", "5"), n), 0.6),
            "KPM_Chemistry__c": _some(random, _pick(random, ("1", "2", "3", "4", "5"), n), 0.7),
            "KPM_Strategy__c": _some(random, _pick(random, ("Clear", "Partly", "None"), n), 0.7),
            "KPM_Rated_At__c": rated,
            "KPM_Wallet__c": _some(random, (size * 8).round(2), 0.25),
            "KPM_Wallet_Rated_At__c": rated,
        },
    )
    deals = n * 5
    owner = random.integers(0, n, deals)
    state = random.random(deals)
    opportunities = pl.DataFrame(
        {
            "@id": _ids("006", np.arange(start * 5, start * 5 + deals)),
            "@account": ids.gather(owner),
            "@won": state < 0.5,
            "@closed": state < 0.8,
            "@currency": np.full(deals, "EUR"),
            "Amount": _some(random, (size[owner] * random.random(deals)).round(2), 0.97),
            "CloseDate": pl.select(
                pl.when(pl.Series(state < 0.8))
                .then(_days(random, as_of, 1100, 1, deals))
                .otherwise(_days(random, as_of, 40, 400, deals)),
            ).to_series(),
            "StageName": pl.select(
                pl.when(pl.Series(state < 0.5)).then(pl.lit("Closed Won")).when(pl.Series(state < 0.8))
                .then(pl.lit("Closed Lost")).otherwise(pl.lit("Proposal/Price Quote")),
            ).to_series(),
            "Probability": np.where(state < 0.5, 100.0, np.where(state < 0.8, 0.0, 60.0)),
            "Type": _pick(random, ("New Business", "Renewal", "Upsell"), deals),
        },
    )  # fmt: skip
    of_deal = random.integers(0, deals, n)
    roles = pl.DataFrame(
        {
            "@id": _ids("00K", np.arange(start, start + n)),
            "@account": ids.gather(owner[of_deal]),
            "@opportunity": opportunities.get_column("@id").gather(of_deal),
            "@contact": _ids("003", random.integers(start, start + n, n)),
            "@role": _pick(random, ("Economic Buyer", "Executive Sponsor", "Influencer", "Business User"), n),
            "@last_activity": _days(random, as_of, 700, 0, n),
        },
    )
    served = random.integers(0, n, n)
    cases = pl.DataFrame(
        {
            "@id": _ids("500", np.arange(start, start + n)),
            "@account": ids.gather(served),
            "CreatedDate": _days(random, as_of, 700, 0, n),
            "Type": _pick(random, ("Order error", "Question", "Question", "Complaint"), n),
        },
    )
    busy = (random.random(n * 2) ** 3 * n).astype("int64")
    orders = pl.DataFrame(
        {
            "@id": _ids("801", np.arange(start * 2, start * 2 + n * 2)),
            "@account": ids.gather(busy),
            "EffectiveDate": _days(random, as_of, 700, 0, n * 2),
        },
    )
    others = {"contact_roles": roles, "cases": cases, "orders": orders}
    return {"accounts": accounts, "opportunities": opportunities, **others}
