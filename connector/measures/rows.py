"""Records made ready for `connector.measures.aggregates`: whose they are, their day, their amount in cents.

Columns of our own start with "@", which no field of a CRM does.
"""

from __future__ import annotations

from collections.abc import Iterable

import narwhals as nw

from connector.conditions import Schema, all_hold, kept
from connector.crm import (
    CLOSED,
    CURRENCY,
    DATE,
    HOME_AMOUNT,
    ID,
    LAST_ACTIVITY,
    OPPORTUNITY,
    ROLE,
    STAGE_PROBABILITY,
    WON,
    FieldType,
)
from connector.currency import Amount, Converter
from connector.mapping.model import Activities, Cases, ContactRoles, Mapping, Orders
from connector.measures.aggregates import CENTS, DAY, WEIGHTED
from connector.measures.contact_roles import ROLE as HELD
from connector.measures.opportunities import capped, weighted
from connector.reading import as_day, as_number, folded, missing
from connector.tables import KEY, Frame, Source, column, keyed, translated
from connector.windows import shifted

PROBABILITY = "@probability"
UNDATED, STAGELESS, IN_SCOPE = "@undated", "@stageless", "@in_scope"
"""Opportunities without a close date, in an unknown stage, and those that ``where`` lets through."""


def opportunities(
    source: Source, mapping: Mapping, money: Converter, as_of: int, caps: Iterable[float]
) -> Frame:
    """Opportunities with day, state, cents and weighted amounts.

    Left out of every state: those that ``[opportunities] where`` excludes, those without a close date and those in a
    stage that the CRM does not define. Won amounts are converted at the close date, all others at `as_of`.

    Args:
        source: as pulled.
        mapping: its section ``[opportunities]``.
        money: converts amounts.
        as_of: days since 1970.
        caps: every ``max_per_deal`` that a criterion asks for.
    """
    section, schema = mapping.opportunities, source.schema
    present = set(source.frame.collect_schema().names())
    frame = source.frame.with_columns(
        _day(section.close_date, schema).alias(DAY),
        all_hold(section.where, schema).alias(IN_SCOPE),
        _probability(mapping, schema, present).alias(PROBABILITY),
    )
    chance = nw.col(PROBABILITY)
    frame = frame.with_columns(nw.when((chance >= 0) & (chance <= 1)).then(chance).alias(PROBABILITY))
    staged = ~nw.col(WON).is_null() & ~nw.col(CLOSED).is_null()
    counts = nw.col(IN_SCOPE) & ~nw.col(DAY).is_null() & staged
    frame = frame.with_columns(
        (nw.col(IN_SCOPE) & nw.col(DAY).is_null()).alias(UNDATED),
        (nw.col(IN_SCOPE) & ~staged).alias(STAGELESS),
        (counts & nw.col(WON)).fill_null(False).alias("@is_won"),
        (counts & nw.col(CLOSED)).fill_null(False).alias("@is_closed"),
        (counts & ~nw.col(CLOSED)).fill_null(False).alias("@is_open"),
    )
    amount = Amount(
        column(section.amount),
        schema.get(section.amount, FieldType.CURRENCY),
        nw.when(nw.col("@is_won")).then(nw.col(DAY)).otherwise(nw.lit(as_of)),
        CENTS,
        currency=CURRENCY if CURRENCY in present else None,
        home=HOME_AMOUNT if HOME_AMOUNT in present else None,
    )
    cents = nw.col(CENTS)
    return money.with_cents(frame, amount).with_columns(
        weighted(cents, chance).alias(WEIGHTED),
        *(weighted(cents, chance, most).alias(capped(most)) for most in sorted(set(caps))),
    )


def contact_roles(source: Source, section: ContactRoles, deals: Frame, as_of: int) -> Frame:
    """Roles with the day of the contact's last activity, and the role itself as compared.

    A role on an opportunity counts if that opportunity does, and is open or closed within ``months``. A role on the
    account itself always counts.

    Args:
        source: as pulled.
        section: ``[contact_roles]``.
        deals: what `opportunities` gives.
        as_of: days since 1970.
    """
    present = set(source.frame.collect_schema().names())
    last = nw.col(LAST_ACTIVITY) if LAST_ACTIVITY in present else missing(nw.Int32)
    frame = kept(source.frame, section.where, source.schema).with_columns(
        folded(nw.col(ROLE)).alias(HELD), as_day(last, FieldType.DATE).alias(DAY)
    )
    if OPPORTUNITY not in present:
        return frame
    counts = nw.col("@is_open") | nw.col("@is_closed")
    if section.months is not None:
        recent = (nw.col(DAY) > shifted(as_of, -section.months)) & (nw.col(DAY) <= as_of)
        counts = nw.col("@is_open") | (nw.col("@is_closed") & recent)
    frame = keyed(frame, OPPORTUNITY)
    # The roles are few and the opportunities many: of these, only those with a role are kept in memory.
    counted = keyed(deals.filter(counts), ID).select(KEY).join(frame.select(KEY), on=KEY, how="semi")
    frame = frame.join(counted.with_columns(nw.lit(True).alias("@counts")), on=KEY, how="left")
    return frame.filter(nw.col(OPPORTUNITY).is_null() | ~nw.col("@counts").is_null()).drop(KEY)


def dated(source: Source, section: Cases | Orders | Activities) -> Frame:
    """Cases, orders or activities with their day; those that ``where`` excludes are left out."""
    present = set(source.frame.collect_schema().names())
    day = missing(nw.Int32)
    if section.date is not None and column(section.date) in present:
        day = _day(section.date, source.schema)
    elif DATE in present:
        day = as_day(nw.col(DATE), FieldType.DATE)
    return kept(source.frame, section.where, source.schema).with_columns(day.alias(DAY))


def _day(name: str, schema: Schema) -> nw.Expr:
    return as_day(nw.col(column(name)), schema.get(name, FieldType.DATE))


def _probability(mapping: Mapping, schema: Schema, present: set[str]) -> nw.Expr:
    """0..1 where it is right; null if it is empty."""
    section, given = mapping.opportunities, mapping.opportunities.probability
    if isinstance(given, str) and column(given) in present:
        kind = schema.get(given, FieldType.PERCENT)
        value = as_number(nw.col(column(given)), kind)
        in_percent = kind is FieldType.PERCENT or mapping.crm == "salesforce"
        value = value / 100 if in_percent else value
    elif isinstance(given, dict):
        shares = {stage.strip().lower(): percent / 100 for stage, percent in given.items()}
        stage = folded(nw.col(column(section.stage)))
        value = translated(stage, shares, nw.Float64)
    elif STAGE_PROBABILITY in present:
        value = nw.col(STAGE_PROBABILITY).cast(nw.Float64)
    else:
        value = missing(nw.Float64)
    return value
