"""Part of the second pass: every source with its scale, parameter by parameter."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final, TypeAlias, get_args

from connector.errors import Severity
from connector.mapping.model import (
    ActivitiesSource,
    BandsScale,
    BooleanScale,
    ContactRolesSource,
    CriteriaSource,
    CsvSource,
    FieldSource,
    LinearScale,
    LogScale,
    LookupScale,
    Mapping,
    MeasuredCondition,
    OpportunitiesSource,
    PercentileScale,
    RatingScale,
    RecordsSource,
    Rung,
)
from connector.mapping.uses import ACCOUNT_KEYS, rungs
from connector.mapping.words import listed, meant

Found: TypeAlias = tuple[str, str, Severity]
"""Key path, message, severity."""

WINDOWED: Final = frozenset(
    {
        "won_amount",
        "won_count",
        "open_amount",
        "weighted_pipeline",
        "win_rate",
        "trend",
        "breadth",
        "error_rate",
    }
)
"""Measures over a window: they need `months`."""
TIMELESS: Final = frozenset({"days_since_won", "tenure_years", "days_since_last"})
"""Measures that look at all history: `months` means nothing to them."""
SHARES: Final = frozenset({"win_rate", "error_rate", "breadth", "role_coverage", "share", "headroom_share"})
"""Measures between 0 and 1."""
UNFIT_FOR_RULE: Final = {
    "win_rate": "it leans on the rate of the portfolio, which is what the rule defines",
    "breadth": "a condition does not say which field's values to count",
}
"""Measures that the portfolio rule cannot use, and why."""
MEANT_FOR: Final[dict[str, frozenset[str]]] = {
    "overdue_grace_days": frozenset({"weighted_pipeline"}),
    "max_per_deal": frozenset({"weighted_pipeline"}),
    "no_records": frozenset({"won_amount", "won_count", "open_amount", "weighted_pipeline"}),
    "prior": frozenset({"win_rate", "error_rate"}),
    "field": frozenset({"breadth"}),
    "of": frozenset({"breadth"}),
    "half_life_days": frozenset({"count"}),
    "per": frozenset({"error_rate"}),
    "min_base": frozenset({"error_rate"}),
}
"""Parameters that only some measures of a section know."""
_PERCENT = 2  # a share on a scale beyond this was meant in percent


def error(path: str, message: str) -> Found:
    """What stops."""
    return path, message, Severity.ERROR


def warning(path: str, message: str) -> Found:
    """What a person should look at."""
    return path, message, Severity.WARNING


def note(path: str, message: str) -> Found:
    """What a person may want to know."""
    return path, message, Severity.NOTE


def source_findings(mapping: Mapping) -> Iterator[Found]:
    """What is wrong with sources and scales, taken alone and together."""
    for path, rung in rungs(mapping):
        yield from _source(mapping, rung, f"{path}.source")
        yield from _scale(mapping, rung, f"{path}.scale")
        yield from _together(rung, path)


def measure_findings(measure: str, months: int | None, path: str) -> Iterator[Found]:
    """What is wrong with a measure's window."""
    if measure in WINDOWED and months is None:
        yield error(f"{path}.months", f"is required: {measure} looks at a window of months")
    if measure in TIMELESS and months is not None:
        yield error(f"{path}.months", f"means nothing here: {measure} looks at all history")


def condition_findings(mapping: Mapping) -> Iterator[Found]:
    """Measured conditions of the portfolio rule."""
    known = set(get_args(OpportunitiesSource.model_fields["measure"].annotation)) - UNFIT_FOR_RULE.keys()
    for key in ("all", "any"):
        for place, condition in enumerate(getattr(mapping.portfolio, key), 1):
            if isinstance(condition, MeasuredCondition):
                here = f"portfolio.{key}[{place}]"
                if condition.measure not in known:
                    hint = meant(condition.measure, known) or "."
                    message = f'"{condition.measure}" is no measure of opportunities{hint}'
                    if (why := UNFIT_FOR_RULE.get(condition.measure)) is not None:
                        message = f'"{condition.measure}" cannot decide who is a customer: {why}.'
                    message += f" Known: {listed(sorted(known))}"
                    yield error(f"{here}.measure", message)
                yield from measure_findings(condition.measure, condition.months, here)


def _source(mapping: Mapping, rung: Rung, path: str) -> Iterator[Found]:
    source = rung.source
    if isinstance(source, FieldSource | CsvSource):
        return
    if not isinstance(source, CriteriaSource) and getattr(mapping, source.from_) is None:
        yield error(f"{path}.from", f"needs the section [{source.from_}], which the file lacks")
    if isinstance(source, OpportunitiesSource | RecordsSource | ActivitiesSource):
        yield from _windowed(source, path)
    if isinstance(source, RecordsSource):
        yield from _records(mapping, source, path)
    if isinstance(source, OpportunitiesSource):
        yield from _opportunities(mapping, source, path)
    if isinstance(source, ContactRolesSource):
        yield from _roles(source, path)


