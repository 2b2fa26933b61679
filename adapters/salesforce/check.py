"""Looks whether a connection can do what a sync needs, and says what to do where it cannot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simple_salesforce.api import Salesforce

from adapters.salesforce import changed, query, targets
from adapters.salesforce.auth import PASSWORD_WARNING
from adapters.salesforce.errors import OBJECT_NOT_FOUND
from adapters.salesforce.fields import OBJECTS, Fields
from adapters.salesforce.grants import GRANTED
from adapters.salesforce.http import Org, User
from adapters.salesforce.write import Writer
from connector.crm import Finding, Needs, Object, PullRequest
from connector.errors import CrmAuthError, CrmRequestError

_NEEDED: tuple[Object, ...] = ("accounts", "opportunities")  # a sync that misses some of these moves accounts
_ALL = Needs(dict.fromkeys(OBJECTS, ()))
_LOW_QUOTA = 0.2
_ASSIGN = "assign the permission set KPM Sync (`kpm provision` creates it)"


def findings(org: Org, fields: Fields, writer: Writer, needs: Needs | None = None) -> Iterator[Finding]:
    """Lines of a check, from the login on.

    Args:
        org: where to look.
        fields: its describes.
        writer: knows whether territory rules are active.
        needs: what a sync will ask for; None for everything that any sync might.

    Raises:
        CrmAuthError: the login failed.
        CrmTemporaryError: Salesforce cannot be reached.
    """
    token = org.token
    user = org.user()
    yield Finding("ok", "login", f"{user.name} at {token.instance_url} (auth = {org.connection.auth!r})")
    if org.connection.auth == "password":
        yield Finding("warning", "login", PASSWORD_WARNING)
    version = _version(org)
    yield version
    if version.level == "error":
        return  # every address that follows holds the version
    yield from _objects(org, needs or _ALL)
    yield _view_all(org, user, needs or _ALL)
    if needs is not None:
        yield from _reads(fields, needs)
        yield from targets.findings(org, fields, needs)
    yield from _territories(writer)
    yield _quota(org)


def _version(org: Org) -> Finding:
    configured = org.connection.api_version
    answer = org.request("read API versions", "GET", "/services/data")
    versions = sorted((str(entry["version"]) for entry in answer), key=float)
    if configured in versions:
        return Finding("ok", "API version", f"{configured} (the org offers up to {versions[-1]})")
    return Finding(
        "error",
        "API version",
        f"the org does not offer {configured}; set api_version to one of {versions[0]} to {versions[-1]}",
    )


def _objects(org: Org, needs: Needs) -> Iterator[Finding]:
    """Rights on objects as a whole."""

    def send(client: Salesforce) -> Any:  # noqa: ANN401 - Salesforce's JSON
        return client.describe()

    listed = {str(each["name"]): each for each in org.call("list objects", send)["sobjects"]}
    account = listed.get("Account")
    needed = [OBJECTS[section][0] for section in _NEEDED]
    for name in needed:
        if name not in listed or not listed[name].get("queryable"):
            yield Finding("error", f"object {name}", f"{org.translator.user} may not read it; {_ASSIGN}")
    if account is not None and not account.get("updateable"):
        yield Finding("error", "object Account", f"{org.translator.user} may not edit it; {_ASSIGN}")
    optional = [name for section in needs.reads for name in OBJECTS[section] if name not in needed]
    absent = [name for name in optional if name not in listed]
    if absent:
        yield Finding(
            "warning",
            "objects",
            f"not in this org, or hidden from {org.translator.user}: {', '.join(absent)}; criteria that measure them "
            f"have no values. Switch them on in Setup and grant them with KPM Sync (`kpm provision`), or take the "
            f"criteria out of the mapping",
        )
    readable = [name for name in (*needed, *optional) if name in listed]
    yield Finding("ok", "objects", f"readable: {', '.join(readable)}")


def _view_all(org: Org, user: User, needs: Needs) -> Finding:
    """Whether the user sees every record. Without that right, records vanish from reads without any error."""
    what = "View All"
    read = list(dict.fromkeys(name for section in needs.reads for name in GRANTED[section])) or ["Account"]
    try:
        missing = _not_seen_wholly(org, user, read)
    except (CrmRequestError, CrmAuthError):
        return Finding(
            "warning",
            what,
            f"{user.name} may not look at permissions, so it is not known whether every record is read; an "
            f"administrator can look: View All on {', '.join(read)} comes with the permission set KPM Sync",
        )
    if not missing:
        return Finding("ok", what, f"{user.name} reads every record of {', '.join(read)}")
    return Finding(
        "warning",
        what,
        f"{user.name} lacks View All on {', '.join(missing)}: records that are not shared with this user are "
        f"missing without any error; {_ASSIGN}",
    )


def _not_seen_wholly(org: Org, user: User, read: Sequence[str]) -> list[str]:
    operation = "read permissions"
    text = f"SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = '{user.id}'"
    sets = ", ".join(f"'{row['PermissionSetId']}'" for row in query.records(org, operation, text))
    if not sets:
        return list(read)
    text = f"SELECT Id FROM PermissionSet WHERE PermissionsViewAllData = true AND Id IN ({sets})"
    if query.records(org, operation, text):
        return []
    text = f"SELECT SobjectType FROM ObjectPermissions WHERE PermissionsViewAllRecords = true AND ParentId IN ({sets})"
    granted = {row["SobjectType"] for row in query.records(org, operation, text)}
    return [name for name in read if name not in granted]


def _reads(fields: Fields, needs: Needs) -> Iterator[Finding]:
    """Which objects are read by their changes alone, and what keeps the others from it."""
    whole: list[str] = []
    for section, names in needs.reads.items():
        try:
            reason = changed.obstacle(PullRequest(section, tuple(names)), fields)
        except CrmRequestError as error:
            if error.code != OBJECT_NOT_FOUND:
                raise
            continue  # said above
        if reason:
            whole.append(f"{section}, because {reason}")
    if not whole:
        yield Finding("ok", "reading", "every night reads what changed; all of it once a week")
        return
    yield Finding(
        "ok",
        "reading",
        f"read in full every night: {'; '.join(whole)}. The others by what changed. To save calls, map fields that "
        f"are stored on the record itself",
    )


def _territories(writer: Writer) -> Iterator[Finding]:
    if writer.territory_rules():
        yield Finding(
            "ok",
            "territories",
            "active territory rules assign accounts when they are edited. Bulk API cannot keep them from running, so "
            "every change is written in requests of 200 records: plan with one call for 200 changes",
        )


def _quota(org: Org) -> Finding:
    def send(client: Salesforce) -> Any:  # noqa: ANN401 - Salesforce's JSON
        return client.limits()

    what = "API quota"
    try:
        limits: Mapping[str, Any] = org.call("read limits", send)
        daily = limits["DailyApiRequests"]
        most, left = int(daily["Max"]), int(daily["Remaining"])
    except (CrmAuthError, CrmRequestError, KeyError):
        # Not everybody may ask; every answer tells it in passing.
        used, limit = org.session.used, org.session.limit
        if used is None or limit is None:
            words = (
                f"{org.translator.user} may not read it; look at Setup > Company Information > API Requests"
            )
            return Finding("warning", what, words)
        most, left = limit, limit - used
    words = f"{left:,} of {most:,} calls of the rolling 24 hours are left"
    if left > most * _LOW_QUOTA:
        return Finding("ok", what, words)
    more = "find out who uses them (Setup > Company Information), or run at another hour"
    return Finding("warning", what, f"{words}; {more}")
