"""Creates our fields on Account, and the rights to read and edit them.

Every step looks first at what is there, so that an interrupted provisioning is finished by the next one. What
exists is never changed or removed; a picklist gets the values that it lacks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from adapters.salesforce import grants, metadata, query
from adapters.salesforce.custom_fields import CustomFields, values_of
from adapters.salesforce.fields import Fields
from adapters.salesforce.http import Org
from adapters.salesforce.permissions import SYNC, USER, Permissions
from connector.crm import FieldSpec, Object, Option, Step


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
        self._custom = CustomFields(org)
        self._permissions = Permissions(org, dry_run=dry_run)

    def steps(
        self,
        specs: Sequence[FieldSpec],
        reads: Mapping[Object, Sequence[str]],
        assign: Sequence[str],
        nightly_user: str | None,
    ) -> Iterator[Step]:
        """Do what is missing, step by step; see `connector.crm.Crm.provision`."""
        present = self._custom.present()
        new: list[str] = []
        for spec in specs:
            for step in self._field(spec, present):
                if spec.options and not spec.result and (step.changed or not step.done):
                    new.append(spec.name)
                yield step
        self._fields.forget()
        sync, user = grants.wanted(self._fields, specs, reads)
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
        yield from self._record_types(list(dict.fromkeys(new)))
        shown = ", ".join(spec.name for spec in specs)
        yield Step(
            "by hand",
            "Account page layout",
            f"put the fields on the page: Setup > Object Manager > Account > Lightning Record Pages ({shown})",
            done=False,
        )

    def _record_types(self, names: Sequence[str]) -> Iterator[Step]:
        """Values that came by the API are not offered to people by themselves where accounts have record types."""
        if not names:
            return
        text = "SELECT Name FROM RecordType WHERE SobjectType = 'Account' AND IsActive = true ORDER BY Name"
        types = [str(row["Name"]) for row in query.records(self._org, "read record types", text)]
        if types:
            yield Step(
                "by hand",
                "Record types",
                f"see that {', '.join(types)} offer the values of {', '.join(names)}: Setup > Object Manager > Account "
                f"> Record Types > (type) > Picklists Available for Editing",
                done=False,
            )

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
                self._custom.create(spec.name, metadata.custom_field(spec))
            kind = "image" if spec.badge_of else metadata.TYPES[spec.type].lower()
            yield self._step("create field", target, f"{spec.label} ({kind})")
            return
        yield Step("create field", target, "stands")
        if spec.options and spec.badge_of is None:
            yield from self._options(spec, target, known)

    def _options(self, spec: FieldSpec, target: str, field_id: str) -> Iterator[Step]:
        """Add the values that an existing picklist lacks."""
        held = self._custom.metadata(field_id)
        shared = (held.get("valueSet") or {}).get("valueSetName")
        if shared:
            yield self._in_global_set(spec, target, str(shared))
            return
        values = values_of(held)
        if values is None:
            detail = f"is no picklist but {held.get('type')}: choose another field in the mapping"
            yield Step("by hand", target, detail, done=False)
            return
        lacking = metadata.lacking(spec, values)
        if not lacking:
            yield Step("add options", target, "stand")
            return
        if not self._dry_run:
            held["valueSet"]["valueSetDefinition"]["value"] = metadata.extended(values, lacking)
            self._custom.replace(spec.name, field_id, held)
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

    def _step(self, what: str, target: str, detail: str) -> Step:
        return Step(what, target, detail, done=not self._dry_run, changed=not self._dry_run)


def _listed(options: Sequence[Option]) -> str:
    return ", ".join(option.value for option in options)
