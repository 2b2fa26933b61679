"""What people read in the CRM: every phrase, and how the texts about an account are put together."""

from __future__ import annotations

from connector.texts.phrases import CASES, PHRASES, Case, Phrases
from connector.texts.wording import (
    LIMIT,
    Open,
    Wording,
    confidence_labels,
    one_line,
    segment_labels,
    shortened,
    size,
)

__all__ = [
    "CASES",
    "LIMIT",
    "PHRASES",
    "Case",
    "Open",
    "Phrases",
    "Wording",
    "confidence_labels",
    "one_line",
    "segment_labels",
    "shortened",
    "size",
]
