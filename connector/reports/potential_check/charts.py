"""Two small SVG charts: how revenue is spread, and which criteria separate."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from connector.mapping.model import Language
from connector.reports.potential_check.findings import Concentration, Separation
from connector.reports.words import words

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 420, 280, 44, 34, 12
ROW, NAME = 26, 190
_COLOURS = {"separates": "#0f766e", "reversed": "#b91c1c", "cannot tell": "#64748b", "too few": "#cbd5e1"}


def pareto_chart(found: Concentration, language: Language = "en") -> str:
    """Share of the accounts, largest first, to the right; share of the revenue upwards."""
    if not found.curve:
        return ""

    def x(share: float) -> float:
        return LEFT + (WIDTH - LEFT - 12) * share

    def y(share: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share

    t = words(language)
    points = " ".join(f"{x(share):.1f},{y(value):.1f}" for share, value in ((0.0, 0.0), *found.curve))
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{t["spread"]}">']
    for step in (0, 0.25, 0.5, 0.75, 1):
        parts += [
            _line(x(0), y(step), x(1), y(step), "#e2e8f0"),
            f'<text class="tick" x="{LEFT - 6}" y="{y(step) + 4:.1f}" text-anchor="end">{step:.0%}</text>',
            f'<text class="tick" x="{x(step):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{step:.0%}</text>',
        ]
    parts += [
        _line(x(0), y(0), x(1), y(1), "#94a3b8", 'stroke-dasharray="4 4"'),
        f'<polyline points="{points}" fill="none" stroke="#0f766e" stroke-width="2.5"/>',
        f'<text class="axis" x="{x(0.5):.1f}" y="{HEIGHT - 3}" text-anchor="middle">{t["largest_first"]}</text>',
        "</svg>",
    ]
    return "\n".join(parts)


def separation_chart(found: Sequence[Separation], language: Language = "en") -> str:
    """A point with its 95 % interval for every criterion; the line in the middle is a coin."""
    t, height = words(language), ROW * len(found) + 40

    def x(area: float) -> float:
        return NAME + (WIDTH + 160 - NAME - 20) * area

    parts = [
        f'<svg viewBox="0 0 {WIDTH + 160} {height}" role="img" aria-label="{t["separates"]}">',
        _line(x(0.5), 4, x(0.5), height - 30, "#94a3b8", 'stroke-dasharray="4 4"'),
    ]
    for place, one in enumerate(found):
        y = ROW * place + 18
        label = one.label if len(one.label) <= 28 else one.label[:27].rstrip() + "…"
        parts.append(
            f'<text class="name" x="{NAME - 10}" y="{y + 4}" text-anchor="end">{escape(label)}</text>'
        )
        if one.auc is None or one.low is None or one.high is None:
            parts.append(f'<text class="tick" x="{x(0.5) + 8:.1f}" y="{y + 4}">{t["too_few"]}</text>')
            continue
        colour = _COLOURS[one.verdict]
        auc, low, high = (t.number(value, 2) for value in (one.auc, one.low, one.high))
        told = f"{escape(one.label)}: {auc} ({t.say('bounds', low=low, high=high)})"
        inside = "white" if one.circular else colour
        parts += [
            _line(x(one.low), y, x(one.high), y, colour, 'stroke-width="2"'),
            f'<circle cx="{x(one.auc):.1f}" cy="{y}" r="5" fill="{inside}" stroke="{colour}" stroke-width="2">',
            f"<title>{told}</title></circle>",
        ]
    parts += [
        f'<text class="tick" x="{x(area):.1f}" y="{height - 10}" text-anchor="middle">{t.brief(area)}</text>'
        for area in (0, 0.25, 0.5, 0.75, 1)
    ]
    return "\n".join([*parts, "</svg>"])


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, style: str = "") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" {style}/>'
