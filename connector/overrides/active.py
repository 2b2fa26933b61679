"""Which decisions hold on the day that is rated: expressions over the accounts, wherever a decision comes from.

What is set on the record in the CRM comes before the file: it is what people look at. A decision without a last day
ends ``expires_days`` after it was first seen.
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from datetime import timedelta
from typing import Final

import narwhals as nw

from connector.crm import FieldType
from connector.mapping.model import SEGMENTS, Language, Mapping, Override
from connector.overrides.causes import say
from connector.overrides.entries import ZONE, Ignored, OverrideFile
from connector.overrides.file import no_zone
from connector.reading import as_day, as_text, folded, missing
from connector.tables import Frame, column, looked_up
from connector.windows import EPOCH

FACTS: Final = ("value", "owner", "reason", "until", "from")
"""What there is to know about a decision; ``from`` is ``crm`` or ``file``."""
_GIVEN: Final = ("value", "owner", "reason", "until")
_TYPES: Final = {"value": nw.String, "owner": nw.String, "reason": nw.String, "until": nw.Int32}


def column_of(subject: str, fact: str = "value") -> str:
    """Column with a fact about the decisions that hold.

    ``override`` and ``override_owner`` are about the zone, ``override:<id>`` and ``override_owner:<id>`` about a
    criterion.
    """
    stem = "override" if fact == "value" else f"override_{fact}"
    return stem if subject == ZONE else f"{stem}:{subject}"


def subjects(mapping: Mapping, file: OverrideFile) -> tuple[str, ...]:
    """What decisions can be about: the zone, and the criteria that the file names; nothing without ``[override]``."""
    return () if mapping.override is None else tuple(dict.fromkeys((ZONE, *file.subjects)))


def remembered(subject: str) -> str:
    """Key under which it is remembered since when a decision on the subject is known."""
    return f"override:{subject}"


SET_UNTIL = "@crm:until"
"""Column of `from_fields`: the last day that the account's field says."""


def from_fields(override: Override, schema: Map[str, FieldType]) -> dict[str, nw.Expr]:
    """What the accounts' fields say about their zone, null where a field is empty or absent."""
    found: dict[str, nw.Expr] = {}
    names = (override.segment, override.owner, override.reason, override.expires)
    for fact, field in zip(_GIVEN, names, strict=True):
        kind = schema.get(field or "")
        if field is None or kind is None:
            value = missing(_TYPES[fact])
        elif fact == "until":
            value = as_day(nw.col(column(field)), kind)
        else:
            value = as_text(nw.col(column(field)), kind)
        found[_crm(fact)] = value
    return found


def with_entries(frame: Frame, mapping: Mapping, file: OverrideFile) -> Frame:
    """Add what is decided on each subject, by the CRM or the file, whether it still holds or not.

    Args:
        frame: id, and the columns of `from_fields`.
        mapping: its ``[override]``.
        file: what the file says.
    """
    for subject in subjects(mapping, file):
        entries = file.table(subject)
        by_file = {fact: missing(_TYPES[fact]) for fact in _GIVEN}
        if entries.num_rows:
            names = {fact: f"@file:{fact}" for fact in _GIVEN}
            frame = looked_up(frame, entries.rename_columns(["id", *names.values()]))
            by_file = {fact: nw.col(name) for fact, name in names.items()}
        columns = []
        by_crm = _fits(nw.col(_crm("value"))) if subject == ZONE else nw.lit(False)
        for fact in _GIVEN:
            value = by_file[fact]
            if subject == ZONE:
                value = nw.when(by_crm).then(nw.col(_crm(fact))).otherwise(value)
            columns.append(value.alias(_decided(subject, fact)))
        origin = nw.when(by_crm).then(nw.lit("crm")).otherwise(nw.lit("file"))
        frame = frame.with_columns(*columns, origin.alias(_decided(subject, "from")))
        if entries.num_rows:
            frame = frame.drop([f"@file:{fact}" for fact in _GIVEN])
    return frame


def active(mapping: Mapping, file: OverrideFile, as_of: int) -> list[nw.Expr]:
    """The columns of `column_of`: decisions that hold on the day, for accounts of the portfolio.

    They read ``member``, the columns of `with_entries`, and ``@since:<key>``: since when each is known.
    """
    override = mapping.override
    if override is None:
        return []
    columns: list[nw.Expr] = []
    for subject in subjects(mapping, file):
        until = _until(subject, override)
        value = nw.col(_decided(subject, "value"))
        holds = nw.col("member") & ~value.is_null() & (until >= as_of)
        facts = {
            "value": folded(value) if subject == ZONE else value.cast(nw.Int64),
            "owner": _one_line(nw.col(_decided(subject, "owner"))),
            "reason": _one_line(nw.col(_decided(subject, "reason"))),
            "until": until.cast(nw.Int32),
            "from": nw.col(_decided(subject, "from")),
        }
        columns += [nw.when(holds).then(facts[fact]).alias(column_of(subject, fact)) for fact in FACTS]
    return columns


