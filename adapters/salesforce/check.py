"""Looks whether a connection can do what a sync needs, and says what to do where it cannot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simple_salesforce.api import Salesforce

from adapters.salesforce import query
from adapters.salesforce.auth import PASSWORD_WARNING
from adapters.salesforce.http import Org, User
from connector.crm import Finding
from connector.errors import CrmAuthError, CrmRequestError

_READ_WHOLLY = ("Account", "Opportunity")  # a sync that misses some of these moves accounts
_OPTIONAL = ("OpportunityContactRole", "AccountContactRole", "Case", "Order", "Task", "Event")
_CHECKED = (*_READ_WHOLLY, *_OPTIONAL)
_LOW_QUOTA = 0.2


def findings(org: Org) -> Iterator[Finding]:
    """Lines of a check, from the login on.

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
    yield from _objects(org)
    yield _view_all(org, user)
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


def _objects(org: Org) -> Iterator[Finding]:
    def send(client: Salesforce) -> Any:  # noqa: ANN401 - Salesforce's JSON
        return client.describe()

    listed = {str(each["name"]): each for each in org.call("list objects", send)["sobjects"]}
    account = listed.get("Account")
    for name in _READ_WHOLLY:
        if name not in listed or not listed[name].get("queryable"):
            fix = "assign the permission set KPM Sync (`kpm provision` creates it)"
            yield Finding("error", f"object {name}", f"{org.translator.user} may not read it; {fix}")
    if account is not None and not account.get("updateable"):
        fix = "assign the permission set KPM Sync (`kpm provision` creates it)"
        yield Finding("error", "object Account", f"{org.translator.user} may not edit it; {fix}")
    absent = [name for name in _OPTIONAL if name not in listed]
    if absent:
        words = f"not in this org, or hidden from {org.translator.user}: {', '.join(absent)}"
        yield Finding("warning", "objects", f"{words}; criteria that measure them have no values")
    readable = [name for name in _CHECKED if name in listed]
    yield Finding("ok", "objects", f"readable: {', '.join(readable)}")


def _view_all(org: Org, user: User) -> Finding:
    """Whether the user sees every record. Without that right, records vanish from reads without any error."""
    what = "View All"
    try:
        missing = _not_seen_wholly(org, user)
    except (CrmRequestError, CrmAuthError):
        return Finding(
            "warning",
            what,
            f"{user.name} may not look at permissions, so it is not known whether every record is read; an "
            f"administrator can look: View All on {' and '.join(_READ_WHOLLY)} comes with the permission set KPM Sync",
        )
    if not missing:
        return Finding("ok", what, f"{user.name} reads every record of {' and '.join(_READ_WHOLLY)}")
    return Finding(
        "warning",
        what,
        f"{user.name} lacks View All on {' and '.join(missing)}: records that are not shared with this user are "
        f"missing without any error. Assign the permission set KPM Sync (`kpm provision` creates it)",
    )


def _not_seen_wholly(org: Org, user: User) -> list[str]:
    operation = "read permissions"
    text = f"SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = '{user.id}'"
    sets = ", ".join(f"'{row['PermissionSetId']}'" for row in query.records(org, operation, text))
    if not sets:
        return list(_READ_WHOLLY)
    text = f"SELECT Id FROM PermissionSet WHERE PermissionsViewAllData = true AND Id IN ({sets})"
    if query.records(org, operation, text):
        return []
    text = f"SELECT SobjectType FROM ObjectPermissions WHERE PermissionsViewAllRecords = true AND ParentId IN ({sets})"
    granted = {row["SobjectType"] for row in query.records(org, operation, text)}
    return [name for name in _READ_WHOLLY if name not in granted]


def _quota(org: Org) -> Finding:
    def send(client: Salesforce) -> Any:  # noqa: ANN401 - Salesforce's JSON
        return client.limits()

    limits: Mapping[str, Any] = org.call("read limits", send)
    daily = limits["DailyApiRequests"]
    most, left = int(daily["Max"]), int(daily["Remaining"])
    words = f"{left:,} of {most:,} calls of the rolling 24 hours are left"
    level = "ok" if left > most * _LOW_QUOTA else "warning"
    return Finding("ok" if level == "ok" else "warning", "API quota", words)
