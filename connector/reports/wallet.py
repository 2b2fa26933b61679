"""How good the sources of the wallet are: whom each answers for, how far it is off, and whether its order helps.

The yardstick are the wallets that people have entered. A source is judged only where it answers; the model is judged
out of fold, by models that have not seen the wallet in question. Every figure comes with the interval in which it lies
nine times out of ten when the accounts are drawn again (bootstrap, with a fixed seed).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa

from connector.mapping.model import Wallet
from connector.measures import wallet_model, wallet_training
from connector.tables import Frame

TOP: Final = 0.2
"""Share of the accounts that a quarter's work can reach."""
RESAMPLES: Final = 200
SEED: Final = 20
NINE_IN_TEN: Final = (5.0, 95.0)
FEW: Final = 20
"""Entered wallets below which a figure is an anecdote."""
Array: TypeAlias = "np.ndarray[Any, Any]"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and the interval in which it lies nine times out of ten."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Judged:
    """One way to guess wallets.

    Attributes:
        source: ``field``, ``activity``, ``model``, ``peer_p80``; or ``own spend`` and ``random``, to compare with.
        answers: accounts of the portfolio whose wallet comes from it; None for those to compare with.
        could_answer: accounts for which it would answer if it came first.
        compared: entered wallets that it was compared with.
        error: factor by which half of its answers are off by more: 1.5 means half as much again, or a third less.
        within_2: share of its answers that are at most twice or half the entered wallet.
        leaning: median of answer / entered wallet: above 1 it says too much.
        captured: share of the known white space that lies in the fifth of the accounts that it ranks first.
    """

    source: str
    answers: int | None
    could_answer: int | None
    compared: int
    error: Figure | None
    within_2: float | None
    leaning: float | None
    captured: Figure | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """All of them.

    Attributes:
        accounts: in the portfolio.
        without: accounts whose wallet nobody answers for.
        entered: accounts with an entered wallet above 0 and a known own.
        headroom: white space by the entered wallets, in cents.
        achievable_share: as the mapping has it.
        sources: in the mapping's order.
        compared_with: own spend and random order.
        model: what is known of the model; None if the mapping does not name it.
    """

    accounts: int
    without: int
    entered: int
    headroom: int
    achievable_share: float
    sources: tuple[Judged, ...]
    compared_with: tuple[Judged, ...]
    model: dict[str, Any] | None

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON; money in cents."""
        return {**asdict(self), "top": TOP, "interval": "90 % (bootstrap)"}


def prepared(accounts: Frame, wallet: Wallet) -> pl.DataFrame:
    """The accounts with the model's answers out of fold where it has been, or could be, trained on the account.

    Args:
        accounts: as `connector.measures.wallet.answers` gives them.
        wallet: its sources and achievable share.
    """
    found = pl.DataFrame(accounts.collect().to_arrow())
    if "answer:model" not in found.columns:
        return found
    data = wallet_training.training(accounts, "entered")
    if len(data.ids) < wallet_model.MIN_WALLETS:
        return found
    cents = np.rint(np.exp(wallet_training.out_of_fold(data))) * 100
    unseen = pl.DataFrame({"id": data.ids, "unseen": cents}, schema_overrides={"unseen": pl.Float64})
    tells = pl.col("unseen") * wallet.achievable_share > pl.col("own").clip(lower_bound=0)
    honest = pl.when(tells).then(pl.col("unseen").cast(pl.Int64))
    trained = pl.col("unseen").is_not_null()
    return found.join(unseen, on="id", how="left", maintain_order="left").with_columns(
        pl.when(trained).then(honest).otherwise(pl.col("answer:model")).alias("answer:model")
    )


def known_of(model: pa.Table | None, wallet: Wallet) -> dict[str, Any] | None:
    """What is known of the model, for people: how many wallets it was trained on, and how well; None if not named.

    Args:
        model: as frozen for the quarter; None if there is none.
        wallet: its sources.
    """
    if "model" not in wallet.sources:
        return None
    terms = {} if model is None else dict(zip(*model.to_pydict().values(), strict=True))
    trained = wallet_model.INTERCEPT in terms
    found: dict[str, Any] = {
        "wallets": int(terms.get(wallet_model.TRAINED, 0)),
        "needed": wallet_model.MIN_WALLETS,
        "trained": trained,
    }
    if trained:
        figures = (wallet_model.ERROR, wallet_model.WITHIN, wallet_model.SMALLEST, wallet_model.LARGEST)
        coefficients = {
            name: value for name, value in terms.items() if name not in (*figures, wallet_model.TRAINED)
        }
        found |= {"error": float(np.exp(terms[wallet_model.ERROR])), "within_2": terms[wallet_model.WITHIN]}
        found["coefficients"] = coefficients
    return found


def judged(
    accounts: pl.DataFrame, wallet: Wallet, *, yardstick: str = "entered", model: dict[str, Any] | None = None
) -> Judgement:
    """Judge every source of the mapping's wallet.

    Args:
        accounts: the portfolio's: id, own, wallet_source; ``answer:<source>`` in cents, null where a source does not
            answer (of the model out of fold where it was trained); and the yardstick.
        wallet: sources and achievable share.
        yardstick: column with the wallets to compare with, in cents.
        model: what is known of the model.
    """
    known = accounts.filter(pl.col(yardstick) > 0, pl.col("own").is_not_null()).sort("id")
    own = known.get_column("own").clip(lower_bound=0).to_numpy().astype(float)
    truth = np.maximum(known.get_column(yardstick).to_numpy().astype(float), own)
    space = np.maximum(0.0, wallet.achievable_share * truth - own)
    names = [name.split(":")[0] for name in wallet.sources]
    found = [_judged(name, accounts, known, (own, truth, space), wallet) for name in names]
    if yardstick == "entered":  # it cannot be off itself; what its order finds is the most that can be found
        found = [
            replace(each, error=None, within_2=None, leaning=None) if each.source == "field" else each
            for each in found
        ]
    return Judgement(
        accounts=len(accounts),
        without=int(accounts.get_column("wallet_source").null_count()),
        entered=len(known),
        headroom=int(space.sum()),
        achievable_share=wallet.achievable_share,
        sources=tuple(found),
        compared_with=_compared_with(own, truth, space),
        model=model,
    )


def _judged(
    name: str,
    accounts: pl.DataFrame,
    known: pl.DataFrame,
    by_yardstick: tuple[Array, Array, Array],
    wallet: Wallet,
) -> Judged:
    own, truth, space = by_yardstick
    answer = known.get_column(f"answer:{name}").cast(pl.Float64).fill_null(float("nan")).to_numpy()
    rank = np.where(np.isnan(answer), -np.inf, np.maximum(0.0, wallet.achievable_share * answer - own))
    return Judged(
        name,
        int((accounts.get_column("wallet_source") == name).sum()),
        int(accounts.get_column(f"answer:{name}").count()),
        *_figures(answer, truth, rank, space),
    )


def _compared_with(own: Array, truth: Array, space: Array) -> tuple[Judged, ...]:
    spent = np.where(own > 0, own, np.nan)
    by_own = Judged("own spend", None, None, *_figures(spent, truth, own, space))
    at_random = _interval(len(truth), lambda rows: captured(np.zeros(len(rows)), space[rows]))
    return by_own, Judged("random", None, None, len(truth), None, None, None, at_random)


def _figures(
    answer: Array, truth: Array, rank: Array, space: Array
) -> tuple[int, Figure | None, float | None, float | None, Figure | None]:
    told = ~np.isnan(answer)
    space_found = _interval(len(truth), lambda rows: captured(rank[rows], space[rows]))
    if not told.any():
        return 0, None, None, None, space_found
    ratio = np.log(answer[told] / truth[told])
    error = _interval(len(ratio), lambda rows: float(np.exp(np.median(np.abs(ratio[rows])))))
    within = float((np.abs(ratio) <= np.log(2) + 1e-9).mean())
    return int(told.sum()), error, within, float(np.exp(np.median(ratio))), space_found


def captured(rank: Array, space: Array) -> float | None:
    """Share of the white space in the accounts that rank first, a fifth of all; of equals each counts in part.

    Args:
        rank: the larger the earlier; -inf for those that are not ranked.
        space: white space by the yardstick.

    Returns:
        0..1, None if there is no white space.
    """
    if not space.sum() > 0:
        return None
    values, groups = np.unique(-rank, return_inverse=True)
    sizes = np.bincount(groups, minlength=len(values)).astype(float)
    sums = np.bincount(groups, weights=space, minlength=len(values))
    before = np.cumsum(sizes) - sizes
    taken = np.clip((TOP * len(rank) - before) / sizes, 0.0, 1.0)
    return float((taken * sums).sum() / space.sum())


def _interval(number: int, figure: Callable[[Array], float | None]) -> Figure | None:
    """A figure of all rows, and where it lies if rows are drawn again with replacement."""
    whole = figure(np.arange(number)) if number else None
    if whole is None:
        return None
    draw = np.random.default_rng(SEED)
    again: Sequence[float] = [
        value for _ in range(RESAMPLES) if (value := figure(draw.integers(0, number, number))) is not None
    ]
    low, high = np.percentile(again, NINE_IN_TEN) if again else (whole, whole)
    return Figure(whole, float(low), float(high))
