"""What the method says of one account."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Rated:
    """What the method says of one account."""

    member: bool = False
    own: int | None = None
    wallet: int | None = None
    wallet_source: str | None = None
    share: float | None = None
    headroom: int | None = None
    wallet_expired: bool = False
    raw: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, float | None] = field(default_factory=dict)
    aged: dict[str, bool] = field(default_factory=dict)
    known: dict[str, bool] = field(default_factory=dict)
    rung: dict[str, int | None] = field(default_factory=dict)
    points: dict[str, float | None] = field(default_factory=dict)
    coverage: dict[str, float] = field(default_factory=dict)
    low: dict[str, float] = field(default_factory=dict)
    high: dict[str, float] = field(default_factory=dict)
    expired: bool = False
    top_revenue: bool = False
    zone: str | None = None
    segment: str | None = None
    confidence: str | None = None
    by_hand: dict[str, Any] = field(default_factory=dict)
    heir_of: str | None = None
