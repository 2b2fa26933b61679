"""Counts what was missing or odd in the data, so that a person can mend it where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import narwhals as nw

from connector.crm import CURRENCY
from connector.currency import CONVERTED, NO_RATE, UNREADABLE
from connector.errors import MappingError, Problem
from connector.mapping.model import ContactRolesSource, RecordsSource
from connector.mapping.model import Mapping as MappingFile
from connector.measures import csv_columns
from connector.measures.accounts import Fields, rungs
from connector.measures.aggregates import CENTS, DAY, Pick
from connector.measures.contact_roles import ROLE
from connector.measures.figures import Figures
from connector.measures.rows import STAGELESS, UNDATED
from connector.measures.wallet import RAISED
from connector.quality import Quality, Said
from connector.tables import Frame

MOST_WITHOUT_RATE: Final = 0.01
"""Share of the amounts that may lack an exchange rate."""

UNDATED_RECORDS: Final = {"cases": "Vorgänge", "orders": "Aufträge", "activities": "Aktivitäten"}
"""Objects whose records count by their date, and what they are called in German."""
WARNINGS: Final = ("partial", "raised")
"""Columns that `warnings` adds."""
MESSAGES: Final = {
    "@n:undated": (
        "opportunities",
        Said(
            "opportunities without a close date (1900 to 2100) are left out",
            "Chancen ohne Abschlussdatum (1900 bis 2100) zählen nicht",
        ),
    ),
    "@n:stageless": (
        "opportunities",
        Said(
            "opportunities in a stage that the CRM does not define are left out",
            "Chancen in einer Phase, die das CRM nicht kennt, zählen nicht",
        ),
    ),
    "@n:ahead": (
        "opportunities",
        Said(
            "won opportunities with a close date ahead are left out",
            "gewonnene Chancen mit einem Abschlussdatum in der Zukunft zählen nicht",
        ),
    ),
    "@n:unreadable": (
        "opportunities",
        Said(
            "amounts are no number, or beyond 10^13: they count as empty",
            "Beträge sind keine Zahl oder größer als 10^13: Sie gelten als leer",
        ),
    ),
    "@n:no_rate": (
        "opportunities",
        Said(
            "amounts are in a currency without a rate: they count as empty",
            "Beträge sind in einer Währung ohne Kurs: Sie gelten als leer",
        ),
    ),
    "@n:partial": (
        "opportunities",
        Said(
            "accounts have opportunities without an amount: the others are summed",
            "Kunden haben Chancen ohne Betrag: Summiert werden die übrigen",
        ),
    ),
    **{
        f"@n:undated_{name}": (
            name,
            Said(
                f"{name} have no date from 1900 to 2100: they are left out",
                f"{german} haben kein Datum von 1900 bis 2100: Sie zählen nicht",
            ),
        )
        for name, german in UNDATED_RECORDS.items()
    },
    "@n:undated_contacts": (
        "contact_roles",
        Said(
            "roles have a contact without a last activity: it counts as active",
            "Rollen haben einen Kontakt ohne letzte Aktivität: Er gilt als aktiv",
        ),
    ),
}
"""Columns with a number per account: the section that they concern, and what to say."""


def columns(figures: Figures, mapping: MappingFile) -> dict[str, nw.Expr]:
    """Numbers per account to carry along; they come from the same pass as all other figures."""
    deals = figures["opportunities"]
    counts = nw.col("@is_won") | nw.col("@is_open")
    fault = nw.col(f"{CENTS}:fault")
    found = {
        "@n:undated": deals.number(("undated",), nw.col(UNDATED)),
        "@n:stageless": deals.number(("stageless",), nw.col(STAGELESS)),
        "@n:ahead": deals.count(Pick(after=figures.as_of, state="won")),
        "@n:unreadable": deals.number(("unreadable",), counts & (fault == UNREADABLE)),
        "@n:no_rate": deals.number(("no rate",), counts & (fault == NO_RATE)),
        "@n:amounts": deals.number(("amounts",), counts & (fault == CONVERTED)),
        "@n:partial": deals.partial().cast(nw.Int64),
    }
    for name in UNDATED_RECORDS:
        if name in figures:
            found[f"@n:undated_{name}"] = figures[name].number(("undated",), nw.col(DAY).is_null())
    if "contact_roles" in figures and any(_asks_for_activity(rung.source) for _, rung in rungs(mapping)):
        undated = ~nw.col(ROLE).is_null() & nw.col(DAY).is_null()
        found["@n:undated_contacts"] = figures["contact_roles"].number(("undated",), undated)
    return {name: value.fill_null(0).cast(nw.Int32) for name, value in found.items()}


def warnings(accounts: Frame) -> list[nw.Expr]:
    """The columns in WARNINGS: what is odd about an account itself, for whoever looks at it."""
    present = set(accounts.collect_schema().names())
    raised = nw.col(RAISED) if RAISED in present else nw.lit(False)
    return [(nw.col("@n:partial") > 0).alias("partial"), raised.alias("raised")]


def counted(
    accounts: Frame, mapping: MappingFile, fields: Fields, rates: Mapping[str, float | None]
) -> tuple[Quality, ...]:
    """What is odd about the portfolio's accounts and their records, as far as there is any.

    Args:
        accounts: member, the columns of `columns`, and those that `fields` marks.
        mapping: criteria.
        fields: which columns are marks.
        rates: rates of the whole portfolio by ``<id>:<n>``.
    """
    names = [name for name in accounts.collect_schema().names() if name in MESSAGES]
    marks = [odd.column for odd in fields.odd]
    sums = [_sum(nw.when(nw.col("member")).then(nw.col(name))).alias(name) for name in names]
    sums += [_ones(nw.col("member") & nw.col(name)).cast(nw.Int64).alias(name) for name in marks]
    if RAISED in accounts.collect_schema().names():
        sums.append(_ones(nw.col("member") & nw.col(RAISED)).cast(nw.Int64).alias(RAISED))
    sums.append(_ones(nw.col("member")).cast(nw.Int64).alias("members"))
    counts = accounts.select(*sums).collect().to_dict(as_series=False)
    found = {name: int(values[0] or 0) for name, values in counts.items()}
    quality = [Quality(MESSAGES[name][0], None, MESSAGES[name][1], found[name]) for name in names]
    quality += [
        Quality(odd.object, odd.field, odd.message, found[odd.column], odd.criterion) for odd in fields.odd
    ]
    if found.get(RAISED) and mapping.wallet is not None:
        message = Said(
            "wallets lie below what the account bought in 12 months: they count as that much",
            "Bedarfsangaben liegen unter dem Umsatz der letzten 12 Monate: Sie gelten als so hoch wie dieser",
        )
        quality.append(Quality("accounts", mapping.wallet.field, message, found[RAISED]))
    quality += [each for link in fields.links for each in csv_columns.findings(accounts, link)]
    quality += list(_unused(mapping, rates, found["members"]))
    return tuple(each for each in quality if each.count)


def check_rates(accounts: Frame, fields: Fields, pulled: Frame, deals: Frame) -> None:
    """Stop if too many amounts cannot be converted.

    Args:
        accounts: with the columns of `columns`, and those that `fields` names.
        fields: which amounts the accounts themselves have.
        pulled: accounts as pulled, to name their currencies.
        deals: opportunities as the figures see them, to name theirs.

    Raises:
        MappingError: more than 1 % of the non-empty amounts are in a currency without a rate.
    """
    faults = [f"{name}:fault" for name in fields.amounts]
    without = [_sum(nw.col("@n:no_rate")), *(_ones(nw.col(fault) == NO_RATE) for fault in faults)]
    known = [_sum(nw.col("@n:amounts")), *(_ones(nw.col(fault) == CONVERTED) for fault in faults)]
    row = accounts.select(
        *(each.cast(nw.Int64).alias(f"without:{place}") for place, each in enumerate(without)),
        *(each.cast(nw.Int64).alias(f"known:{place}") for place, each in enumerate(known)),
    ).collect().to_dict(as_series=False)  # fmt: skip
    lacking = sum(int(row[f"without:{place}"][0] or 0) for place in range(len(without)))
    amounts = lacking + sum(int(row[f"known:{place}"][0] or 0) for place in range(len(known)))
    if lacking <= MOST_WITHOUT_RATE * amounts:
        return
    codes = _codes(deals.filter(nw.col(f"{CENTS}:fault") == NO_RATE)) | _codes(
        pulled.filter(nw.any_horizontal(*(nw.col(fault) == NO_RATE for fault in faults), ignore_nulls=True))
        if faults
        else None
    )
    named = ", ".join(sorted(codes)) or "the CRM's home currency"
    message = (
        f"{lacking:,} of {amounts:,} amounts are in a currency without a rate: {named}. "
        "Add the rates to the CRM, or a table [rates] to the mapping"
    )
    raise MappingError([Problem("the mapping", "rates", message)])


def _codes(frame: Frame | None) -> set[str]:
    if frame is None or CURRENCY not in frame.collect_schema().names():
        return set()
    return {
        str(code)
        for code in frame.select(CURRENCY).unique().collect()[CURRENCY].to_list()
        if code is not None
    }


def _unused(mapping: MappingFile, rates: Mapping[str, float | None], members: int) -> Iterator[Quality]:
    for key, rung in rungs(mapping):
        source = rung.source
        if isinstance(source, RecordsSource) and source.measure == "error_rate" and rates.get(key) is None:
            message = Said(
                "accounts have no error rate: no record of the portfolio meets its where, so it is not in use",
                "Kunden haben keine Fehlerquote: Kein Datensatz des Portfolios erfüllt ihr where",
            )
            yield Quality(source.from_, None, message, members, key.split(":")[0])


def _asks_for_activity(source: object) -> bool:
    return isinstance(source, ContactRolesSource) and source.active_within_days is not None


def _sum(value: nw.Expr) -> nw.Expr:
    return value.sum().cast(nw.Int64)


def _ones(test: nw.Expr) -> nw.Expr:
    return nw.when(test).then(nw.lit(1)).otherwise(nw.lit(0)).sum()
