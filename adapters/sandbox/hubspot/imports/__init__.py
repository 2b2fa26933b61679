"""Imports API: one upload changes up to a million records, row by row, in the background."""

from __future__ import annotations

from adapters.sandbox.hubspot.imports.endpoint import ImportEndpoint
from adapters.sandbox.hubspot.imports.jobs import ImportJobs
from adapters.sandbox.hubspot.imports.writer import RowWriter

__all__ = ["ImportEndpoint", "ImportJobs", "RowWriter"]
