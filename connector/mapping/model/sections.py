"""Sections of a mapping file, the criteria apart."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from connector.mapping.model.parts import (
    Days,
    Id,
    Months,
    Name,
    Part,
    PortfolioCondition,
    Score,
    Segment,
    Share,
    Text,
    Where,
)


class Portfolio(Part):
    """Which accounts are existing customers: all of `all`, and at least one of `any`."""

    all: tuple[PortfolioCondition, ...] = ()
    any: tuple[PortfolioCondition, ...] = ()
    level: Literal["account", "ultimate_parent"] = "account"
    on_leave: Literal["clear", "keep"] = "clear"


class Accounts(Part):
    """Fields of the account that the method names."""

    name: Name
    owner: Name | None = None
    industry: Name | None = None
    size: Name | None = None
    parent: Name | None = None


class Opportunities(Part):
    """Fields of the opportunity. Closed and won come from the CRM's own stage definition."""

    account: Name
    amount: Name
    close_date: Name
    stage: Name
    probability: Name | dict[Name, Annotated[float, Field(strict=True, ge=0, le=100)]] | None = None
    pipelines: tuple[Name, ...] = ()
    where: Where = ()


class ContactRoles(Part):
    """Who at the customer decides."""

    objects: tuple[Name, ...] = ()
    property: Name | None = None
    months: Months | None = None
    last_activity: Name | None = None
    where: Where = ()


class Cases(Part):
    """Service cases or tickets."""

    account: Name | None = None
    date: Name
    where: Where = ()


class Orders(Part):
    """Orders. HubSpot needs no keys: its own orders object is joined by association."""

    account: Name | None = None
    date: Name | None = None
    where: Where = ()


class Activities(Part):
    """Calls, meetings, e-mails, tasks."""

    objects: tuple[Name, ...] = ()
    date: Name | None = None
    where: Where = ()


WalletRung = Annotated[str, Field(pattern=r"^(field:.+|activity|model|peer_p80)$")]


class Wallet(Part):
    """What a customer spends in all, from the first source that answers."""

    sources: tuple[WalletRung, ...] = Field(min_length=1)
    rated_at: Name | None = None
    expires_days: Days | None = None
    achievable_share: Annotated[float, Field(strict=True, gt=0, le=1)] = 0.6

    @property
    def field(self) -> str | None:
        """The field with the rep's estimate, if a source names one."""
        return next((rung.removeprefix("field:") for rung in self.sources if rung.startswith("field:")), None)


Threshold = Score | Annotated[str, Field(pattern=r"^p\d{1,2}$")]


class Thresholds(Part):
    """From which score on a dimension counts as high: points, or a percentile such as ``p60``."""

    potential: Threshold = 50.0
    attractiveness: Threshold = 50.0


class Matrix(Part):
    """Where the zones are."""

    threshold: Thresholds = Thresholds()
    hysteresis: Annotated[float, Field(strict=True, ge=0, le=50)] = 5
    min_stay_days: Annotated[int, Field(strict=True, ge=0, le=3650)] = 0
    min_coverage: Share = 0.5
    protect_top_revenue: Share = 0.5
    develop_floor: Score = 20


class Reference(Part):
    """How often values taken over the whole portfolio are recomputed."""

    refresh: Literal["quarterly", "every_run"] = "quarterly"


class Override(Part):
    """A person's word: fields of the account that set its zone, or a file that sets zones and scores."""

    segment: Name | None = None
    owner: Name | None = None
    """Who decided, where the CRM has a field for it."""
    reason: Name | None = None
    expires: Name | None = None
    expires_days: Days = 365
    """A decision without a last day ends so many days after it was first seen."""
    file: Name | None = None


class Texts(Part):
    """Own words for labels, reasons and next steps."""

    segments: dict[Segment, Text] = Field(default={})
    reasons: dict[Name, Text] = Field(default={})
    next_steps: dict[Name, Text] = Field(default={})


class Campaigns(Part):
    """Quarters and tags."""

    fiscal_year_start: Annotated[int, Field(strict=True, ge=1, le=12)] = 1
    max_per_year: Annotated[int, Field(strict=True, ge=1, le=12)] = 4
    min_members: Annotated[int, Field(strict=True, ge=1)] = 12
    tag: Name = "{quarter} {focus}"


class CriterionTarget(Part):
    """A field for a single criterion's score."""

    field: Name
    decimals: Annotated[int, Field(strict=True, ge=0, le=6)] = 0

    @model_validator(mode="before")
    @classmethod
    def _plain_name(cls, value: Any) -> Any:  # noqa: ANN401 - raw TOML
        return {"field": value} if isinstance(value, str) else value


SINGLE: Final = "criteria:"
"""How the result keys of single criteria begin."""
RESULTS = (
    "segment",
    "segment_since",
    "potential",
    "attractiveness",
    "coverage",
    "confidence",
    "why",
    "next_step",
    "campaigns",
    "headroom",
    "share_of_wallet",
    "revenue_flag",
)
"""Keys of ``[write]`` that name a result."""


class Write(Part):
    """Result -> field of the account."""

    segment: Name | None = None
    segment_since: Name | None = None
    potential: Name | None = None
    attractiveness: Name | None = None
    coverage: Name | None = None
    confidence: Name | None = None
    why: Name | None = None
    next_step: Name | None = None
    campaigns: Name | None = None
    headroom: Name | None = None
    share_of_wallet: Name | None = None
    revenue_flag: Name | None = None
    criteria: dict[Id, CriterionTarget] = Field(default={})
    min_change: Annotated[float, Field(strict=True, ge=0, le=100)] = 3
    where: Where = ()

    @property
    def targets(self) -> dict[str, str]:
        """Result key (``criteria:ID`` for single ones) -> field, in the order of the file's documentation.

        Columns are named after the keys, and a dot in a column's name is a field of a field to some engines.
        """
        named = {key: getattr(self, key) for key in RESULTS}
        single = {f"{SINGLE}{key}": target.field for key, target in self.criteria.items()}
        return {key: name for key, name in {**named, **single}.items() if name is not None}


def target_path(key: str) -> str:
    """Where a mapping names the field of a result: ``write.segment``, ``write.criteria.ID.field``."""
    return f"write.criteria.{key.removeprefix(SINGLE)}.field" if key.startswith(SINGLE) else f"write.{key}"
