"""Mapping files: which CRM fields answer which criterion, how much each counts, and where results go.

Three passes, each reporting all its problems at once: `shape` (the models of `model`, in words), `sense` (does it
make sense), `live` (does the CRM agree).
"""

from __future__ import annotations

from connector.mapping.file import load, parse, read
from connector.mapping.model import Mapping

__all__ = ["Mapping", "load", "parse", "read"]
