"""The mapping language as pydantic models: the shape of a mapping file, and nothing else.

`source` says what is measured, `scale` says how much it counts. What a valid shape still may get wrong is found
by `connector.mapping.sense`, what the CRM says to it by `connector.mapping.live`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

Dimension = Literal["potential", "attractiveness"]
DIMENSIONS: tuple[Dimension, Dimension] = ("potential", "attractiveness")
Segment = Literal["protect", "develop", "maintain", "retreat", "unrated"]
SEGMENTS: tuple[Segment, ...] = ("protect", "develop", "maintain", "retreat", "unrated")
Language = Literal["en", "de"]

Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Score = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Days = Annotated[int, Field(gt=0, le=36_525)]
Months = Annotated[int, Field(gt=0, le=240)]
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


# --- conditions ------------------------------------------------------------------------------------------

OPERATORS = ("in", "not_in", "equals", "above", "below", "is_set")


class _Test(Part):
    in_: tuple[Scalar, ...] | None = Field(default=None, alias="in", min_length=1)
    not_in: tuple[Scalar, ...] | None = Field(default=None, min_length=1)
    equals: Scalar | None = None
    above: Number | str | None = None
    below: Number | str | None = None
    is_set: bool | None = None

    @model_validator(mode="after")
    def _one_operator(self) -> Self:
        given = [name for name in OPERATORS if getattr(self, "in_" if name == "in" else name) is not None]
        if len(given) != 1:
            message = f"needs exactly one of {', '.join(OPERATORS)}" + (f", not {' and '.join(given)}" if given else "")
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


# --- where things are in the CRM -------------------------------------------------------------------------


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
    probability: Name | dict[Name, Annotated[float, Field(ge=0, le=100)]] | None = None
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


# --- sources: what is measured ---------------------------------------------------------------------------


class FieldSource(Part):
    """A field of the account."""

    field: Name
    rated_at: Name | None = None
    expires_days: Days | None = None


class OpportunitiesSource(Part):
    """A measure over the account's opportunities."""

    from_: Literal["opportunities"] = Field(alias="from")
    measure: Literal[
        "won_amount", "won_count", "open_amount", "weighted_pipeline", "win_rate", "days_since_won", "tenure_years",
        "trend", "breadth",
    ]
    months: Months | None = None
    where: Where = ()
    no_records: Literal["zero", "missing"] = "zero"
    overdue_grace_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    max_per_deal: Positive | None = None
    prior: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
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
    min_base: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    prior: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None


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


# --- scales: how much it counts --------------------------------------------------------------------------


class LinearScale(Part):
    """0 at `zero`, 100 at `full`, straight between; zero > full: less is better."""

    kind: Literal["linear"]
    zero: Number
    full: Number


class LogScale(Part):
    """Like linear, on ln(1 + x)."""

    kind: Literal["log"]
    zero: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    full: Annotated[float, Field(ge=0, allow_inf_nan=False)]


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
    min_group: Annotated[int, Field(gt=0)] = 20
    reverse: bool = False


class RatingScale(Part):
    """A person's rating."""

    kind: Literal["rating"]
    worst: Number
    best: Number
    centre_by: Literal["owner"] | None = None


Scale = Annotated[
    LinearScale | LogScale | BandsScale | LookupScale | BooleanScale | HalfLifeScale | SaturatingScale
    | PercentileScale | RatingScale,
    Field(discriminator="kind"),
]


class Rung(Part):
    """One way to answer a criterion."""

    source: Source
    scale: Scale


class Criterion(Part):
    """One criterion of the rating."""

    id: Id
    dimension: Dimension
    label: Text
    weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1
    source: Source | None = None
    scale: Scale | None = None
    first_of: tuple[Rung, ...] | None = Field(default=None, min_length=1)
    target: Annotated[float, Field(gt=0, le=100)] = 70
    changeability: Share = 0.5
    missing: Literal["exclude", "neutral"] | Score = "exclude"
    anchors: dict[Annotated[str, Field(pattern=r"^\d+$")], Text] = {}
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


