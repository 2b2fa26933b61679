"""Which of Salesforce's paths belong to which phase."""

from __future__ import annotations

from typing import Final

from adapters.sandbox.phases import PhaseTable

_DATA = r"/services/data/v[\d.]+"

PHASES: Final = PhaseTable(
    (
        ("login", "*", r"/services/(oauth2|Soap)/.*|/id/.*"),
        ("describe", "GET", rf"/services/data/?|{_DATA}(/sobjects)?/?|{_DATA}/sobjects/\w+(/describe.*)?/?"),
        ("describe", "GET", rf"{_DATA}/(ui-api|tooling)/.*"),
        ("results", "GET", rf"{_DATA}/jobs/ingest/\w+/\w+/?"),
        ("read_page", "GET", rf"{_DATA}/jobs/query/\w+/.+"),
        ("job_poll", "GET", rf"{_DATA}/jobs/.*"),
        ("job_open", "POST", rf"{_DATA}/jobs/.*"),
        ("upload", "PUT", rf"{_DATA}/jobs/.*"),
        ("job_close", "PATCH DELETE", rf"{_DATA}/jobs/.*"),
        ("read_page", "GET", rf"{_DATA}/(query|queryAll|sobjects|composite)(/.*)?"),
        ("read_page", "POST", rf"{_DATA}/composite/sobjects/\w+/?"),
        ("write_batch", "POST PATCH PUT DELETE", rf"{_DATA}/(sobjects|composite|tooling)(/.*)?"),
    )
)
