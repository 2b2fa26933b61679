"""Results of bulk jobs as they are downloaded."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from adapters.salesforce import results
from adapters.salesforce.errors import IncompleteError
from connector.crm import ID

LINES = [
    '"sf__Id","sf__Error","Id"',
    '"","STRING_TOO_LONG:Why: data value too large: a:b (max length=255):KPM_Why__c Name --","1"',
    '"","INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--","2"',
    '"","something else","3"',
]


@pytest.mark.parametrize("separator", [",", "`"])
def test_errors_of_rows(tmp_path: Path, separator: str) -> None:
    file = tmp_path / "failed.csv"
    file.write_text("\n".join(LINES).replace('","', f'"{separator}"') + "\n")
    assert [(row["code"], row["message"], row["fields"]) for row in results.failed(file, 3).to_dicts()] == [
        ("STRING_TOO_LONG", "Why: data value too large: a:b (max length=255)", "KPM_Why__c, Name"),
        ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", None),
        ("UNKNOWN", "something else", None),
    ]


@pytest.mark.parametrize("text", ["", '"sf__Id","sf__Error","Id"\n', '"sf__Id","sf__Error","Id"\n"","x'])
def test_a_list_that_is_cut_off_is_not_believed(tmp_path: Path, text: str) -> None:
    file = tmp_path / "failed.csv"
    file.write_text(text)
    with pytest.raises(IncompleteError):
        results.failed(file, 2)


def test_what_a_job_did_not_come_to_is_told_by_id(tmp_path: Path) -> None:
    file = tmp_path / "unprocessed.csv"
    file.write_text('"Id"`"Industry"\n"1"`"x"\n')
    (row,) = results.unprocessed(file, 1).to_dicts()
    assert (row[ID], row["outcome"], row["code"]) == ("1", "rejected", "SERVER_UNAVAILABLE")


def test_what_was_not_refused_is_written(tmp_path: Path) -> None:
    changes = pl.DataFrame({ID: ["1", "2", "3"]})
    file = tmp_path / "unprocessed.csv"
    file.write_text('"Id"\n"2"\n')
    found = results.others(changes, [results.unprocessed(file, 1)])
    assert dict(found.select(ID, "outcome").iter_rows()) == {"1": "written", "2": "rejected", "3": "written"}
