"""`kpm check`: can a sync run, and on how much data would it rest? Ends with go or no-go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal
from zoneinfo import ZoneInfo

import polars as pl

from connector.admin.provision import reads, specs
from connector.config import Schedule
from connector.criteria_quality import criteria_quality
from connector.crm import Crm, Estimate, Finding, Needs, Usage
from connector.cron import parse as parse_cron
from connector.cron import when_clocks_change
from connector.errors import Problem, Severity
from connector.mapping.csv_file import CsvTables, read_files
from connector.mapping.live import live
from connector.mapping.live_targets import ROOMS, TO_ADD
from connector.mapping.model import Criterion, FieldSource, LookupScale, RatingScale, Rung
from connector.mapping.model import Mapping as MappingFile
from connector.mapping.uses import uses
from connector.measures.accounts import UNUSABLE
from connector.overrides import Ignored, read_file
from connector.overrides.causes import say
from connector.quality import named
from connector.reports.measured import source_in_words
from connector.stages.pull import needed_objects

Level = Literal["ok", "note", "warning", "error"]

TO_CREATE: Final = "`kpm provision` creates"
"""What the live pass says of fields that need not exist yet."""
SAMPLED: Final = 200
"""Accounts that are looked at to see how many of the portfolio a person sees."""
SPARSE: Final = 0.2
"""A criterion that fewer accounts have than this share says little."""

_OTHERWISE: Final = "Score its words with a lookup, or name another field"

LISTED: Final = 5
"""Decisions without effect that are named."""


@dataclass(frozen=True, slots=True)
class Line:
    """One finding.

    Attributes:
        level: how grave it is; an error means no-go.
        what: its subject, such as ``login`` or a key path of the mapping.
        message: what was found, and what to do.
    """

    level: Level
    what: str
    message: str


@dataclass(frozen=True, slots=True)
class Group:
    """Findings on one subject."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check.

    Attributes:
        groups: findings by subject.
        to_create: fields that `kpm provision` will create or add options to, by key path.
    """

    groups: tuple[Group, ...]
    to_create: Mapping[str, str]

    @property
    def go(self) -> bool:
        """Whether a sync can run (after `kpm provision`, if there is something to create)."""
        return not any(line.level == "error" for group in self.groups for line in group.lines)


@dataclass(frozen=True, slots=True)
class Data:
    """What a preview has read and computed.

    Attributes:
        accounts: every account; columns as in `connector.tables`.
        quality: what was missing or odd, each with ``message`` and ``count``.
        estimate: API calls of a sync.
        usage: API calls used, and the quota.
        quota_share: share of the daily quota that may be used.
        ignored: what people have set by hand without effect.
    """

    accounts: pl.DataFrame
    quality: Sequence[Mapping[str, object]]
    estimate: Estimate
    usage: Usage
    quota_share: float
    ignored: Sequence[Ignored] = ()


def check(crm: Crm, mapping: MappingFile, file: str, problems: Sequence[Problem] = ()) -> Checked:
    """Log in, and compare the mapping with the CRM.

    Args:
        crm: connected as the user of the nightly sync.
        mapping: has passed the first two passes.
        file: its name.
        problems: warnings and notes of those passes.

    Raises:
        CrmAuthError: the login failed.
        CrmTemporaryError: the CRM cannot be reached.
    """
    connection = _lines(crm.check(needs(mapping)))
    if any(line.level == "error" and line.what in ("login", "API version") for line in connection):
        return Checked((Group("Connection", connection),), {})
    found = [*problems, *live(crm, mapping, file, absent=Severity.NOTE)]
    absent = [
        problem for problem in found if TO_CREATE in problem.message and problem.severity is Severity.NOTE
    ]
    groups = (Group("Connection", connection), Group("Mapping", tuple(_mapping(mapping, found, absent))))
    to_create = [*absent, *(problem for problem in found if TO_ADD in problem.message)]
    # The live pass speaks of the field first.
    return Checked(groups, {problem.path: problem.message.split()[0] for problem in to_create})


def needs(mapping: MappingFile) -> Needs:
    """What a sync asks of the CRM, as far as the mapping tells."""
    used = needed_objects(mapping)
    values = {name: ROOMS[key].values for key, name in mapping.write.targets.items() if key in ROOMS}
    asked = {section: names for section, names in reads(mapping).items() if section in used}
    own = [use for use in uses(mapping) if use.object == "accounts"]
    by_exception = [use for use in own if use.path.startswith("override.")]
    elsewhere = {use.field for use in own if use not in by_exception}
    return Needs(
        asked,
        values,
        [spec.name for spec in specs(mapping, {})],
        inputs=list(dict.fromkeys(use.field for use in own if use.is_input and use not in by_exception)),
        exceptions=[use.field for use in by_exception if use.field not in elsewhere],
    )


def visible_to(
    checked: Checked, crm: Crm, mapping: MappingFile, user: str, accounts: pl.DataFrame | None
) -> Checked:
    """The same check, with what a person sees of the results.

    Args:
        checked: the check.
        crm: as the user of the nightly sync, or as an administrator.
        mapping: names the fields.
        user: whom the person logs in as.
        accounts: as a preview has read them; some at regular distances are looked at. None: fields alone.
    """
    sample: list[str] = []
    if accounts is not None:
        members = accounts.filter(pl.col("member")).get_column("id").sort()
        sample = members.gather_every(max(1, len(members) // SAMPLED)).head(SAMPLED).to_list()
    fields = list(dict.fromkeys(mapping.write.targets.values()))
    found = _lines(crm.visibility(user, fields, sample))
    return _and(checked, Group(f"What {user} sees", found))


def _lines(findings: Sequence[Finding]) -> tuple[Line, ...]:
    return tuple(Line(each.level, each.what, each.message) for each in findings)


def with_schedule(checked: Checked, schedule: Schedule) -> Checked:
    """The same check, with what is odd about the hour of the nightly run."""
    zone = ZoneInfo(schedule.time_zone)
    skipped, twice = when_clocks_change(parse_cron(schedule.cron), zone, schedule.today())
    told = [f"on {one:%Y-%m-%d} the clocks skip {one:%H:%M}" for one in skipped[:1]]
    told += [f"on {one:%Y-%m-%d} the clocks show {one:%H:%M} twice" for one in twice[:1]]
    if not told:
        return checked
    message = f'"{schedule.cron}" in {schedule.time_zone}: {", and ".join(told)}, so that night\'s run may be left out'
    advice = "or come at another hour; take another time, such as 4:30"
    return _and(checked, Group("Schedule", (Line("warning", "cron", f"{message} {advice}"),)))


def with_data(checked: Checked, mapping: MappingFile, data: Data) -> Checked:
    """The same check, with what a preview tells of the data and of API calls."""
    return _and(checked, Group("Data", tuple(_data(mapping, data))), Group("API calls", tuple(_calls(data))))


def _and(checked: Checked, *more: Group) -> Checked:
    return replace(checked, groups=(*checked.groups, *more))


def with_files(checked: Checked, mapping: MappingFile) -> Checked:
    """The same check without data, with what the files that the mapping names tell by themselves.

    Raises:
        MappingError: a file cannot be read, lacks a column, or has cells that are not understood.
    """
    tables, file = read_files(mapping), read_file(mapping)
    groups = [Group("CSV files", tuple(_tables(tables)))] if tables else []
    if file.name:
        understood = Line("ok", "override", f"every row of {file.name} is understood: {len(file.entries)}")
        ignored = tuple(_without_effect(file.ignored, mapping))
        groups.append(Group("Set by hand", ignored or (understood,)))
    return _and(checked, *groups)


def _tables(tables: CsvTables) -> Iterator[Line]:
    for (name, key), table in tables.items():
        yield Line("ok", key, f"{name}: {table.rows.num_rows:,} rows by {key}")
        if table.twice:
            shown = ", ".join(table.twice[:LISTED]) + (", ..." if len(table.twice) > LISTED else "")
            yield Line("warning", key, f"{name}: these stand twice and tell nothing: {shown}")


def _without_effect(ignored: Sequence[Ignored], mapping: MappingFile) -> Iterator[Line]:
    for one in [each for each in ignored if not each.ended][:LISTED]:
        facts = {"what": one.what, "account": one.account, "place": one.place, "cause": one.cause}
        yield Line("warning", "override", say("no_effect", mapping.language, **facts))
    if len(ignored) > LISTED:
        yield Line("note", "override", "`kpm overrides` lists everything that is set by hand")


def _mapping(mapping: MappingFile, found: Sequence[Problem], absent: Sequence[Problem]) -> Iterator[Line]:
    levels: Mapping[Severity, Level] = {
        Severity.ERROR: "error",
        Severity.WARNING: "warning",
        Severity.NOTE: "note",
    }
    for problem in found:
        if problem not in absent:
            yield Line(levels[problem.severity], problem.path, problem.message)
    if absent:
        names = ", ".join(dict.fromkeys(problem.message.split()[0] for problem in absent))
        yield Line("note", "to be created", f"`kpm provision` creates these fields: {names}")
    if not any(problem.severity is Severity.ERROR for problem in found):
        counted = f"{len(mapping.criteria)} criteria, {len(mapping.write.targets)} results"
        yield Line("ok", "fields", f"everything that must exist is there and fits: {counted}")


def _data(mapping: MappingFile, data: Data) -> Iterator[Line]:
    members = data.accounts.filter(pl.col("member"))
    if members.is_empty():
        message = f"no account meets the rule, of {len(data.accounts):,} read; correct [portfolio]"
        yield Line("error", "portfolio", message)
        return
    yield Line("ok", "portfolio", f"{len(members):,} customers of {len(data.accounts):,} accounts read")
    for criterion in mapping.criteria:
        yield from _answers(criterion, members, data.quality)
    for each in criteria_quality(data.accounts, mapping):
        level: Level = "note" if each.harmless else "warning"
        yield Line(level, each.criterion or "", f"{each.count:,} {each.message.en}")
    for entry in data.quality:
        yield Line("note", "quality", f"{entry['count']:,} {entry['message']}{named(entry)}")
    yield from _without_effect(data.ignored, mapping)


def _answers(
    criterion: Criterion, members: pl.DataFrame, quality: Sequence[Mapping[str, object]]
) -> Iterator[Line]:
    """For how many accounts each way to answer a criterion has a value."""
    wrong = [
        entry
        for entry in quality
        if entry.get("criterion") == criterion.id and str(entry["message"]).startswith(UNUSABLE)
    ]
    if wrong and len(criterion.rungs) == 1 and not members.get_column(f"known:{criterion.id}").any():
        told = f"{wrong[0]['count']:,} {wrong[0]['message']}"
        message = f"nobody has a value that counts: {told}. {_OTHERWISE}"
        yield Line("error", criterion.id, message)
        return
    for place, rung in enumerate(criterion.rungs):
        share = members.get_column(f"raw:{criterion.id}:{place}").count() / len(members)
        text = f"{share:.0%} of the portfolio have a value: {source_in_words(rung.source)}"
        if share >= SPARSE:
            yield Line("ok", criterion.id, text)
        elif len(criterion.rungs) > 1:
            yield Line("note", criterion.id, text)
        else:
            yield Line("warning", criterion.id, f"{text}. {_sparse(rung)}")


def _sparse(rung: Rung) -> str:
    """What follows from values that few accounts have, and what to do."""
    asked = isinstance(rung.source, FieldSource) and isinstance(rung.scale, RatingScale | LookupScale)
    who = "people fill it in (`kpm plan` names the largest accounts that lack it)" if asked else ""
    fix = who or "have it recorded, name another source"
    return f"For the others its weight drops out: {fix}, or set its weight to 0"


def _calls(data: Data) -> Iterator[Line]:
    needed, limit = data.estimate.calls, data.usage.limit
    text = f"a sync takes about {needed:,} API calls (at least {data.estimate.minimum:,})"
    if limit is None:
        yield Line("ok", "estimate", text)
        return
    allowed = round(limit * data.quota_share)
    used = data.usage.used or 0
    text += f", {needed / limit:.1%} of the daily {limit:,}; {used:,} are used"
    if needed > allowed:
        advice = f"a run stops at {allowed:,} (max_quota_share) and the next one continues"
        yield Line("warning", "estimate", f"{text}; {advice}")
    elif used + needed > allowed:
        yield Line("warning", "estimate", f"{text}; today a run would stop at {allowed:,} (max_quota_share)")
    else:
        yield Line("ok", "estimate", text)
