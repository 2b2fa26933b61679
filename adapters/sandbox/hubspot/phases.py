"""Which of HubSpot's paths belong to which phase."""

from __future__ import annotations

from typing import Final

from adapters.sandbox.phases import PhaseTable

_VERSION = r"(v\d|\d{4}-\d{2})"
_EXPORTS = rf"/crm/({_VERSION}/exports|exports/{_VERSION})"
_IMPORTS = rf"/crm/({_VERSION}/imports|imports/{_VERSION})"

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
        ("job_open", "POST", rf"{_EXPORTS}/export/async"),
        ("job_poll", "GET", rf"{_EXPORTS}/export/.*"),
        ("read_page", "GET", r"/crm-exports/.*"),
        ("upload", "POST", rf"{_IMPORTS}/?"),
        ("job_close", "POST", rf"{_IMPORTS}/\d+/cancel"),
        ("results", "GET", rf"{_IMPORTS}/\d+/errors"),
        ("job_poll", "GET", rf"{_IMPORTS}(/\d*)?"),
        ("read_page", "POST", r"/crm/.*/(search|batch/read)"),
        ("read_page", "GET", r"/crm/.*"),
        ("write_batch", "POST PATCH PUT DELETE", r"/crm/.*"),
    )
)
