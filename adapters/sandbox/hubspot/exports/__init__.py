"""Exports API: one asynchronous job turns all records of an object into CSV files."""

from __future__ import annotations

from adapters.sandbox.hubspot.exports.endpoint import ExportEndpoint
from adapters.sandbox.hubspot.exports.files import FileWriter
from adapters.sandbox.hubspot.exports.jobs import ExportJobs

__all__ = ["ExportEndpoint", "ExportJobs", "FileWriter"]
