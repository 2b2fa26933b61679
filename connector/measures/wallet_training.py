"""Trains the wallet model: the one place that needs numpy and scikit-learn, which take a second to import."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from math import log
from typing import Any, Final, TypeAlias

import narwhals as nw
import numpy as np
import pyarrow as pa
from sklearn.linear_model import RidgeCV

from connector.measures.wallet_model import (
    ERROR,
    INDUSTRY,
    INTERCEPT,
    LARGEST,
    MIN_INDUSTRY,
    MIN_WALLETS,
    SMALLEST,
    TRAINED,
    WITHIN,
    known_amounts,
    numbers,
    with_features,
)
from connector.reading import folded
from connector.tables import Frame

FOLDS: Final = 5
SHRINKING: Final = (0.1, 1.0, 10.0, 100.0, 1000.0)
MOST_WALLETS: Final = 20_000
"""With more wallets every second, third ... by id is learnt from: the errors of two dozen coefficients are small by
then, and time goes with the number."""
DIGITS: Final = 9
"""Significant digits of a coefficient that is kept: what engines of linear algebra agree on."""
Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Training:
    """Entered wallets and the features of their accounts, in the order of ids.

    Attributes:
        ids: of the accounts.
        features: a row per account, a column per name.
        names: of the columns.
        target: ln of the entered wallet, in units of the currency.
    """

    ids: list[str]
    features: Array
    names: tuple[str, ...]
    target: Array


def training(accounts: Frame, entered: str) -> Training:
    """The portfolio's accounts with an entered wallet above 0 and known amounts.

    Args:
        accounts: id, member, own, the columns in NEEDS.
        entered: column with the entered wallet in cents.
    """
    wallet = nw.col(entered)
    own = nw.col("own")
    raised = nw.when(wallet < own).then(own).otherwise(wallet)
    known = accounts.filter(nw.col("member"), wallet > 0, known_amounts())
    columns = [nw.col(f"feature:{name}").cast(nw.Float64) for name in numbers()]
    industry = folded(nw.col("industry")).alias("industry")
    rows = with_features(known).select(
        nw.col("id"), raised.cast(nw.Float64).alias("wallet"), industry, *columns
    )
    table = rows.collect().sort("id").to_arrow()
    found: list[Array] = [table[f"feature:{name}"].to_numpy() for name in numbers()]
    industries = table["industry"].to_pylist()
    common = sorted(each for each, times in Counter(industries).items() if each and times >= MIN_INDUSTRY)
    found += [np.array([each == one for each in industries], float) for one in common]
    names = (*numbers(), *(f"{INDUSTRY}{one}" for one in common))
    features = np.column_stack(found) if table.num_rows else np.empty((0, len(names)))
    return Training(table["id"].to_pylist(), features, names, np.log(table["wallet"].to_numpy() / 100))


def learnt(data: Training) -> pa.Table:
    """The coefficients, and what to know of them.

    Returns:
        term, value: `intercept` and one per feature; `smallest` and `largest` entered wallet; `wallets`: how many;
        `error`: the median distance of ln W out of fold; `within_2`: share of estimates at most twice or half the
        entered wallet. With fewer than 80 wallets `wallets` alone.
    """
    data = _thinned(data)
    number = len(data.ids)
    terms: dict[str, float] = {TRAINED: float(number)}
    if number >= MIN_WALLETS:
        intercept, coefficients = _fitted(data.features, data.target)
        distance = abs(out_of_fold(data) - data.target)
        terms |= {INTERCEPT: intercept, **dict(zip(data.names, coefficients, strict=True))}
        terms |= {SMALLEST: float(data.target.min()), LARGEST: float(data.target.max())}
        terms |= {ERROR: float(np.median(distance)), WITHIN: float((distance <= log(2)).mean())}
    kept = [float(f"{value:.{DIGITS}g}") for value in terms.values()]
    return pa.table({"term": pa.array(terms, pa.string()), "value": pa.array(kept, pa.float64())})


def _thinned(data: Training) -> Training:
    """At most MOST_WALLETS, evenly over the ids."""
    step = -(-len(data.ids) // MOST_WALLETS) or 1
    return replace(data, ids=data.ids[::step], features=data.features[::step], target=data.target[::step])


def out_of_fold(data: Training) -> Array:
    """Ln W of each account by a model that has not seen its wallet; the folds are every fifth account by id."""
    fold = np.arange(len(data.ids)) % FOLDS
    found = np.empty(len(data.ids))
    for each in range(FOLDS):
        seen, unseen = fold != each, fold == each
        intercept, coefficients = _fitted(data.features[seen], data.target[seen])
        estimate = intercept + data.features[unseen] @ np.array(coefficients)
        found[unseen] = np.clip(estimate, data.target[seen].min(), data.target[seen].max())
    return found


def _fitted(features: Array, target: Array) -> tuple[float, list[float]]:
    """Intercept and coefficients for features as they are; one that never varies has none."""
    mean, spread = features.mean(axis=0), features.std(axis=0)
    varies = spread > 0
    spread[~varies] = 1.0
    ridge = RidgeCV(alphas=SHRINKING).fit((features - mean) / spread, target)
    coefficients = ridge.coef_ / spread * varies
    return float(ridge.intercept_ - mean @ coefficients), [float(each) for each in coefficients]