def ignored(frame: Frame, mapping: Mapping, file: OverrideFile, as_of: int) -> tuple[Ignored, ...]:
    """Decisions that have no effect: those that cannot be used, then those that have ended.

    Args:
        frame: id, member, the columns of `with_entries` and of `active`, and since when each is known.
        mapping: its ``[override]``.
        file: what the file says.
        as_of: the day that is rated, as days since 1970.
    """
    override = mapping.override
    if override is None:
        return ()
    found = list(file.ignored)
    if override.segment is not None:
        given = nw.col(_crm("value"))
        unfit = frame.filter(nw.col("member"), ~given.is_null(), ~_fits(given))
        rows = unfit.select("id", given.alias("value")).sort("id").collect().to_dict(as_series=False)
        for account, value in zip(rows["id"], rows["value"], strict=True):
            cause = no_zone(value, mapping.language)
            found.append(Ignored(account, ZONE, value, override.segment, cause))
        found += _on_heirs(frame, override.segment, mapping.language)
    if file.entries:
        found += _without_effect(frame, file, mapping.language)
    for subject in subjects(mapping, file):
        found += _ended(frame, subject, mapping, file, as_of)
    return tuple(found)


def _on_heirs(frame: Frame, field: str, language: Language) -> list[Ignored]:
    """Zones set on accounts that carry the zone of their family's top."""
    if "heir" not in frame.collect_schema().names():
        return []
    given = nw.col(_crm("value"))
    rows = frame.filter(nw.col("heir"), ~given.is_null()).select("id", "top", given.alias("value")).sort("id")
    found = rows.collect().to_dict(as_series=False)
    return [
        Ignored(account, ZONE, value, field, say("heir", language, top=top))
        for account, top, value in zip(found["id"], found["top"], found["value"], strict=True)
    ]


def _ended(frame: Frame, subject: str, mapping: Mapping, file: OverrideFile, as_of: int) -> list[Ignored]:
    """Decisions on a subject whose last day is past, and that still stand in their place."""
    override, language = mapping.override, mapping.language
    if override is None:
        return []
    value, until = nw.col(_decided(subject, "value")), _until(subject, override)
    rows = frame.filter(nw.col("member"), ~value.is_null(), until < as_of).sort("id")
    columns = {"value": value, "until": until, "from": nw.col(_decided(subject, "from"))}
    found = (
        rows.select("id", *(each.alias(name) for name, each in columns.items()))
        .collect()
        .to_arrow()
        .to_pylist()
    )
    lines = {entry.account: entry.line for entry in file.entries if entry.what == subject}
    ended = []
    for row in found:
        by_file = row["from"] == "file"
        line = say("line", language, file=file.name, line=lines.get(row["id"]))
        where = line if by_file else str(override.segment)
        day = (EPOCH + timedelta(days=row["until"])).isoformat()
        ended.append(
            Ignored(row["id"], subject, row["value"], where, say("ended", language, day=day), ended=True)
        )
    return ended


def _without_effect(frame: Frame, file: OverrideFile, language: Language) -> list[Ignored]:
    """Entries about accounts that are unknown, no customers, or decided in the CRM."""
    ids = sorted({entry.account for entry in file.entries})
    read = frame.filter(nw.col("id").is_in(ids))
    heir = nw.col("heir") if "heir" in frame.collect_schema().names() else nw.lit(False)
    top = nw.col("top") if "top" in frame.collect_schema().names() else nw.col("id")
    origin_of = nw.col(column_of(ZONE, "from"))
    columns = read.select("id", "member", heir.alias("heir"), top.alias("top"), origin_of.alias("from"))
    known = {row.pop("id"): row for row in columns.collect().to_arrow().to_pylist()}
    found = []
    for entry in file.entries:
        row = known.get(entry.account)
        if row is None:
            cause = say("unknown", language)
        elif row["heir"]:
            cause = say("heir", language, top=row["top"])
        elif not row["member"]:
            cause = say("outside", language)
        elif entry.what == ZONE and row["from"] == "crm":
            cause = say("field_first", language)
        else:
            continue
        where = say("line", language, file=file.name, line=entry.line)
        found.append(Ignored(entry.account, entry.what, entry.value, where, cause))
    return found


def _until(subject: str, override: Override) -> nw.Expr:
    """The last day on which a decision holds."""
    first_seen = nw.col(f"@since:{remembered(subject)}")
    return nw.coalesce(nw.col(_decided(subject, "until")), first_seen + override.expires_days)


def _fits(value: nw.Expr) -> nw.Expr:
    return folded(value).is_in(SEGMENTS).fill_null(False)


def _one_line(text: nw.Expr) -> nw.Expr:
    """Without line breaks, control characters and repeated blanks; a blank text is null."""
    line = text.str.replace_all(r"[\s\p{C}]+", " ").str.strip_chars()
    return nw.when(line != "").then(line)


def _crm(fact: str) -> str:
    return f"@crm:{fact}"


def _decided(subject: str, fact: str) -> str:
    """The names of value and last day are those that `connector.measures.ratings` takes the age of."""
    kind = {"value": "text", "until": "rated"}.get(fact, f"set_{fact}")
    return f"@{kind}:{remembered(subject)}"
