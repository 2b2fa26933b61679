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

STEPS: Final = (0, 25, 50, 75, 100)
"""Points of the five steps, from 1 to 5."""
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "linear": ("straight between", "dazwischen geradlinig"),
    "log": ("between them doubling counts, not adding", "dazwischen zählt Verdoppeln, nicht Hinzufügen"),
    "bands": ("by band", "nach Stufe"),
    "lookup": ("by value", "nach Wert"),
    "boolean": ("yes or no", "ja oder nein"),
    "half_life": ("halves every {} days", "halbiert sich alle {} Tage"),
    "saturating": ("50 at {}, nearing 100", "50 bei {}, gegen 100 strebend"),
    "percentile": ("rank among all customers", "Rang unter allen Kunden"),
    "percentile_by": ("rank among its peers by {}", "Rang unter Vergleichbaren nach {}"),
    "rating": ("rated {} (worst) to {} (best)", "bewertet von {} (am schlechtesten) bis {} (am besten)"),
    "centred": (", centred by owner", ", je Betreuer zentriert"),
    "other": ("anything else", "alles andere"),
    "unknown": ("anything else: unknown", "alles andere: unbekannt"),
    "yes": ("yes", "ja"),
    "no": ("no", "nein"),
    "lowest": ("the lowest", "der niedrigste"),
    "middle": ("in the middle", "in der Mitte"),
    "highest": ("the highest", "der höchste"),
    "below": ("below {}", "unter {}"),
    "from": ("from {}", "ab {}"),
    "today": ("today", "heute"),
    "days": ("{} days", "{} Tage"),
}


def scale_in_words(rung: Rung, mapping: Mapping) -> str:
    """How points come about, in one phrase."""
    scale, language = rung.scale, mapping.language
    if isinstance(scale, RatingScale):
        text = _say("rating", language, f"{scale.worst:g}", f"{scale.best:g}")
        return text + (_say("centred", language) if scale.centre_by else "")
    if isinstance(scale, HalfLifeScale):
        return _say("half_life", language, f"{scale.days:g}")
    if isinstance(scale, SaturatingScale):
        return _say("saturating", language, value_in_words(rung.source, scale.half_at, mapping.currency))
    if isinstance(scale, PercentileScale) and scale.by is not None:
        return _say("percentile_by", language, scale.by)
    return _say(scale.kind, language)


def anchors(criterion: Criterion, rung: Rung, mapping: Mapping) -> list[tuple[int | None, str]]:
    """Points and what it takes to get them, the fewest points first; None: the points that nothing stands for."""
    scale, language = rung.scale, mapping.language

    def words(value: float) -> str:
        return value_in_words(rung.source, value, mapping.currency)

    if isinstance(scale, RatingScale):
        return _rating(criterion, scale, language)
    if isinstance(scale, HalfLifeScale):
        return [(points, _age(days, language)) for points, days in values(scale)]
    if isinstance(scale, LinearScale | LogScale | SaturatingScale):
        return [(points, words(value)) for points, value in values(scale)]
    if isinstance(scale, BandsScale):
        texts = [_say("below", language, words(scale.edges[0]))]
        texts += [_say("from", language, words(edge)) for edge in scale.edges]
        return _sorted([(round(score), text) for score, text in zip(scale.scores, texts, strict=True)])
    if isinstance(scale, LookupScale):
        found = _sorted([(round(score), value) for value, score in scale.scores.items()])
        if scale.other == "missing":
            return [*found, (None, _say("unknown", language))]
        return [*found, (round(scale.other), _say("other", language))]
    if isinstance(scale, BooleanScale):
        return _sorted([(round(scale.no), _say("no", language)), (round(scale.yes), _say("yes", language))])
    ranks = [_say(key, language) for key in ("lowest", "middle", "highest")]
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


def _age(days: float, language: Language) -> str:
    return _say("days", language, f"{days:,.0f}") if days else _say("today", language)


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


def _say(key: str, language: Language, *values: str) -> str:
    return _WORDS[key][1 if language == "de" else 0].format(*values)
