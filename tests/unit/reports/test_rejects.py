from __future__ import annotations

import pyarrow as pa
import pytest

from adapters.hubspot.errors import RETRIED_ROW_CODES as HUBSPOT_ROWS
from adapters.salesforce.errors import RETRIED_ROW_CODES as SALESFORCE_ROWS
from connector.crm import ID, RESULT_SCHEMA
from connector.reports.rejects import Value, rejects
from connector.reports.remedies import remedy

CHANGES = pa.table(
    {
        ID: ["001A", "001B"],
        "KPM_Why__c": ["because", "so"],
        "send:KPM_Why__c": [True, True],
        "was:KPM_Why__c": ["before", None],
        "KPM_Potential__c": [73.0, None],
        "send:KPM_Potential__c": [True, False],
        "was:KPM_Potential__c": [70.0, None],
    }
)
RESULTS = pa.Table.from_pylist(
    [
        {
            ID: "001B",
            "outcome": "rejected",
            "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "message": "Pick an industry first",
            "fields": "Industry",
        },
        {
            ID: "001A",
            "outcome": "rejected",
            "code": "STRING_TOO_LONG",
            "message": "Why: data value too large",
            "fields": "KPM_Why__c",
        },
    ],
    schema=RESULT_SCHEMA,
)


def test_a_refusal_names_account_value_and_what_to_do() -> None:
    rule, size = rejects(
        [(CHANGES, RESULTS)],
        "salesforce",
        {"001A": "Acme", "001B": None},
        now={"001A": "001C", "001B": "001B"}.__getitem__,
        url=lambda account: f"https://crm.example/{account}",
    )
    assert (size.account, size.name, size.url) == ("001C", "Acme", "https://crm.example/001C")
    assert size.values == (Value("KPM_Why__c", "because", "before"),)
    assert size.message == "Why: data value too large"
    assert "widen" in size.remedy
    # The rule names a field of its own; what was to be written is shown then.
    assert rule.values == (Value("KPM_Why__c", "so", None),)
    assert "rule" in rule.remedy


@pytest.mark.parametrize(("crm", "codes"), [("salesforce", SALESFORCE_ROWS), ("hubspot", HUBSPOT_ROWS)])
def test_what_passes_by_itself_asks_nothing_of_anybody(crm: str, codes: frozenset[str]) -> None:
    for code in (*codes, "QUOTA"):
        assert "Nothing needs doing" in remedy(crm, code), code  # type: ignore[arg-type]


def test_an_unknown_code_is_left_to_the_crms_words() -> None:
    assert remedy("hubspot", "SOMETHING_NEW") == remedy("salesforce", None)
    assert "words" in remedy("hubspot", "SOMETHING_NEW")
