"""score: raw values -> criterion scores, and per dimension points, coverage and bounds."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import add, or_

import narwhals as nw

from connector.mapping.model import DIMENSIONS, Criterion, Mapping
from connector.overrides import column_of
from connector.reading import missing
from connector.reference import References
from connector.scales import score as scaled
from connector.tables import Frame, divided, rounded

NEUTRAL = 50.0
COVERAGE_DECIMALS = 6


def score(mapped: Frame, mapping: Mapping, references: References) -> Frame:  # noqa: ARG001 - percentiles will ask
    """Score every criterion 0 to 100, and both dimensions from the rounded scores.

    A dimension's points are the mean of its criteria with a score, weighted; coverage is the share of the weight that
    rests on data; the bounds take every criterion without data as 0 and as 100. Criteria of weight 0 are scored and
    shown, and count nowhere.

    Args:
        mapped: one row per account, with ``raw:<id>:<n>`` and ``expired:<id>:<n>``.
        mapping: criteria, scales, weights.
        references: values over the whole portfolio.

    Returns:
        score, known, rung by criterion (whole numbers, Int64); points, lo, hi (Int64), coverage (0..1) by dimension;
        expired: an expired value counts in a criterion with weight. A score that a person has set is known, and its
        rung is one after the last.
    """
    present = set(mapped.collect_schema().names())
    several = {name.removeprefix("multi:") for name in present if name.startswith("multi:")}
    by_hand = {criterion.id for criterion in mapping.criteria if column_of(criterion.id) in present}
    keys = [(criterion, place) for criterion in mapping.criteria for place in range(len(criterion.rungs))]
    frame = mapped.with_columns(
        scaled(
            criterion.rungs[place].scale,
            nw.col(f"raw:{criterion.id}:{place}"),
            multi=f"{criterion.id}:{place}" in several,
        ).alias(_answer(criterion, place))
        for criterion, place in keys
    )
    frame = frame.with_columns(
        column
        for criterion in mapping.criteria
        for column in _chosen(criterion, by_hand=criterion.id in by_hand)
    )
    frame = frame.with_columns(
        _stood_in(criterion).alias(f"score:{criterion.id}") for criterion in mapping.criteria
    )
    frame = frame.with_columns(
        *(column for dimension in DIMENSIONS for column in _dimension(dimension, mapping.of(dimension))),
        _expired(mapping.criteria).alias("expired"),
    )
    return frame.drop([_answer(criterion, place) for criterion, place in keys])


def _answer(criterion: Criterion, place: int) -> str:
    return f"score:{criterion.id}:{place}"


def _chosen(criterion: Criterion, *, by_hand: bool) -> list[nw.Expr]:
    """What a person has set, else the first way of answering that gives a score."""
    number = missing(nw.Int64)
    answers = [nw.col(_answer(criterion, place)) for place in range(len(criterion.rungs))]
    for place, answer in reversed(list(enumerate(answers))):
        number = nw.when(~answer.is_null()).then(nw.lit(place)).otherwise(number)
    if by_hand:
        answers.insert(0, nw.col(column_of(criterion.id)))
        number = nw.when(~answers[0].is_null()).then(nw.lit(len(criterion.rungs))).otherwise(number)
    value = nw.coalesce(*answers) if len(answers) > 1 else answers[0]
    return [
        value.alias(f"score:{criterion.id}"),
        (~value.is_null()).alias(f"known:{criterion.id}"),
        number.cast(nw.Int64).alias(f"rung:{criterion.id}"),
    ]


def _stood_in(criterion: Criterion) -> nw.Expr:
    """The score, or what ``missing`` puts in its place."""
    value = nw.col(f"score:{criterion.id}")
    if criterion.missing == "exclude":
        return value
    stand_in = NEUTRAL if criterion.missing == "neutral" else float(criterion.missing)
    return nw.when(value.is_null()).then(rounded(nw.lit(stand_in))).otherwise(value).cast(nw.Int64)


def _dimension(dimension: str, criteria: Iterable[Criterion]) -> list[nw.Expr]:
    """Points, coverage and bounds from the criteria's rounded scores."""
    weighed = [criterion for criterion in criteria if criterion.weight > 0]
    weights = sum(criterion.weight for criterion in weighed)
    if not weighed:
        empty = {"points": missing(nw.Int64), "lo": nw.lit(0), "hi": nw.lit(100), "coverage": nw.lit(0.0)}
        return [value.alias(f"{name}:{dimension}") for name, value in empty.items()]

    def mean(sums: nw.Expr, base: nw.Expr | float) -> nw.Expr:
        return rounded(sums / base).cast(nw.Int64)

    scores = [(each.weight, nw.col(f"score:{each.id}"), nw.col(f"known:{each.id}")) for each in weighed]
    summed = _sum((value * weight).fill_null(0.0) for weight, value, _ in scores)
    base = _sum(
        nw.when(value.is_null()).then(nw.lit(0.0)).otherwise(nw.lit(weight)) for weight, value, _ in scores
    )
    covered = _sum(nw.when(known).then(nw.lit(weight)).otherwise(nw.lit(0.0)) for weight, _, known in scores)
    return [
        mean(summed, nw.when(base > 0).then(base)).alias(f"points:{dimension}"),
        rounded(divided(covered, weights), COVERAGE_DECIMALS).alias(f"coverage:{dimension}"),
        *(
            mean(
                _sum(
                    nw.when(known).then(value * weight).otherwise(nw.lit(unknown * weight))
                    for weight, value, known in scores
                ),
                weights,
            ).alias(f"{name}:{dimension}")
            for name, unknown in (("lo", 0.0), ("hi", 100.0))
        ),
    ]


def _expired(criteria: Iterable[Criterion]) -> nw.Expr:
    """An expired value gives the score of a criterion with weight."""
    tests = [nw.lit(False)]
    for criterion in criteria:
        if criterion.weight > 0:
            for place in range(len(criterion.rungs)):
                answers = (nw.col(f"rung:{criterion.id}") == place).fill_null(False)
                tests.append(answers & nw.col(f"expired:{criterion.id}:{place}"))
    return reduce(or_, tests)


def _sum(values: Iterable[nw.Expr]) -> nw.Expr:
    return reduce(add, values)
