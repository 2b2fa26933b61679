"""The second pass: what has the right shape but makes no sense, without asking the CRM.

Each rule is a function from a mapping to its findings (key path, message, severity); `sense` runs them all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from string import Formatter

from connector.errors import MappingError, Problem, Severity
from connector.mapping.csv_file import by_file, column_problems, opened
from connector.mapping.model import (
    DIMENSIONS,
    CriteriaSource,
    Criterion,
    FieldSource,
    LookupScale,
    Mapping,
    RatingScale,
    Text,
    target_path,
)
from connector.mapping.sense_sections import section_findings
from connector.mapping.sense_sources import Found, error, note, source_findings, warning
from connector.mapping.uses import rungs, uses
from connector.mapping.words import listed, meant

FEW, MANY = 3, 5
"""Criteria per dimension that people can keep in mind."""
PLACEHOLDERS = frozenset({"quarter", "focus"})
CASES = ("protect", "develop", "decide", "maintain", "retreat", "unrated")
"""What a next step is said for: the zones, and ``decide``, the bottom of ``develop``."""
REASONS = ("top_revenue",)
WEIGHING = ("weighted", "geometric")
"""Combinations of criteria that weigh them."""


def sense(mapping: Mapping, file: str) -> list[Problem]:
    """Everything that makes no sense, errors first, otherwise in the order of the file's sections."""
    found = [
        Problem(file, path, message, severity) for rule in _RULES for path, message, severity in rule(mapping)
    ]
    order = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
    return sorted(dict.fromkeys(found), key=lambda problem: order.index(problem.severity))


def _criteria_per_dimension(mapping: Mapping) -> Iterator[Found]:
    for dimension in DIMENSIONS:
        criteria = mapping.of(dimension)
        scored = [criterion for criterion in criteria if criterion.weight > 0]
        if not criteria:
            yield error(
                "criteria", f'no criterion has dimension = "{dimension}"; the matrix needs {FEW} to {MANY}'
            )
        elif not scored:
            yield error("criteria", f"all criteria of {dimension} have weight 0; at least one must count")
        elif not FEW <= len(scored) <= MANY:
            how = "few to place an account" if len(scored) < FEW else "many to keep in mind"
            count = f"{dimension} has {len(scored)} criteria with weight"
            yield warning("criteria", f"{count}, which is {how}; take {FEW} to {MANY}")


def _ids(mapping: Mapping) -> Iterator[Found]:
    counted = Counter(criterion.id for criterion in mapping.criteria)
    for id_, times in counted.items():
        if times > 1:
            yield error(f"criteria[{id_}].id", f"is used by {times} criteria; every criterion needs its own")


def _texts(mapping: Mapping) -> Iterator[Found]:
    for path, text in _all_texts(mapping):
        other = "en" if mapping.language == "de" else "de"
        if getattr(text, mapping.language) is None:
            message = f'has no text in "{mapping.language}", the language of this file; the one in "{other}" is written'
            yield warning(path, message)
    for key in mapping.texts.reasons:
        if key not in REASONS:
            message = f"is no reason with own words{meant(key, REASONS) or '.'} Known: {listed(REASONS)}"
            yield error(f"texts.reasons.{key}", message)
    known = (*CASES, *(criterion.id for criterion in mapping.criteria))
    for key in mapping.texts.next_steps:
        if key not in known:
            yield error(
                f"texts.next_steps.{key}",
                f"is neither a zone nor a criterion{meant(key, known) or '.'} Zones: {listed(CASES)}",
            )


def _all_texts(mapping: Mapping) -> Iterator[tuple[str, Text]]:
    for criterion in mapping.criteria:
        here = f"criteria[{criterion.id}]"
        yield f"{here}.label", criterion.label
        if criterion.next_step is not None:
            yield f"{here}.next_step", criterion.next_step
        yield from ((f"{here}.anchors.{step}", text) for step, text in criterion.anchors.items())
    for kind in ("segments", "reasons", "next_steps"):
        yield from ((f"texts.{kind}.{key}", text) for key, text in getattr(mapping.texts, kind).items())


