"""What every part of a mapping is made of: names, numbers, texts, conditions."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

Dimension = Literal["potential", "attractiveness"]
DIMENSIONS: tuple[Dimension, Dimension] = ("potential", "attractiveness")
Segment = Literal["protect", "develop", "maintain", "retreat", "unrated"]
SEGMENTS: tuple[Segment, ...] = ("protect", "develop", "maintain", "retreat", "unrated")
Language = Literal["en", "de"]

# Strict: "15" is a text, whatever it looks like; who writes it in quotes has made a mistake.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
Score = Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)]
Days = Annotated[int, Field(strict=True, gt=0, le=36_525)]
Months = Annotated[int, Field(strict=True, gt=0, le=240)]
Flag = Annotated[bool, Field(strict=True)]
Name = Annotated[str, Field(min_length=1)]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Scalar = bool | int | Number | str


class Part(BaseModel):
    """Base of every part of a mapping: unknown keys are errors, nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Text(Part):
    """A text in both languages; either alone serves both."""

    en: Name | None = None
    de: Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _plain_text_serves_both(cls, value: Any) -> Any:  # noqa: ANN401 - raw TOML
        return {"en": value, "de": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.en is None and self.de is None:
            message = "needs a text in en or de"
            raise ValueError(message)
        return self

    def in_(self, language: Language) -> str:
        """The text in `language`, else in the other one."""
        return (self.de or self.en if language == "de" else self.en or self.de) or ""


OPERATORS = ("in", "not_in", "equals", "above", "below", "is_set")


class _Test(Part):
    in_: tuple[Scalar, ...] | None = Field(default=None, alias="in", min_length=1)
    not_in: tuple[Scalar, ...] | None = Field(default=None, min_length=1)
    equals: Scalar | None = None
    above: Number | str | None = None
    below: Number | str | None = None
    is_set: Flag | None = None

    @model_validator(mode="after")
    def _one_operator(self) -> Self:
        given = [name for name in OPERATORS if getattr(self, "in_" if name == "in" else name) is not None]
        if len(given) != 1:
            message = f"needs exactly one of {', '.join(OPERATORS)}" + (
                f", not {' and '.join(given)}" if given else ""
            )
            raise ValueError(message)
        return self

    @property
    def operator(self) -> Literal["in", "not_in", "equals", "above", "below", "is_set"]:
        """The operator that is given."""
        for name in OPERATORS:
            if getattr(self, "in_" if name == "in" else name) is not None:
                return name  # type: ignore[return-value]  # OPERATORS holds just these
        raise AssertionError  # pragma: no cover - the validator above saw one

    @property
    def operand(self) -> Scalar | tuple[Scalar, ...]:
        """What the operator compares with."""
        value: Scalar | tuple[Scalar, ...] = getattr(self, "in_" if self.operator == "in" else self.operator)
        return value


class FieldCondition(_Test):
    """A test on a field of the record."""

    field: Name


class MeasuredCondition(_Test):
    """A test on a measure of the account's opportunities, for the portfolio rule."""

    measure: Name
    months: Months | None = None


def _condition_tag(value: Any) -> str:  # noqa: ANN401 - raw TOML or a model
    measured = "measure" in value if isinstance(value, dict) else isinstance(value, MeasuredCondition)
    return "measure" if measured else "field"


PortfolioCondition = Annotated[
    Annotated[FieldCondition, Tag("field")] | Annotated[MeasuredCondition, Tag("measure")],
    Discriminator(_condition_tag),
]
Where = tuple[FieldCondition, ...]
