"""What to do about a refused change, by the CRM's code for it."""

from __future__ import annotations

from collections.abc import Mapping

from connector.crm import CrmName

_LOCKED = "Somebody else held the record just then. Nothing needs doing: the next sync tries again."
_BUSY = "The CRM was busy, or failed on its side. Nothing needs doing: the next sync tries again."
_GONE = "The record is gone or was merged into another one. Nothing needs doing: the next sync no longer finds it."
_RIGHT = (
    "The nightly user may not edit this record or field: check its sharing, and run `kpm provision` again."
)
_AUTOMATION = (
    "A trigger or flow on the account fails. Give the CRM's words to whoever maintains it; it should let changes of "
    "our fields alone pass."
)
_RULE = (
    "A rule on the account refuses any change until something else is filled in or corrected. Mend the record, or let "
    "the rule except the nightly user."
)
_OPTION = (
    "The field does not know this value: run `kpm provision`, which adds options, or lift its restriction."
)
_SIZE = "The field is too small for the value: widen it, or name another field in [write]."
_NUMBER = (
    "The value is no number that the CRM can hold: look at it with `kpm explain`, and at the mapping's scale."
)
_QUOTA = "The share of the daily API calls was used up. Nothing needs doing: the next sync continues."
_UNKNOWN = "The CRM's words say why. It is tried again by the next sync as long as the CRM differs."

_SALESFORCE: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "UNABLE_TO_LOCK_ROW",
            "TooManyLockFailure",
        ),
        _LOCKED,
    ),
    **dict.fromkeys(("REQUEST_RUNNING_TOO_LONG", "QUERY_TIMEOUT", "SERVER_UNAVAILABLE"), _BUSY),
    **dict.fromkeys(("ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND", "MALFORMED_ID"), _GONE),
    **dict.fromkeys(
        (
            "INSUFFICIENT_ACCESS",
            "INSUFFICIENT_ACCESS_OR_READONLY",
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "TRANSFER_REQUIRES_READ",
        ),
        _RIGHT,
    ),
    **dict.fromkeys(
        (
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "CANNOT_EXECUTE_FLOW_TRIGGER",
            "APEX_DATA_ACCESS_RESTRICTION",
            "FIELD_INTEGRITY_EXCEPTION",
            "UNKNOWN_EXCEPTION",
        ),
        _AUTOMATION,
    ),
    **dict.fromkeys(
        (
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "REQUIRED_FIELD_MISSING",
            "FIELD_FILTER_VALIDATION_EXCEPTION",
            "INVALID_EMAIL_ADDRESS",
            "DUPLICATE_VALUE",
        ),
        _RULE,
    ),
    "DUPLICATES_DETECTED": (
        "A duplicate rule blocks the record: merge the duplicates, or let the rule allow changes of existing records."
    ),
    "ENTITY_IS_LOCKED": (
        "An approval process locks the record. Finish the approval, or let the nightly user edit locked records."
    ),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": _OPTION,
    "BAD_VALUE_FOR_RESTRICTED_PICKLIST": _OPTION,
    "STRING_TOO_LONG": _SIZE,
    "NUMBER_OUTSIDE_VALID_RANGE": _SIZE,
    "NUMERIC_VALUE_TOO_LARGE": _SIZE,
    "STORAGE_LIMIT_EXCEEDED": "The org's storage is full. A Salesforce administrator frees some, or buys more.",
}
_HUBSPOT: Mapping[str, str] = {
    **dict.fromkeys(("LOCKED", "CONFLICT"), _LOCKED),
    **dict.fromkeys(("RATE_LIMITS", "INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT"), _BUSY),
    **dict.fromkeys(("OBJECT_NOT_FOUND", "NOT_WRITTEN", "MERGED", "RESOURCE_NOT_FOUND"), _GONE),
    **dict.fromkeys(("READ_ONLY_VALUE", "MISSING_SCOPES", "FORBIDDEN"), _RIGHT),
    **dict.fromkeys(
        ("MISSING_CONDITIONAL_REQUIRED_PROPERTY", "MISSING_REQUIRED_PROPERTY", "REQUIRED_PROPERTY_MISSING"),
        _RULE,
    ),
    "INVALID_OPTION": _OPTION,
    "PROPERTY_DOESNT_EXIST": "The property is gone: run `kpm provision`, or name another one in [write].",
    **dict.fromkeys(("INVALID_INTEGER", "INVALID_NUMERIC", "INVALID_LONG", "INVALID_DATE"), _NUMBER),
    **dict.fromkeys(("VALUE_TOO_LONG", "INVALID_STRING_LENGTH", "VALUE_TOO_LARGE"), _SIZE),
}
_BOTH: Mapping[str, str] = {"QUOTA": _QUOTA, "NOT_A_NUMBER": _NUMBER}


def remedy(crm: CrmName, code: str | None) -> str:
    """What to do about a refusal, in one or two sentences; for an unknown code that the CRM's words tell."""
    families = {**_BOTH, **(_SALESFORCE if crm == "salesforce" else _HUBSPOT)}
    return families.get(code or "", _UNKNOWN)
