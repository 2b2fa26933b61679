"""Measures over the scores of other criteria of the same account, 0..100.

They are computed after those criteria are scored, so they belong to the stage `score`. A stand-in of ``missing =`` is
no score: it is missing here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from operator import add, and_, or_
from typing import Final

import narwhals as nw

from connector.mapping.model import CriteriaSource, Criterion, Rung
from connector.mapping.model import Mapping as MappingFile


def weighted(source: CriteriaSource, mapping: MappingFile) -> nw.Expr:
    """sum(w s) / sum(w) over those of the criteria that have a score; missing if none with a weight has.

    w are ``weights``, in the order of ``ids``; without them the criteria's own, and if all of these are 0, 1 each.
    """
    known = [(weight, score) for weight, score in _weighed(source, mapping) if weight > 0]
    sums = reduce(add, ((score * weight).fill_null(0.0) for weight, score in known))
    base = reduce(
        add,
        (nw.when(score.is_null()).then(nw.lit(0.0)).otherwise(nw.lit(weight)) for weight, score in known),
    )
    return sums / nw.when(base > 0).then(base)


def smallest(source: CriteriaSource, mapping: MappingFile) -> nw.Expr:  # noqa: ARG001 - every measure is called alike
    """The lowest score: a chain is as strong as its weakest link. Missing if any is."""
    return _unless_any_is_missing(source, nw.min_horizontal(*_scores(source)).cast(nw.Float64))


def largest(source: CriteriaSource, mapping: MappingFile) -> nw.Expr:  # noqa: ARG001
    """The highest score. Missing if any is."""
    return _unless_any_is_missing(source, nw.max_horizontal(*_scores(source)).cast(nw.Float64))


def geometric(source: CriteriaSource, mapping: MappingFile) -> nw.Expr:
    """exp(sum(w ln s) / sum(w)): low scores pull harder than in the mean, a single 0 gives 0. Missing if any is.

    w as in `weighted`; a criterion of weight 0 does not count, but must have a score.
    """
    known = [(weight, score) for weight, score in _weighed(source, mapping) if weight > 0]
    logs = (nw.when(score > 0).then(score).log() * weight for weight, score in known)
    mean = (reduce(add, logs) / sum(weight for weight, _ in known)).exp()
    zero = reduce(or_, ((score == 0) for _, score in known))
    return _unless_any_is_missing(source, nw.when(zero).then(nw.lit(0.0)).otherwise(mean))


def levels(mapping: MappingFile) -> Iterator[tuple[Criterion, ...]]:
    """The criteria in an order in which each comes after those that it is made of."""
    done: set[str] = set()
    left = list(mapping.criteria)
    while left:
        ready = tuple(criterion for criterion in left if _parts(criterion) <= done)
        if not ready:
            raise AssertionError  # the second pass over the mapping refuses circles and unknown ids
        yield ready
        done.update(criterion.id for criterion in ready)
        left = [criterion for criterion in left if criterion.id not in done]


def fingerprint(rung: Rung, mapping: MappingFile) -> str:
    """Changes when what a rung measures is edited, be it in a criterion that it is made of, or the currency is."""
    parts = [rung.model_dump_json(by_alias=True), mapping.currency]
    if isinstance(rung.source, CriteriaSource):
        for id_ in rung.source.ids:
            criterion = mapping.criterion(id_)
            parts += [f"{criterion.weight:g}", *(fingerprint(each, mapping) for each in criterion.rungs)]
    return "\n".join(parts)


def _parts(criterion: Criterion) -> set[str]:
    sources = (rung.source for rung in criterion.rungs)
    return {id_ for source in sources if isinstance(source, CriteriaSource) for id_ in source.ids}


def _scores(source: CriteriaSource) -> list[nw.Expr]:
    return [nw.when(nw.col(f"known:{id_}")).then(nw.col(f"score:{id_}")) for id_ in source.ids]


def _weighed(source: CriteriaSource, mapping: MappingFile) -> list[tuple[float, nw.Expr]]:
    weights = list(source.weights or [mapping.criterion(id_).weight for id_ in source.ids])
    if not any(weights):
        weights = [1.0] * len(weights)
    return list(zip(weights, _scores(source), strict=True))


def _unless_any_is_missing(source: CriteriaSource, value: nw.Expr) -> nw.Expr:
    return nw.when(reduce(and_, (nw.col(f"known:{id_}") for id_ in source.ids))).then(value)


MEASURES: Final[Mapping[str, Callable[[CriteriaSource, MappingFile], nw.Expr]]] = {
    "weighted": weighted,
    "min": smallest,
    "max": largest,
    "geometric": geometric,
}
"""What ``from = "criteria"`` can measure."""