# --- the rest of the file --------------------------------------------------------------------------------

WalletRung = Annotated[str, Field(pattern=r"^(field:.+|activity|model|peer_p80)$")]


class Wallet(Part):
    """What a customer spends in all, from the first source that answers."""

    sources: tuple[WalletRung, ...] = Field(min_length=1)
    rated_at: Name | None = None
    expires_days: Days | None = None
    achievable_share: Annotated[float, Field(gt=0, le=1)] = 0.6

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
    hysteresis: Annotated[float, Field(ge=0, le=50)] = 5
    min_stay_days: Annotated[int, Field(ge=0, le=3650)] = 0
    min_coverage: Share = 0.5
    protect_top_revenue: Share = 0.5
    develop_floor: Score = 20


class Reference(Part):
    """How often values taken over the whole portfolio are recomputed."""

    refresh: Literal["quarterly", "every_run"] = "quarterly"


class Override(Part):
    """A person's word."""

    segment: Name | None = None
    reason: Name | None = None
    expires: Name | None = None
    file: Name | None = None


class Texts(Part):
    """Own words for labels, reasons and next steps."""

    segments: dict[Segment, Text] = {}
    reasons: dict[Name, Text] = {}
    next_steps: dict[Name, Text] = {}


class Campaigns(Part):
    """Quarters and tags."""

    fiscal_year_start: Annotated[int, Field(ge=1, le=12)] = 1
    max_per_year: Annotated[int, Field(ge=1, le=12)] = 4
    min_members: Annotated[int, Field(ge=1)] = 12
    tag: Name = "{quarter} {focus}"


class CriterionTarget(Part):
    """A field for a single criterion's score."""

    field: Name
    decimals: Annotated[int, Field(ge=0, le=6)] = 0

    @model_validator(mode="before")
    @classmethod
    def _plain_name(cls, value: Any) -> Any:  # noqa: ANN401 - raw TOML
        return {"field": value} if isinstance(value, str) else value


RESULTS = (
    "segment", "segment_since", "potential", "attractiveness", "coverage", "confidence", "why", "next_step",
    "campaigns", "headroom", "share_of_wallet", "revenue_flag",
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
    criteria: dict[Id, CriterionTarget] = {}
    min_change: Annotated[float, Field(ge=0, le=100)] = 3
    where: Where = ()

    @property
    def targets(self) -> dict[str, str]:
        """Result key (``criteria.ID`` for single ones) -> field, in the order of the file's documentation."""
        named = {key: getattr(self, key) for key in RESULTS}
        single = {f"criteria.{key}": target.field for key, target in self.criteria.items()}
        return {key: name for key, name in {**named, **single}.items() if name is not None}


class Mapping(Part):
    """A mapping file."""

    version: Literal[1]
    crm: Literal["salesforce", "hubspot"]
    language: Language = "en"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    portfolio: Portfolio = Portfolio()
    accounts: Accounts
    opportunities: Opportunities
    contact_roles: ContactRoles | None = None
    cases: Cases | None = None
    orders: Orders | None = None
    activities: Activities | None = None
    criteria: tuple[Criterion, ...] = Field(min_length=1)
    wallet: Wallet | None = None
    matrix: Matrix = Matrix()
    reference: Reference = Reference()
    override: Override | None = None
    texts: Texts = Texts()
    campaigns: Campaigns = Campaigns()
    rates: dict[Annotated[str, Field(pattern=r"^[A-Z]{3}$")], Positive] = {}
    """Units of a currency for one unit of `currency`, where the CRM keeps no rates."""
    write: Write = Write()

    def of(self, dimension: Dimension) -> tuple[Criterion, ...]:
        """The criteria of one dimension, in the order of the file."""
        return tuple(criterion for criterion in self.criteria if criterion.dimension == dimension)

    def criterion(self, id_: str) -> Criterion:
        """The criterion with this id.

        Raises:
            KeyError: there is none.
        """
        for criterion in self.criteria:
            if criterion.id == id_:
                return criterion
        raise KeyError(id_)
