"""Sources: what is measured, a raw value with a unit per account."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from connector.mapping.model.parts import Days, Id, Months, Name, Part, Positive, Where


class FieldSource(Part):
    """A field of the account."""

    field: Name
    rated_at: Name | None = None
    expires_days: Days | None = None


class OpportunitiesSource(Part):
    """A measure over the account's opportunities."""

    from_: Literal["opportunities"] = Field(alias="from")
    measure: Literal[
        "won_amount",
        "won_count",
        "open_amount",
        "weighted_pipeline",
        "win_rate",
        "days_since_won",
        "tenure_years",
        "trend",
        "breadth",
    ]
    months: Months | None = None
    where: Where = ()
    no_records: Literal["zero", "missing"] = "zero"
    overdue_grace_days: Annotated[int, Field(strict=True, ge=0, le=3650)] | None = None
    max_per_deal: Positive | None = None
    prior: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] | None = None
    field: Name | None = None
    of: Positive | None = None


class ContactRolesSource(Part):
    """Share of the needed buying roles that are filled by an active contact."""

    from_: Literal["contact_roles"] = Field(alias="from")
    measure: Literal["role_coverage"]
    required: tuple[Name | Annotated[tuple[Name, ...], Field(min_length=1)], ...] = Field(min_length=1)
    active_within_days: Days | None = None


class RecordsSource(Part):
    """A measure over cases or orders."""

    from_: Literal["cases", "orders"] = Field(alias="from")
    measure: Literal["count", "error_rate"]
    months: Months | None = None
    where: Where = ()
    half_life_days: Days | None = None
    per: Literal["orders", "cases", "won_opportunities"] | None = None
    min_base: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] | None = None
    prior: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] | None = None


class ActivitiesSource(Part):
    """A measure over activities."""

    from_: Literal["activities"] = Field(alias="from")
    measure: Literal["count", "days_since_last"]
    months: Months | None = None
    where: Where = ()
    half_life_days: Days | None = None


class WalletSource(Part):
    """A figure of the share-of-wallet calculation."""

    from_: Literal["wallet"] = Field(alias="from")
    measure: Literal["share", "headroom", "headroom_share"]


class CriteriaSource(Part):
    """A combination of other criteria's scores."""

    from_: Literal["criteria"] = Field(alias="from")
    measure: Literal["weighted", "min", "max", "geometric"]
    ids: tuple[Id, ...] = Field(min_length=1)
    weights: tuple[Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)], ...] = ()
    """One for each of `ids`; without them the criteria's own."""


class CsvSource(Part):
    """A column of a CSV file, joined by one of the account's fields."""

    csv: Name
    key: Name
    column: Name
    key_field: Name | None = None


SOURCES = {
    "field": FieldSource,
    "csv": CsvSource,
    "opportunities": OpportunitiesSource,
    "contact_roles": ContactRolesSource,
    "cases": RecordsSource,
    "orders": RecordsSource,
    "activities": ActivitiesSource,
    "wallet": WalletSource,
    "criteria": CriteriaSource,
}


def _source_tag(value: Any) -> str | None:  # noqa: ANN401 - raw TOML or a model
    if not isinstance(value, dict):
        value = value.model_dump(by_alias=True) if isinstance(value, Part) else {}
    if "from" in value:
        tag = value["from"]
        tag = "records" if tag in ("cases", "orders") else tag
        return tag if tag in ("records", *SOURCES) and tag not in ("field", "csv") else None
    return "csv" if "csv" in value else "field"


Source = Annotated[
    Annotated[FieldSource, Tag("field")]
    | Annotated[CsvSource, Tag("csv")]
    | Annotated[OpportunitiesSource, Tag("opportunities")]
    | Annotated[ContactRolesSource, Tag("contact_roles")]
    | Annotated[RecordsSource, Tag("records")]
    | Annotated[ActivitiesSource, Tag("activities")]
    | Annotated[WalletSource, Tag("wallet")]
    | Annotated[CriteriaSource, Tag("criteria")],
    Discriminator(_source_tag),
]
