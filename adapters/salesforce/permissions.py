"""The two permission sets: *KPM Sync* for the nightly user, *KPM User* for the people who work with the results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.salesforce import query
from adapters.salesforce.errors import row_errors
from adapters.salesforce.http import Org
from adapters.salesforce.soql import literal
from connector.crm import Step
from connector.errors import CrmAuthError, CrmRequestError

SYNC, USER = "KPM_Sync", "KPM_User"
LABELS = {SYNC: "KPM Sync", USER: "KPM User"}
DESCRIPTIONS = {
    SYNC: "Reads what the customer portfolio is computed from, and writes its results.",
    USER: "Shows the customer portfolio's results on accounts, and lets people rate.",
}
_COLLECTION = 200
_ASSIGNEES = 100
_DUPLICATE_CODES = frozenset({"DUPLICATE_VALUE", "DUPLICATE_DEVELOPER_NAME"})
READ, EDIT, VIEW_ALL = "PermissionsRead", "PermissionsEdit", "PermissionsViewAllRecords"


@dataclass(slots=True)
class PermissionSet:
    """What a permission set should grant.

    Attributes:
        name: API name.
        objects: rights by object, in the order in which they depend on each other.
        fields: True for edit, False for read only, by ``Account.KPM_Why__c``.
    """

    name: str
    objects: dict[str, tuple[str, ...]] = field(default_factory=dict)
    fields: dict[str, bool] = field(default_factory=dict)

    def read(self, object_name: str, *, edit: bool = False) -> None:
        """Grant an object: every record read, and edit if wanted."""
        rights = {READ: None, VIEW_ALL: None, **dict.fromkeys(self.objects.get(object_name, ()))}
        self.objects[object_name] = (*rights, EDIT) if edit and EDIT not in rights else tuple(rights)

    def field(self, name: str, *, edit: bool = False) -> None:
        """Grant a field."""
        self.fields[name] = edit or self.fields.get(name, False)


class Permissions:
    """Creates, completes and assigns permission sets. Never takes a right away.

    Args:
        org: connected as an administrator.
        dry_run: only say what would be done.
    """

    def __init__(self, org: Org, *, dry_run: bool) -> None:
        self._org = org
        self._dry_run = dry_run
        self._ids: dict[str, str] = {}

    def complete(self, wanted: PermissionSet) -> Iterator[Step]:
        """Create the set and grant what it lacks."""
        label = LABELS[wanted.name]
        known = self._id(wanted.name)
        if known is None:
            yield self._step("create permission set", label, DESCRIPTIONS[wanted.name])
            if not self._dry_run:
                body = {"Name": wanted.name, "Label": label, "Description": DESCRIPTIONS[wanted.name]}
                (refusal,) = self._created("PermissionSet", [body])
                known = self._id(wanted.name)
                if known is None:
                    raise CrmRequestError(
                        f"Salesforce could not create the permission set {label}. Salesforce says: {refusal}",
                        crm="salesforce",
                        operation="create permission set",
                    )
        rights = {name: dict.fromkeys(rights, True) for name, rights in wanted.objects.items()}
        yield from self._grant(label, known, "ObjectPermissions", "SobjectType", rights)
        fields = {name: {READ: True, EDIT: edit} for name, edit in wanted.fields.items()}
        yield from self._grant(label, known, "FieldPermissions", "Field", fields)

    def assign(self, name: str, users: Sequence[str]) -> Iterator[Step]:
        """Give users a permission set.

        Args:
            name: of the permission set.
            users: user names.
        """
        label = LABELS[name]
        known = self._id(name)
        found = self._users(users)
        condition = f"PermissionSetId = '{known}'"
        text = f"SELECT AssigneeId FROM PermissionSetAssignment WHERE {condition}"
        assigned = {row["AssigneeId"] for row in self._rows(text)} if known and found else set()
        for user in dict.fromkeys(users):
            user_id = found.get(user.lower())
            if user_id is None:
                detail = f"no active user has this user name; check it in Setup > Users, then assign {label}"
                yield Step("assign", user, detail, done=False)
            elif user_id in assigned:
                yield Step("assign", user, f"has {label}")
            else:
                body = {"AssigneeId": user_id, "PermissionSetId": known}
                refusal = None if self._dry_run else self._created("PermissionSetAssignment", [body])[0]
                if refusal is None:
                    yield self._step("assign", user, f"gets {label}")
                else:
                    yield Step("by hand", user, f"could not be assigned {label}: {refusal}", done=False)

    def _grant(
        self,
        label: str,
        parent: str | None,
        object_name: str,
        key: str,
        wanted: Mapping[str, Mapping[str, bool]],
    ) -> Iterator[Step]:
        """Create or complete the permission records of one kind; `wanted` has rights by object or field."""
        rights = sorted({right for granted in wanted.values() for right in granted})
        text = f"SELECT Id, {key}, {', '.join(rights)} FROM {object_name} WHERE ParentId = '{parent}'"
        present = {row[key]: row for row in self._rows(text)} if parent and wanted else {}
        lacking = {
            name: granted
            for name, granted in wanted.items()
            if name not in present
            or any(value and not present[name][right] for right, value in granted.items())
        }
        refused: dict[str, str] = {}
        if not self._dry_run:
            new = {
                name: {"ParentId": parent, "SobjectType": name.partition(".")[0], key: name, **granted}
                for name, granted in lacking.items()
                if name not in present
            }
            refused = self._granted(object_name, new)
            for name in lacking.keys() & present.keys():
                more = {right: True for right, value in lacking[name].items() if value}
                path = f"sobjects/{object_name}/{present[name]['Id']}"
                self._org.request(f"grant {name}", "PATCH", path, body=more)
        for name, granted in wanted.items():
            words = f"{', '.join(_WORDS[right] for right, value in granted.items() if value)} with {label}"
            if name in refused:
                yield Step("by hand", name, f"could not be granted ({words}): {refused[name]}", done=False)
            elif name in lacking:
                yield self._step("grant", name, words)
            else:
                yield Step("grant", name, words)

    def _granted(self, object_name: str, new: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        """Create permission records; Salesforce's words on those that it refuses, by name."""
        # One by one: reading opportunities, say, can be granted only where reading accounts is already.
        size = 1 if object_name == "ObjectPermissions" else _COLLECTION
        names = list(new)
        refused: dict[str, str] = {}
        for start in range(0, len(names), size):
            some = names[start : start + size]
            answers = self._created(object_name, [new[name] for name in some])
            refused |= {name: words for name, words in zip(some, answers, strict=True) if words is not None}
        return refused

    def _created(self, object_name: str, bodies: Sequence[Mapping[str, Any]]) -> list[str | None]:
        """Create records; for each None, or Salesforce's words if it is refused.

        One that exists already, perhaps from a call whose reply was lost, is as good as created.

        Raises:
            CrmAuthError: we are not connected as an administrator.
        """
        operation = f"create {object_name}"
        answers = self._org.request(
            operation,
            "POST",
            "composite/sobjects",
            body={
                "allOrNone": False,
                "records": [{"attributes": {"type": object_name}, **body} for body in bodies],
            },
        )
        return [self._refusal(operation, answer) for answer in answers]

    def _refusal(self, operation: str, answer: Mapping[str, Any]) -> str | None:
        if answer.get("success"):
            return None
        code, message, _ = row_errors(answer.get("errors") or ())
        if code in _RIGHTS_CODES:
            raise CrmAuthError(
                f"Salesforce could not {operation}: {self._org.translator.user} may not. Provisioning needs an "
                f"administrator's credentials (KPM_ADMIN__...). Salesforce says: {code}: {message}",
                crm="salesforce",
                operation=operation,
                code=code,
            )
        return None if code in _DUPLICATE_CODES else f"{code}: {message}"

    def _id(self, name: str) -> str | None:
        if name not in self._ids:
            rows = self._rows(f"SELECT Id FROM PermissionSet WHERE Name = {literal(name)}")
            if not rows:
                return None
            self._ids[name] = str(rows[0]["Id"])
        return self._ids[name]

    def _users(self, names: Iterable[str]) -> dict[str, str]:
        """Ids of active users by what they were named, in lower case."""
        wanted = list(dict.fromkeys(names))
        found: dict[str, str] = {}
        for start in range(0, len(wanted), _ASSIGNEES):
            listed = ", ".join(literal(name) for name in wanted[start : start + _ASSIGNEES])
            rows = self._rows(
                f"SELECT Id, Username FROM User WHERE IsActive = true AND Username IN ({listed})"
            )
            found |= {str(row["Username"]).lower(): str(row["Id"]) for row in rows}
        return found

    def _rows(self, soql: str) -> list[Mapping[str, Any]]:
        return query.records(self._org, "read permissions", soql)

    def _step(self, what: str, target: str, detail: str) -> Step:
        return Step(what, target, detail, done=not self._dry_run, changed=not self._dry_run)


_WORDS = {READ: "read", EDIT: "edit", VIEW_ALL: "view all"}
_RIGHTS_CODES = frozenset(
    {"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY"}
)
