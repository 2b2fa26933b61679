"""Describe: what the API says of objects and fields, as the user sees them."""

from __future__ import annotations

from typing import Any

from adapters.sandbox.salesforce.access import Access
from adapters.sandbox.salesforce.errors import not_found
from adapters.sandbox.salesforce.ids import normalised
from adapters.sandbox.salesforce.org import Org
from adapters.sandbox.salesforce.picklists import MASTER
from adapters.sandbox.salesforce.schema import SField, SObject, Value

_BYTES_PER_CHARACTER = 3
_UNSORTABLE = ("address", "location", "complexvalue")


def sobject(access: Access, target: SObject, version: str, org: Org) -> dict[str, Any]:
    """The full describe of an object."""
    return {
        **basic(access, target, version),
        "fields": [describe_field(access, target, each) for each in access.visible_fields(target)],
        "recordTypeInfos": record_types(target, org),
        "childRelationships": _children(access, target, org),
        "supportedScopes": [{"label": f"All {target.plural}", "name": "everything"}],
        "namedLayoutInfos": [],
        "actionOverrides": [],
        "compactLayoutable": not target.setup,
        "searchLayoutable": not target.setup,
        "lookupLayoutable": None,
        "listviewable": None,
        "networkScopeFieldName": None,
        "sobjectDescribeOption": "FULL",
    }


def basic(access: Access, target: SObject, version: str) -> dict[str, Any]:
    """The short describe, as in the list of all objects."""
    base = f"/services/data/v{version}/sobjects/{target.name}"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": access.may("PermissionsCreate", target),
        "custom": target.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": access.may("PermissionsDelete", target),
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": target.name == "Account",
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": target.prefix,
        "label": target.label,
        "labelPlural": target.plural,
        "layoutable": not target.setup,
        "mergeable": target.name in ("Account", "Contact"),
        "mruEnabled": not target.setup,
        "name": target.name,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": not target.setup,
        "triggerable": not target.setup,
        "undeletable": not target.setup,
        "updateable": access.may("PermissionsEdit", target),
        "urls": {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"},
    }


def describe_field(access: Access, target: SObject, each: SField) -> dict[str, Any]:
    """One entry of ``fields``."""
    sortable = each.type not in _UNSORTABLE
    editable = access.editable(target, each) and not each.calculated
    return {
        "aggregatable": sortable and each.type != "boolean",
        "aiPredictionField": False,
        "autoNumber": each.name in ("CaseNumber", "OrderNumber"),
        "byteLength": each.length * (1 if each.type in ("id", "reference") else _BYTES_PER_CHARACTER),
        "calculated": each.calculated,
        "calculatedFormula": None,
        "cascadeDelete": False,
        "caseSensitive": False,
        "compoundFieldName": each.compound,
        "controllerName": None,
        "createable": each.createable and editable,
        "custom": each.custom,
        "defaultValue": False if each.type == "boolean" else None,
        "defaultValueFormula": None,
        "defaultedOnCreate": each.type == "boolean" or each.name in ("OwnerId", "CurrencyIsoCode"),
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": 9 if each.type == "int" else 0,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": each.external_id,
        "extraTypeInfo": None,
        "filterable": each.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": sortable and each.type not in ("double", "currency", "percent", "textarea", "datetime"),
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": each.type == "id" or each.external_id,
        "inlineHelpText": each.help,
        "label": each.label,
        "length": each.length,
        "mask": None,
        "maskType": None,
        "name": each.name,
        "nameField": each.name == "Name",
        "namePointing": False,
        "nillable": each.nillable,
        "permissionable": access.hideable(target, each),
        "picklistValues": [_value(option) for option in each.values],
        "polymorphicForeignKey": len(each.reference_to) > 1,
        "precision": each.precision,
        "queryByDistance": False,
        "referenceTargetField": None,
        "referenceTo": list(each.reference_to),
        "relationshipName": each.relationship,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": each.restricted,
        "scale": each.scale,
        "searchPrefilterable": each.type == "reference",
        "soapType": each.soap_type,
        "sortable": sortable,
        "type": each.type,
        "unique": each.unique,
        "updateable": each.updateable and editable,
        "writeRequiresMasterRead": False,
    }


def record_types(target: SObject, org: Org) -> list[dict[str, Any]]:
    """The record types of an object; every object has a master one."""
    types = org.record_types.types(target)
    return [
        _record_type(label, name, record_id, default=number == 0, master=record_id == MASTER)
        for number, (record_id, name, label) in enumerate(types)
    ]


def layouts(access: Access, target: SObject, org: Org, only: str | None = None) -> dict[str, Any]:
    """The layouts of an object, of one record type or of all: of their content, the values of picklists."""
    return {
        "layouts": [],
        "recordTypeMappings": [
            _mapping(access, target, org, record_id, name, label)
            for record_id, name, label in org.record_types.types(target)
            if only in (None, record_id)
        ],
        "recordTypeSelectorRequired": [True],
    }


def layout(access: Access, target: SObject, record_type: str, org: Org) -> dict[str, Any]:
    """The layout of one record type.

    Raises:
        ApiError: the object has no such type.
    """
    wanted = normalised(record_type)
    if wanted not in {record_id for record_id, _, _ in org.record_types.types(target)}:
        raise not_found()
    return layouts(access, target, org, wanted)


def _mapping(
    access: Access, target: SObject, org: Org, record_id: str, name: str, label: str
) -> dict[str, Any]:
    fields = [each for each in access.visible_fields(target) if each.type in ("picklist", "multipicklist")]
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": False,
        "developerName": name,
        "layoutId": None,
        "master": record_id == MASTER,
        "name": label,
        "picklistsForRecordType": [
            {
                "picklistName": each.name,
                "picklistValues": [_value(option) for option in org.record_types.of(target, record_id, each)],
            }
            for each in fields
        ],
        "recordTypeId": record_id,
    }


def _value(option: Value) -> dict[str, Any]:
    return {
        "active": option.active,
        "defaultValue": option.default,
        "label": option.label,
        "validFor": None,
        "value": option.value,
    }


def _record_type(
    name: str, developer_name: str, record_id: str, *, default: bool, master: bool
) -> dict[str, Any]:
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": default,
        "developerName": developer_name,
        "master": master,
        "name": name,
        "recordTypeId": record_id,
        "urls": {},
    }


def _children(access: Access, target: SObject, org: Org) -> list[dict[str, Any]]:
    return [
        {
            "cascadeDelete": False,
            "childSObject": child.name,
            "deprecatedAndHidden": False,
            "field": each.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": each.children,
            "restrictedDelete": False,
        }
        for child in org.objects.values()
        if access.may("PermissionsRead", child)
        for each in access.visible_fields(child)
        if target.name in each.reference_to
    ]
