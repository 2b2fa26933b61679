"""What a person sees of the results: fields by his permission sets, accounts by sharing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.salesforce import query
from adapters.salesforce.http import Org
from adapters.salesforce.soql import literal
from connector.crm import Finding
from connector.errors import CrmAuthError, CrmRequestError

_OPERATION = "look at what a person sees"
_AT_ONCE = 200  # ids of one query for access
_FIX = "`kpm provision --assign {user}` gives the permission set KPM User"


def visibility(org: Org, user: str, fields: Sequence[str], accounts: Sequence[str]) -> Iterator[Finding]:
    """Lines of a check; see `connector.crm.Crm.visibility`."""
    text = f"SELECT Id, Name, IsActive FROM User WHERE Username = {literal(user)}"
    found = query.records(org, _OPERATION, text)
    if not found:
        yield Finding(
            "warning", user, "no user logs in by this name: look at Setup > Users for the user name"
        )
        return
    person = found[0]
    if not person["IsActive"]:
        yield Finding("warning", user, "is not active, so nobody sees anything as this user: Setup > Users")
    try:
        yield _fields(org, user, str(person["Id"]), fields)
    except (CrmRequestError, CrmAuthError) as error:
        yield Finding(
            "warning",
            f"fields for {user}",
            f"{org.translator.user} may not look at permissions; give an administrator's credentials (KPM_ADMIN__...). "
            f"{error}",
        )
    if accounts:
        try:
            yield _accounts(org, user, str(person["Id"]), accounts)
        except (CrmRequestError, CrmAuthError) as error:
            yield Finding(
                "warning",
                f"accounts for {user}",
                f"{org.translator.user} may not look at sharing; give an administrator's credentials (KPM_ADMIN__...). "
                f"{error}",
            )


def _fields(org: Org, user: str, user_id: str, fields: Sequence[str]) -> Finding:
    what = f"fields for {user}"
    text = f"SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = '{user_id}'"
    sets = [str(row["PermissionSetId"]) for row in query.records(org, _OPERATION, text)]
    seen: set[str] = set()
    if sets:
        names = ", ".join(literal(f"Account.{name}") for name in fields)
        parents = ", ".join(map(literal, sets))
        text = (
            f"SELECT Field FROM FieldPermissions WHERE PermissionsRead = true AND ParentId IN ({parents}) "
            f"AND Field IN ({names})"
        )
        seen = {str(row["Field"]).partition(".")[2] for row in query.records(org, _OPERATION, text)}
    hidden = [name for name in fields if name not in seen]
    if not hidden:
        return Finding(
            "ok",
            what,
            f"all {len(fields)} are visible, if the page shows them (Setup > Object Manager > Account > Lightning "
            f"Record Pages)",
        )
    return Finding("warning", what, f"hidden: {', '.join(hidden)}; {_FIX.format(user=user)}")


def _accounts(org: Org, user: str, user_id: str, accounts: Sequence[str]) -> Finding:
    seen = 0
    for start in range(0, len(accounts), _AT_ONCE):
        listed = ", ".join(map(literal, accounts[start : start + _AT_ONCE]))
        text = (
            f"SELECT RecordId, HasReadAccess FROM UserRecordAccess WHERE UserId = '{user_id}' "
            f"AND RecordId IN ({listed})"
        )
        seen += sum(bool(row["HasReadAccess"]) for row in query.records(org, _OPERATION, text))
    what = f"accounts for {user}"
    words = f"sees {seen:,} of {len(accounts):,} accounts of the portfolio, taken at regular distances"
    if seen:
        return Finding("ok", what, f"{words}; sharing decides which (Setup > Sharing Settings)")
    return Finding(
        "warning",
        what,
        f"{words}: share accounts with this user (Setup > Sharing Settings, territories, teams)",
    )
