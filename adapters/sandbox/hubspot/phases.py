"""Which of HubSpot's paths belong to which phase."""

from __future__ import annotations

from typing import Final

from adapters.sandbox.phases import PhaseTable

_VERSION = r"(v\d|\d{4}-\d{2})"

PHASES: Final = PhaseTable(
    (
        ("login", "*", r"/oauth/.*"),
        (
            "describe",
            "GET",
            rf"/(crm/(properties|pipelines|owners)/{_VERSION}|crm/{_VERSION}/(properties|pipelines|owners))(/.*)?",
        ),
        ("describe", "*", r"/(account-info|settings)/.*"),
        ("describe", "POST", r"/crm/.*properties/.*/batch/read"),
        ("read_page", "POST", r"/crm/.*/(search|batch/read)"),
        ("read_page", "GET", r"/crm/.*"),
        ("write_batch", "POST PATCH PUT DELETE", r"/crm/.*"),
    )
)
