"""The check as one self-contained HTML page with charts: no script, no network; it prints well."""

from __future__ import annotations

from collections.abc import Mapping as Map

import polars as pl

from connector.mapping.model import Language
from connector.reports.html import environment
from connector.reports.matrix_chart import COLOURS, Thresholds, matrix_chart
from connector.reports.potential_check.charts import pareto_chart, separation_chart
from connector.reports.potential_check.findings import PotentialCheck
from connector.reports.words import words


def page(
    found: PotentialCheck,
    accounts: pl.DataFrame,
    *,
    connection: str,
    crm: str,
    thresholds: Thresholds,
    labels: Map[str, str],
    language: Language = "en",
) -> str:
    """Render the page.

    Args:
        found: what the check found.
        accounts: the portfolio after `diff`, for the matrix.
        connection: its name.
        crm: ``salesforce`` or ``hubspot``.
        thresholds: the zones' borders.
        labels: segment -> what people call it.
        language: of the page.
    """
    template = environment().get_template("potential_check.html.j2")
    return template.render(
        found=found,
        language=language,
        t=words(language),
        connection=connection,
        crm=crm,
        chart=matrix_chart(accounts, thresholds, labels, language),
        pareto=pareto_chart(found.concentration, language),
        separation=separation_chart(found.separation, language),
        colours=COLOURS,
        labels=labels,
    )
