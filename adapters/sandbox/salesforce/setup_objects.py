"""The standard objects of the sandbox's org: users, permissions, currencies and other configuration."""

from __future__ import annotations

from adapters.sandbox.salesforce.objects import build
from adapters.sandbox.salesforce.schema import (
    SField,
    SObject,
    day,
    flag,
    lookup,
    moment,
    number,
    picklist,
    read_only,
    text,
)

OBJECT_RIGHTS = (
    "PermissionsCreate",
    "PermissionsRead",
    "PermissionsEdit",
    "PermissionsDelete",
    "PermissionsViewAllRecords",
    "PermissionsModifyAllRecords",
)


def setup_objects(*, multi_currency: bool) -> list[SObject]:
    """Users, permission sets, record types, stages, custom fields and, in a multi-currency org, rates."""
    objects = [
        *_people(),
        *_permissions(),
        build(
            "RecordType",
            "012",
            [
                text("Name", "Name", 80, required=True),
                text("DeveloperName", "Record Type Name", 80, required=True),
                picklist("SobjectType", "Object Type Name", ("Account",), required=True),
                flag("IsActive", "Active"),
                flag("IsPersonType", "Is Person Type"),
            ],
            label="Record Type",
            setup=True,
        ),
        build(
            "OpportunityStage",
            "01J",
            [
                text("MasterLabel", "Master Label", 255, required=True),
                text("ApiName", "API Name", 255),
                flag("IsActive", "Active"),
                number("SortOrder", "Sort Order", type="int"),
                flag("IsClosed", "Is Closed"),
                flag("IsWon", "Is Won"),
                text("ForecastCategoryName", "Forecast Category", 40),
                number("DefaultProbability", "Default Probability (%)", 3, 0, type="percent"),
            ],
            label="Opportunity Stage",
            setup=True,
        ),
        build(
            "Organization",
            "00D",
            [
                text("Name", "Name", 80, required=True),
                text("OrganizationType", "Edition", 40),
                text("InstanceName", "Instance Name", 5),
                flag("IsSandbox", "Is Sandbox"),
                text("NamespacePrefix", "Namespace Prefix", 15),
                moment("TrialExpirationDate", "Trial Expiration Date"),
                text("DefaultLocaleSidKey", "Locale", 40),
                text("LanguageLocaleKey", "Language", 40),
                text("TimeZoneSidKey", "Time Zone", 40),
                number("FiscalYearStartMonth", "Fiscal Year Starts In", type="int"),
                *([] if multi_currency else [text("DefaultCurrencyIsoCode", "Default Currency ISO Code", 3)]),
            ],
            setup=True,
        ),
    ]
    return [*objects, *(_currencies() if multi_currency else [])]


def tooling_objects() -> list[SObject]:
    """Objects that the Tooling API alone knows."""
    metadata = SField("Metadata", "Metadata", "complexvalue", filterable=False)
    return [
        build(
            "CustomField",
            "00N",
            [
                text("DeveloperName", "Developer Name", 80, required=True),
                text("FullName", "Full Name", 255),
                metadata,
                text("TableEnumOrId", "Table Enum Or Id", 80),
                text("EntityDefinitionId", "Entity Definition ID", 80),
                text("NamespacePrefix", "Namespace Prefix", 15),
                text("Description", "Description", 1000),
                text("InlineHelpText", "Help Text", 510),
                number("Length", "Length", type="int"),
                number("Precision", "Precision", type="int"),
                number("Scale", "Scale", type="int"),
            ],
            label="Custom Field",
            setup=True,
            unique_together=("TableEnumOrId", "DeveloperName"),
        ),
        build(
            "EntityLimit",
            "0EL",
            [
                text("DurableId", "Durable ID", 80),
                text("EntityDefinitionId", "Entity Definition ID", 80),
                text("Label", "Label", 80),
                text("Type", "Type", 40),
                number("Max", "Max", type="int"),
                number("Remaining", "Remaining", type="int"),
            ],
            label="Entity Limit",
            setup=True,
        ),
    ]


