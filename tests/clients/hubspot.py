"""What the tests of both HubSpot clients share: requests, files, and what the sandbox holds."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from adapters.sandbox import Sandbox

NIGHTLY = "sandbox-token"
EXPORT: dict[str, Any] = {
    "exportType": "VIEW",
    "format": "CSV",
    "exportName": "All companies",
    "objectType": "COMPANY",
    "language": "EN",
    "objectProperties": ["hs_object_id", "name", "createdate"],
    "associatedObjectType": [],
    "exportInternalValuesOptions": ["NAMES", "VALUES"],
    "includeLabeledAssociations": False,
    "includePrimaryDisplayPropertyForAssociatedObjects": False,
    "overrideAssociatedObjectsPerDefinitionPerRowLimit": False,
}
IMPORT: dict[str, Any] = {
    "name": "Values",
    "importOperations": {"0-2": "UPDATE"},
    "dateFormat": "YEAR_MONTH_DAY",
    "files": [
        {
            "fileName": "values.csv",
            "fileFormat": "CSV",
            "fileImportPage": {
                "hasHeader": True,
                "columnMappings": [
                    {"columnObjectTypeId": "0-2", "columnName": "id", "columnType": "HUBSPOT_OBJECT_ID"},
                    {"columnObjectTypeId": "0-2", "columnName": "wallet", "propertyName": "kpm_wallet"},
                ],
            },
        }
    ],
}


def live(sandbox: Sandbox, name: str = "companies") -> dict[str, dict[str, Any]]:
    """Properties of the live records, by id."""
    return {
        each["id"]: each["properties"] for each in sandbox.dump("hubspot", name) if each["state"] == "live"
    }


def table(text: str) -> list[dict[str, str]]:
    """Rows of a CSV."""
    return list(csv.DictReader(io.StringIO(text)))


def values_file(rows: Sequence[tuple[str, str]]) -> str:
    """An import file that fits `IMPORT`."""
    return "id,wallet\n" + "".join(f"{record},{value}\n" for record, value in rows)
