"""map: pulled records -> one row per account, with the raw value of every criterion."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import date

import narwhals as nw
import pyarrow as pa

from connector import overrides
from connector.crm import Currencies
from connector.currency import Converter
from connector.families import FAMILY, families, rates_families, regrouped, with_heirs, with_tops
from connector.fiscal import Quarter
from connector.mapping.csv_file import CsvTables
from connector.mapping.model import FieldSource, Rung, WalletSource
from connector.mapping.model import Mapping as MappingFile
from connector.measures import Measured, accounts, findings, measured, wallet
from connector.measures.accounts import MARKED, rungs
from connector.measures.figures import Figures
from connector.measures.pooled import Pooled
from connector.measures.ratings import Rating, aged, first_seen
from connector.overrides import FACTS, Ignored, OverrideFile
from connector.portfolio import field_tests, membership
from connector.quality import Quality
from connector.reference import FEW, References
from connector.tables import Frame, History, Sources, extended, materialised, recalled
from connector.windows import days

KNOWN = ("id", "name", "owner", "industry", "size", "size_class", "member", "left", "pilot", "own")
NOTHING_SET = OverrideFile()
NOBODY: Map[str, str] = {}
TEXTS = ("why", "next_step")
WALLET = ("wallet", "headroom", "share", "wallet_source", "wallet_expired")


@dataclass(frozen=True, slots=True)
class Mapped:
    """What `map_accounts` finds.

    Attributes:
        accounts: one row per pulled account; columns as `connector.tables` lists them.
        first_seen: id, rating, value, day: undated ratings for the next run's `History`; None if there can be none.
        quality: what was missing or odd in the portfolio's data.
        ignored: a person's decisions that have no effect.
        wallets: the portfolio's accounts with what each source of the wallet would answer, lazy (see
            `connector.measures.wallet.answers`); None without ``[wallet]``.
    """

    accounts: Frame
    first_seen: pa.Table | None
    quality: tuple[Quality, ...]
    ignored: tuple[Ignored, ...]
    wallets: Frame | None = None


def map_accounts(  # noqa: PLR0913 - all that one run has read
    sources: Sources,
    mapping: MappingFile,
    as_of: date,
    currencies: Currencies,
    history: History,
    references: References,
    file: OverrideFile = NOTHING_SET,
    *,
    merged: Map[str, str] = NOBODY,
    csv: CsvTables | None = None,
) -> Mapped:
    """Measure every account: portfolio, own revenue, wallet, and the raw value of every criterion.

    Args:
        sources: pulled records by object; what needs an absent object is missing.
        mapping: what to measure.
        as_of: the day that is rated.
        currencies: home currency and rates of the CRM.
        history: since when undated ratings have their value.
        references: rates of the whole portfolio and its peers' revenue.
        file: zones and scores that a person has set in the file of ``[override]``.
        merged: merged accounts, loser's id -> survivor's id.
        csv: CSV files that criteria read.

    Raises:
        MappingError: a currency without a rate: the mapping's own, or those of more than 1 % of the amounts.
    """
    money = Converter(mapping.currency, currencies, mapping.rates)
    family = families(sources["accounts"], mapping, merged) if rates_families(mapping) else None
    if family is not None:
        sources = regrouped(sources, family, several=mapping.crm == "hubspot")
    figures = Figures(sources, mapping, days(as_of))
    quarter = Quarter.of(as_of, mapping.campaigns.fiscal_year_start)
    fields = accounts.read(sources["accounts"], mapping, money, figures.as_of, csv)
    values: dict[str, tuple[Rung, Measured]] = {}
    looked_at: dict[str, nw.Expr] = {}
    for key, rung in rungs(mapping):
        figures.note()
        values[key] = (rung, measured(rung, figures))
        looked_at |= {f"records:{key}:{name}": number for name, number in figures.looked_at().items()}
    columns = {
        **looked_at,
        "member": membership(mapping, figures),
        "own": wallet.own(figures["opportunities"]),
        **wallet.columns(mapping.wallet, figures["opportunities"], days(quarter.start)),
        **findings.columns(figures, mapping),
        **{name: column for key, (_, value) in values.items() for name, column in _parts(key, value).items()},
    }
    ratings = (*fields.ratings, *(_decision(subject) for subject in overrides.subjects(mapping, file)))
    # The widest columns, needed last; names are needed earlier where a file's keys are told by them.
    texts = [f"now:{key}" for key in TEXTS if key in mapping.write.targets]
    texts += [] if fields.links else ["name"]
    frame = figures.joined_to(fields.frame.drop(texts), money)
    frame = overrides.with_entries(frame, mapping, file)
    frame = aged(frame, ratings, history.first_seen, figures.as_of)
    frame = frame.with_columns(**columns)
    if family is not None:
        frame = with_tops(frame, family)
    frame = frame.with_columns(left=~nw.col("member") & nw.col(MARKED))
    frame = extended(frame, overrides.active(mapping, file, figures.as_of))
    frame = materialised(frame.drop(figures.columns + field_tests(mapping)))
    if family is not None:
        frame = with_heirs(frame)
    findings.check_rates(frame, fields, fields.converted, figures.opportunities(money))

    frame = wallet.with_wallet(frame, mapping, references)
    rates = {key: _rate(frame, key, rung, value, references) for key, (rung, value) in values.items()}
    waiting = {key: value for key, (_, value) in values.items() if isinstance(value, Pooled | WalletSource)}
    frame = extended(frame, (_waited_for(key, value, rates[key]) for key, value in waiting.items()))
    frame = extended(frame, (_expired(key, rung) for key, (rung, _) in values.items() if not _ages(rung)))
    frame = frame.with_columns(findings.warnings(frame))
    quality = (*findings.counted(frame, mapping, fields, rates), *(() if family is None else family.quality))
    seen = first_seen(frame, ratings)
    ignored = overrides.ignored(frame, mapping, file, figures.as_of)
    wallets = None if mapping.wallet is None else wallet.answers(frame, mapping.wallet)
    names = _columns(frame, mapping, file)
    frame = materialised(
        frame.select(*(name for name in names if name not in texts))
    )  # frees all other columns
    frame = recalled(frame, fields.frame, texts).select(*names)
    return Mapped(frame, seen, quality, ignored, wallets)


def _parts(key: str, value: Measured) -> dict[str, nw.Expr]:
    """Columns to carry of a measure over records."""
    if isinstance(value, nw.Expr):
        return {f"raw:{key}": value}
    return {f"@part:{key}": value.part, f"@base:{key}": value.base} if isinstance(value, Pooled) else {}


def _rate(frame: Frame, key: str, rung: Rung, value: Measured, references: References) -> float | None:
    """The portfolio's own rate, frozen for the quarter; None where there is none."""
    if not isinstance(value, Pooled):
        return None

    base = FEW

    def pooled() -> float | None:
        nonlocal base
        sums = frame.filter(nw.col("member")).select(
            nw.col(f"@part:{key}").sum().cast(nw.Int64).alias("part"),
            nw.col(f"@base:{key}").sum().cast(nw.Int64).alias("base"),
        )
        found = sums.collect().to_dict(as_series=False)
        base = int(found["base"][0] or 0)
        return value.portfolio(int(found["part"][0] or 0), base)

    name = f"rate:{key}"
    rate = references.figure(name, rung.source.model_dump_json(by_alias=True), pooled)
    if base < FEW:
        references.forget(name)
    return rate


