"""What an account lacks, and who could fill it in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Mapping as Map
from typing import Any, Literal

from connector.mapping.model import (
    ContactRolesSource,
    Criterion,
    CsvSource,
    FieldSource,
    Mapping,
    OpportunitiesSource,
    RecordsSource,
    Source,
    WalletSource,
)
from connector.mapping.uses import filled_in, sources
from connector.reports.measured import roles_in_words
from connector.reports.words import Words, words

Who = Literal["person", "records", "file"]
"""Somebody who fills in a field, whoever keeps the CRM's other records, whoever keeps a file."""


def to_fill(row: Map[str, Any], mapping: Mapping) -> list[dict[str, Any]]:
    """Criteria with weight that have no data: what would answer them, a person's answer first.

    Returns:
        id, label, and ways: a list of who ("person", "records", "file") and how, in words.
    """

    def lacking(id_: str) -> bool:
        return not row[f"known:{id_}"]

    buys = (row["own"] or 0) > 0
    return [
        {
            "id": criterion.id,
            "label": criterion.label.in_(mapping.language),
            "ways": [{"who": who, "how": how} for who, how in ways(criterion, mapping, lacking, buys=buys)],
        }
        for criterion in mapping.criteria
        if criterion.weight and lacking(criterion.id)
    ]


def ways(
    criterion: Criterion,
    mapping: Mapping,
    lacking: Callable[[str], bool] = lambda _: True,
    *,
    buys: bool = False,
) -> list[tuple[Who, str]]:
    """Who could answer a criterion, and how; people come first.

    Args:
        criterion: has no data.
        mapping: says what it is made of.
        lacking: which of the criteria that it is made of have no data either.
        buys: the account has revenue of the last 12 months.
    """
    found = [
        way for source in sources(criterion, mapping, lacking) for way in _ways(source, mapping, buys=buys)
    ]
    return sorted(dict.fromkeys(found), key=lambda way: way[0] != "person")


def _ways(source: Source, mapping: Mapping, *, buys: bool) -> Iterator[tuple[Who, str]]:
    t = words(mapping.language)
    if isinstance(source, WalletSource):
        yield from _wallet(mapping, buys=buys)
    elif filled_in(source, mapping):
        yield "person", _fill(source, t)
    elif isinstance(source, CsvSource):
        key = source.key_field or source.key
        yield "file", t.say("fill_csv", file=source.csv, key=key, column=source.column)
    else:
        yield "records", _records(source, t)


def _fill(source: Source, t: Words) -> str:
    if isinstance(source, ContactRolesSource):
        return t.say("fill_roles", roles=roles_in_words(source, t.language))
    assert isinstance(source, FieldSource)
    return t.say("fill_field", field=source.field)


def _records(source: Source, t: Words) -> str:
    if isinstance(source, RecordsSource):
        least = 5 if source.min_base is None else source.min_base
        base = t[f"lacking_{source.per or 'records'}"]
        return t.say("lacking_rate", least=t.brief(least), base=base, months=source.months)
    if not isinstance(source, OpportunitiesSource):
        return t["lacking_activity"]
    if source.measure == "trend":
        return t.say("lacking_trend", months=2 * (source.months or 0))
    key = source.measure if f"lacking_{source.measure}" in t else "won"
    window = t.say("lacking_within", months=source.months) if source.months else ""
    return t.say(f"lacking_{key}", field=source.field) + window


def _wallet(mapping: Mapping, *, buys: bool) -> Iterator[tuple[Who, str]]:
    """Who buys already is compared with his peers: that tells of white space only if they buy clearly more."""
    t = words(mapping.language)
    compared = t["lacking_peers" if buys else "lacking_revenue"]
    for source in mapping.wallet.sources if mapping.wallet is not None else ():
        if source.startswith("field:"):
            yield "person", t.say("fill_wallet", field=source.removeprefix("field:"))
        else:
            yield "records", t["lacking_better_year"] if source == "activity" else compared
