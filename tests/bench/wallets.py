"""``make bench-wallet``: customers whose wallets are known, and how well each source of the wallet finds them.

How the data come about (every figure drawn from a seeded generator, so that a run can be repeated):

wallet      W = exp(8 + 0.75 ln(employees) + industry + noise) units a year: about 64,000 at 60 employees. Eight
            industries whose effects have a deviation of 0.5; noise with a deviation of 0.55, which no field explains
employees   lognormal around 60 with a deviation of 1.3; unknown in the CRM for 15 % of the customers
our share   Beta(1.6, 2.4) of W per customer: 40 % on average, anything from none to all; from year to year it moves by
            a deviation of 20 %, and never exceeds the wallet
customers   since 0.5 to 15 years; 10 % have stopped buying within the last twelve months
orders      half of the customers buy a quarter of the year's amount every quarter, whatever their share; the others in
            1 + Poisson(2) orders a year of uneven size on any day
entered     wallets that reps have entered: of larger customers more often (by the root of own), 35 % off (lognormal),
            in two digits, and 3 % of them with a zero too many or too few

The yardstick here is W itself, not what reps have entered: so the field is judged, too.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from statistics import median
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
import pyarrow as pa

from connector.crm import Currencies, FieldType
from connector.mapping.model import Mapping
from connector.reference import References
from connector.reports.wallet import Judged, Judgement, judged, prepared
from connector.stages.map import map_accounts
from connector.tables import History, Source, Sources
from connector.windows import days, shifted

AS_OF = date(2026, 11, 24)
ACCOUNTS = 4_000
ENTERED = (80, 200, 1_000)
WORLDS = 5
YEARS = 3
INDUSTRIES = 8
SCHEMA = {
    "accounts": {
        "@id": FieldType.TEXT, "Name": FieldType.TEXT, "Industry": FieldType.PICKLIST, "Size": FieldType.NUMBER,
        "Wallet": FieldType.CURRENCY,
    },
    "opportunities": {
        "@id": FieldType.TEXT, "@account": FieldType.TEXT, "@won": FieldType.BOOLEAN, "@closed": FieldType.BOOLEAN,
        "Amount": FieldType.CURRENCY, "CloseDate": FieldType.DATE, "Stage": FieldType.PICKLIST,
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class World:
    """Generated customers.

    Attributes:
        sources: as a pull would leave them.
        wallets: id, truth (cents).
        steady: id of every customer who buys the same each quarter.
    """

    sources: Sources
    wallets: pl.DataFrame
    steady: frozenset[str]


def world(accounts: int, entered: int, seed: int = 7) -> World:
    """Generate customers, their orders, and the wallets that reps have entered."""
    draw = np.random.default_rng(seed)
    ids = np.array([f"{number:06}" for number in range(accounts)])
    industry = draw.integers(0, INDUSTRIES, accounts)
    effect = draw.normal(0, 0.5, INDUSTRIES)
    employees = np.maximum(1, np.round(np.exp(draw.normal(np.log(60), 1.3, accounts))))
    wallet = np.exp(8 + 0.75 * np.log(employees) + effect[industry] + draw.normal(0, 0.55, accounts))
    share = draw.beta(1.6, 2.4, accounts)
    since = draw.uniform(0.5, 15, accounts)
    steady = draw.random(accounts) < 0.5
    gone = draw.random(accounts) < 0.1
    amounts = [
        np.minimum(wallet, wallet * share * np.exp(draw.normal(0, 0.2, accounts))) for _ in range(YEARS)
    ]
    amounts[0] = np.where(gone, 0.0, amounts[0])
    deals = _deals(draw, ids, amounts, since, steady)
    known = _entered(draw, wallet, amounts[0], entered)
    unknown_size = draw.random(accounts) < 0.15
    table = pa.table(
        {
            "@id": ids,
            "Name": [f"Customer {each}" for each in ids],
            "Industry": [f"Industry {each}" for each in industry],
            "Size": pa.array(np.where(unknown_size, np.nan, employees), from_pandas=True),
            "Wallet": pa.array(known, from_pandas=True),
        }
    )
    truth = pl.DataFrame({"id": ids, "truth": np.rint(wallet * 100).astype(np.int64)})
    sources: Sources = {
        "accounts": _source(table, "accounts"),
        "opportunities": _source(deals, "opportunities"),
    }
    return World(sources, truth, frozenset(ids[steady & ~gone].tolist()))


def _deals(draw: Any, ids: Any, amounts: list[Any], since: Any, steady: Any) -> pa.Table:
    today = days(AS_OF)
    owners: list[Any] = []
    when: list[Any] = []
    values: list[Any] = []
    for year, yearly in enumerate(amounts):
        start = shifted(today, -12 * (year + 1))
        length = shifted(today, -12 * year) - start
        for quarter in range(4):
            owners.append(ids[steady])
            values.append(yearly[steady] / 4)
            when.append(np.full(int(steady.sum()), start + (2 * quarter + 1) * length // 8))
        times = np.where(steady, 0, 1 + draw.poisson(2, len(ids)))
        owner = np.repeat(np.arange(len(ids)), times)
        weight = draw.exponential(1, len(owner))
        total = np.bincount(owner, weights=weight, minlength=len(ids))
        owners.append(ids[owner])
        values.append(yearly[owner] * weight / total[owner])
        when.append(start + 1 + draw.integers(0, length, len(owner)))
    owner, value, day = np.concatenate(owners), np.concatenate(values), np.concatenate(when)
    first = dict(zip(ids, (today - 365.2425 * since).astype(int), strict=True))
    bought = (value >= 1) & (day >= np.array([first[each] for each in owner]))
    number = int(bought.sum())
    return pa.table(
        {
            "@id": [f"d{each:07}" for each in range(number)],
            "@account": owner[bought],
            "@won": [True] * number,
            "@closed": [True] * number,
            "Amount": np.round(value[bought], 2),
            "CloseDate": pa.array(day[bought], pa.int32()),
            "Stage": ["Won"] * number,
        }
    )


def _entered(draw: Any, wallet: Any, own: Any, number: int) -> Any:
    chance = np.sqrt(own + 1)
    chosen = draw.choice(len(wallet), size=number, replace=False, p=chance / chance.sum())
    guess = wallet[chosen] * np.exp(draw.normal(0, 0.35, number))
    slip = draw.random(number)
    guess = np.where(slip < 0.015, guess * 10, np.where(slip < 0.03, guess / 10, guess))
    digits = 10.0 ** (np.floor(np.log10(guess)) - 1)
    known = np.full(len(wallet), np.nan)
    known[chosen] = np.round(guess / digits) * digits
    return known


def _source(table: pa.Table, name: str) -> Source:
    frame = nw.from_native(table, eager_only=True).lazy(backend="polars")
    return Source(frame, dict(SCHEMA[name]), table.num_rows)


def mapping(*sources: str) -> Mapping:
    """Everybody is a customer; the wallet comes from these sources."""
    return Mapping.model_validate(
        {
            "version": 1, "crm": "salesforce", "currency": "EUR",
            "accounts": {"name": "Name", "industry": "Industry", "size": "Size"},
            "opportunities": {"account": "AccountId", "amount": "Amount", "close_date": "CloseDate", "stage": "Stage"},
            "wallet": {"sources": sources or ("field:Wallet", "activity", "model", "peer_p80")},
            "criteria": [
                {"id": name, "dimension": name, "label": name, "source": {"from": "wallet", "measure": "headroom"},
                 "scale": {"kind": "log", "zero": 1_000, "full": 1_000_000}}
                for name in ("potential", "attractiveness")
            ],
        }
    )  # fmt: skip


def judgement(given: World, by: Mapping) -> Judgement:
    """Each source against the true wallets."""
    assert by.wallet is not None
    history, references = History(), References("2026Q4")
    found = map_accounts(given.sources, by, AS_OF, Currencies("EUR"), history, references)
    assert found.wallets is not None
    accounts = prepared(found.wallets, by.wallet).join(given.wallets, on="id", how="left")
    names = [name.split(":")[0] for name in by.wallet.sources]
    whole = accounts.with_columns(pl.coalesce(f"answer:{name}" for name in names).alias("answer:in order"))
    one = judged(whole, by.wallet, yardstick="truth")
    together = judged(
        whole, by.wallet.model_copy(update={"sources": ("in order",)}), yardstick="truth"
    ).sources[0]
    told = len(whole) - one.without
    return replace(one, sources=(*one.sources, replace(together, answers=told)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print each source's figures beside random order and the customer's own spend."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.wallets",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument(
        "--accounts", type=int, default=ACCOUNTS, help=f"customers, {ACCOUNTS:,} unless given"
    )
    parser.add_argument("--worlds", type=int, default=WORLDS, help=f"repetitions, {WORLDS} unless given")
    asked = parser.parse_args(arguments)
    print(f"{asked.accounts:,} generated customers whose wallets are known; --help says how they come about.")
    print(
        "error: half of the answers are off by more than this factor. top 20 %: share of the white space that"
    )
    print(
        f"lies in the fifth of the customers ranked first. Medians of {asked.worlds} worlds (least to most).\n"
    )
    for entered in ENTERED:
        if entered <= asked.accounts:
            found = [
                judgement(world(asked.accounts, entered, seed), mapping()) for seed in range(asked.worlds)
            ]
            show(found, entered)
    return 0


def show(found: Sequence[Judgement], entered: int) -> None:
    """A table for one number of entered wallets."""
    print(f"{entered:,} entered wallets")
    heads = ("source", "answers", "error", "within 2", "leaning", "top 20 %")
    print("  {:<12}{:>9}{:>20}{:>18}{:>20}{:>18}".format(*heads))
    for row in zip(*((*one.sources, *one.compared_with) for one in found), strict=True):
        print(f"  {row[0].source:<12}{_answers(row):>9}{_figures(row)}")
    print(flush=True)


def _answers(row: Sequence[Judged]) -> str:
    counts = [each.answers for each in row if each.answers is not None]
    return f"{median(counts):,.0f}" if counts else "-"


def _figures(row: Sequence[Judged]) -> str:
    error = _over([each.error and each.error.value for each in row], ".2f")
    within = _over([each.within_2 for each in row], ".0%")
    leaning = _over([each.leaning for each in row], ".2f")
    top = _over([each.captured and each.captured.value for each in row], ".0%")
    return f"{error:>20}{within:>18}{leaning:>20}{top:>18}"


def _over(values: Sequence[float | None], form: str) -> str:
    known = [value for value in values if value is not None]
    return f"{median(known):{form}} ({min(known):{form}}-{max(known):{form}})" if known else "-"


if __name__ == "__main__":
    raise SystemExit(main())
