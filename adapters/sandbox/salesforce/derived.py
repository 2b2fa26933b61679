"""What Salesforce fills in by itself: defaults of new records, and what follows from other fields."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.sandbox.salesforce.ids import make_id
from adapters.sandbox.salesforce.objects import STAGES
from adapters.sandbox.salesforce.schema import SObject
from adapters.sandbox.salesforce.values import Stored

BUSINESS_RECORD_TYPE = make_id("012", 1)


def defaults(user_id: str, target: SObject) -> dict[str, Stored]:
    """What a new record gets unless told otherwise."""
    values: dict[str, Stored] = {}
    if "OwnerId" in target.fields:
        values["OwnerId"] = user_id
    if "CurrencyIsoCode" in target.fields:
        values["CurrencyIsoCode"] = "EUR"
    if "RecordTypeId" in target.fields:
        values["RecordTypeId"] = BUSINESS_RECORD_TYPE
    if target.name == "PermissionSet":
        values |= {"Type": "Regular", "IsCustom": 1}
    if target.name == "PermissionSetAssignment":
        values["IsActive"] = 1
    return values


def derived(target: SObject, values: Mapping[str, Stored]) -> dict[str, Stored]:
    """What follows from the values: a stage sets probability, closed and won."""
    if target.name == "Opportunity" and "StageName" in values:
        stage = next((each for each in STAGES if each[0] == values["StageName"]), None)
        if stage is not None:
            known: dict[str, Stored] = {"IsClosed": int(stage[3]), "IsWon": int(stage[4])}
            return known if "Probability" in values else {**known, "Probability": stage[2]}
    if target.name == "Case" and "Status" in values:
        return {"IsClosed": int(values["Status"] == "Closed")}
    if target.name in ("Contact", "User") and "LastName" in values:
        names = (values.get("FirstName"), values["LastName"])
        return {"Name": " ".join(str(name) for name in names if name)}
    return {}
