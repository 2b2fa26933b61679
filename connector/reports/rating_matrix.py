"""The rating matrix on one page, ready to be signed off.

Criteria, weights, how each is measured and what it takes, targets, zones, and who changed what since when.
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from connector.crm import VENDORS
from connector.mapping.model import DIMENSIONS, SEGMENTS, Criterion, Dimension, Mapping
from connector.reports.anchors import anchors, scale_in_words
from connector.reports.details import details
from connector.reports.html import environment
from connector.reports.measured import source_in_words
from connector.reports.membership import portfolio_in_words
from connector.reports.versions import Changed
from connector.reports.words import words

HIGH: Map[str, tuple[bool, bool]] = {
    "protect": (True, True),
    "develop": (True, False),
    "maintain": (False, True),
    "retreat": (False, False),
}
"""Zones by whether they are high on potential, on attractiveness."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to answer a criterion.

    Attributes:
        measured: what is measured.
        details: what narrows and bounds it.
        scale: how points come about.
        anchors: points (None where there are none), and what it takes to get them.
    """

    measured: str
    details: list[str]
    scale: str
    anchors: list[tuple[int | None, str]]


@dataclass(frozen=True, slots=True)
class Row:
    """One criterion.

    Attributes:
        share: its part of the dimension's weight, in percent.
        expires_days: after so many days an answer is too old; None: never.
        missing: what stands in for a missing score: ``exclude``, or points.
    """

    id: str
    label: str
    weight: float
    share: float
    target: float
    changeability: float
    expires_days: int | None
    missing: str
    ways: list[Way]


@dataclass(frozen=True, slots=True)
class Part:
    """One dimension.

    Attributes:
        threshold: as the mapping has it: points, or a percentile.
        border: points in force, if they are known.
    """

    dimension: str
    threshold: str
    border: float | None
    criteria: list[Row]


@dataclass(frozen=True, slots=True)
class Heading:
    """What the page says about itself.

    Attributes:
        connection: whose mapping it is.
        file: its name.
        version: its fingerprint.
        in_force: whether the last sync used this very version.
        printed: today.
    """

    connection: str
    file: str
    version: str
    in_force: bool
    printed: date


@dataclass(frozen=True, slots=True)
class RatingMatrix:
    """What is to be signed off.

    Attributes:
        zones: id, label and ``high``: on potential, on attractiveness; None for what is not rated.
        rules: the matrix's other settings.
        changes: versions that were in force, the latest first.
    """

    heading: Heading
    crm: str
    language: str
    currency: str
    dimensions: list[Part]
    zones: list[dict[str, Any]]
    rules: dict[str, Any]
    changes: list[Changed]

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def rating_matrix(
    mapping: Mapping,
    heading: Heading,
    labels: Map[str, str],
    *,
    borders: Map[Dimension, float] | None = None,
    changes: Sequence[Changed] = (),
) -> RatingMatrix:
    """Put the page together.

    Args:
        mapping: what is rated, and how.
        heading: whose it is, and which version.
        labels: segment -> what people call it.
        borders: percentile thresholds in points, where a sync has computed them.
        changes: versions that were in force, the latest first.
    """
    matrix = mapping.matrix
    return RatingMatrix(
        heading=heading,
        crm=VENDORS[mapping.crm],
        language=mapping.language,
        currency=mapping.currency,
        dimensions=[
            Part(
                dimension=dimension,
                threshold=_threshold(getattr(matrix.threshold, dimension)),
                border=(borders or {}).get(dimension),
                criteria=[_row(criterion, mapping) for criterion in mapping.of(dimension)],
            )
            for dimension in DIMENSIONS
        ],
        zones=[
            {"segment": segment, "label": labels.get(segment, segment), "high": HIGH.get(segment)}
            for segment in SEGMENTS
        ],
        rules={
            "hysteresis": matrix.hysteresis,
            "min_stay_days": matrix.min_stay_days,
            "min_coverage": matrix.min_coverage,
            "protect_top_revenue": matrix.protect_top_revenue,
            "develop_floor": matrix.develop_floor,
            "achievable_share": None if mapping.wallet is None else mapping.wallet.achievable_share,
            "wallet_sources": [] if mapping.wallet is None else list(mapping.wallet.sources),
            "portfolio": portfolio_in_words(mapping),
            "level": mapping.portfolio.level,
            "reference": mapping.reference.refresh,
            "overrides": mapping.override is not None,
        },
        changes=list(changes),
    )


def page(found: RatingMatrix, mapping: Mapping) -> str:
    """The same as an HTML page to print and sign, in the language of the mapping."""
    template = environment().get_template("rating_matrix.html.j2")
    return template.render(found=found, t=words(mapping.language), language=mapping.language)


def _row(criterion: Criterion, mapping: Mapping) -> Row:
    weights = sum(each.weight for each in mapping.of(criterion.dimension))
    ages = [getattr(rung.source, "expires_days", None) for rung in criterion.rungs]
    return Row(
        id=criterion.id,
        label=criterion.label.in_(mapping.language),
        weight=criterion.weight,
        share=round(100 * criterion.weight / weights, 1) if weights else 0.0,
        target=criterion.target,
        changeability=criterion.changeability,
        expires_days=next((age for age in ages if age is not None), None),
        missing=str(criterion.missing),
        ways=[
            Way(
                source_in_words(rung.source, mapping.language),
                details(rung.source, mapping),
                scale_in_words(rung, mapping),
                anchors(criterion, rung, mapping),
            )
            for rung in criterion.rungs
        ],
    )


def _threshold(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
