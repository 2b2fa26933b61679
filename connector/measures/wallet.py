"""Share of wallet: what a customer spends in all, from the first source that answers, and our part of it.

Amounts are whole cents per year. *own* is the amount won in the last 12 months, floored at 0 here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from itertools import pairwise
from operator import add
from typing import Final

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from connector.mapping.model import Mapping as MappingFile
from connector.mapping.model import Wallet, WalletSource
from connector.measures import wallet_model
from connector.measures.aggregates import CENTS, Aggregates, Pick
from connector.measures.wallet_model import QUARTERS
from connector.reading import folded, missing
from connector.reference import References
from connector.tables import SIZE_CLASSES, Frame, divided, extended, looked_up, rounded
from connector.windows import shifted

DAYS_PER_YEAR: Final = 365.2425
MODEL: Final = "wallet_model"
"""Key of the model among the reference values."""
RAISED: Final = "@raised"
"""Column: the entered wallet lies below own, and was raised to it."""
ESTIMATES: Final = {"activity": "@best_year", "model": "@modelled", "peer_p80": "@peers"}
"""Columns with what a source says before it is asked whether that tells anything."""
MIN_PEERS: Final = 20
PEER_SHARE: Final = 0.8


def own(deals: Aggregates) -> nw.Expr:
    """Won amount of the last 12 months in cents: 0 if nothing was won, missing if no amount is known.

    The sum is taken from the four latest quarters, which end on the same days as the twelve months.
    """
    total = reduce(add, quarters(deals, deals.as_of)[:4])
    return deals.unless_empty(total, CENTS, deals.window(12, "won"))


def quarters(deals: Aggregates, to: int) -> list[nw.Expr]:
    """Won cents of the last twelve windows of 3 months up to a day, the latest first."""
    ends = [shifted(to, -3 * number) for number in range(QUARTERS + 1)]
    return [deals.total(CENTS, Pick(after, to, "won")) for to, after in pairwise(ends)]


def best_year(deals: Aggregates, to: int) -> nw.Expr:
    """The largest won amount of any four consecutive of these twelve quarters; null if there is none above 0."""
    each = quarters(deals, to)
    years = [reduce(add, each[first : first + 4]) for first in range(QUARTERS - 3)]
    best = nw.max_horizontal(*years)
    return nw.when(best > 0).then(best)


def columns(wallet: Wallet | None, deals: Aggregates, quarter_start: int) -> dict[str, nw.Expr]:
    """What the sources of the wallet need of an account's opportunities, by column.

    Args:
        wallet: its sources.
        deals: figures of the opportunities.
        quarter_start: first day of the fiscal quarter. The model sees what was won before it, so that its answer
            does not drift from night to night.
    """
    found: dict[str, nw.Expr] = {}
    sources = () if wallet is None else wallet.sources
    if "activity" in sources:
        found["@best_year"] = best_year(deals, deals.as_of)
    if "model" in sources:
        last = quarter_start - 1
        each = quarters(deals, last)
        year = reduce(add, each[:4])
        found |= {
            "@recent": deals.unless_empty(year, CENTS, Pick(shifted(last, -12), last, "won")),
            "@before": reduce(add, each[4:8]),
            "@earlier": reduce(add, each[8:12]),
            "@best_then": best_year(deals, last),
            "@active_quarters": reduce(add, ((one > 0).cast(nw.Int64) for one in each)),
            "@tenure": divided(last - deals.first_day(Pick(None, last, "won")), DAYS_PER_YEAR),
        }
    return found


def size_class(size: nw.Expr) -> nw.Expr:
    """``under 10``, ``10-49``, ``50-249``, ``250+`` employees; null if unknown."""
    small, middle, large = SIZE_CLASSES
    return (
        nw.when(size < small)
        .then(nw.lit(f"under {small}"))
        .when(size < middle)
        .then(nw.lit(f"{small}-{middle - 1}"))
        .when(size < large)
        .then(nw.lit(f"{middle}-{large - 1}"))
        .when(size >= large)
        .then(nw.lit(f"{large}+"))
        .otherwise(missing(nw.String))
    )


def with_wallet(accounts: Frame, mapping: MappingFile, references: References) -> Frame:
    """Add wallet, wallet_source, wallet_expired, share and headroom; and per source ``@answer:<n>``, in cents.

    An estimate of which the achievable share is no more than own is no answer: who buys steadily tells nothing about
    the rest of his wallet.

    Args:
        accounts: member, own, industry, size_class; ``@entered:<n>`` and ``@entered_expired:<n>`` for a field (n:
            place among the sources); and what `columns` gives.
        mapping: its wallet names the sources in order; without one everything is missing.
        references: where the peers' figures and the model are kept.
    """
    wallet = mapping.wallet
    answers: list[tuple[nw.Expr, str, nw.Expr]] = []
    spent = nw.when(nw.col("own") > 0).then(nw.col("own")).when(~nw.col("own").is_null()).then(nw.lit(0))
    frame = accounts
    for place, name in enumerate(wallet.sources if wallet is not None else ()):
        if name.startswith("field:"):
            given = nw.col(f"@entered:{place}")
            below = (given < spent).fill_null(False)
            frame = frame.with_columns(below.alias(RAISED))
            raised = nw.when(below).then(spent).otherwise(given)
            answers.append((raised.cast(nw.Int64), "field", nw.col(f"@entered_expired:{place}")))
        elif wallet is not None:
            if name == "peer_p80":
                frame = _with_peers(frame, mapping.currency, references)
            if name == "model":
                frame = _with_model(frame, wallet, fingerprint(mapping), references)
            estimate = nw.col(ESTIMATES[name])
            # 0.55 x 500.00 is a hair above 275.00 in binary, and would leave a white space of 0.
            tells = rounded(wallet.achievable_share * estimate) > spent
            answers.append((nw.when(tells).then(estimate).cast(nw.Int64), name, nw.lit(False)))
    frame = extended(frame, (answer.alias(f"@answer:{n}") for n, (answer, *_) in enumerate(answers)))
    source, expired = missing(nw.String), nw.lit(False)
    for place, (_, name, is_expired) in reversed(list(enumerate(answers))):
        known = ~nw.col(f"@answer:{place}").is_null()
        source = nw.when(known).then(nw.lit(name)).otherwise(source)
        expired = nw.when(known).then(is_expired).otherwise(expired)
    columns = [nw.col(f"@answer:{place}") for place in range(len(answers))]
    amount = nw.coalesce(*columns) if columns else missing(nw.Int64)
    frame = frame.with_columns(
        amount.cast(nw.Int64).alias("wallet"), source.alias("wallet_source"), expired.alias("wallet_expired")
    )
    return frame.with_columns(
        (spent / nw.when(nw.col("wallet") > 0).then(nw.col("wallet"))).alias("share"),
        _headroom(wallet, spent).alias("headroom"),
    )


def fingerprint(mapping: MappingFile) -> str:
    """Changes when a wallet is learnt from other fields, or in another currency."""
    fields = (
        mapping.wallet.field if mapping.wallet else None,
        mapping.accounts.industry,
        mapping.accounts.size,
    )
    return " | ".join(str(each) for each in (*fields, mapping.currency, "before the quarter"))


def entered_at(wallet: Wallet) -> int | None:
    """Place of the field that people fill in among the sources; None if there is none."""
    return next((n for n, name in enumerate(wallet.sources) if name.startswith("field:")), None)


def _with_model(frame: Frame, wallet: Wallet, fingerprint: str, references: References) -> Frame:
    """Add ``@modelled``: what the model expects, in cents; missing for all as long as it could not be trained."""
    place = entered_at(wallet)
    if place is None:
        return frame.with_columns(missing(nw.Int64).alias(ESTIMATES["model"]))

    def learnt() -> pa.Table:
        from connector.measures import wallet_training  # noqa: PLC0415 - a second that only training costs

        return wallet_training.learnt(wallet_training.training(frame, f"@entered:{place}"))

    table = references.table(MODEL, fingerprint, learnt)
    return wallet_model.with_estimate(frame, table, ESTIMATES["model"])


def answers(accounts: Frame, wallet: Wallet) -> Frame:
    """What each source would answer if it came first, to be judged by what people have entered.

    Args:
        accounts: as `with_wallet` leaves them.
        wallet: its sources.

    Returns:
        id, own, wallet_source, entered and ``answer:<source>`` (cents); with a model the columns that it reads.
    """
    place = entered_at(wallet)
    entered = missing(nw.Int64) if place is None else nw.col(f"@entered:{place}")
    found = [
        nw.col(f"@answer:{n}").alias(f"answer:{name.partition(':')[0]}")
        for n, name in enumerate(wallet.sources)
    ]
    needs = wallet_model.NEEDS if "model" in wallet.sources else ()
    columns = ("id", "member", "own", *needs, "wallet_source")
    return accounts.filter(nw.col("member")).select(*columns, entered.alias("entered"), *found)


def _headroom(wallet: Wallet | None, spent: nw.Expr) -> nw.Expr:
    """max(0, achievable share x wallet - own), in whole cents."""
    if wallet is None:
        return missing(nw.Int64)
    gap = rounded(wallet.achievable_share * nw.col("wallet") - spent)
    return nw.when(gap < 0).then(nw.lit(0.0)).otherwise(gap).cast(nw.Int64)


def _with_peers(frame: Frame, currency: str, references: References) -> Frame:
    """Add ``@peers``: the 80th percentile of own among peers, for accounts that buy."""
    table = references.table("peer_p80", f"industry, size class, {currency}", lambda: peer_table(frame))
    narrow = _level(table, "size").select(["industry", "size_class", "value"])
    wide = _level(table, "industry").select(["industry", "value"])
    everybody = next(iter(_level(table, "all")["value"].to_pylist()), None)
    frame = frame.with_columns(
        folded(nw.col("industry")).fill_null("").alias("@industry"),
        nw.col("size_class").fill_null("").alias("@size_class"),
    )
    keys = ["@industry", "@size_class"]
    frame = looked_up(frame, narrow.rename_columns([*keys, "@narrow"]), on=keys)
    frame = looked_up(frame, wide.rename_columns(["@industry", "@wide"]), on=["@industry"])
    value = nw.coalesce(nw.col("@narrow"), nw.col("@wide"), nw.lit(everybody, dtype=nw.Float64))
    return frame.with_columns(nw.when(nw.col("own") > 0).then(rounded(value)).cast(nw.Int64).alias("@peers"))


def peer_table(accounts: Frame) -> pa.Table:
    """80th percentile of own, linearly interpolated, of the portfolio's accounts with own > 0.

    Returns:
        level ("size": industry and size class, "industry", "all"), industry (lower case, "" if unknown), size_class
        ("" if unknown), value in cents. Groups of fewer than 20 accounts are left out, "all" excepted.
    """
    peers = accounts.filter(nw.col("member"), nw.col("own") > 0).select(
        folded(nw.col("industry")).fill_null("").alias("industry"),
        nw.col("size_class").fill_null("").alias("size_class"),
        nw.col("own").cast(nw.Float64),
        nw.lit("all").alias("everybody"),
    )
    tables = []
    for level, keys in (
        ("size", ["industry", "size_class"]),
        ("industry", ["industry"]),
        ("all", ["everybody"]),
    ):
        groups = peers.group_by(*keys).agg(
            nw.len().alias("peers"), nw.col("own").quantile(PEER_SHARE, interpolation="linear").alias("value")
        )
        least = 1 if level == "all" else MIN_PEERS
        found = groups.filter(nw.col("peers") >= least).sort(*keys).collect().to_arrow()
        blank = pa.array([""] * found.num_rows, pa.string())
        columns = {
            "level": pa.array([level] * found.num_rows, pa.string()),
            "industry": found["industry"].cast(pa.string()) if "industry" in keys else blank,
            "size_class": found["size_class"].cast(pa.string()) if "size_class" in keys else blank,
            "value": found["value"].cast(pa.float64()),
        }
        tables.append(pa.table(columns))
    return pa.concat_tables(tables).combine_chunks()


def _level(table: pa.Table, level: str) -> pa.Table:
    return table.filter(pc.equal(table["level"], level))


def share(source: WalletSource) -> nw.Expr:  # noqa: ARG001 - every measure is called alike
    """Own / wallet, 0..1. Missing without a wallet, and for a wallet of 0."""
    return nw.col("share")


def headroom(source: WalletSource) -> nw.Expr:  # noqa: ARG001
    """max(0, achievable_share x wallet - own) in units of the mapping's currency. Missing without a wallet."""
    return divided(nw.col("headroom"), 100)


def headroom_share(source: WalletSource) -> nw.Expr:  # noqa: ARG001
    """Headroom / wallet, 0..1. Missing without a wallet, and for a wallet of 0."""
    return nw.col("headroom") / nw.when(nw.col("wallet") > 0).then(nw.col("wallet"))


MEASURES: Final[Mapping[str, Callable[[WalletSource], nw.Expr]]] = {
    "share": share,
    "headroom": headroom,
    "headroom_share": headroom_share,
}
"""What ``from = "wallet"`` can measure."""
SOURCES: Final = frozenset({"field", *ESTIMATES})
"""Sources of a wallet that answer."""
