"""Looks at the properties that a sync reads and writes: types, how many records have them, options, room for more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.hubspot import query
from adapters.hubspot.fields import Fields
from adapters.hubspot.http import Portal
from adapters.hubspot.paths import OBJECTS
from adapters.hubspot.pull import Puller
from connector.crm import CrmField, FieldType, Finding, Needs, PullRequest
from connector.errors import CrmAuthError, CrmRequestError

_COMPANIES = "companies"
_SPARSE = 0.2
_MOST = 1_000
"""Custom properties of an object, in all but free portals."""


def findings(portal: Portal, fields: Fields, puller: Puller, needs: Needs) -> Iterator[Finding]:
    """Lines about properties; objects whose scope is missing are left out, that is named elsewhere."""
    yield from _reads(portal, fields, needs)
    yield from _whole(puller, needs)
    yield from _targets(fields, needs)
    yield from _room(fields, needs)


def _reads(portal: Portal, fields: Fields, needs: Needs) -> Iterator[Finding]:
    """Every property that is read: its type, and in how many records it is set."""
    for section, names in needs.reads.items():
        for name in OBJECTS[section]:
            try:
                known = fields.of(name)
                count = query.total(portal, name) if names else 0
            except (CrmAuthError, CrmRequestError):
                continue
            for each in dict.fromkeys(names):
                if each in known and count:
                    yield _filled(portal, name, known[each], count, needs)


def _filled(portal: Portal, name: str, known: CrmField, count: int, needs: Needs) -> Finding:
    what = f"{name}.{known.name}"
    if name == _COMPANIES and known.name in needs.exceptions:
        return Finding("ok", what, f"{known.type}")
    try:
        share = query.total(portal, name, known.name) / count
    except CrmRequestError:  # not every property can be searched for
        return Finding("ok", what, f"{known.type}")
    words = f"{known.type}, set in {share:.0%} of {count:,}"
    if share >= _SPARSE:
        return Finding("ok", what, words)
    if name == _COMPANIES and known.name in needs.inputs:
        return Finding("note", what, f"{words}: people fill it in, `kpm plan` says whose comes first")
    if share == 0:
        fix = "have it filled in, or name another property in the mapping"
        return Finding("warning", what, f"{words}: whatever rests on it is missing for every record; {fix}")
    why = "where it is empty, what rests on it is missing; if customers lack it, fill it in or name another property"
    return Finding("note", what, f"{words}: {why}")


def _whole(puller: Puller, needs: Needs) -> Iterator[Finding]:
    """Which objects are read by their changes alone, and what keeps the others from it."""
    whole: list[str] = []
    for section, names in needs.reads.items():
        try:
            reason = puller.obstacle(PullRequest(section, tuple(names)))
        except (CrmAuthError, CrmRequestError):
            continue
        if reason:
            whole.append(f"{section}, because {reason}")
    if whole:
        words = f"read in full every night: {'; '.join(whole)}. The others by what changed"
        yield Finding("ok", "reading", words)
    else:
        yield Finding("ok", "reading", "every night reads what changed; all of it once a week")


def _targets(fields: Fields, needs: Needs) -> Iterator[Finding]:
    """Every property that can be written as it is; the mapping's own lines say what the others lack."""
    known = fields.of(_COMPANIES)
    for name, values in needs.targets.items():
        target = known.get(name)
        if target is not None and target.writable and not _absent(target, values):
            yield Finding("ok", f"target {name}", f"{target.type}, can be written")


def _absent(target: CrmField, values: Sequence[str]) -> list[str]:
    """Values that an enumeration does not take."""
    if target.type not in (FieldType.PICKLIST, FieldType.MULTI_PICKLIST) or not target.options:
        return []
    held = {option.value for option in target.options}
    return [value for value in values if value not in held]


def _room(fields: Fields, needs: Needs) -> Iterator[Finding]:
    """Whether our properties still fit among the portal's own."""
    raw = fields.raw(_COMPANIES)
    absent = [name for name in needs.creates if name not in raw]
    if not absent:
        return
    custom = sum(1 for each in raw.values() if each.get("hubspotDefined") is not True)
    words = (
        f"{custom} custom properties on companies, {len(absent)} are to be created; HubSpot takes {_MOST:,}, in a "
        f"free portal ten"
    )
    yield Finding("ok" if custom + len(absent) <= _MOST else "warning", "room for properties", words)
