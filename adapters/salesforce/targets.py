"""What describe does not tell of the fields that results go to: values by record type, and room for more fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from adapters.salesforce import query
from adapters.salesforce.fields import Fields
from adapters.salesforce.http import Org
from connector.crm import CrmField, FieldType, Finding, Needs
from connector.errors import CrmAuthError, CrmRequestError

_TYPES = (
    "SELECT RecordTypeId, RecordType.Name, COUNT(Id) FROM Account WHERE RecordTypeId != null "
    "GROUP BY RecordTypeId, RecordType.Name"
)
_ROOM = (
    "SELECT Max, Remaining FROM EntityLimit WHERE EntityDefinitionId = 'Account' AND Type = 'CustomFields'"
)


def findings(org: Org, fields: Fields, needs: Needs) -> Iterator[Finding]:
    """Lines of a check."""
    yield from _record_types(org, fields, needs.targets)
    known = {name.lower() for name in fields.of("Account")}
    yield from _room(org, sum(name.lower() not in known for name in needs.creates))


def _record_types(org: Org, fields: Fields, targets: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """A restricted picklist refuses a value that the record's own type does not offer.

    One that the field itself lacks is `kpm provision`'s to add: the mapping's own lines say so.
    """
    account = fields.of("Account")
    strict = {
        name: offered
        for name, values in targets.items()
        if (field := account.get(name)) is not None
        and field.type is FieldType.PICKLIST
        and field.restricted
        and (offered := _held(field, values))
    }
    if not strict or "RecordTypeId" not in account:
        return
    operation = "read values by record type"
    complete = True
    for row in query.records(org, operation, _TYPES):
        name = (row.get("RecordType") or {}).get("Name") or row.get("Name") or row["RecordTypeId"]
        path = f"ui-api/object-info/Account/picklist-values/{row['RecordTypeId']}"
        try:
            offered = org.request(operation, "GET", path)["picklistFieldValues"]
        except (CrmRequestError, CrmAuthError) as error:
            yield Finding(
                "warning",
                f"record type {name}",
                f"its values cannot be looked at, so that changes may be refused: {error}",
            )
            continue
        for target, values in strict.items():
            known = {str(value["value"]).lower() for value in (offered.get(target) or {}).get("values", ())}
            lacking = [value for value in values if value.lower() not in known]
            if lacking:
                complete = False
                yield Finding(
                    "error",
                    f"record type {name}",
                    f"{target} takes only its own values, and {', '.join(lacking)} is not among those of this type, "
                    f"which {row['expr0']:,} accounts have. Add them: Setup > Object Manager > Account > Record Types "
                    f"> {name} > Picklists Available for Editing > {target}; or lift the restriction",
                )
    if complete:
        yield Finding("ok", "record types", f"offer every value of {', '.join(strict)}")


def _held(field: CrmField, values: Sequence[str]) -> list[str]:
    """Those of the values that the field has at all."""
    held = {option.value.lower() for option in field.options}
    return [value for value in values if value.lower() in held]


def _room(org: Org, to_create: int) -> Iterator[Finding]:
    """Custom fields that the org's edition still allows on accounts."""
    what = "custom fields"
    try:
        answer = org.request("read limits of Account", "GET", "tooling/query", params={"q": _ROOM})
        most, left = (int(answer["records"][0][name]) for name in ("Max", "Remaining"))
    except (CrmRequestError, CrmAuthError, IndexError, KeyError, TypeError):
        if to_create:
            yield Finding(
                "ok",
                what,
                f"{to_create} are to be created; how many fit is for an administrator to see: Setup > Object Manager > "
                f"Account > Object Limits",
            )
        return
    words = f"{left:,} of {most:,} are free on accounts"
    if left < to_create:
        yield Finding(
            "error",
            what,
            f"{words}, {to_create} are to be created. Delete unused ones (Setup > Object Manager > Account > Fields & "
            f"Relationships), or take lines out of [write]",
        )
    else:
        yield Finding("ok", what, f"{words}, {to_create} are to be created" if to_create else words)