def _people() -> list[SObject]:
    return [
        build(
            "User",
            "005",
            [
                text("Username", "Username", 80, required=True),
                text("LastName", "Last Name", 80, required=True),
                text("FirstName", "First Name", 40),
                read_only(text("Name", "Full Name", 121)),
                text("Alias", "Alias", 8),
                text("Email", "Email", 128, type="email"),
                flag("IsActive", "Active"),
                picklist("UserType", "User Type", ("Standard",)),
                lookup("ProfileId", "Profile ID", "Profile", required=True),
                text("Division", "Division", 80),
                text("LanguageLocaleKey", "Language", 40),
                text("LocaleSidKey", "Locale", 40),
                text("TimeZoneSidKey", "Time Zone", 40),
            ],
            setup=True,
        ),
        build("Profile", "00e", [text("Name", "Name", 255, required=True)], setup=True),
        build("Group", "00G", [text("Name", "Name", 40, required=True)], setup=True),
    ]


def _permissions() -> list[SObject]:
    parent = lookup("ParentId", "Parent ID", "PermissionSet", "Parent", required=True)
    return [
        build(
            "PermissionSet",
            "0PS",
            [
                text("Name", "Permission Set Name", 80, required=True),
                text("Label", "Permission Set Label", 80, required=True),
                text("Description", "Description", 255),
                lookup("ProfileId", "Profile ID", "Profile"),
                lookup("LicenseId", "License ID", "UserLicense"),
                read_only(flag("IsOwnedByProfile", "Owned By Profile")),
                read_only(flag("IsCustom", "Is Custom")),
                read_only(picklist("Type", "Permission Set Type", ("Regular", "Standard", "Profile"))),
                flag("PermissionsApiEnabled", "API Enabled"),
                flag("PermissionsCustomizeApplication", "Customize Application"),
                flag("PermissionsManageUsers", "Manage Internal Users"),
                flag("PermissionsAssignPermissionSets", "Assign Permission Sets"),
                flag("PermissionsManageSessionPermissionSets", "Manage Session Permission Set Activations"),
                flag("PermissionsModifyAllData", "Modify All Data"),
                flag("PermissionsViewAllData", "View All Data"),
                flag("PermissionsViewSetup", "View Setup and Configuration"),
            ],
            label="Permission Set",
            setup=True,
            unique_together=("Name",),
        ),
        build(
            "ObjectPermissions",
            "110",
            [parent, text("SobjectType", "Sobject Type Name", 40, required=True)]
            + [flag(right, right.removeprefix("Permissions")) for right in OBJECT_RIGHTS],
            label="Object Permissions",
            setup=True,
            unique_together=("ParentId", "SobjectType"),
        ),
        build(
            "FieldPermissions",
            "01k",
            [
                parent,
                text("SobjectType", "Sobject Type Name", 40, required=True),
                text("Field", "Field Name", 255, required=True),
                flag("PermissionsRead", "Read Field"),
                flag("PermissionsEdit", "Edit Field"),
            ],
            label="Field Permissions",
            setup=True,
            unique_together=("ParentId", "Field"),
        ),
        build(
            "PermissionSetAssignment",
            "0Pa",
            [
                lookup("PermissionSetId", "Permission Set ID", "PermissionSet", required=True),
                lookup("AssigneeId", "Assignee ID", "User", required=True),
                flag("IsActive", "Is Active"),
            ],
            label="Permission Set Assignment",
            setup=True,
            unique_together=("PermissionSetId", "AssigneeId"),
        ),
    ]


def _currencies() -> list[SObject]:
    rate = number("ConversionRate", "Conversion Rate", 18, 6)
    iso = picklist("IsoCode", "Currency ISO Code", ("EUR", "CHF", "GBP", "USD"), required=True)
    return [
        build(
            "CurrencyType",
            "01L",
            [
                iso,
                rate,
                number("DecimalPlaces", "Decimal Places", type="int"),
                flag("IsActive", "Active"),
                read_only(flag("IsCorporate", "Corporate Currency")),
            ],
            label="Currency Type",
            setup=True,
            unique_together=("IsoCode",),
        ),
        build(
            "DatedConversionRate",
            "04w",
            [
                iso,
                day("StartDate", "Start Date", required=True),
                read_only(day("NextStartDate", "Next Start Date")),
                rate,
            ],
            label="Dated Conversion Rate",
            setup=True,
        ),
    ]
