"""What the org has before any account: organization, profiles, record types, stages, special users."""

from __future__ import annotations

from adapters.sandbox.salesforce.ids import make_id
from adapters.sandbox.salesforce.objects import RATING_FIELDS, STAGES
from adapters.sandbox.salesforce.org import ADMIN_KEY, PROFILES, SYNC_KEY, Org
from adapters.sandbox.salesforce.setup_objects import OBJECT_RIGHTS
from adapters.sandbox.salesforce.values import Stored

RECORD_TYPES = {"Business": 1, "Partner": 2, "PersonAccount": 3}
ADMIN = make_id("005", ADMIN_KEY)


def seed_setup(org: Org) -> None:
    """Organization, profiles, record types, stages and the two special users."""
    org.insert(
        org.objects["Organization"],
        {
            "Name": "Sandbox GmbH",
            "OrganizationType": "Enterprise Edition",
            "InstanceName": "SBX1",
            "IsSandbox": 1,
            "DefaultLocaleSidKey": "de_AT",
            "LanguageLocaleKey": "en_US",
            "TimeZoneSidKey": "Europe/Vienna",
            "FiscalYearStartMonth": 1,
            **({} if org.multi_currency else {"DefaultCurrencyIsoCode": "EUR"}),
        },
        ADMIN,
        key=1,
    )
    for name, key in PROFILES.items():
        _seed_profile(org, name, key)
    for name, key in RECORD_TYPES.items():
        org.insert(
            org.objects["RecordType"],
            {
                "Name": {"PersonAccount": "Person Account"}.get(name, name),
                "DeveloperName": name,
                "SobjectType": "Account",
                "IsActive": 1,
                "IsPersonType": int(name == "PersonAccount"),
            },
            ADMIN,
            key=key,
        )
    for number, (name, _, probability, closed, won) in enumerate(STAGES, start=1):
        org.insert(
            org.objects["OpportunityStage"],
            {
                "MasterLabel": name,
                "ApiName": name,
                "IsActive": 1,
                "SortOrder": number,
                "IsClosed": int(closed),
                "IsWon": int(won),
                "ForecastCategoryName": "Closed" if won else "Omitted" if closed else "Pipeline",
                "DefaultProbability": probability,
            },
            ADMIN,
            key=number,
        )
    seed_user(org, ADMIN_KEY, ("Ada", "Admin", "admin@sandbox.example"), "System Administrator")
    seed_user(org, SYNC_KEY, ("KPM", "Integration", "sync@sandbox.example"), "KPM Integration")
    account, opportunity = org.objects["Account"], org.objects["Opportunity"]
    if org.world.options.ratings:
        org.grant_to_profiles(account, RATING_FIELDS, PROFILES)
    org.grant_to_profiles(opportunity, [opportunity.fields["ProductLine__c"]], PROFILES)


def _seed_profile(org: Org, name: str, key: int) -> None:
    """A profile with the permission set that it owns: rights on all business objects, View All for no one."""
    org.insert(org.objects["Profile"], {"Name": name}, ADMIN, key=key)
    administrator = int(name == "System Administrator")
    parent = org.insert(
        org.objects["PermissionSet"],
        {
            "Name": f"X{make_id('00e', key)[:15]}",
            "Label": make_id("00e", key)[:15],
            "ProfileId": make_id("00e", key),
            "IsOwnedByProfile": 1,
            "Type": "Profile",
            "PermissionsApiEnabled": 1,
            **dict.fromkeys(
                (
                    "PermissionsCustomizeApplication",
                    "PermissionsManageUsers",
                    "PermissionsAssignPermissionSets",
                    "PermissionsModifyAllData",
                    "PermissionsViewAllData",
                    "PermissionsViewSetup",
                ),
                administrator,
            ),
        },
        ADMIN,
        key=key,
    )
    rights = OBJECT_RIGHTS if administrator else OBJECT_RIGHTS[:4]
    for target in org.objects.values():
        if not target.setup and target.rights_of is None:
            org.insert(
                org.objects["ObjectPermissions"],
                {"ParentId": parent, "SobjectType": target.name, **dict.fromkeys(rights, 1)},
                ADMIN,
            )


def seed_user(org: Org, key: int, names: tuple[str, str, str], profile: str, **more: Stored) -> None:
    """Add a user with a profile."""
    first, last, email = names
    user_id = org.insert(
        org.objects["User"],
        {
            "Username": f"{email}.sandbox" if profile == "Standard User" else email,
            "FirstName": first,
            "LastName": last,
            "Name": f"{first} {last}",
            "Alias": last[:8],
            "Email": email,
            "IsActive": 1,
            "UserType": "Standard",
            "ProfileId": make_id("00e", PROFILES[profile]),
            "LanguageLocaleKey": "en_US",
            "LocaleSidKey": "de_AT",
            "TimeZoneSidKey": "Europe/Vienna",
            **more,
        },
        ADMIN,
        key=key,
    )
    org.insert(
        org.objects["PermissionSetAssignment"],
        {"PermissionSetId": make_id("0PS", PROFILES[profile]), "AssigneeId": user_id, "IsActive": 1},
        ADMIN,
    )
