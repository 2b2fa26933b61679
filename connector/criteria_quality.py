"""Warnings about criteria that tell accounts apart badly, from their values and scores over the whole portfolio.

Four things make a criterion say less than its weight: values beyond the ends of its scale, one value that nearly
everybody has, scores that lie close together, and another criterion that says the same. What is wrong with the data of
single accounts is found by `connector.measures.findings`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import sqrt
from typing import Any, Final

import narwhals as nw

from connector.mapping.model import (
    DIMENSIONS,
    Criterion,
    HalfLifeScale,
    LinearScale,
    LogScale,
    Mapping,
    SaturatingScale,
    Scale,
)
from connector.quality import Quality, Said
from connector.tables import Frame

ENOUGH: Final = 20
"""Accounts with a value from which on a share of them says anything."""
CLIPPED: Final = 0.05
"""Share of the values that may lie beyond the ends of the scale."""
AT_AN_END: Final = 0.15
"""Share of the values beyond one end that `kpm calibrate` may leave there: a tenth, before it rounds."""
TOO_NARROW: Final = Said(
    "these accounts score alike though they differ; `kpm calibrate` proposes other ends",
    "Diese Kunden werden gleich bewertet, obwohl sie sich unterscheiden; `kpm calibrate` schlägt andere Enden vor",
)
ON_PURPOSE: Final = Said(
    "nothing need be done, `kpm calibrate` leaves about a tenth at each end, so that the middle is told apart",
    "Es ist nichts zu tun, `kpm calibrate` lässt an jedem Ende etwa ein Zehntel, damit die Mitte unterschieden wird",
)
NO_ENDS: Final = Said(
    "these accounts score alike though they differ; see that the source measures what is meant, or take a linear "
    "scale, whose zero may lie below 0",
    "Diese Kunden werden gleich bewertet, obwohl sie sich unterscheiden; prüfen, ob die Quelle misst, was gemeint "
    "ist, oder eine lineare Skala nehmen, deren zero unter 0 liegen darf",
)
"""For scales that begin at 0 and have no end that could be set."""
DOMINANT: Final = 0.9
"""Share of the accounts that may have one and the same value."""
ALIKE: Final = 0.9
"""Correlation from which on two criteria say the same."""
CLOSE: Final = 5
"""Points within which nine of ten scores lie if a criterion separates nothing."""
OBJECT: Final = "criteria"


def criteria_quality(accounts: Any, mapping: Mapping) -> tuple[Quality, ...]:  # noqa: ANN401 - any engine's
    """What makes a criterion say less than its weight; criteria without weight are left alone.

    Args:
        accounts: after `score`, a frame of any engine, lazy or not: member; ``raw:<id>:<n>``, score, known and rung of
            every criterion.
        mapping: criteria and scales.
    """
    members = nw.from_native(accounts, pass_through=False).lazy().filter(nw.col("member"))
    found: list[Quality] = []
    for criterion in mapping.criteria:
        if criterion.weight > 0:
            dominant = list(_dominant(members, criterion, mapping))
            found += _clipped(members, criterion, mapping)
            found += dominant or _close(members, criterion, mapping)
    for dimension in DIMENSIONS:
        weighed = [criterion for criterion in mapping.of(dimension) if criterion.weight > 0]
        for first, second in combinations(weighed, 2):
            found += _correlated(members, first, second, mapping)
    return tuple(found)


def _clipped(members: Frame, criterion: Criterion, mapping: Mapping) -> Iterator[Quality]:
    """Values beyond the ends of a scale: accounts that differ and score alike."""
    for place, rung in enumerate(criterion.rungs):
        ends = _ends(rung.scale)
        if ends is None:
            continue
        low, high, words = ends
        raw = _answered(criterion, place)
        below, above = (raw < low).fill_null(False), (raw > high).fill_null(False)
        known, *beyond = _counts(members, ~raw.is_null(), below, above)
        clipped = sum(beyond)
        if known >= ENOUGH and clipped > CLIPPED * known:
            on_purpose = max(beyond) <= AT_AN_END * known
            advice = ON_PURPOSE if on_purpose else TOO_NARROW
            if not isinstance(rung.scale, LinearScale | LogScale):
                on_purpose, advice = False, NO_ENDS
            message = Said(
                f"of {known:,} values of {_label(criterion, mapping)} lie beyond {words.en}: {advice.en}",
                f"von {_german(f'{known:,}')} Werten von {criterion.label.in_('de')} liegen jenseits von {words.de}: "
                f"{advice.de}",
            )
            yield Quality(OBJECT, criterion.id, message, clipped, criterion.id, harmless=on_purpose)


def _dominant(members: Frame, criterion: Criterion, mapping: Mapping) -> Iterator[Quality]:
    """A value that nearly every account has."""
    for place in range(len(criterion.rungs)):
        answers = (nw.col(f"rung:{criterion.id}") == place).fill_null(False)
        values = members.filter(answers).select(nw.col(f"raw:{criterion.id}:{place}").alias("value"))
        counted = values.group_by("value").agg(nw.len().alias("count"))
        row = counted.select(
            nw.col("count").sum().cast(nw.Int64).alias("all"), nw.col("count").max().alias("most")
        )
        found = row.collect().to_dict(as_series=False)
        known, most = int(found["all"][0] or 0), int(found["most"][0] or 0)
        if known >= ENOUGH and most > DOMINANT * known:
            message = Said(
                f"of {known:,} values of {_label(criterion, mapping)} are one and the same: it tells hardly any "
                "accounts apart",
                f"von {_german(f'{known:,}')} Werten von {criterion.label.in_('de')} sind gleich: Das Kriterium "
                "unterscheidet kaum einen Account",
            )
            yield Quality(OBJECT, criterion.id, message, most, criterion.id)


def _close(members: Frame, criterion: Criterion, mapping: Mapping) -> Iterator[Quality]:
    """Scores that lie so close together that the criterion moves nobody."""
    score = nw.when(nw.col(f"known:{criterion.id}")).then(nw.col(f"score:{criterion.id}")).cast(nw.Float64)
    found = (
        members.select(
            (~score.is_null()).cast(nw.Int64).sum().cast(nw.Int64).alias("known"),
            score.quantile(0.05, interpolation="linear").alias("low"),
            score.quantile(0.95, interpolation="linear").alias("high"),
        )
        .collect()
        .to_dict(as_series=False)
    )
    known, low, high = int(found["known"][0] or 0), found["low"][0], found["high"][0]
    if known >= ENOUGH and high - low <= CLOSE:
        message = Said(
            f"accounts score alike on {_label(criterion, mapping)}: nine in ten between {low:.0f} and {high:.0f}, so "
            "it separates nothing; change its scale (`kpm calibrate` proposes one) or leave it out",
            f"Kunden sind bei {criterion.label.in_('de')} gleich bewertet: neun von zehn zwischen {low:.0f} und "
            f"{high:.0f}, das Kriterium trennt also nichts; die Skala ändern (`kpm calibrate` schlägt eine vor) oder "
            "es weglassen",
        )
        yield Quality(OBJECT, criterion.id, message, known, criterion.id)


def _correlated(members: Frame, first: Criterion, second: Criterion, mapping: Mapping) -> Iterator[Quality]:
    """Pearson's r of two criteria's scores, from sums of whole numbers, so that it does not depend on their order."""
    both = members.filter(nw.col(f"known:{first.id}") & nw.col(f"known:{second.id}"))
    x, y = (nw.col(f"score:{one.id}").cast(nw.Int64) for one in (first, second))
    sums = {"n": x * 0 + 1, "x": x, "y": y, "xx": x * x, "yy": y * y, "xy": x * y}
    row = both.select(*(each.sum().cast(nw.Int64).alias(name) for name, each in sums.items())).collect()
    n, sx, sy, sxx, syy, sxy = (int(row[name][0] or 0) for name in sums)
    spread = (n * sxx - sx * sx) * (n * syy - sy * sy)
    if n < ENOUGH or spread <= 0:
        return
    r = (n * sxy - sx * sy) / sqrt(spread)
    if r > ALIKE:
        message = Said(
            f"accounts show that {_label(first, mapping)} and {_label(second, mapping)} say the same (correlation "
            f"{r:.2f}), which then counts twice; leave one out, or give both together the weight of one",
            f"Kunden zeigen, dass {first.label.in_('de')} und {second.label.in_('de')} dasselbe sagen (Korrelation "
            f"{r:.2f}), was dann doppelt zählt; eines weglassen oder beiden zusammen das Gewicht von einem geben",
        )
        yield Quality(OBJECT, first.id, message, n, first.id)


def _ends(scale: Scale) -> tuple[float, float, Said] | None:
    """The values between which a scale tells accounts apart, and how to name them; None: everywhere."""
    if isinstance(scale, LinearScale | LogScale):
        low, high = sorted((scale.zero, scale.full))
        zero, full = (f"{end:,.10g}" for end in (scale.zero, scale.full))
        german = f"zero = {_german(zero)} und full = {_german(full)}"
        return low, high, Said(f"zero = {zero} and full = {full}", german)
    if isinstance(scale, HalfLifeScale | SaturatingScale):
        return 0.0, float("inf"), Said("0, where the scale begins", "0, wo die Skala beginnt")
    return None


def _answered(criterion: Criterion, place: int) -> nw.Expr:
    """Raw values of the accounts that this rung answers for."""
    answers = (nw.col(f"rung:{criterion.id}") == place).fill_null(False)
    return nw.when(answers).then(nw.col(f"raw:{criterion.id}:{place}").cast(nw.Float64))


def _counts(members: Frame, *tests: nw.Expr) -> list[int]:
    """How many meet each test, none of which is ever null."""
    sums = [test.cast(nw.Int64).sum().cast(nw.Int64).alias(f"{place}") for place, test in enumerate(tests)]
    found = members.select(*sums).collect().to_dict(as_series=False)
    return [int(values[0] or 0) for values in found.values()]


def _label(criterion: Criterion, mapping: Mapping) -> str:
    """In the mapping's own language, also in an English sentence: that is what people call it."""
    return criterion.label.in_(mapping.language)


def _german(number: str) -> str:
    return number.translate(str.maketrans(",.", ".,"))
