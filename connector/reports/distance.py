"""How far an account is from the next better zone, and by which criterion it would get there."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

from connector.mapping.model import DIMENSIONS, Criterion, Dimension, Mapping
from connector.reports.matrix_chart import Thresholds
from connector.reports.words import Words, words

Row = Map[str, Any]

LOW: dict[Dimension, tuple[str, str]] = {
    "potential": ("maintain", "retreat"),
    "attractiveness": ("develop", "retreat"),
}
"""The zones that are low on a dimension."""
LIFTED: dict[tuple[str, Dimension], str] = {
    ("retreat", "potential"): "develop",
    ("retreat", "attractiveness"): "maintain",
    ("maintain", "potential"): "protect",
    ("develop", "attractiveness"): "protect",
}
"""The zone that an account gets into by becoming high on a dimension."""


@dataclass(frozen=True, slots=True)
class Distance:
    """The way to one better zone.

    Attributes:
        segment: that zone.
        label: what people call it.
        dimension: what has to rise.
        points: by how much, hysteresis included.
        criterion: label of the criterion with most to gain, None if none is known.
        score: its score.
        target: its target.
        text: all this in words.
    """

    segment: str
    label: str
    dimension: str
    points: int
    criterion: str | None
    score: int | None
    target: float | None
    text: str

    def __str__(self) -> str:
        return self.text

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def distances(
    row: Row, computed: str | None, mapping: Mapping, thresholds: Thresholds, labels: Map[str, str]
) -> list[Distance]:
    """The ways to a better zone, the shortest first; nothing from the best zone, and without one.

    Args:
        row: the account after `diff`.
        computed: its zone by the data, with top revenue standing in for high potential.
        mapping: criteria, targets, hysteresis.
        thresholds: borders in force.
        labels: segment -> what people call it.
    """
    found = []
    for dimension in DIMENSIONS:
        segment = LIFTED.get((computed or "", dimension))
        points = row[f"points:{dimension}"]
        if segment is None or points is None:
            continue
        # What was low yesterday has to get over the border and the slack behind it.
        was_low = row["zone"] in LOW[dimension]
        needed = getattr(thresholds, dimension) + (mapping.matrix.hysteresis if was_low else 0)
        gain = _most_to_gain(row, mapping, dimension)
        label, short = labels.get(segment, segment), max(1, ceil(needed - float(points)))
        criterion = None if gain is None else gain.label.in_(mapping.language)
        score = None if gain is None else int(row[f"score:{gain.id}"])
        target = None if gain is None else gain.target
        text = _text(words(mapping.language), label, dimension, short, criterion, score, target)
        found.append(Distance(segment, label, dimension, short, criterion, score, target, text))
    return sorted(found, key=lambda one: one.points)


def _text(
    t: Words,
    label: str,
    dimension: Dimension,
    points: int,
    criterion: str | None,
    score: int | None,
    target: float | None,
) -> str:
    short = t.many("points", points)
    if criterion is None or target is None:
        return t.say("distance_on", points=short, zone=label, dimension=t[f"dimension_{dimension}"])
    return t.say(
        "distance", points=short, zone=label, criterion=criterion, score=score, target=t.brief(target)
    )


def _most_to_gain(row: Row, mapping: Mapping, dimension: Dimension) -> Criterion | None:
    """The known criterion that falls short of its target by most, weighted."""
    short = [
        (criterion.weight * (criterion.target - float(row[f"score:{criterion.id}"])), criterion)
        for criterion in mapping.of(dimension)
        if row[f"known:{criterion.id}"] and criterion.weight
    ]
    short = [(gain, criterion) for gain, criterion in short if gain > 0]
    return max(short, key=lambda each: each[0])[1] if short else None
