"""What people read in the CRM: every phrase, and how the texts about an account are put together."""

from __future__ import annotations

from connector.texts.phrases import CASES, PHRASES, Case, Phrases
from connector.texts.wording import (
    LIMIT,
    LOOKED_AT_FIRST,
    NOTABLE,
    Open,
    Wording,
    confidence_labels,
    neutral_pull,
    one_line,
    segment_labels,
    shortened,
    size,
    weight_of,
)

__all__ = [
    "CASES",
    "LIMIT",
    "LOOKED_AT_FIRST",
    "NOTABLE",
    "PHRASES",
    "Case",
    "Open",
    "Phrases",
    "Wording",
    "confidence_labels",
    "neutral_pull",
    "one_line",
    "segment_labels",
    "shortened",
    "size",
    "weight_of",
]