def _windowed(source: OpportunitiesSource | RecordsSource | ActivitiesSource, path: str) -> Iterator[Found]:
    yield from measure_findings(source.measure, source.months, path)
    for key, measures in MEANT_FOR.items():
        if key in source.model_fields_set and source.measure not in measures:
            yield error(
                f"{path}.{key}",
                f"means nothing to {source.measure}; it belongs to {listed(sorted(measures))}",
            )
    half_life = getattr(source, "half_life_days", None)
    if source.measure == "count" and source.months is None and half_life is None:
        yield error(f"{path}.months", "is required: count needs months, half_life_days or both")


def _opportunities(mapping: Mapping, source: OpportunitiesSource, path: str) -> Iterator[Found]:
    if source.measure == "breadth":
        for key in ("field", "of"):
            if getattr(source, key) is None:
                yield error(f"{path}.{key}", "is required for breadth")
    without = mapping.crm == "salesforce" and mapping.opportunities.probability is None
    if source.measure == "weighted_pipeline" and without:
        yield error(f"{path}.measure", "weighted_pipeline needs the key probability in [opportunities]")


def _records(mapping: Mapping, source: RecordsSource, path: str) -> Iterator[Found]:
    if source.measure != "error_rate":
        return
    if source.per is None:
        yield error(f"{path}.per", 'is required: errors per what? "orders", "cases" or "won_opportunities"')
    elif source.per != "won_opportunities" and getattr(mapping, source.per) is None:
        yield error(f"{path}.per", f"needs the section [{source.per}], which the file lacks")
    if not source.where:
        found = error if source.per == source.from_ else warning
        yield found(f"{path}.where", "is missing, so every record counts as an error; say which ones are")


def _roles(source: ContactRolesSource, path: str) -> Iterator[Found]:
    seen: set[str] = set()
    for place, group in enumerate(source.required, 1):
        for role in (group,) if isinstance(group, str) else group:
            if role.strip().casefold() in seen:
                yield warning(f"{path}.required[{place}]", f'"{role}" is asked for twice')
            seen.add(role.strip().casefold())


def _scale(mapping: Mapping, rung: Rung, path: str) -> Iterator[Found]:
    scale = rung.scale
    if isinstance(scale, LinearScale | LogScale) and scale.zero == scale.full:
        message = f"zero and full are both {scale.full:g}; they must differ, or nothing can lie between"
        yield error(f"{path}.full", message)
    if isinstance(scale, BandsScale):
        yield from _bands(scale, path)
    if isinstance(scale, RatingScale):
        yield from _rating(mapping, scale, path)
    if (
        isinstance(scale, PercentileScale)
        and scale.by in ACCOUNT_KEYS
        and not getattr(mapping.accounts, scale.by)
    ):
        yield error(f"{path}.by", f"needs the key {scale.by} in [accounts], which the file lacks")


def _bands(scale: BandsScale, path: str) -> Iterator[Found]:
    if any(left >= right for left, right in pairwise(scale.edges)):
        yield error(f"{path}.edges", "must rise strictly from left to right")
    needed = len(scale.edges) + 1
    if len(scale.scores) != needed:
        message = (
            f"has {len(scale.scores)} scores, but {len(scale.edges)} edges need {needed}, one more than edges"
        )
        yield error(f"{path}.scores", message)


def _rating(mapping: Mapping, scale: RatingScale, path: str) -> Iterator[Found]:
    if scale.worst == scale.best:
        yield error(f"{path}.best", f"worst and best are both {scale.best:g}; they must differ")
    if scale.centre_by is not None and mapping.accounts.owner is None:
        yield error(f"{path}.centre_by", "needs the key owner in [accounts]")


def _together(rung: Rung, path: str) -> Iterator[Found]:
    """A scale whose input cannot be what the source gives. What a field holds, only the CRM knows."""
    source, scale = rung.source, rung.scale
    if isinstance(source, FieldSource | CsvSource):
        return
    if isinstance(scale, LookupScale | BooleanScale):
        better = "linear, log or bands"
        message = f"{scale.kind} cannot score {source.measure}, which is a number; take {better}"
        yield error(f"{path}.scale.kind", message)
    if isinstance(scale, LinearScale | LogScale) and source.measure in SHARES:
        reach = max(abs(scale.zero), abs(scale.full))
        if reach > _PERCENT:
            message = f"{source.measure} runs from 0 to 1, not in percent: {reach:g} is never reached"
            yield warning(f"{path}.scale.full", message)
