"""score: raw values -> criterion scores, and per dimension points, coverage and bounds."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import add, or_

import narwhals as nw

from connector.mapping.model import DIMENSIONS, CriteriaSource, Criterion, Mapping
from connector.measures import criteria as combined
from connector.overrides import column_of
from connector.reading import missing
from connector.reference import References
from connector.scales import points, portfolio, ready
from connector.scales import score as scaled
from connector.tables import Frame, divided, extended, rounded

NEUTRAL = 50.0
COVERAGE_DECIMALS = 6


def score(mapped: Frame, mapping: Mapping, references: References) -> Frame:
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
    frame = mapped
    for criteria in combined.levels(mapping):
        frame = _scored(frame, criteria, mapping, references)
    frame = frame.with_columns(
        *(column for dimension in DIMENSIONS for column in _dimension(dimension, mapping.of(dimension))),
        _expired(one for one in mapping.criteria if one.weight > 0).alias("expired"),
    )
    return frame.with_columns(column for dimension in DIMENSIONS for column in _rounded(dimension))


def _scored(frame: Frame, level: tuple[Criterion, ...], mapping: Mapping, references: References) -> Frame:
    """Add score, known and rung of criteria whose parts, if they have any, are scored."""
    present = set(frame.collect_schema().names())
    several = {name.removeprefix("multi:") for name in present if name.startswith("multi:")}
    by_hand = {criterion.id for criterion in level if column_of(criterion.id) in present}
    answers = {f"{each.id}:{n}": rung for each in level for n, rung in enumerate(each.rungs)}
    made = (
        column for each in level for n in range(len(each.rungs)) for column in _of_criteria(each, n, mapping)
    )
    frame = extended(frame, made)
    frame = frame.with_columns(
        ready(rung.scale, nw.col(f"raw:{key}")).alias(f"score:{key}") for key, rung in answers.items()
    )
    for key, rung in answers.items():
        fingerprint = combined.fingerprint(rung, mapping)
        frame = portfolio.placed(frame, f"score:{key}", key, rung, fingerprint, references)
    frame = frame.with_columns(
        scaled(rung.scale, nw.col(f"score:{key}"), multi=key in several).alias(f"score:{key}")
        for key, rung in answers.items()
    )
    frame = frame.with_columns(points(nw.col(f"score:{key}")).alias(f"score:{key}") for key in answers)
    frame = frame.with_columns(
        column for criterion in level for column in _chosen(criterion, by_hand=criterion.id in by_hand)
    )
    frame = frame.with_columns(_stood_in(criterion).alias(f"score:{criterion.id}") for criterion in level)
    return frame.drop([f"score:{key}" for key in answers])


def _of_criteria(criterion: Criterion, place: int, mapping: Mapping) -> list[nw.Expr]:
    """Raw value of a source that is made of other criteria; it has expired if one that it reads has."""
    source = criterion.rungs[place].source
    if not isinstance(source, CriteriaSource):
        return []
    raw = combined.MEASURES[source.measure](source, mapping)
    expired = _expired(mapping.criterion(id_) for id_ in source.ids) & ~raw.is_null()
    return [raw.alias(f"raw:{criterion.id}:{place}"), expired.alias(f"expired:{criterion.id}:{place}")]


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
    """Points, coverage and bounds from the criteria's rounded scores, not yet rounded themselves."""
    weighed = [criterion for criterion in criteria if criterion.weight > 0]
    weights = sum(criterion.weight for criterion in weighed)
    if not weighed:
        empty = {
            "points": missing(nw.Float64),
            "lo": nw.lit(0.0),
            "hi": nw.lit(100.0),
            "coverage": nw.lit(0.0),
        }
        return [value.alias(f"{name}:{dimension}") for name, value in empty.items()]

    scores = [(each.weight, nw.col(f"score:{each.id}"), nw.col(f"known:{each.id}")) for each in weighed]
    summed = _sum((value * weight).fill_null(0.0) for weight, value, _ in scores)
    base = _sum(
        nw.when(value.is_null()).then(nw.lit(0.0)).otherwise(nw.lit(weight)) for weight, value, _ in scores
    )
    covered = _sum(nw.when(known).then(nw.lit(weight)).otherwise(nw.lit(0.0)) for weight, _, known in scores)
    return [
        (summed / nw.when(base > 0).then(base)).alias(f"points:{dimension}"),
        divided(covered, weights).alias(f"coverage:{dimension}"),
        *(
            (
                _sum(
                    nw.when(known).then(value * weight).otherwise(nw.lit(unknown * weight))
                    for weight, value, known in scores
                )
                / weights
            ).alias(f"{name}:{dimension}")
            for name, unknown in (("lo", 0.0), ("hi", 100.0))
        ),
    ]


def _rounded(dimension: str) -> list[nw.Expr]:
    """Points and bounds in whole points, coverage to 6 decimals."""
    coverage = rounded(nw.col(f"coverage:{dimension}"), COVERAGE_DECIMALS)
    whole = [f"{name}:{dimension}" for name in ("points", "lo", "hi")]
    return [coverage.alias(f"coverage:{dimension}"), *(points(nw.col(name)).alias(name) for name in whole)]


def _expired(criteria: Iterable[Criterion]) -> nw.Expr:
    """An expired value gives the score of one of these criteria."""
    tests = [nw.lit(False)]
    for criterion in criteria:
        for place in range(len(criterion.rungs)):
            answers = (nw.col(f"rung:{criterion.id}") == place).fill_null(False)
            tests.append(answers & nw.col(f"expired:{criterion.id}:{place}"))
    return reduce(or_, tests)


def _sum(values: Iterable[nw.Expr]) -> nw.Expr:
    return reduce(add, values)
