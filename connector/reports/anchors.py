"""What it takes to get how many points: every scale in steps that people can read."""

from __future__ import annotations

from math import exp, log, log1p
from typing import Final

from connector.mapping.model import (
    BandsScale,
    BooleanScale,
    Criterion,
    HalfLifeScale,
    Language,
    LinearScale,
    LogScale,
    LookupScale,
    Mapping,
    PercentileScale,
    RatingScale,
    Rung,
    SaturatingScale,
)
from connector.reports.measured import value_in_words
from connector.reports.words import words

STEPS: Final = (0, 25, 50, 75, 100)
"""Points of the five steps, from 1 to 5."""


def scale_in_words(rung: Rung, mapping: Mapping) -> str:
    """How points come about, in one phrase."""
    scale, t = rung.scale, words(mapping.language)
    if isinstance(scale, RatingScale):
        text = t.say("scale_rating", worst=t.brief(scale.worst), best=t.brief(scale.best))
        return text + (t["scale_centred"] if scale.centre_by else "")
    if isinstance(scale, HalfLifeScale):
        return t.say("scale_half_life", days=t.brief(scale.days))
    if isinstance(scale, SaturatingScale):
        half = value_in_words(rung.source, scale.half_at, mapping.currency, mapping.language)
        return t.say("scale_saturating", value=half)
    if isinstance(scale, PercentileScale) and scale.by is not None:
        return t.say("scale_percentile_by", field=scale.by)
    return t[f"scale_{scale.kind}"]


def anchors(criterion: Criterion, rung: Rung, mapping: Mapping) -> list[tuple[int | None, str]]:
    """Points and what it takes to get them, the fewest points first; None: the points that nothing stands for."""
    scale, t = rung.scale, words(mapping.language)

    def told(value: float) -> str:
        return value_in_words(rung.source, value, mapping.currency, mapping.language)

    if isinstance(scale, RatingScale):
        return _rating(criterion, scale, mapping.language)
    if isinstance(scale, HalfLifeScale):
        return [
            (points, t.many("days", round(days)) if days else t["anchor_today"])
            for points, days in values(scale)
        ]
    if isinstance(scale, LinearScale | LogScale | SaturatingScale):
        return [(points, told(value)) for points, value in values(scale)]
    if isinstance(scale, BandsScale):
        texts = [t.say("anchor_below", value=told(scale.edges[0]))]
        texts += [t.say("anchor_from", value=told(edge)) for edge in scale.edges]
        return _sorted([(round(score), text) for score, text in zip(scale.scores, texts, strict=True)])
    if isinstance(scale, LookupScale):
        found = _sorted([(round(score), value) for value, score in scale.scores.items()])
        if scale.other == "missing":
            return [*found, (None, t["anchor_unknown"])]
        return [*found, (round(scale.other), t["anchor_other"])]
    if isinstance(scale, BooleanScale):
        return _sorted([(round(scale.no), t["no"]), (round(scale.yes), t["yes"])])
    ranks = [t[f"anchor_{key}"] for key in ("lowest", "middle", "highest")]
    return [*zip((0, 50, 100), reversed(ranks) if scale.reverse else ranks, strict=True)]


def values(scale: LinearScale | LogScale | HalfLifeScale | SaturatingScale) -> list[tuple[int, float]]:
    """Points and the raw value that gets them, for scales of numbers; those that no value reaches are left out."""
    if isinstance(scale, LinearScale):
        return [(points, _clean(scale.zero + points / 100 * (scale.full - scale.zero))) for points in STEPS]
    if isinstance(scale, LogScale):
        low, high = log1p(scale.zero), log1p(scale.full)
        return [(points, _clean(exp(low + points / 100 * (high - low)) - 1)) for points in STEPS]
    if isinstance(scale, HalfLifeScale):
        return [(points, _clean(scale.days * log(100 / points) / log(2))) for points in STEPS if points]
    return [(p, _clean(scale.half_at * log(1 / (1 - p / 100)) / log(2))) for p in STEPS if p < STEPS[-1]]


def _rating(criterion: Criterion, scale: RatingScale, language: Language) -> list[tuple[int | None, str]]:
    low, high = sorted((scale.worst, scale.best))
    steps = range(round(low), round(high) + 1)
    found = []
    for step in steps:
        anchor = criterion.anchors.get(str(step))
        text = f"{step}" if anchor is None else f"{step}: {anchor.in_(language)}"
        found.append((round(100 * (step - scale.worst) / (scale.best - scale.worst)), text))
    return _sorted(found)


def _sorted(steps: list[tuple[int, str]]) -> list[tuple[int | None, str]]:
    return [*sorted(steps, key=lambda step: step[0])]


def _clean(value: float) -> float:
    """Without the dust of arithmetic: three significant digits at most of large numbers."""
    if abs(value) >= 1000:
        digits = len(f"{abs(value):.0f}") - 3
        return round(value, -digits)
    return round(value, 4 if abs(value) < 1 else 0 if abs(value) >= 10 else 2)
