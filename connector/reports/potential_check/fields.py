"""How well the mapped fields are kept: filled, by count and by revenue; distinct values; age."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from connector.crm import ACCOUNT, ID, FieldType
from connector.mapping.model import FieldSource, Mapping
from connector.mapping.uses import Use, rungs, uses
from connector.reports.potential_check.findings import Filled
from connector.tables import Source, Sources, column


def fields(sources: Sources, members: pl.DataFrame, mapping: Mapping, as_of: int) -> tuple[Filled, ...]:
    """Every field that the mapping reads, in its order, once.

    Args:
        sources: records as read.
        members: the portfolio, with ``revenue``.
        mapping: which fields.
        as_of: days since 1970.
    """
    found: dict[tuple[str, str], Use] = {}
    for use in uses(mapping):
        found.setdefault((use.object, use.field), use)
    frames: dict[str, pl.DataFrame] = {}
    labels, ages = _labels(mapping), _rated_at(mapping)
    listed = []
    for (section, name), use in found.items():
        source = sources.get(use.object)
        if source is None or use.on_contact or column(name) not in source.frame.collect_schema().names():
            continue
        if section not in frames:
            frames[section] = _records(source, members, section)
        use_in_words = labels.get(name, use.path) if section == "accounts" else use.path
        rated_at = ages.get(name) if section == "accounts" else None
        listed.append(
            _filled(frames[section], section, name, use_in_words, source.schema.get(name), rated_at, as_of)
        )
    return tuple(listed)


def _records(source: Source, members: pl.DataFrame, section: str) -> pl.DataFrame:
    """The portfolio's records, with the revenue of their account."""
    key = ID if section == "accounts" else ACCOUNT
    revenue = members.select(pl.col("id").alias(key), pl.col("revenue").alias("@revenue"))
    frame: pl.LazyFrame = source.frame.to_native()
    return frame.join(revenue.lazy(), on=key, how="inner").collect()


def _filled(
    records: pl.DataFrame,
    section: str,
    name: str,
    use: str,
    kind: FieldType | None,
    rated_at: str | None,
    as_of: int,
) -> Filled:
    values = records.get_column(column(name))
    if values.dtype == pl.String:
        bare = values.str.strip_chars()
        values = bare.set(bare == "", None)
    known = values.drop_nulls()
    revenue = records.get_column("@revenue")
    total = int(revenue.sum())
    with_value = int(revenue.filter(values.is_not_null()).sum())
    common = int(known.value_counts().get_column("count").max() or 0)  # type: ignore[arg-type]  # a count
    return Filled(
        object=section,
        field=name,
        use=use,
        records=len(records),
        filled=len(known) / len(records) if len(records) else 0.0,
        by_revenue=with_value / total if section == "accounts" and total else None,
        distinct=known.n_unique(),
        most_common=common / len(known) if len(known) and kind is not FieldType.REFERENCE else None,
        age_days=_age(records, values, rated_at, as_of),
    )


def _age(records: pl.DataFrame, values: pl.Series, rated_at: str | None, as_of: int) -> int | None:
    if rated_at is None or column(rated_at) not in records.columns:
        return None
    given = records.get_column(column(rated_at)).filter(values.is_not_null())
    if not given.dtype.is_integer() or given.drop_nulls().is_empty():
        return None
    median = (as_of - given.drop_nulls()).median()
    return round(float(median)) if isinstance(median, int | float) else None


def _labels(mapping: Mapping) -> dict[str, str]:
    """Field -> label of the criterion that reads it."""
    found: dict[str, str] = {}
    for criterion in mapping.criteria:
        for rung in criterion.rungs:
            if isinstance(rung.source, FieldSource):
                found.setdefault(rung.source.field, criterion.label.in_(mapping.language))
    return found


def _rated_at(mapping: Mapping) -> dict[str, str]:
    """Field -> the field that says when its value was given."""
    return dict(_pairs(mapping))


def _pairs(mapping: Mapping) -> Iterator[tuple[str, str]]:
    for _, rung in rungs(mapping):
        if isinstance(rung.source, FieldSource) and rung.source.rated_at is not None:
            yield rung.source.field, rung.source.rated_at
    wallet = mapping.wallet
    if wallet is not None and wallet.field is not None and wallet.rated_at is not None:
        yield wallet.field, wallet.rated_at
