"""Records as frames: first as columns of texts, as HubSpot gives everything, then as typed rows of the result.

A frame of texts holds ``@id``, the properties of its reading, ``@companies`` (list of ids), ``@whole`` (whether that
is all of them) and, where a source tells it by itself, ``@primary`` (id of the main one).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from adapters.hubspot import query
from adapters.hubspot.associations import associations, main_company
from adapters.hubspot.http import Portal
from adapters.hubspot.reading import MERGED, Reading
from adapters.hubspot.rows import typed
from connector.crm import ACCOUNT, ID, FieldType

BATCH_ROWS = 10_000
COMPANIES = "@companies"
WHOLE = "@whole"
PRIMARY = "@primary"
_STATED = "@stated"


def of_records(
    pages: Iterable[Sequence[query.Record]], reading: Reading, *, told: bool, rows: int = BATCH_ROWS
) -> Iterator[pl.DataFrame]:
    """Records as columns of texts, some thousand at a time; at least one frame.

    Args:
        pages: of records.
        reading: says which properties.
        told: the records tell their companies, as lists do and searches do not.
        rows: how many records are held in memory at once, about.
    """
    columns: dict[str, list[Any]] = {name: [] for name in (ID, COMPANIES, WHOLE, *reading.properties)}
    yielded = False
    for page in pages:
        columns[ID] += [str(record["id"]) for record in page]
        for name in reading.properties:
            columns[name] += [record["properties"].get(name) for record in page]
        for record in page:
            companies, whole = query.companies_of(record) if told else ([], False)
            columns[COMPANIES].append(companies)
            columns[WHOLE].append(whole)
        if len(columns[ID]) >= rows:
            yield _texts(columns)
            yielded = True
            columns = {name: [] for name in columns}
    if columns[ID] or not yielded:
        yield _texts(columns)


@dataclass(frozen=True, slots=True)
class Finisher:
    """Makes the rows of the result of one reading.

    Attributes:
        portal: asked for companies of which the records do not tell enough.
        reading: what is read.
        kinds: types of the fields asked for.
        names: columns of the result.
        time_zone: in which moments become days.
    """

    portal: Portal
    reading: Reading
    kinds: Mapping[str, FieldType]
    names: Sequence[str]
    time_zone: str

    def __call__(self, texts: pl.DataFrame) -> pl.DataFrame:
        """Typed rows of the result, from records as texts."""
        reading = self.reading
        frame = texts if reading.keep is None else texts.filter(reading.keep)
        # Fields overwrite the texts of properties: what is read off those comes first.
        told = [name for name in (reading.primary, PRIMARY) if name in frame.columns]
        stated = (
            pl.coalesce(pl.when(pl.col(name) != "").then(pl.col(name)) for name in told) if told else None
        )
        stated = pl.lit(None, pl.String) if stated is None else stated
        frame = frame.with_columns(
            stated.str.strip_chars().str.replace(r"\.0*$", "").alias(_STATED),
            *(added.value.alias(name) for name, added in reading.added.items()),
        )
        frame = frame.with_columns(
            typed(pl.col(name), kind, self.time_zone) if name in frame.columns else pl.lit(None).alias(name)
            for name, kind in self.kinds.items()
        )
        if reading.explode:
            frame = frame.explode(reading.explode)
        if reading.company is not None:
            frame = frame.join(self._companies(frame), on=ID, how="left", maintain_order="left")
        if reading.explode:
            # A contact is several records of ours: one for each role at each company.
            parts = [pl.col(name) for name in (ID, reading.explode, ACCOUNT)]
            frame = frame.with_columns(pl.concat_str(parts, separator=":", ignore_nulls=True).alias(ID))
        return frame.select(self.names)

    def _companies(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Which companies the records of a frame count for: ``@id``, ``@account``.

        The records have told most of it. Asked for are lists that were not whole, which of several companies is
        the main one where no property says so, and, lest a portal that tells nothing looks like one without
        companies, a frame without any.
        """
        links = frame.select(ID, COMPANIES, WHOLE, _STATED).unique(ID, maintain_order=True)
        stated = pl.col(_STATED).fill_null("") != ""
        number = pl.col(COMPANIES).list.len()
        nothing = (number.sum() == 0) & ~stated.any()
        if self.reading.company == "main":
            # A stated company that the list does not name may be out of date.
            trusted = stated & (pl.col(COMPANIES).list.contains(pl.col(_STATED)) | (number == 0))
            only = pl.col(WHOLE) & (number <= 1) & ~nothing
            account = pl.when(trusted).then(pl.concat_list(_STATED)).otherwise(pl.col(COMPANIES))
            sure = trusted | only
        else:
            account, sure = pl.col(COMPANIES), pl.col(WHOLE) & ~nothing
        sure = sure.fill_null(value=False)
        told = links.filter(sure).select(ID, account.alias(ACCOUNT)).explode(ACCOUNT).drop_nulls()
        asked = links.filter(~sure)[ID].to_list()
        if not asked:
            return told
        pairs = associations(self.portal, self.reading.name, "companies", asked)
        pairs = main_company(pairs) if self.reading.company == "main" else pairs.select(ID, ACCOUNT)
        return pl.concat([told, pairs])


def merged(texts: pl.DataFrame) -> dict[str, str]:
    """Loser -> survivor, from the lists that survivors keep."""
    if MERGED not in texts.columns:
        return {}
    listed = texts.filter(pl.col(MERGED).str.strip_chars() != "").select(ID, MERGED)
    return {
        loser.strip(): survivor
        for survivor, losers in listed.iter_rows()
        for loser in losers.split(";")
        if loser.strip()
    }


def _texts(columns: Mapping[str, Sequence[Any]]) -> pl.DataFrame:
    special: Mapping[str, pl.DataType | type[pl.DataType]] = {
        COMPANIES: pl.List(pl.String),
        WHOLE: pl.Boolean,
    }
    return pl.DataFrame(columns, schema={name: special.get(name, pl.String) for name in columns})