def _anchors(mapping: Mapping) -> Iterator[Found]:
    for criterion in mapping.criteria:
        if not criterion.anchors:
            continue
        scales = [rung.scale for rung in criterion.rungs if isinstance(rung.scale, RatingScale)]
        here = f"criteria[{criterion.id}].anchors"
        if not scales:
            yield warning(here, 'has no effect: no scale of the criterion is a "rating"')
            continue
        low = min(min(scale.worst, scale.best) for scale in scales)
        high = max(max(scale.worst, scale.best) for scale in scales)
        for step in criterion.anchors:
            if not low <= int(step) <= high:
                yield error(f"{here}.{step}", f"is outside the rating, which runs from {low:g} to {high:g}")


def _targets(mapping: Mapping) -> Iterator[Found]:
    """Two results in one field, and results in fields that are read."""
    same: Callable[[str], str] = str.casefold  # both CRMs take API names in any case
    first: dict[str, str] = {}
    read: dict[str, str] = {}
    for use in uses(mapping):
        if use.object == "accounts" and not use.path.startswith("write."):
            read.setdefault(same(use.field), use.path)
    for key, field in mapping.write.targets.items():
        path = target_path(key)
        if same(field) in first:
            message = f"{field} is already the target of {first[same(field)]}; every result needs a field of its own"
            yield error(path, message)
            continue
        first[same(field)] = path
        if same(field) in read:
            message = f"{field} is read by {read[same(field)]}; a result must not overwrite what it is computed from"
            yield error(path, message)
        if "." in field:
            yield error(path, f"{field} is a field of another record; results go to fields of the account")
    if not mapping.write.targets:
        yield warning("write", "names no result, so nothing will be written to the CRM")


def _written_criteria(mapping: Mapping) -> Iterator[Found]:
    known = [criterion.id for criterion in mapping.criteria]
    for id_, target in mapping.write.criteria.items():
        here = f"write.criteria.{id_}"
        if id_ not in known:
            yield error(here, f"is no criterion{meant(id_, known) or '.'} Known: {listed(known)}")
        if target.decimals > 0:
            yield error(f"{here}.decimals", "must be 0: scores are whole points")


def _tag(mapping: Mapping) -> Iterator[Found]:
    here, tag = "campaigns.tag", mapping.campaigns.tag
    known = " and ".join(f"{{{name}}}" for name in sorted(PLACEHOLDERS))
    try:
        names = [name for _, name, _, _ in Formatter().parse(tag) if name is not None]
    except ValueError:
        yield error(here, f'"{tag}" has a brace without its partner; placeholders are {known}')
        return
    for name in names:
        if name not in PLACEHOLDERS:
            yield error(
                here, f"{{{name}}} is no placeholder{meant(name, PLACEHOLDERS) or '.'} Known: {known}"
            )
    if ";" in tag:
        yield error(here, 'must hold no ";": it stands between the tags of an account')
    if "focus" not in names and "quarter" not in names:
        yield warning(here, f"is the same for every campaign; use {known} to tell them apart")
    elif "quarter" not in names:
        yield warning(here, "is the same whenever a focus returns; use {quarter} to tell the campaigns apart")


def _shares_for_points(mapping: Mapping) -> Iterator[Found]:
    """Points that were written as shares."""
    matrix = mapping.matrix
    points = {f"criteria[{one.id}].target": one.target for one in mapping.criteria}
    points |= {"matrix.hysteresis": matrix.hysteresis, "matrix.develop_floor": matrix.develop_floor}
    for dimension in DIMENSIONS:
        threshold = getattr(matrix.threshold, dimension)
        if not isinstance(threshold, str):
            points[f"matrix.threshold.{dimension}"] = threshold
    for path, given in points.items():
        if 0 < given < 1:
            yield warning(path, f"is {given:g} of 100 points; {100 * given:g} was probably meant")


def _ladders(mapping: Mapping) -> Iterator[Found]:
    """Rungs that never get their turn, and ratings that would never expire."""
    for criterion in mapping.criteria:
        if criterion.missing != "exclude" and criterion.weight == 0:
            yield note(f"criteria[{criterion.id}].missing", "has no effect: the criterion's weight is 0")
        if criterion.first_of is not None and len(criterion.first_of) == 1:
            yield note(
                f"criteria[{criterion.id}].first_of", "has one pair only; source and scale would say the same"
            )
    for path, rung in rungs(mapping):
        source = rung.source
        if isinstance(source, FieldSource) and source.rated_at is not None and source.expires_days is None:
            yield warning(f"{path}.source.rated_at", "has no effect without expires_days")


