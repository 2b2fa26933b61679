"""Built-in properties and groups of a portal, and the custom ones that an earlier project left on companies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.sandbox.hubspot.store.schema import OBJECT_TYPES, ObjectType, Option, Property

MULTI_CURRENCY: Final = ("deal_currency_code", "amount_in_home_currency", "hs_currency_code")

INDUSTRIES: Final = {
    # Industry of the generated portfolio -> HubSpot's option.
    "Machinery": "MACHINERY",
    "Construction": "CONSTRUCTION",
    "Retail": "RETAIL",
    "Healthcare": "HOSPITAL_HEALTH_CARE",
    "Energy": "OIL_ENERGY",
    "Transportation": "TRANSPORTATION_TRUCKING_RAILROAD",
    "Technology": "INFORMATION_TECHNOLOGY_AND_SERVICES",
    "Finance": "FINANCIAL_SERVICES",
    "Food & Beverage": "FOOD_BEVERAGES",
    "Chemicals": "CHEMICALS",
    "Electronics": "ELECTRICAL_ELECTRONIC_MANUFACTURING",
    "Consulting": "MANAGEMENT_CONSULTING",
}

BUYING_ROLES: Final = {
    # Buying role of the generated portfolio -> HubSpot's option.
    "Economic Buyer": "BUDGET_HOLDER",
    "Economic Decision Maker": "DECISION_MAKER",
    "Executive Sponsor": "EXECUTIVE_SPONSOR",
    "Evaluator": "CHAMPION",
    "Influencer": "INFLUENCER",
    "Business User": "END_USER",
    "Technical Buyer": "LEGAL_AND_COMPLIANCE",
    "Other": "OTHER",
}

_GROUPS: Final = {
    "companies": (("companyinformation", "Company information"), ("companyhierarchy", "Company hierarchy")),
    "contacts": (("contactinformation", "Contact information"), ("sales_properties", "Sales properties")),
    "deals": (("dealinformation", "Deal information"),),
    "tickets": (("ticketinformation", "Ticket information"),),
    "orders": (("order_information", "Order information"),),
    "calls": (("call", "Call information"),),
    "emails": (("email", "Email information"),),
    "meetings": (("meeting", "Meeting information"),),
    "notes": (("note", "Note information"),),
    "tasks": (("task", "Task information"),),
}
CUSTOM_GROUP: Final = ("kpm_ratings", "Customer portfolio ratings")


def groups(kind: ObjectType) -> tuple[tuple[str, str], ...]:
    """Name and label of the built-in groups; the first is the main one."""
    return _GROUPS[kind.name]


def _options(*values: str) -> tuple[Option, ...]:
    """Options whose labels follow from their values."""
    return tuple(
        Option(value, value.replace("_", " ").capitalize(), number) for number, value in enumerate(values)
    )


BOOLEAN: Final = (Option("true", "Yes", 0), Option("false", "No", 1))
_MONEY: Final = {"showCurrencySymbol": True}
_OWNER: Final = {"referencedObjectType": "OWNER"}
# name, label, type, field type, options, flags: r read-only, c calculated
PRIMARY_COMPANY: Final = "hs_primary_associated_company"
_Row = tuple[str, str, str, str, tuple[Option, ...], str]

_COMMON: Final[tuple[_Row, ...]] = (
    ("hs_object_id", "Record ID", "number", "number", (), "r"),
    ("hubspot_owner_id", "Owner", "enumeration", "select", (), ""),
    ("hs_merged_object_ids", "Merged record IDs", "enumeration", "checkbox", (), "r"),
)

_BY_TYPE: Final[dict[str, tuple[_Row, ...]]] = {
    "companies": (
        ("name", "Company name", "string", "text", (), ""),
        ("domain", "Company Domain Name", "string", "text", (), ""),
        ("website", "Website URL", "string", "text", (), ""),
        ("phone", "Phone Number", "string", "phonenumber", (), ""),
        ("description", "Description", "string", "textarea", (), ""),
        ("industry", "Industry", "enumeration", "select", _options(*INDUSTRIES.values()), ""),
        ("numberofemployees", "Number of Employees", "number", "number", (), ""),
        ("annualrevenue", "Annual Revenue", "number", "number", (), ""),
        (
            "lifecyclestage",
            "Lifecycle Stage",
            "enumeration",
            "radio",
            (
                Option("subscriber", "Subscriber", 0),
                Option("lead", "Lead", 1),
                Option("marketingqualifiedlead", "Marketing Qualified Lead", 2),
                Option("salesqualifiedlead", "Sales Qualified Lead", 3),
                Option("opportunity", "Opportunity", 4),
                Option("customer", "Customer", 5),
                Option("evangelist", "Evangelist", 6),
                Option("other", "Other", 7),
            ),
            "",
        ),
        (
            "type",
            "Type",
            "enumeration",
            "select",
            (
                Option("PROSPECT", "Prospect", 0),
                Option("PARTNER", "Partner", 1),
                Option("RESELLER", "Reseller", 2),
                Option("VENDOR", "Vendor", 3),
                Option("OTHER", "Other", 4),
            ),
            "",
        ),
        ("country", "Country/Region", "string", "text", (), ""),
        ("city", "City", "string", "text", (), ""),
        ("hs_parent_company_id", "Parent Company", "number", "number", (), "r"),
        ("hs_num_child_companies", "Number of child companies", "number", "number", (), "rc"),
        ("hs_num_open_deals", "Number of open deals", "number", "calculation_rollup", (), "rc"),
        ("num_associated_deals", "Number of Associated Deals", "number", "number", (), "rc"),
        ("num_associated_contacts", "Number of Associated Contacts", "number", "number", (), "rc"),
        ("total_revenue", "Total Revenue", "number", "calculation_rollup", (), "rc"),
        ("notes_last_contacted", "Last Contacted", "datetime", "date", (), "r"),
        ("account_number", "Account number", "string", "text", (), ""),
        ("createdate", "Create Date", "datetime", "date", (), "r"),
        ("hs_lastmodifieddate", "Last Modified Date", "datetime", "date", (), "r"),
    ),
    "contacts": (
        ("firstname", "First Name", "string", "text", (), ""),
        ("lastname", "Last Name", "string", "text", (), ""),
        ("email", "Email", "string", "text", (), ""),
        ("jobtitle", "Job Title", "string", "text", (), ""),
        (
            "hs_buying_role",
            "Buying Role",
            "enumeration",
            "checkbox",
            _options(
                "BLOCKER",
                "BUDGET_HOLDER",
                "CHAMPION",
                "DECISION_MAKER",
                "END_USER",
                "EXECUTIVE_SPONSOR",
                "INFLUENCER",
                "LEGAL_AND_COMPLIANCE",
                "OTHER",
            ),
            "",
        ),
        ("associatedcompanyid", "Primary Associated Company ID", "number", "number", (), "r"),
        ("notes_last_contacted", "Last Contacted", "datetime", "date", (), "r"),
        ("createdate", "Create Date", "datetime", "date", (), "r"),
        ("lastmodifieddate", "Last Modified Date", "datetime", "date", (), "r"),
    ),
    "deals": (
        ("dealname", "Deal Name", "string", "text", (), ""),
        ("amount", "Amount", "number", "number", (), ""),
        ("deal_currency_code", "Currency", "enumeration", "select", (), ""),
        ("amount_in_home_currency", "Amount in company currency", "number", "number", (), "rc"),
        ("closedate", "Close Date", "datetime", "date", (), ""),
        ("pipeline", "Pipeline", "enumeration", "select", (), ""),
        ("dealstage", "Deal Stage", "enumeration", "radio", (), ""),
        (
            "dealtype",
            "Deal Type",
            "enumeration",
            "radio",
            (
                Option("newbusiness", "New Business", 0),
                Option("existingbusiness", "Existing Business", 1),
                Option("renewal", "Renewal", 2),
            ),
            "",
        ),
        (
            "product_line",
            "Product line",
            "enumeration",
            "select",
            tuple(
                Option(name, name, number)
                for number, name in enumerate(
                    ("Services", "Maintenance", "Spare parts", "Software", "Training")
                )
            ),
            "",
        ),
        ("hs_deal_stage_probability", "Deal probability", "number", "number", (), "rc"),
        ("hs_is_closed", "Is Deal Closed?", "bool", "calculation_equation", BOOLEAN, "rc"),
        ("hs_is_closed_won", "Is Closed Won", "bool", "calculation_equation", BOOLEAN, "rc"),
        ("hs_projected_amount", "Weighted amount", "number", "calculation_equation", (), "rc"),
        (PRIMARY_COMPANY, "Primary Associated Company", "number", "number", (), "r"),
        ("createdate", "Create Date", "datetime", "date", (), ""),
        ("hs_lastmodifieddate", "Last Modified Date", "datetime", "date", (), "r"),
    ),
    "tickets": (
        ("subject", "Ticket name", "string", "text", (), ""),
        ("content", "Ticket description", "string", "textarea", (), ""),
        ("hs_pipeline", "Pipeline", "enumeration", "select", (), ""),
        ("hs_pipeline_stage", "Ticket status", "enumeration", "select", (), ""),
        (
            "hs_ticket_category",
            "Category",
            "enumeration",
            "select",
            _options(
                "PRODUCT_ISSUE",
                "BILLING_ISSUE",
                "FEATURE_REQUEST",
                "GENERAL_INQUIRY",
                "ORDER_ERROR",
                "COMPLAINT",
            ),
            "",
        ),
        (
            "hs_ticket_priority",
            "Priority",
            "enumeration",
            "select",
            _options("LOW", "MEDIUM", "HIGH", "URGENT"),
            "",
        ),
        ("closed_date", "Close date", "datetime", "date", (), ""),
        ("createdate", "Create date", "datetime", "date", (), ""),
        ("hs_lastmodifieddate", "Last modified date", "datetime", "date", (), "r"),
    ),
    "orders": (
        ("hs_order_name", "Order Name", "string", "text", (), ""),
        ("hs_total_price", "Total Price", "number", "number", (), ""),
        ("hs_currency_code", "Currency Code", "enumeration", "select", (), ""),
        ("hs_external_order_id", "External Order ID", "string", "text", (), ""),
        ("hs_external_created_date", "External Created Date", "datetime", "date", (), ""),
        ("hs_fulfillment_status", "Fulfillment Status", "string", "text", (), ""),
        ("hs_createdate", "Create date", "datetime", "date", (), ""),
        ("hs_lastmodifieddate", "Last modified date", "datetime", "date", (), "r"),
    ),
    "calls": (
        ("hs_call_title", "Call title", "string", "text", (), ""),
        ("hs_call_body", "Call notes", "string", "html", (), ""),
        (
            "hs_call_status",
            "Call status",
            "enumeration",
            "select",
            _options("BUSY", "CANCELED", "COMPLETED", "FAILED", "NO_ANSWER", "QUEUED", "RINGING"),
            "",
        ),
    ),
    "emails": (
        ("hs_email_subject", "Email subject", "string", "text", (), ""),
        ("hs_email_text", "Email body", "string", "textarea", (), ""),
        (
            "hs_email_status",
            "Email send status",
            "enumeration",
            "select",
            _options("SENT", "FAILED", "SCHEDULED"),
            "",
        ),
        (
            "hs_email_direction",
            "Email direction",
            "enumeration",
            "select",
            _options("EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL"),
            "",
        ),
    ),
    "meetings": (
        ("hs_meeting_title", "Meeting name", "string", "text", (), ""),
        ("hs_meeting_start_time", "Meeting start time", "datetime", "date", (), ""),
        ("hs_meeting_end_time", "Meeting end time", "datetime", "date", (), ""),
        (
            "hs_meeting_outcome",
            "Meeting outcome",
            "enumeration",
            "select",
            _options("SCHEDULED", "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED"),
            "",
        ),
    ),
    "notes": (("hs_note_body", "Note body", "string", "html", (), ""),),
    "tasks": (
        ("hs_task_subject", "Task Title", "string", "text", (), ""),
        ("hs_task_body", "Task Notes", "string", "html", (), ""),
        (
            "hs_task_status",
            "Task Status",
            "enumeration",
            "select",
            _options("NOT_STARTED", "IN_PROGRESS", "WAITING", "DEFERRED", "COMPLETED"),
            "",
        ),
        ("hs_task_completion_date", "Completed at", "datetime", "date", (), "r"),
    ),
}

_ENGAGEMENT: Final[tuple[_Row, ...]] = (
    ("hs_timestamp", "Activity date", "datetime", "date", (), ""),
    ("hs_createdate", "Create date", "datetime", "date", (), "r"),
    ("hs_lastmodifieddate", "Last modified date", "datetime", "date", (), "r"),
)

_EXTRA: Final[dict[str, Mapping[str, Any]]] = {
    "amount": {**_MONEY, "currencyPropertyName": "deal_currency_code"},
    "amount_in_home_currency": _MONEY,
    "annualrevenue": _MONEY,
    "total_revenue": _MONEY,
    "hs_total_price": {**_MONEY, "currencyPropertyName": "hs_currency_code"},
    "hubspot_owner_id": _OWNER,
    "hs_parent_company_id": {"referencedObjectType": "COMPANY"},
    "associatedcompanyid": {"referencedObjectType": "COMPANY"},
}
_UNIQUE: Final = ("email", "hs_object_id")
_MADE_HERE: Final = ("account_number", "product_line")  # custom properties of this portal


def built_in(*, multi_currency: bool) -> dict[str, dict[str, Property]]:
    """Every object's properties by name, as a fresh portal has them."""
    return {
        kind.name: {
            row[0]: _property(kind, row)
            for row in (
                *_COMMON,
                *(_ENGAGEMENT if kind.default[0] == "hs_createdate" and kind.name != "orders" else ()),
                *_BY_TYPE[kind.name],
            )
            if multi_currency or row[0] not in MULTI_CURRENCY
        }
        for kind in OBJECT_TYPES
    }


