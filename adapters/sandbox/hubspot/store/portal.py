"""What a portal is set up with: pipelines, owners, currencies; and how deals follow from it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.sandbox.hubspot.store.schema import CREATED_AT_START, ObjectType

HOME_CURRENCY: Final = "EUR"
TIME_ZONE: Final = "Europe/Vienna"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a pipeline; `probability` None for tickets."""

    id: str
    label: str
    closed: bool
    probability: float | None = None

    def as_json(self, order: int) -> dict[str, Any]:
        """As HubSpot returns it: flags and numbers are text."""
        closed = "true" if self.closed else "false"
        if self.probability is None:
            metadata = {"ticketState": "CLOSED" if self.closed else "OPEN", "isClosed": closed}
        else:
            metadata = {"isClosed": closed, "probability": str(self.probability)}
        return {
            "id": self.id,
            "label": self.label,
            "displayOrder": order,
            "metadata": metadata,
            "createdAt": CREATED_AT_START,
            "updatedAt": CREATED_AT_START,
            "archived": False,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        }


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline with its stages in order."""

    id: str
    label: str
    stages: tuple[Stage, ...]

    def as_json(self, order: int) -> dict[str, Any]:
        """As HubSpot returns it."""
        return {
            "id": self.id,
            "label": self.label,
            "displayOrder": order,
            "stages": [stage.as_json(number) for number, stage in enumerate(self.stages)],
            "createdAt": CREATED_AT_START,
            "updatedAt": CREATED_AT_START,
            "archived": False,
        }


PIPELINES: Final[dict[str, tuple[Pipeline, ...]]] = {
    "deals": (
        Pipeline(
            "default",
            "Sales Pipeline",
            (
                Stage("appointmentscheduled", "Appointment Scheduled", closed=False, probability=0.2),
                Stage("qualifiedtobuy", "Qualified To Buy", closed=False, probability=0.4),
                Stage("presentationscheduled", "Presentation Scheduled", closed=False, probability=0.6),
                Stage("decisionmakerboughtin", "Decision Maker Bought-In", closed=False, probability=0.8),
                Stage("contractsent", "Contract Sent", closed=False, probability=0.9),
                Stage("closedwon", "Closed Won", closed=True, probability=1.0),
                Stage("closedlost", "Closed Lost", closed=True, probability=0.0),
            ),
        ),
        Pipeline(
            "98720000",
            "Partner Pipeline",
            (
                Stage("98720001", "Talking", closed=False, probability=0.2),
                Stage("98720002", "Offer", closed=False, probability=0.6),
                Stage("98720003", "Won", closed=True, probability=1.0),
                Stage("98720004", "Lost", closed=True, probability=0.0),
            ),
        ),
    ),
    "tickets": (
        Pipeline(
            "0",
            "Support Pipeline",
            (
                Stage("1", "New", closed=False),
                Stage("2", "Waiting on contact", closed=False),
                Stage("3", "Waiting on us", closed=False),
                Stage("4", "Closed", closed=True),
            ),
        ),
    ),
}
_PIPELINE_PROPERTIES: Final = {
    "deals": ("pipeline", "dealstage"),
    "tickets": ("hs_pipeline", "hs_pipeline_stage"),
}
_DEAL_STAGES: Final = {stage.id: stage for pipeline in PIPELINES["deals"] for stage in pipeline.stages}
_CURRENCY_PROPERTIES: Final = ("deal_currency_code", "hs_currency_code")


@dataclass(slots=True)
class Rate:
    """What one unit of `currency` is worth in the home currency from `start`, an ISO moment, on."""

    id: str
    currency: str
    start: str
    rate: float


@dataclass(slots=True)
class Portal:
    """Settings of the portal; owners and rates come with the portfolio.

    Attributes:
        multi_currency: several currencies are kept.
        owners: as HubSpot returns them, by id.
        rates: by currency, oldest first.
    """

    multi_currency: bool
    owners: dict[str, dict[str, Any]] = field(default_factory=dict)
    rates: dict[str, list[Rate]] = field(default_factory=dict)

    def currencies(self) -> list[str]:
        """The home currency first."""
        return [HOME_CURRENCY, *self.rates] if self.multi_currency else [HOME_CURRENCY]

    def external(self, kind: ObjectType, name: str) -> frozenset[str] | None:
        """Values of an enumeration that live outside its definition."""
        if name == "hubspot_owner_id":
            return frozenset(self.owners)
        if name in _CURRENCY_PROPERTIES:
            return frozenset(self.currencies())
        pipeline, stage = _PIPELINE_PROPERTIES.get(kind.name, ("", ""))
        if name == pipeline:
            return frozenset(each.id for each in PIPELINES[kind.name])
        if name == stage:
            return frozenset(each.id for line in PIPELINES[kind.name] for each in line.stages)
        return None

    def rate_at(self, currency: str, day: str | None) -> float | None:
        """Worth of one unit in the home currency on a day (the latest known one if None or later)."""
        if currency == HOME_CURRENCY:
            return 1.0
        rates = self.rates.get(currency)
        if not rates:
            return None
        position = len(rates) if day is None else bisect_right([each.start[:10] for each in rates], day[:10])
        return rates[max(position, 1) - 1].rate

    def derive(self, kind: ObjectType, values: Mapping[str, str | None]) -> dict[str, str | None]:
        """Computed properties of a deal; nothing for other objects."""
        if kind.name != "deals":
            return {}
        stage = _DEAL_STAGES.get(values.get("dealstage") or "")
        derived: dict[str, str | None] = {
            "hs_deal_stage_probability": None if stage is None else exact(stage.probability or 0.0),
            "hs_is_closed": "true" if stage is not None and stage.closed else "false",
            "hs_is_closed_won": "true"
            if stage is not None and stage.closed and stage.probability == 1
            else "false",
        }
        amount = values.get("amount")
        number = None if amount is None else float(amount)
        if self.multi_currency:
            currency = values.get("deal_currency_code") or HOME_CURRENCY
            rate = self.rate_at(currency, values.get("closedate"))
            home = None if number is None or rate is None else number * rate
            derived["amount_in_home_currency"] = None if home is None else plain(home)
        chance = 0.0 if stage is None else stage.probability or 0.0
        derived["hs_projected_amount"] = None if number is None else plain(number * chance)
        return derived


def exact(number: float) -> str:
    """A float the way HubSpot writes computed ones: 0.4 is ``0.4000000000000000222``."""
    return f"{number:.19f}".rstrip("0").rstrip(".") if number % 1 else str(int(number))


def plain(number: float) -> str:
    """An amount without exponent, with up to two decimals."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
