"""Creates our properties on companies, and says what HubSpot leaves to a person.

Every step looks first at what is there, so that an interrupted provisioning is finished by the next one. What
exists is never changed or removed; an enumeration gets the options that it lacks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.hubspot.errors import SERVICE_KEYS, Refused
from adapters.hubspot.fields import Fields, field_type
from adapters.hubspot.http import Portal
from adapters.hubspot.metadata import (
    FITS,
    GROUP,
    GROUP_BODY,
    GROUP_LABEL,
    TYPES,
    body_of,
    lacking_options,
    merged_options,
)
from adapters.hubspot.scopes import DEFINE, READ, WRITE, missing, named
from adapters.hubspot.settings import Settings
from connector.crm import FieldSpec, FieldType, Object, Option, Step

_COMPANIES = "companies"
_EXISTS = 409


class Provisioner:
    """Makes one portal ready. Connected with a key that may change property settings.

    Args:
        portal: the portal.
        fields: its properties.
        settings: tells the key's scopes.
        dry_run: only say what would be done.
    """

    def __init__(self, portal: Portal, fields: Fields, settings: Settings, *, dry_run: bool) -> None:
        self._portal = portal
        self._fields = fields
        self._settings = settings
        self._dry_run = dry_run

    def steps(
        self,
        specs: Sequence[FieldSpec],
        reads: Mapping[Object, Sequence[str]],
        assign: Sequence[str],
        nightly_user: str | None,
    ) -> Iterator[Step]:
        """Do what is missing, step by step; see `connector.crm.Crm.provision`."""
        self._settings.identify()
        present = self._fields.raw(_COMPANIES)
        to_do = False
        for step in self._fitted(specs, present):
            to_do = to_do or (not step.done and step.what != "by hand")
            yield step
        if to_do:
            yield from self._right()
        yield from self._scopes(reads, nightly_user)
        yield from _by_hand(specs, assign)

    def _right(self) -> Iterator[Step]:
        """A trial does not meet HubSpot's refusal, so it looks at the key that would do the work."""
        owner = self._settings.owner()
        if owner.scopes is not None and DEFINE not in owner.scopes:
            detail = (
                f"{self._portal.translator.user}, which is to do this, lacks the scope, so nothing can be created: add "
                f"it at {SERVICE_KEYS}, or give the key of somebody who has it"
            )
            yield Step("by hand", DEFINE, detail, done=False)

    def _fitted(self, specs: Sequence[FieldSpec], present: Mapping[str, Mapping[str, Any]]) -> Iterator[Step]:
        """Properties and options."""
        absent = [spec for spec in specs if spec.name not in present]
        if absent:
            yield self._group()
        archived = self._fields.archived(_COMPANIES) if absent else frozenset()
        for spec in specs:
            if spec.name not in present:
                yield from self._created(spec, restored=spec.name in archived)
            else:
                yield from self._existing(spec, present[spec.name])

    def _group(self) -> Step:
        operation, path = "create the property group", self._portal.paths.groups(_COMPANIES)
        listed = self._portal.request("list the property groups", "GET", path, expect="results")
        if any(each.get("name") == GROUP for each in listed["results"]):
            return Step("create group", GROUP, "stands")
        if not self._dry_run:
            self._create(operation, path, GROUP_BODY)
        return Step("create group", GROUP, GROUP_LABEL, done=not self._dry_run, changed=not self._dry_run)

    def _created(self, spec: FieldSpec, *, restored: bool) -> Iterator[Step]:
        target = f"{_COMPANIES}.{spec.name}"
        kind, shown = TYPES[spec.type]
        detail = f"{spec.label} ({kind}, {shown})"
        if restored:
            detail += "; restored from the archive, with the values that it held"
        if self._dry_run:
            yield Step("create field", target, detail, done=False)
            return
        created = self._create(
            f"create the property {spec.name}", self._portal.paths.properties(_COMPANIES), body_of(spec)
        )
        if created is not None and not restored:
            yield Step("create field", target, detail, changed=True)
            return
        # Restored as it was, or made by somebody else just now: complete it like any other.
        yield Step("create field", target, detail, changed=created is not None)
        self._fields.forget()
        yield from self._existing(spec, self._fields.raw(_COMPANIES)[spec.name], stands=False)

    def _existing(self, spec: FieldSpec, raw: Mapping[str, Any], *, stands: bool = True) -> Iterator[Step]:
        target = f"{_COMPANIES}.{spec.name}"
        kind = field_type(raw)
        if kind not in FITS[spec.type]:
            detail = (
                f"exists with the type {raw.get('type')}, which cannot hold a {spec.type}: give it another name in the "
                f"mapping, or archive it at Settings > Properties > Company properties and provision again"
            )
            yield Step("by hand", target, detail, done=False)
            return
        lacking = lacking_options(spec, raw) if kind is FieldType.PICKLIST else ()
        if lacking:
            yield self._options(spec, raw, lacking)
        elif stands:
            yield Step("create field", target, "stands")

    def _options(self, spec: FieldSpec, raw: Mapping[str, Any], lacking: Sequence[Option]) -> Step:
        target, added = f"{_COMPANIES}.{spec.name}", ", ".join(option.value for option in lacking)
        if (raw.get("modificationMetadata") or {}).get("readOnlyOptions"):
            detail = f"lacks the options {added}, and its options cannot be edited: give it another name in the mapping"
            return Step("by hand", target, detail, done=False)
        if not self._dry_run:
            # HubSpot replaces the whole list by what is sent: everything that is there goes along.
            self._portal.request(
                f"add options to {spec.name}",
                "PATCH",
                self._portal.paths.single_property(_COMPANIES, spec.name),
                body={"options": merged_options(raw, lacking)},
            )
        return Step("add options", target, added, done=not self._dry_run, changed=not self._dry_run)

    def _create(self, operation: str, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - HubSpot's JSON
        """Create a group or property; None if it exists, perhaps by our own try whose answer was lost."""
        try:
            return self._portal.attempt(operation, "POST", path, body=body)
        except Refused as refused:
            if refused.status == _EXISTS:
                return None
            raise self._portal.translator.translate(refused, operation) from refused

    def _scopes(self, reads: Mapping[Object, Sequence[str]], nightly_user: str | None) -> Iterator[Step]:
        """Rights of the nightly key are its scopes, which only a person can add."""
        owner = self._settings.owner()
        wanted = list(dict.fromkeys((*(each for section in reads for each in READ[section]), *WRITE)))
        listed = ", ".join(named(each) for each in wanted)
        if owner.scopes is None or nightly_user not in (None, owner.name):
            key = f"the key of {nightly_user}" if nightly_user else "the nightly key"
            detail = (
                f"must have the scopes {listed} ({SERVICE_KEYS}); `kpm check` names those that are missing"
            )
            yield Step("by hand", key, detail, done=False)
            return
        lacking = missing(wanted, owner.scopes)
        for alternatives in lacking:
            yield Step(
                "by hand", named(alternatives), f"add the scope to the key at {SERVICE_KEYS}", done=False
            )
        if not lacking:
            yield Step("grant", f"the key of {owner.name}", f"has the scopes {listed}")


def _by_hand(specs: Sequence[FieldSpec], assign: Sequence[str]) -> Iterator[Step]:
    """What HubSpot has no API for."""
    results = ", ".join(spec.name for spec in specs if spec.result)
    yield Step(
        "by hand",
        "company page",
        f"show the group {GROUP_LABEL} to everybody: Settings > Objects > Companies > Record customization",
        done=False,
    )
    if results:
        yield Step(
            "by hand",
            "results",
            f"keep people from editing them: Settings > Properties > Manage access > View only ({results})",
            done=False,
        )
    for user in assign:
        detail = (
            "may see the results if allowed to view companies: Settings > Users & Teams > Permissions > CRM"
        )
        yield Step("by hand", user, detail, done=False)