def _waited_for(key: str, value: Pooled | WalletSource, rate: float | None) -> nw.Expr:
    """A raw value that needed the whole portfolio."""
    if isinstance(value, WalletSource):
        raw = wallet.MEASURES[value.measure](value)
    else:
        raw = value.over(nw.col(f"@part:{key}"), nw.col(f"@base:{key}")).value(rate)
    return raw.alias(f"raw:{key}")


def _ages(rung: Rung) -> bool:
    return isinstance(rung.source, FieldSource) and rung.source.expires_days is not None


def _expired(key: str, rung: Rung) -> nw.Expr:
    if isinstance(rung.source, WalletSource):
        expired = nw.col("wallet_expired") & ~nw.col(f"raw:{key}").is_null()
    else:
        expired = nw.lit(False)
    return expired.alias(f"expired:{key}")


def _decision(subject: str) -> Rating:
    """A decision as a value of which it is known since when it is there."""
    key = overrides.remembered(subject)
    return Rating(key, f"@text:{key}", f"@expired:{key}", expires_days=None, remembered=True)


def _columns(frame: Frame, mapping: MappingFile, file: OverrideFile) -> list[str]:
    """The columns that the following stages read, in the order of `connector.tables`."""
    present = set(frame.collect_schema().names())
    criteria = [f"{kind}:{key}" for key, _ in rungs(mapping) for kind in ("raw", "expired", "multi", "by")]
    now = [f"now:{key}" for key in mapping.write.targets]
    by_hand = [
        overrides.column_of(subject, fact) for subject in overrides.subjects(mapping, file) for fact in FACTS
    ]
    kin = FAMILY if rates_families(mapping) else ()
    behind = [name for name in frame.collect_schema().names() if name.startswith("records:")]
    warned = findings.WARNINGS
    return [
        *KNOWN,
        *kin,
        *behind,
        *(name for name in criteria if name in present),
        *WALLET,
        *warned,
        *by_hand,
        *now,
    ]
