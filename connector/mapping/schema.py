"""The JSON schema of mapping files, from which editors complete keys: `python -m connector.mapping.schema`."""

from __future__ import annotations

import json
import sys
from typing import Any

from connector.mapping.model import CriterionTarget, Mapping, Text

TITLE = "Mapping of kpm"
FILE = "mapping.schema.json"
_PLAIN_TEXT_TOO = (Text.__name__, CriterionTarget.__name__)
"""Parts for which a plain text may stand."""


def schema() -> dict[str, Any]:
    """The schema as JSON data."""
    made = Mapping.model_json_schema(by_alias=True)
    for name in _PLAIN_TEXT_TOO:
        table = made["$defs"][name]
        description = table.pop("description")
        made["$defs"][name] = {
            "description": description,
            "anyOf": [{"type": "string", "minLength": 1}, table],
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **made,
        "title": TITLE,
        "description": "Which CRM fields answer which criterion, how much each counts, and where results go.",
    }


def schema_text() -> str:
    """The schema as it stands in `mappings/mapping.schema.json`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":  # pragma: no cover - run by hand; a test compares what it writes
    sys.stdout.write(schema_text())
