"""Every measure, for one account at a time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from connector.mapping.model import (
    ActivitiesSource,
    ContactRolesSource,
    CsvSource,
    FieldSource,
    Mapping,
    OpportunitiesSource,
    RecordsSource,
    Where,
)
from tests.oracle.arithmetic import EPOCH, Money, Row, column, holds, number, shift, text, valid_day


@dataclass(frozen=True)
class Deal:
    id: str
    day: int
    won: bool
    closed: bool
    cents: int | None
    probability: float | None
    row: Row


@dataclass
class Customer:
    """One account with all that belongs to it."""

    row: Row
    deals: list[Deal] = field(default_factory=list)
    roles: list[Row] = field(default_factory=list)
    cases: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    activities: list[Row] = field(default_factory=list)

    def records(self, name: str) -> list[Row]:
        return self.cases if name == "cases" else self.orders


@dataclass(frozen=True)
class Learnt:
    """What comes from elsewhere: rows of CSV files by name, and the coefficients of the wallet model."""

    csv: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    model: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class World:
    """What all measures need to know."""

    mapping: Mapping
    today: int
    money: Money
    dates: frozenset[str]
    percents: frozenset[str]
    multis: frozenset[str]
    present: frozenset[str]
    learnt: Learnt


def customers(tables: dict[str, list[Row]], world: World) -> dict[str, Customer]:
    accounts = {row["@id"]: Customer(row) for row in tables["accounts"]}
    mapping = world.mapping
    deals: dict[str, Deal] = {}
    for row in tables.get("opportunities", []):
        owner = accounts.get(row["@account"])
        deal = _deal(row, world)
        if (
            owner is None
            or deal is None
            or not all(holds(c, row, world.dates) for c in mapping.opportunities.where)
        ):
            continue
        owner.deals.append(deal)
        deals[deal.id] = deal
    for row in tables.get("contact_roles", []):
        owner = accounts.get(row["@account"])
        if owner is not None and mapping.contact_roles is not None and _role_counts(row, deals, world):
            owner.roles.append(row)
    for name in ("cases", "orders", "activities"):
        section = getattr(mapping, name)
        for row in tables.get(name, []):
            owner = accounts.get(row["@account"])
            if (
                owner is not None
                and section is not None
                and all(holds(c, row, world.dates) for c in section.where)
            ):
                getattr(owner, name).append(row)
    return accounts


def _deal(row: Row, world: World) -> Deal | None:
    section = world.mapping.opportunities
    day = valid_day(row.get(column(section.close_date)))
    if day is None or row["@won"] is None or row["@closed"] is None:
        return None
    won, closed = bool(row["@won"]), bool(row["@closed"])
    amount = number(row.get(column(section.amount)))
    cents = world.money.cents(
        amount, row.get("@currency"), day if won else world.today, row.get("@home_amount")
    )
    return Deal(row["@id"], day, won, closed, cents, _probability(row, world), row)


def _probability(row: Row, world: World) -> float | None:
    given = world.mapping.opportunities.probability
    if given is None:
        value = number(row.get("@stage_probability"))
    elif isinstance(given, str):
        value = number(row.get(column(given)))
        if value is not None and (given in world.percents or world.mapping.crm == "salesforce"):
            value /= 100
    else:
        stages = {text(stage): share / 100 for stage, share in given.items()}
        value = stages.get(text(row.get(column(world.mapping.opportunities.stage))))
    return value if value is not None and 0 <= value <= 1 else None


def _role_counts(row: Row, deals: dict[str, Deal], world: World) -> bool:
    section = world.mapping.contact_roles
    assert section is not None
    if row.get("@opportunity") is not None:
        deal = deals.get(row["@opportunity"])
        if deal is None:
            return False
        months = section.months
        if deal.closed and months and not shift(world.today, -months) < deal.day <= world.today:
            return False
    return all(holds(c, row, world.dates) for c in section.where)


def _date_of(row: Row, name: str, world: World) -> int | None:
    if name == "activities":
        return valid_day(row.get("@date"))
    section = getattr(world.mapping, name)
    if section is None or section.date is None:
        return valid_day(row.get("@date"))
    return valid_day(row.get(column(section.date)))


def _window(day: int | None, months: int, world: World) -> bool:
    return day is not None and shift(world.today, -months) < day <= world.today


def _meets(row: Row, where: Where, world: World) -> bool:
    return all(holds(c, row, world.dates) for c in where)


def _sum(amounts: list[float | None], *, nothing: float | None = 0) -> float | None:
    if not amounts:
        return nothing
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def won_between(customer: Customer, start: int, end: int, where: Where, world: World) -> list[Deal]:
    return [d for d in customer.deals if d.won and start < d.day <= end and _meets(d.row, where, world)]


def own(customer: Customer, world: World) -> int | None:
    deals = won_between(customer, shift(world.today, -12), world.today, (), world)
    total = _sum([d.cents for d in deals])
    return None if total is None else int(total)


def opportunities(
    customer: Customer, source: OpportunitiesSource, world: World, rate: float | None
) -> float | None:
    today, months, where = world.today, source.months or 0, source.where
    past = [d for d in customer.deals if d.won and d.day <= today and _meets(d.row, where, world)]
    windowed = won_between(customer, shift(today, -months), today, where, world)
    nothing = None if source.no_records == "missing" else 0.0
    if source.measure == "won_amount":
        total = _sum([d.cents for d in windowed], nothing=nothing)
        return None if total is None else total / 100
    if source.measure == "won_count":
        return float(len(windowed)) if windowed else nothing
    if source.measure in ("open_amount", "weighted_pipeline"):
        return _pipeline(customer, source, world, nothing)
    if source.measure == "win_rate":
        closed = closed_between(customer, source, world)
        prior = 5 if source.prior is None else source.prior
        if not closed or rate is None:
            return None
        return (sum(d.won for d in closed) + prior * rate) / (len(closed) + prior)
    if source.measure == "days_since_won":
        return float(today - max(d.day for d in past)) if past else None
    if source.measure == "tenure_years":
        return (today - min(d.day for d in past)) / 365.2425 if past else None
    if source.measure == "trend":
        return _trend(customer, source, world, past)
    assert source.measure == "breadth"
    assert source.field is not None
    assert source.of is not None
    if not windowed:
        return None
    return min(1.0, len({text(d.row.get(column(source.field))) for d in windowed} - {None}) / source.of)


def closed_between(customer: Customer, source: OpportunitiesSource, world: World) -> list[Deal]:
    start = shift(world.today, -(source.months or 0))
    return [
        d
        for d in customer.deals
        if d.closed and start < d.day <= world.today and _meets(d.row, source.where, world)
    ]


def _pipeline(
    customer: Customer, source: OpportunitiesSource, world: World, nothing: float | None
) -> float | None:
    weighted = source.measure == "weighted_pipeline"
    grace = 30 if source.overdue_grace_days is None else source.overdue_grace_days
    start = world.today - grace - 1 if weighted else world.today
    end = shift(world.today, source.months or 0)
    amounts: list[float | None] = []
    for deal in customer.deals:
        if deal.closed or not start < deal.day <= end or not _meets(deal.row, source.where, world):
            continue
        amount: float | None = deal.cents
        if amount is not None and source.max_per_deal is not None:
            amount = min(amount, source.max_per_deal * 100)
        if weighted:
            amount = None if amount is None or deal.probability is None else amount * deal.probability
        amounts.append(amount)
    total = _sum(amounts, nothing=nothing)
    return None if total is None else total / 100


def _trend(customer: Customer, source: OpportunitiesSource, world: World, past: list[Deal]) -> float | None:
    months = source.months or 0
    middle, start = shift(world.today, -months), shift(world.today, -2 * months)
    if not past or min(d.day for d in past) > start:
        return None
    late = _sum([d.cents for d in won_between(customer, middle, world.today, source.where, world)])
    early = _sum([d.cents for d in won_between(customer, start, middle, source.where, world)])
    if late is None or early is None or abs(late) + abs(early) == 0:
        return None
    return 2 * (late - early) / (abs(late) + abs(early))


def role_coverage(customer: Customer, source: ContactRolesSource, world: World) -> float | None:
    filled = [row for row in customer.roles if text(row.get("@role")) is not None]
    if not filled:
        return None
    active = set()
    for row in filled:
        last = valid_day(row.get("@last_activity"))
        if (
            source.active_within_days is None
            or last is None
            or world.today - last <= source.active_within_days
        ):
            active.add(text(row["@role"]))
    groups = [(group,) if isinstance(group, str) else group for group in source.required]
    return sum(any(text(role) in active for role in group) for group in groups) / len(groups)


def matching(customer: Customer, source: RecordsSource, world: World) -> list[Row]:
    rows = customer.records(source.from_)
    return [
        row
        for row in rows
        if _window(_date_of(row, source.from_, world), source.months or 0, world)
        and _meets(row, source.where, world)
    ]


def base(customer: Customer, source: RecordsSource, world: World) -> int:
    months = source.months or 0
    per = source.per or ("orders" if source.from_ == "cases" else "cases")
    if per == "won_opportunities":
        return len(won_between(customer, shift(world.today, -months), world.today, (), world))
    return sum(_window(_date_of(row, per, world), months, world) for row in customer.records(per))


def error_rate(customer: Customer, source: RecordsSource, world: World, rate: float | None) -> float | None:
    prior = 10 if source.prior is None else source.prior
    minimum = 5 if source.min_base is None else source.min_base
    below = base(customer, source, world)
    if rate is None or below < minimum or below + prior == 0:
        return None
    return (len(matching(customer, source, world)) + prior * rate) / (below + prior)


def count(customer: Customer, source: RecordsSource | ActivitiesSource, world: World) -> float:
    rows = customer.activities if isinstance(source, ActivitiesSource) else customer.records(source.from_)
    total = 0.0
    for row in rows:
        day = _date_of(row, source.from_, world)
        if day is None or day > world.today or not _meets(row, source.where, world):
            continue
        if source.months is not None and not _window(day, source.months, world):
            continue
        total += (
            1.0 if source.half_life_days is None else 0.5 ** ((world.today - day) / source.half_life_days)
        )
    return total


def days_since_last(customer: Customer, source: ActivitiesSource, world: World) -> float | None:
    days = [
        day
        for row in customer.activities
        if (day := _date_of(row, "activities", world)) is not None
        and day <= world.today
        and _meets(row, source.where, world)
    ]
    return float(world.today - max(days)) if days else None


def rating_age(customer: Customer, rated_at: str | None, world: World) -> int:
    """Days since the rating; an undated one is fresh on the first run, one from the future too."""
    day = None if rated_at is None else valid_day(customer.row.get(column(rated_at)))
    return 0 if day is None else max(0, world.today - day)


def read(value: Any, kind: str, today: int) -> Any:
    """A value as a scale of that kind needs it; dates as days before today, also those in texts."""
    if value is None or kind == "lookup":
        return value
    if kind == "boolean":
        return value if isinstance(value, bool) else {"true": True, "false": False}.get(text(value) or "")
    if isinstance(value, bool):
        return None
    if number(value) is not None or kind == "rating" or not isinstance(value, str):
        return number(value)
    try:
        day = valid_day((date.fromisoformat(value.strip()[:10]) - EPOCH).days)
    except ValueError:
        return None
    return None if day is None else today - day


def of_csv(customer: Customer, source: CsvSource, kind: str, world: World) -> Any:
    """The cell of the row that has the account's key; a key that is there twice has no value."""
    key = customer.row.get(column(source.key_field or source.key))
    if isinstance(key, float) and key.is_integer():
        key = int(key)
    rows = [row for row in world.learnt.csv[source.csv] if text(row[source.key]) == text(key) is not None]
    cell = rows[0][source.column].strip() if len(rows) == 1 else ""
    return read(cell, kind, world.today) if cell else None


