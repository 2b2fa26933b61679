"""Creates our fields on Account, and the rights to read and edit them.

Every step looks first at what is there, so that an interrupted provisioning is finished by the next one. What
exists is never changed or removed; a picklist gets the values that it lacks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.salesforce.errors import OBJECT_NOT_FOUND
from adapters.salesforce.fields import OBJECTS, Fields
from adapters.salesforce.http import Org
from adapters.salesforce.permissions import SYNC, USER, Permissions, PermissionSet
from connector.crm import FieldSpec, FieldType, Object, Option, Step
from connector.errors import CrmAuthError, CrmRequestError

_TYPES: Mapping[FieldType, str] = {
    FieldType.TEXT: "Text",
    FieldType.LONG_TEXT: "LongTextArea",
    FieldType.PICKLIST: "Picklist",
    FieldType.NUMBER: "Number",
    FieldType.CURRENCY: "Currency",
    FieldType.PERCENT: "Percent",
    FieldType.BOOLEAN: "Checkbox",
    FieldType.DATE: "Date",
}
_LONGEST_TEXT = 255
_EXISTS_CODES = frozenset({"DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE", "FIELD_INTEGRITY_EXCEPTION"})
_RIGHTS_CODES = frozenset(
    {OBJECT_NOT_FOUND, "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY", "NOT_FOUND"}
)

# Fields that a section's columns rest on beside those that the mapping names.
_ALSO_READ: Mapping[Object, tuple[str, ...]] = {
    "accounts": (),
    "opportunities": ("AccountId",),
    "contact_roles": (),
    "cases": ("AccountId",),
    "orders": ("AccountId",),
    "activities": ("AccountId", "ActivityDate"),
}

# Objects whose rights a section needs. Contact roles and activities have none of their own.
_GRANTED: Mapping[Object, tuple[str, ...]] = {
    "accounts": ("Account",),
    "opportunities": ("Opportunity",),
    "contact_roles": ("Contact", "Opportunity"),
    "cases": ("Case",),
    "orders": ("Order",),
    "activities": (),
}


class Provisioner:
    """Makes one org ready. Connected as an administrator.

    Args:
        org: the org.
        fields: its describes.
        dry_run: only say what would be done.
    """

    def __init__(self, org: Org, fields: Fields, *, dry_run: bool) -> None:
        self._org = org
        self._fields = fields
        self._dry_run = dry_run
        self._permissions = Permissions(org, dry_run=dry_run)

    def steps(
        self,
        specs: Sequence[FieldSpec],
        reads: Mapping[Object, Sequence[str]],
        assign: Sequence[str],
        nightly_user: str | None,
    ) -> Iterator[Step]:
        """Do what is missing, step by step; see `connector.crm.Crm.provision`."""
        present = self._present()
        for spec in specs:
            yield from self._field(spec, present)
        self._fields.forget()
        sync, user = self._wanted(specs, reads)
        yield from self._permissions.complete(sync)
        yield from self._permissions.complete(user)
        if nightly_user:
            yield from self._permissions.assign(SYNC, [nightly_user])
        else:
            detail = (
                "Setup > Permission Sets > KPM Sync > Manage Assignments: add the user of the nightly sync"
            )
            yield Step("by hand", "KPM Sync", detail, done=False)
        yield from self._permissions.assign(USER, assign)
        shown = ", ".join(spec.name for spec in specs)
        yield Step(
            "by hand",
            "Account page layout",
            f"put the fields on the page: Setup > Object Manager > Account > Lightning Record Pages ({shown})",
            done=False,
        )

    def _present(self) -> dict[str, str]:
        """Ids of Account's custom fields by API name in lower case. Describe may not show them all to us."""
        operation = "read custom fields"
        soql = "SELECT Id, DeveloperName, NamespacePrefix FROM CustomField WHERE TableEnumOrId = 'Account'"
        answer = self._tooling(operation, "GET", "tooling/query", params={"q": soql})
        found = list(answer["records"])
        while not answer["done"]:
            answer = self._tooling(operation, "GET", answer["nextRecordsUrl"])
            found += answer["records"]
        return {_api_name(record).lower(): str(record["Id"]) for record in found}

    def _field(self, spec: FieldSpec, present: Mapping[str, str]) -> Iterator[Step]:
        target = f"Account.{spec.name}"
        if not spec.name.lower().endswith("__c"):
            if spec.name in self._fields.of("Account"):
                yield Step("create field", target, "stands")
            else:
                detail = (
                    "is no custom field and not there: names of custom fields end in __c; correct the mapping"
                )
                yield Step("by hand", target, detail, done=False)
            return
        known = present.get(spec.name.lower())
        if known is None:
            if not self._dry_run:
                self._create(spec, target)
            yield self._step("create field", target, f"{spec.label} ({_TYPES[spec.type].lower()})")
            return
        yield Step("create field", target, "stands")
        if spec.options:
            yield from self._options(spec, target, known)

    def _create(self, spec: FieldSpec, target: str) -> None:
        body = {"FullName": target, "Metadata": _metadata(spec)}
        try:
            self._tooling(f"create field {target}", "POST", "tooling/sobjects/CustomField", body=body)
        except CrmRequestError as error:
            # Made by a call whose reply was lost?
            if error.code not in _EXISTS_CODES or spec.name.lower() not in self._present():
                raise

    def _tooling(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - Salesforce's JSON
        """A request that needs an administrator. Whoever is none meets objects that seem not to exist.

        Raises:
            CrmAuthError: we are not connected as an administrator.
            CrmError: anything else.
        """
        try:
            return self._org.request(operation, method, path, params=params, body=body)
        except CrmRequestError as error:
            if error.code not in _RIGHTS_CODES and error.status != 404:
                raise
            raise CrmAuthError(
                f"Salesforce could not {operation}: {self._org.translator.user} may not. Provisioning needs an "
                f"administrator's credentials (KPM_ADMIN__...). {error}",
                crm="salesforce",
                operation=operation,
                status=error.status,
                code=error.code,
            ) from error

    def _options(self, spec: FieldSpec, target: str, field_id: str) -> Iterator[Step]:
        """Add the values that an existing picklist lacks."""
        operation = f"add values to {target}"
        path = f"tooling/sobjects/CustomField/{field_id}"
        metadata = self._tooling(operation, "GET", path)["Metadata"]
        values = metadata.get("valueSet") or {}
        if values.get("valueSetName"):
            yield self._in_global_set(spec, target, str(values["valueSetName"]))
            return
        definition = values.get("valueSetDefinition")
        if definition is None:
            detail = f"is no picklist but {metadata.get('type')}: choose another field in the mapping"
            yield Step("by hand", target, detail, done=False)
            return
        present = {
            str(value.get("valueName") or value.get("fullName")).lower() for value in definition["value"]
        }
        lacking = [option for option in spec.options if option.value.lower() not in present]
        if not lacking:
            yield Step("add options", target, "stand")
            return
        if not self._dry_run:
            definition["value"] = [*definition["value"], *map(_value, lacking)]
            self._tooling(operation, "PATCH", path, body={"FullName": target, "Metadata": metadata})
        yield self._step("add options", target, _listed(lacking))

    def _in_global_set(self, spec: FieldSpec, target: str, name: str) -> Step:
        """Whether a value set that other fields share holds our values; it is not ours to change."""
        field = self._fields.of("Account").get(spec.name)
        known = {option.value.lower() for option in field.options} if field else set()
        lacking = [option for option in spec.options if option.value.lower() not in known]
        if not lacking:
            return Step("add options", target, f"stand in the global value set {name}")
        detail = f"uses the global value set {name}: add {_listed(lacking)} there"
        return Step("by hand", target, detail, done=False)

    def _wanted(
        self, specs: Sequence[FieldSpec], reads: Mapping[Object, Sequence[str]]
    ) -> tuple[PermissionSet, PermissionSet]:
        """What the two permission sets should grant."""
        sync, user = PermissionSet(SYNC), PermissionSet(USER)
        sync.read("Account", edit=True)
        for section, names in reads.items():
            for object_name in _GRANTED[section]:
                sync.read(object_name)
            for object_name in dict.fromkeys((*OBJECTS[section], *_GRANTED[section])):
                for name in dict.fromkeys((*_ALSO_READ[section], *names)):
                    if self._permissionable(object_name, name, custom=section == "accounts"):
                        sync.field(f"{object_name}.{name}")
        for spec in specs:
            name = f"Account.{spec.name}"
            if self._permissionable("Account", spec.name, custom=True):
                sync.field(name, edit=spec.result)
                user.field(name, edit=not spec.result)
        return sync, user

    def _permissionable(self, object_name: str, name: str, *, custom: bool) -> bool:
        """Whether field-level security applies to a field. Our own new ones may be hidden from describe still."""
        try:
            raw = self._fields.raw(object_name).get(name)
        except CrmRequestError as error:
            if error.code != OBJECT_NOT_FOUND:
                raise
            return False
        if raw is None:
            return custom and name.endswith("__c") and "." not in name
        return bool(raw.get("permissionable"))

    def _step(self, what: str, target: str, detail: str) -> Step:
        return Step(what, target, detail, done=not self._dry_run, changed=not self._dry_run)


def _api_name(record: Mapping[str, Any]) -> str:
    prefix = record.get("NamespacePrefix")
    return f"{prefix}__{record['DeveloperName']}__c" if prefix else f"{record['DeveloperName']}__c"


def _listed(options: Sequence[Option]) -> str:
    return ", ".join(option.value for option in options)


def _value(option: Option) -> dict[str, Any]:
    return {"fullName": option.value, "default": False, "label": option.label}


def _metadata(spec: FieldSpec) -> dict[str, Any]:
    """The field as the Tooling API wants it. A checkbox must not say whether it is required, so none does."""
    kind = _TYPES[spec.type]
    metadata: dict[str, Any] = {"label": spec.label, "type": kind, "inlineHelpText": spec.help or None}
    if kind == "Text" and (spec.length or _LONGEST_TEXT) > _LONGEST_TEXT:
        metadata["type"] = kind = "LongTextArea"
    if kind == "Text":
        metadata["length"] = spec.length or _LONGEST_TEXT
    elif kind == "LongTextArea":
        metadata |= {"length": max(spec.length or 0, 256), "visibleLines": 3}
    elif kind in ("Number", "Currency", "Percent"):
        metadata |= {"precision": spec.precision or 18, "scale": spec.scale or 0}
    elif kind == "Checkbox":
        metadata["defaultValue"] = "false"
    elif kind == "Picklist":
        values = [_value(option) for option in spec.options]
        metadata["valueSet"] = {
            "restricted": False,
            "valueSetDefinition": {"sorted": False, "value": values},
        }
    return metadata
