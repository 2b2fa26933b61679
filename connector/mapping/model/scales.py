"""Scales: how much a raw value counts, 0 to 100."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from connector.mapping.model.parts import Flag, Name, Number, Part, Positive, Score


class LinearScale(Part):
    """0 at `zero`, 100 at `full`, straight between; zero > full: less is better."""

    kind: Literal["linear"]
    zero: Number
    full: Number


class LogScale(Part):
    """Like linear, on ln(1 + x)."""

    kind: Literal["log"]
    zero: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
    full: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


class BandsScale(Part):
    """A score per band; a value on an edge belongs to the upper band."""

    kind: Literal["bands"]
    edges: tuple[Number, ...] = Field(min_length=1)
    scores: tuple[Score, ...] = Field(min_length=2)


class LookupScale(Part):
    """A score per stored value, case and outer blanks ignored."""

    kind: Literal["lookup"]
    scores: dict[Name, Score] = Field(min_length=1)
    other: Literal["missing"] | Score = "missing"
    multi: Literal["max", "min", "mean"] | None = None


class BooleanScale(Part):
    """Yes or no."""

    kind: Literal["boolean"]
    yes: Score = 100
    no: Score = 0


class HalfLifeScale(Part):
    """100 today, 50 after `days`, 25 after twice that."""

    kind: Literal["half_life"]
    days: Positive


class SaturatingScale(Part):
    """50 at `half_at`, nearing 100."""

    kind: Literal["saturating"]
    half_at: Positive


class PercentileScale(Part):
    """Rank in the portfolio, or in the peer group `by`."""

    kind: Literal["percentile"]
    by: Name | None = None
    min_group: Annotated[int, Field(strict=True, gt=0)] = 20
    reverse: Flag = False


class RatingScale(Part):
    """A person's rating."""

    kind: Literal["rating"]
    worst: Number
    best: Number
    centre_by: Literal["owner"] | None = None


Scale = Annotated[
    LinearScale
    | LogScale
    | BandsScale
    | LookupScale
    | BooleanScale
    | HalfLifeScale
    | SaturatingScale
    | PercentileScale
    | RatingScale,
    Field(discriminator="kind"),
]