def of_field(
    customer: Customer, source: FieldSource, kind: str, world: World, currency_fields: frozenset[str]
) -> tuple[Any, bool]:
    """The raw value and whether it is an expired rating that still counts."""
    value = customer.row.get(column(source.field))
    if isinstance(value, str) and not value.strip():
        value = None
    if column(source.field) not in world.dates:
        value = read(value, kind, world.today)
    elif value is not None:
        day = valid_day(value)
        value = None if day is None else world.today - day
    if value is not None and source.field in currency_fields and kind not in ("lookup", "boolean"):
        day = None if source.rated_at is None else valid_day(customer.row.get(column(source.rated_at)))
        cents = world.money.cents(
            number(value), customer.row.get("@currency"), world.today if day is None else day
        )
        value = None if cents is None else cents / 100
    if value is None or source.expires_days is None:
        return value, False
    age = rating_age(customer, source.rated_at, world)
    if age > 2 * source.expires_days:
        return None, False
    return value, age > source.expires_days


def quarters(customer: Customer, world: World, to: int | None = None) -> list[int | None]:
    """Won cents of the last twelve quarters up to a day, today unless given; the latest first."""
    day = world.today if to is None else to
    found = []
    for number_ in range(12):
        start, end = shift(day, -3 * (number_ + 1)), shift(day, -3 * number_)
        total = _sum([d.cents for d in won_between(customer, start, end, (), world)])
        found.append(None if total is None else int(total))
    return found


def grouped(rows: list[Row], key: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups
