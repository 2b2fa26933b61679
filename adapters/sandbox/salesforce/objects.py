"""The standard objects of the sandbox's org: business data."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.sandbox.salesforce.schema import (
    SField,
    SObject,
    currency,
    day,
    flag,
    lookup,
    moment,
    number,
    picklist,
    read_only,
    text,
)

ACCOUNT_TYPES = ("Customer", "Customer - Direct", "Customer - Channel", "Prospect", "Partner", "Other")
STAGES = (
    # name, the portfolio's key, probability, closed, won
    ("Prospecting", "prospecting", 10.0, False, False),
    ("Qualification", "qualification", 25.0, False, False),
    ("Proposal", "proposal", 60.0, False, False),
    ("Negotiation", "negotiation", 80.0, False, False),
    ("Closed Won", "won", 100.0, True, True),
    ("Closed Lost", "lost", 0.0, True, False),
)
ROLES = (
    "Business User",
    "Decision Maker",
    "Economic Buyer",
    "Economic Decision Maker",
    "Evaluator",
    "Executive Sponsor",
    "Influencer",
    "Technical Buyer",
    "Other",
)
INDUSTRIES = (
    "Agriculture",
    "Banking",
    "Chemicals",
    "Construction",
    "Consulting",
    "Education",
    "Electronics",
    "Energy",
    "Engineering",
    "Food & Beverage",
    "Healthcare",
    "Insurance",
    "Machinery",
    "Manufacturing",
    "Media",
    "Retail",
    "Technology",
    "Telecommunications",
    "Transportation",
    "Utilities",
    "Other",
)
RATING_FIELDS = (
    picklist("KPM_Demand__c", "Future demand", "12345"),
    picklist("KPM_Chemistry__c", "The chemistry is right", "12345"),
    picklist("KPM_Strategy__c", "Clear strategy", ("Clear", "Partly", "None")),
    day("KPM_Rated_At__c", "Rated at"),
    currency("KPM_Wallet__c", "Wallet per year"),
    day("KPM_Wallet_Rated_At__c", "Wallet estimated at"),
)


def identity(label: str) -> SField:
    """The Id field."""
    return SField(
        "Id",
        f"{label} ID",
        "id",
        length=18,
        required=True,
        nillable=False,
        createable=False,
        updateable=False,
    )


def stamps(*, deletable: bool = True) -> Iterable[SField]:
    """The system fields that every object has at its end."""
    if deletable:
        yield read_only(flag("IsDeleted", "Deleted"))
    yield read_only(moment("CreatedDate", "Created Date"))
    yield read_only(lookup("CreatedById", "Created By ID", "User", "CreatedBy"))
    yield read_only(moment("LastModifiedDate", "Last Modified Date"))
    yield read_only(lookup("LastModifiedById", "Last Modified By ID", "User", "LastModifiedBy"))
    yield read_only(moment("SystemModstamp", "System Modstamp"))


def build(  # noqa: PLR0913 (what an object has)
    name: str,
    prefix: str,
    fields: Iterable[SField],
    *,
    label: str | None = None,
    plural: str | None = None,
    account: str | None = None,
    setup: bool = False,
    unique_together: tuple[str, ...] = (),
    rights_of: str | None = None,
) -> SObject:
    """An object with its Id and system fields around `fields`."""
    shown = label or name
    result = SObject(
        name,
        shown,
        plural or f"{shown}s",
        prefix,
        setup=setup,
        account=account,
        unique_together=unique_together,
        rights_of=rights_of,
    )
    result.add([identity(shown), *fields, *stamps(deletable=not setup)])
    return result


def _address(prefix: str, label: str) -> Iterable[SField]:
    compound = f"{prefix}Address"
    parts = (("Street", 255, "textarea"), ("City", 40, "string"), ("State", 80, "string"))
    for part, length, kind in (*parts, ("PostalCode", 20, "string"), ("Country", 80, "string")):
        yield SField(f"{prefix}{part}", f"{label} {part}", kind, length=length, compound=compound)
    yield read_only(SField(compound, f"{label} Address", "address", filterable=False))


def business_objects(*, multi_currency: bool) -> list[SObject]:
    """Account, Contact, Opportunity and what hangs on them."""
    money = [picklist("CurrencyIsoCode", "Currency ISO Code", ())] if multi_currency else []
    owner = lookup("OwnerId", "Owner ID", "User")
    return [
        build(
            "Account",
            "001",
            [
                read_only(lookup("MasterRecordId", "Master Record ID", "Account")),
                text("Name", "Account Name", 255, required=True),
                text("LastName", "Last Name", 80),
                text("FirstName", "First Name", 40),
                picklist("Type", "Account Type", ACCOUNT_TYPES),
                lookup("RecordTypeId", "Record Type ID", "RecordType"),
                lookup("ParentId", "Parent Account ID", "Account", "Parent", children="ChildAccounts"),
                *_address("Billing", "Billing"),
                *_address("Shipping", "Shipping"),
                text("Phone", "Account Phone", 40, type="phone"),
                text("AccountNumber", "Account Number", 40),
                text("Website", "Website", 255, type="url"),
                picklist("Industry", "Industry", INDUSTRIES),
                currency("AnnualRevenue", "Annual Revenue"),
                number("NumberOfEmployees", "Employees", type="int"),
                text("Description", "Account Description", 32_000, type="textarea"),
                picklist("Rating", "Account Rating", ("Hot", "Warm", "Cold")),
                *money,
                owner,
                read_only(flag("IsPersonAccount", "Is Person Account")),
                text("PersonEmail", "Email", 80, type="email"),
                read_only(day("LastActivityDate", "Last Activity")),
            ],
        ),
        build(
            "Contact",
            "003",
            [
                lookup("AccountId", "Account ID", "Account", children="Contacts"),
                text("LastName", "Last Name", 80, required=True),
                text("FirstName", "First Name", 40),
                read_only(text("Name", "Full Name", 121)),
                text("Phone", "Business Phone", 40, type="phone"),
                text("Email", "Email", 80, type="email"),
                text("Title", "Title", 128),
                *money,
                owner,
                read_only(day("LastActivityDate", "Last Activity")),
            ],
            account="AccountId",
        ),
        build(
            "Opportunity",
            "006",
            [
                lookup("AccountId", "Account ID", "Account", children="Opportunities"),
                text("Name", "Name", 120, required=True),
                text("Description", "Description", 32_000, type="textarea"),
                picklist("StageName", "Stage", [stage[0] for stage in STAGES], required=True),
                currency("Amount", "Amount"),
                number("Probability", "Probability (%)", 3, 0, type="percent"),
                read_only(currency("ExpectedRevenue", "Expected Amount")),
                day("CloseDate", "Close Date", required=True),
                picklist("Type", "Opportunity Type", ("New Business", "Renewal", "Upsell")),
                text("ProductLine__c", "Product line", 80),
                picklist("LeadSource", "Lead Source", ("Web", "Partner", "Other")),
                read_only(flag("IsClosed", "Closed")),
                read_only(flag("IsWon", "Won")),
                *money,
                owner,
            ],
            plural="Opportunities",
            account="AccountId",
        ),
        build(
            "OpportunityContactRole",
            "00K",
            [
                lookup(
                    "OpportunityId",
                    "Opportunity ID",
                    "Opportunity",
                    required=True,
                    children="OpportunityContactRoles",
                ),
                lookup("ContactId", "Contact ID", "Contact", required=True),
                picklist("Role", "Role", ROLES),
                flag("IsPrimary", "Primary"),
                *money,
            ],
            label="Opportunity Contact Role",
            rights_of="Opportunity",
        ),
        build(
            "AccountContactRole",
            "02a",
            [
                lookup("AccountId", "Account ID", "Account", required=True, children="AccountContactRoles"),
                lookup("ContactId", "Contact ID", "Contact", required=True),
                picklist("Role", "Role", ROLES),
                flag("IsPrimary", "Primary"),
            ],
            label="Account Contact Role",
            account="AccountId",
            rights_of="Account",
        ),
        build(
            "Case",
            "500",
            [
                read_only(text("CaseNumber", "Case Number", 30)),
                lookup("ContactId", "Contact ID", "Contact"),
                lookup("AccountId", "Account ID", "Account", children="Cases"),
                picklist("Type", "Case Type", ("Order error", "Question", "Complaint")),
                picklist("Status", "Status", ("New", "Working", "Escalated", "Closed")),
                text("Subject", "Subject", 255),
                read_only(flag("IsClosed", "Closed")),
                *money,
                lookup("OwnerId", "Owner ID", "Group User", "Owner"),
            ],
            account="AccountId",
        ),
        build(
            "Order",
            "801",
            [
                lookup("AccountId", "Account ID", "Account", children="Orders"),
                day("EffectiveDate", "Order Start Date", required=True),
                picklist("Status", "Status", ("Draft", "Activated"), required=True),
                read_only(text("OrderNumber", "Order Number", 30)),
                read_only(currency("TotalAmount", "Order Amount")),
                *money,
                owner,
            ],
            account="AccountId",
        ),
        _activity("Task", "00T", [picklist("Status", "Status", ("Not Started", "Completed"), required=True)]),
        _activity(
            "Event",
            "00U",
            [moment("StartDateTime", "Start Date Time"), moment("EndDateTime", "End Date Time")],
        ),
    ]


def _activity(name: str, prefix: str, own: list[SField]) -> SObject:
    closed = [read_only(flag("IsClosed", "Closed"))] if name == "Task" else []
    return build(
        name,
        prefix,
        [
            lookup("WhoId", "Name ID", "Contact", "Who"),
            lookup("WhatId", "Related To ID", "Account Opportunity", "What"),
            text("Subject", "Subject", 255),
            day("ActivityDate", "Due Date Only" if name == "Task" else "Due Date"),
            *own,
            lookup("OwnerId", "Assigned To ID", "User"),
            read_only(lookup("AccountId", "Account ID", "Account")),
            picklist(
                "TaskSubtype" if name == "Task" else "EventSubtype",
                "Subtype",
                ("Task", "Email", "Call", "Event"),
            ),
            read_only(flag("IsArchived", "Archived")),
            *closed,
        ],
        account="AccountId",
        rights_of="",
    )
