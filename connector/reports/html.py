"""What all HTML pages share: the template environment and the way numbers are written."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from connector.quality import noted


def environment() -> Environment:
    """Templates of this folder; everything that is put in is escaped."""
    templates = Environment(
        loader=PackageLoader("connector.reports", "templates"),
        autoescape=select_autoescape(["html.j2"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(money=money, percent=percent, number=number, noted=noted)
    return templates


def money(cents: float | None) -> str:
    """Whole units with thin spaces for thousands; a dash for unknown."""
    return "–" if cents is None else number(cents / 100)


def number(value: float | None) -> str:
    """Whole, with thin spaces for thousands; a dash for unknown."""
    return "–" if value is None else f"{value:,.0f}".replace(",", "\u202f")


def percent(share: float | None) -> str:
    """A share of 0..1 in whole percent; a dash for unknown, never rounded to 0 or 100 from inside."""
    if share is None:
        return "–"
    if 0 < share < 0.005:
        return "< 1 %"
    if 0.995 <= share < 1:
        return "> 99 %"
    return f"{100 * share:.0f} %"
