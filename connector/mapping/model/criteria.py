"""Criteria: a source and a scale each, or several pairs of which the first that is known counts."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from connector.mapping.model.parts import Dimension, Id, Part, Score, Share, Text
from connector.mapping.model.scales import Scale
from connector.mapping.model.sources import Source


class Rung(Part):
    """One way to answer a criterion."""

    source: Source
    scale: Scale


class Criterion(Part):
    """One criterion of the rating."""

    id: Id
    dimension: Dimension
    label: Text
    weight: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] = 1
    source: Source | None = None
    scale: Scale | None = None
    first_of: tuple[Rung, ...] | None = Field(default=None, min_length=1)
    target: Annotated[float, Field(strict=True, gt=0, le=100)] = 70
    changeability: Share = 0.5
    missing: Literal["exclude", "neutral"] | Score = "exclude"
    anchors: dict[Annotated[str, Field(pattern=r"^\d+$")], Text] = Field(default={})
    """What each step of a rating means, shown where people rate."""
    next_step: Text | None = None
    """What to do when this criterion burdens an account most."""

    @model_validator(mode="after")
    def _one_way_to_answer(self) -> Self:
        if self.first_of is not None:
            if self.source is not None or self.scale is not None:
                message = "has first_of and also source or scale: put the pair into first_of"
                raise ValueError(message)
        elif self.source is None or self.scale is None:
            message = "needs source and scale (or first_of with several pairs)"
            raise ValueError(message)
        return self

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The ways to answer, in order of preference."""
        if self.first_of is not None:
            return self.first_of
        if self.source is None or self.scale is None:  # pragma: no cover - the validator saw both
            raise AssertionError
        return (Rung(source=self.source, scale=self.scale),)
