"""The portfolio matrix as an SVG bubble chart: attractiveness to the right, potential upwards, area = revenue."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import polars as pl

from connector.mapping.model import Language
from connector.reports.words import words

WIDTH, HEIGHT = 760, 600
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 16, 48
LARGEST_RADIUS, SMALLEST_RADIUS = 26.0, 2.2
BUBBLES = 1_500
"""The largest accounts are drawn one by one; beyond them a shading tells how many stand where."""
LABELS = 12
SHADE_STEP = 4

COLOURS: Mapping[str, str] = {
    "protect": "#0f766e",
    "develop": "#b45309",
    "maintain": "#1d4ed8",
    "retreat": "#6b7280",
    "unrated": "#9ca3af",
}
_CORNERS = {"protect": (100, 100), "develop": (0, 100), "maintain": (100, 0), "retreat": (0, 0)}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where high begins on each dimension, in points."""

    potential: float
    attractiveness: float


def matrix_chart(
    accounts: pl.DataFrame, thresholds: Thresholds, labels: Mapping[str, str], language: Language = "en"
) -> str:
    """Draw the rated accounts.

    Args:
        accounts: id, name, own (cents or null), segment, confidence, points:potential, points:attractiveness.
        thresholds: the zones' borders.
        labels: segment -> what people call it.
        language: of axes and tooltips.

    Returns:
        An ``<svg>`` element.
    """
    rated = accounts.filter(
        pl.col("points:potential").is_not_null() & pl.col("points:attractiveness").is_not_null(),
    ).sort([pl.col("own").fill_null(0), pl.col("id")], descending=[True, False])
    bubbles, rest = rated.head(BUBBLES), rated.slice(BUBBLES)
    t = words(language)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{t["portfolio"]}">',
        *_zones(thresholds, labels),
        *_shading(rest, t),
        *_bubbles(bubbles, t),
        *_names(bubbles.head(LABELS * 3)),
        *_axes(t),
        "</svg>",
    ]
    return "\n".join(parts)


def _x(attractiveness: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * attractiveness / 100


def _y(potential: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * potential / 100


def _zones(thresholds: Thresholds, labels: Mapping[str, str]) -> list[str]:
    parts = []
    for segment, (right, top) in _CORNERS.items():
        x0, x1 = (thresholds.attractiveness, 100) if right else (0, thresholds.attractiveness)
        y0, y1 = (thresholds.potential, 100) if top else (0, thresholds.potential)
        colour = COLOURS[segment]
        parts.append(
            f'<rect x="{_x(x0):.1f}" y="{_y(y1):.1f}" width="{_x(x1) - _x(x0):.1f}" height="{_y(y0) - _y(y1):.1f}" '
            f'fill="{colour}" fill-opacity="0.06" stroke="{colour}" stroke-opacity="0.35"/>',
        )
        x, anchor = (_x(x1) - 10, "end") if right else (_x(x0) + 10, "start")
        y = _y(y1) + 22 if top else _y(y0) - 12
        name = escape(labels.get(segment, segment))
        parts.append(
            f'<text class="zone" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{name}</text>'
        )
    return parts


def _shading(rest: pl.DataFrame, t: Mapping[str, str]) -> list[str]:
    if rest.is_empty():
        return []
    cells = (
        rest.group_by(
            (pl.col("points:attractiveness") // SHADE_STEP * SHADE_STEP).clip(0, 100 - SHADE_STEP).alias("x"),
            (pl.col("points:potential") // SHADE_STEP * SHADE_STEP).clip(0, 100 - SHADE_STEP).alias("y"),
        )
        .len()
        .sort("x", "y")
    )
    largest = float(cells.get_column("len").cast(pl.Int64).to_list()[cells.get_column("len").arg_max() or 0])
    width, height = _x(SHADE_STEP) - _x(0), _y(0) - _y(SHADE_STEP)
    return [
        f'<rect x="{_x(x):.1f}" y="{_y(y + SHADE_STEP):.1f}" width="{width:.1f}" height="{height:.1f}" fill="#334155" '
        f'fill-opacity="{0.06 + 0.34 * math.sqrt(n / largest):.2f}"><title>{n:,} {t["smaller"]}</title></rect>'
        for x, y, n in cells.iter_rows()
    ]


def _radius(own: float | None, largest: float) -> float:
    if not own or own <= 0 or largest <= 0:
        return SMALLEST_RADIUS
    return max(SMALLEST_RADIUS, LARGEST_RADIUS * math.sqrt(own / largest))


def _bubbles(accounts: pl.DataFrame, t: Mapping[str, str]) -> list[str]:
    largest = (
        float(accounts.get_column("own").fill_null(0).cast(pl.Float64).to_list()[0]) if len(accounts) else 0.0
    )
    parts = []
    for row in accounts.iter_rows(named=True):
        colour = COLOURS[row["segment"]]
        firm = row["confidence"] == "firm"
        fill = f'fill="{colour}" fill-opacity="0.55"' if firm else 'fill="white" fill-opacity="0.5"'
        potential, fit = row["points:potential"], row["points:attractiveness"]
        title = f"{row['name']}: {t['potential']} {potential:.0f}, {t['fit']} {fit:.0f}"
        parts.append(
            f'<circle cx="{_x(row["points:attractiveness"]):.1f}" cy="{_y(row["points:potential"]):.1f}" '
            f'r="{_radius(row["own"], largest):.1f}" {fill} stroke="{colour}"><title>{escape(title)}</title></circle>',
        )
    return parts


def _names(accounts: pl.DataFrame) -> list[str]:
    """Names of the largest accounts, as many as fit without covering each other."""
    taken: list[tuple[float, float, float, float]] = []
    parts: list[str] = []
    largest = (
        float(accounts.get_column("own").fill_null(0).cast(pl.Float64).to_list()[0]) if len(accounts) else 0.0
    )
    for row in accounts.iter_rows(named=True):
        if len(parts) == LABELS:
            break
        name = row["name"] or row["id"]
        name = name if len(name) <= 26 else name[:25].rstrip() + "…"
        x, y = _x(row["points:attractiveness"]), _y(row["points:potential"])
        reach, width = _radius(row["own"], largest) + 4, 6.3 * len(name)
        for x0, y0 in (
            (x + reach, y + 4),
            (x - reach - width, y + 4),
            (x - width / 2, y - reach),
            (x - width / 2, y + reach + 9),
        ):
            box = (x0, y0 - 11, x0 + width, y0 + 3)
            inside = (
                box[0] >= LEFT and box[2] <= WIDTH - RIGHT and box[1] >= TOP and box[3] <= HEIGHT - BOTTOM
            )
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                parts.append(f'<text class="name" x="{x0:.1f}" y="{y0:.1f}">{escape(name)}</text>')
                break
    return parts


def _overlap(a: Sequence[float], b: Sequence[float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _axes(t: Mapping[str, str]) -> list[str]:
    parts = []
    for value in range(0, 101, 25):
        parts += [
            f'<text class="tick" x="{_x(value):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{value}</text>',
            f'<text class="tick" x="{LEFT - 8}" y="{_y(value) + 4:.1f}" text-anchor="end">{value}</text>',
        ]
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts += [
        (
            f'<text class="axis" x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 10}" text-anchor="middle">'
            f"{t['attractiveness']}</text>"
        ),
        (
            f'<text class="axis" transform="translate(16 {middle:.0f}) rotate(-90)" text-anchor="middle">'
            f"{t['potential']}</text>"
        ),
    ]
    return parts