def _lookups(mapping: Mapping) -> Iterator[Found]:
    for path, rung in rungs(mapping):
        if isinstance(rung.scale, LookupScale):
            counted = Counter(value.strip().casefold() for value in rung.scale.scores)
            for value, times in counted.items():
                if times > 1:
                    message = (
                        f'has "{value}" {times} times: upper and lower case and outer blanks do not count'
                    )
                    yield error(f"{path}.scale.scores", message)


def _names(mapping: Mapping) -> Iterator[Found]:
    """Names that no field of this CRM can have."""
    for use in uses(mapping):
        if mapping.crm == "hubspot" and re.fullmatch(r"\w+(\.\w+)+", use.field):
            yield error(use.path, f"{use.field} is a dotted name; HubSpot has no fields of parent records")


def _criterion_sources(mapping: Mapping) -> Iterator[Found]:
    """Criteria made of other criteria: those must exist, and not lead back."""
    known = {criterion.id: criterion for criterion in mapping.criteria}
    for path, rung in rungs(mapping):
        if isinstance(rung.source, CriteriaSource):
            for id_ in rung.source.ids:
                if id_ not in known:
                    message = f'"{id_}" is no criterion{meant(id_, known) or "."} Known: {listed(known)}'
                    yield error(f"{path}.source.ids", message)
            yield from _combined(rung.source, f"{path}.source")
    for criterion in mapping.criteria:
        if criterion.id in _reached(criterion, known):
            message = "is made of criteria that are made of itself; leave one of them out"
            yield error(f"criteria[{criterion.id}].source.ids", message)


def _combined(source: CriteriaSource, path: str) -> Iterator[Found]:
    for id_, times in Counter(source.ids).items():
        if times > 1:
            yield error(f"{path}.ids", f'names "{id_}" {times} times; give it a larger weight in weights')
    if not source.weights:
        return
    if source.measure not in WEIGHING:
        message = f"means nothing to {source.measure}; it belongs to {listed(WEIGHING)}"
        yield error(f"{path}.weights", message)
    elif len(source.weights) != len(source.ids):
        yield error(f"{path}.weights", f"has {len(source.weights)} entries for {len(source.ids)} ids")
    elif not any(source.weights):
        yield error(f"{path}.weights", "are all 0; at least one must count")


def _csv_files(mapping: Mapping) -> Iterator[Found]:
    """Files that are not there, and columns that they lack; their rows are read with the records of the CRM."""
    for name, sources in by_file(mapping).items():
        if mapping.beside(name) is None:
            continue
        try:
            file = opened(mapping, name, head_only=True)
            problems = list(column_problems(file, [source for source, _ in sources]))
        except MappingError as failure:
            problems = list(failure.problems)
        here = next(path for path, rung in rungs(mapping) if getattr(rung.source, "csv", None) == name)
        yield from (error(f"{here}.source.csv", str(problem)) for problem in problems)


def _counted_twice(mapping: Mapping) -> Iterator[Found]:
    """A criterion with weight that is also part of another one with weight, in the same dimension."""
    for path, rung in rungs(mapping):
        if not isinstance(rung.source, CriteriaSource):
            continue
        whole = next(one for one in mapping.criteria if path.startswith(f"criteria[{one.id}]"))
        for id_ in rung.source.ids:
            part = next((one for one in mapping.criteria if one.id == id_ != whole.id), None)
            if (
                part is not None
                and part.dimension == whole.dimension
                and part.weight > 0
                and whole.weight > 0
            ):
                message = f'"{id_}" counts twice, in itself and in {whole.id}; give one of them weight 0'
                yield warning(f"{path}.source.ids", message)


def _reached(start: Criterion, known: dict[str, Criterion]) -> set[str]:
    """Every criterion that this one is made of, directly or not."""
    reached: set[str] = set()
    ahead = [start]
    while ahead:
        for rung in ahead.pop().rungs:
            for id_ in rung.source.ids if isinstance(rung.source, CriteriaSource) else ():
                if id_ in known and id_ not in reached:
                    reached.add(id_)
                    ahead.append(known[id_])
    return reached


_RULES: tuple[Callable[[Mapping], Iterator[Found]], ...] = (
    section_findings,
    _criteria_per_dimension,
    _ids,
    source_findings,
    _criterion_sources,
    _counted_twice,
    _csv_files,
    _shares_for_points,
    _ladders,
    _lookups,
    _anchors,
    _names,
    _texts,
    _tag,
    _targets,
    _written_criteria,
)
