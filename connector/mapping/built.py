"""What of the mapping language this version computes.

The models know the whole language, so that a mapping can be written ahead. Here stands what the stages answer to;
a test compares it with the registries of `connector.measures` and `connector.scales`.
"""

from __future__ import annotations

from typing import Final

MEASURES: Final[dict[str, frozenset[str]]] = {
    "opportunities": frozenset(
        {
            "won_amount",
            "won_count",
            "open_amount",
            "weighted_pipeline",
            "win_rate",
            "days_since_won",
            "tenure_years",
            "trend",
            "breadth",
        }
    ),
    "contact_roles": frozenset({"role_coverage"}),
    "cases": frozenset({"count", "error_rate"}),
    "orders": frozenset({"count", "error_rate"}),
    "activities": frozenset({"count", "days_since_last"}),
    "wallet": frozenset({"share", "headroom", "headroom_share"}),
    "criteria": frozenset({"weighted", "min", "max", "geometric"}),
}
"""Measures by the section they read; a measure that is missing here is an error."""

SCALES: Final = frozenset(
    {"linear", "log", "bands", "lookup", "boolean", "half_life", "saturating", "percentile", "rating"}
)
"""Scales; one that is missing here is an error."""

WALLET_SOURCES: Final = frozenset({"field", "activity", "peer_p80"})
"""Sources of a wallet; one that is missing here does not answer, the next one does."""

UNBUILT_KEYS: Final[dict[str, str]] = {}
"""Keys without effect so far -> what happens instead; using one is a warning."""