def _property(kind: ObjectType, row: _Row) -> Property:
    name, label, value_type, field_type, options, flags = row
    return Property(
        name,
        label,
        value_type,
        field_type,
        groups(kind)[0][0],
        options,
        read_only="r" in flags,
        calculated="c" in flags,
        unique=name in _UNIQUE,
        hubspot_defined=name not in _MADE_HERE,
        extra=_EXTRA.get(name, {}),
    )


def ratings(*, multi_currency: bool) -> tuple[Property, ...]:
    """Custom properties of companies that people fill in: ratings and wallets."""
    group = CUSTOM_GROUP[0]
    points = tuple(Option(str(number), str(number), number) for number in range(1, 6))
    strategy = tuple(Option(name, name, number) for number, name in enumerate(("Clear", "Partly", "None")))

    def custom(
        name: str, label: str, value_type: str, field_type: str, options: tuple[Option, ...] = ()
    ) -> Property:
        extra: Mapping[str, Any] = _MONEY if name == "kpm_wallet" and multi_currency else {}
        return Property(
            name, label, value_type, field_type, group, options, hubspot_defined=False, extra=extra
        )

    return (
        custom("kpm_demand", "Future demand", "enumeration", "radio", points),
        custom("kpm_chemistry", "Chemistry", "enumeration", "radio", points),
        custom("kpm_strategy", "Clear strategy", "enumeration", "radio", strategy),
        custom("kpm_rated_at", "Rated at", "date", "date"),
        custom("kpm_wallet", "Yearly spend for what we sell", "number", "number"),
        custom("kpm_wallet_rated_at", "Wallet rated at", "date", "date"),
    )
