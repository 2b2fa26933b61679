"""From records to zones, one account after the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from connector.crm import Currencies, FieldType
from connector.mapping.model import (
    ActivitiesSource,
    ContactRolesSource,
    CriteriaSource,
    Criterion,
    FieldSource,
    LogScale,
    LookupScale,
    Mapping,
    MeasuredCondition,
    OpportunitiesSource,
    RatingScale,
    RecordsSource,
    Rung,
    Scale,
    WalletSource,
)
from tests.oracle import measures
from tests.oracle.arithmetic import (
    EPOCH,
    Money,
    Row,
    column,
    half_away,
    holds,
    number,
    percentile,
    same,
    shift,
    text,
    valid_day,
)
from tests.oracle.measures import Customer, World

DIMENSIONS = ("potential", "attractiveness")


@dataclass
class Rated:
    """What the method says of one account."""

    member: bool = False
    own: int | None = None
    wallet: int | None = None
    wallet_source: str | None = None
    share: float | None = None
    headroom: int | None = None
    wallet_expired: bool = False
    raw: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, float | None] = field(default_factory=dict)
    known: dict[str, bool] = field(default_factory=dict)
    rung: dict[str, int | None] = field(default_factory=dict)
    points: dict[str, float | None] = field(default_factory=dict)
    coverage: dict[str, float] = field(default_factory=dict)
    low: dict[str, float] = field(default_factory=dict)
    high: dict[str, float] = field(default_factory=dict)
    expired: bool = False
    top_revenue: bool = False
    zone: str | None = None
    segment: str | None = None
    confidence: str | None = None
    by_hand: dict[str, Any] = field(default_factory=dict)
    heir_of: str | None = None


Decision = tuple[str, str, str, int]
"""Of the override file: account, "segment" or a criterion, value, last day."""


def rate(
    tables: dict[str, list[Row]],
    types: dict[str, FieldType],
    mapping: Mapping,
    as_of: date,
    currencies: Currencies,
    last_zones: dict[str, str] | None = None,
    decisions: tuple[Decision, ...] = (),
    zones_since: dict[str, int] | None = None,
) -> dict[str, Rated]:
    """Rate every pulled account.

    Args:
        tables: rows by object, as pulled: ``@`` columns and CRM fields; dates as days since 1970-01-01.
        types: types of the CRM fields, by column.
        mapping: the mapping.
        as_of: the business date.
        currencies: the CRM's.
        last_zones: account -> the zone that it starts from.
        decisions: zones and scores that a person has set in the file.
        zones_since: account -> the day since which it is in that zone, where it is known.
    """
    world = World(
        mapping,
        (as_of - EPOCH).days,
        Money(mapping.currency, currencies, mapping.rates),
        frozenset(name for name, kind in types.items() if kind in (FieldType.DATE, FieldType.DATETIME)),
        frozenset(name for name, kind in types.items() if kind is FieldType.PERCENT),
        frozenset(tables),
    )
    money_fields = frozenset(name for name, kind in types.items() if kind is FieldType.CURRENCY)
    tops = _tops(tables["accounts"], mapping)
    everyone = measures.customers(_of_families(tables, tops), world)
    rated = {
        key: Rated(member=_member(customer, world) and key not in tops) for key, customer in everyone.items()
    }
    members = {key: everyone[key] for key, result in rated.items() if result.member}
    for key, customer in everyone.items():
        rated[key].own = measures.own(customer, world)
        rated[key].by_hand = _by_hand(key, customer, world, decisions) if rated[key].member else {}
    _wallets(everyone, rated, world)
    rates = _rates(members, world)
    for key, customer in everyone.items():
        _score(customer, rated[key], world, rates, money_fields)
    _segment(rated, world, last_zones or {}, zones_since or {})
    for key, top in tops.items():
        if rated[top].member:
            rated[key].heir_of, rated[key].segment = top, rated[top].segment
    return rated


def _tops(accounts: list[Row], mapping: Mapping) -> dict[str, str]:
    """Accounts whose family has another top, by walking up from each of them."""
    field_ = mapping.accounts.parent
    if mapping.portfolio.level != "ultimate_parent" or field_ is None:
        return {}
    parents = {row["@id"]: row.get(column(field_)) for row in accounts}

    def path(key: str) -> list[str]:
        walked = [key]
        while True:
            up = parents[walked[-1]]
            if up not in parents:
                return walked
            if up in walked:
                return [*walked, up]
            walked.append(up)

    circle = {key for key in parents if len(path(key)) > 1 and path(key)[-1] == key}
    ends = {key: next((each for each in path(key) if each in circle), path(key)[-1]) for key in parents}
    return {key: end for key, end in ends.items() if end != key}


def _of_families(tables: dict[str, list[Row]], tops: dict[str, str]) -> dict[str, list[Row]]:
    """Records at the tops of their accounts' families, each once."""
    moved: dict[str, list[Row]] = {}
    for name, rows in tables.items():
        if name == "accounts" or not tops:
            moved[name] = rows
            continue
        seen: set[tuple[Any, ...]] = set()
        moved[name] = []
        for row in rows:
            changed = {**row, "@account": tops.get(row["@account"], row["@account"])}
            key = tuple(
                changed.get(each) for each in ("@id", "@account", "@contact", "@opportunity", "@role")
            )
            if key not in seen:
                seen.add(key)
                moved[name].append(changed)
    return moved


def _member(customer: Customer, world: World) -> bool:
    rule = world.mapping.portfolio

    def met(condition: Any) -> bool:
        if not isinstance(condition, MeasuredCondition):
            return holds(condition, customer.row, world.dates)
        source = OpportunitiesSource(
            **{"from": "opportunities", "measure": condition.measure, "months": condition.months}
        )
        value = measures.opportunities(customer, source, world, None)
        if condition.operator == "is_set":
            return (value is not None) == condition.operand
        if value is None:
            return False
        operand = condition.operand
        if condition.operator == "above":
            return value > float(operand)  # type: ignore[arg-type]
        if condition.operator == "below":
            return value < float(operand)  # type: ignore[arg-type]
        if condition.operator == "equals":
            return same(value, operand)
        assert isinstance(operand, tuple)
        return any(same(value, each) for each in operand) == (condition.operator == "in")

    return all(met(c) for c in rule.all) and (not rule.any or any(met(c) for c in rule.any))


def _by_hand(key: str, customer: Customer, world: World, decisions: tuple[Decision, ...]) -> dict[str, Any]:
    """What a person has set and still holds: the record's own field comes before the file."""
    found = {
        what: value for account, what, value, last in decisions if account == key and last >= world.today
    }
    fields = world.mapping.override
    zone = None
    if fields is not None and fields.segment is not None:
        zone = text(customer.row.get(column(fields.segment)))
    if zone in ("protect", "develop", "maintain", "retreat", "unrated"):
        last = None
        if fields is not None and fields.expires is not None:
            last = valid_day(customer.row.get(column(fields.expires)))
        found.pop("segment", None)
        if last is None or last >= world.today:  # one without a last day was first seen today
            found["segment"] = zone
    return found


def _wallets(everyone: dict[str, Customer], rated: dict[str, Rated], world: World) -> None:
    wallet = world.mapping.wallet
    if wallet is None:
        return
    peers = _peers(everyone, rated, world)
    for key, customer in everyone.items():
        result = rated[key]
        spent = None if result.own is None else max(0, result.own)
        for source in wallet.sources:
            expired = False
            if source.startswith("field:"):
                found, expired = _entered(customer, source.removeprefix("field:"), spent, world)
            elif source == "model" or spent is None:
                found = None
            else:
                found = _best_year(customer, world) if source == "activity" else peers(customer, spent)
                if found is not None and wallet.achievable_share * found <= spent:
                    found = None
            if found is not None:
                result.wallet, result.wallet_source, result.wallet_expired = (
                    found,
                    source.split(":")[0],
                    expired,
                )
                if spent is not None:
                    result.share = spent / found if found else None
                    result.headroom = int(max(0, half_away(wallet.achievable_share * found - spent)))
                break


def _entered(customer: Customer, name: str, spent: int | None, world: World) -> tuple[int | None, bool]:
    wallet = world.mapping.wallet
    assert wallet is not None
    day = None if wallet.rated_at is None else valid_day(customer.row.get(column(wallet.rated_at)))
    value = number(customer.row.get(column(name)))
    cents = world.money.cents(value, customer.row.get("@currency"), world.today if day is None else day)
    if cents is None or cents < 0:
        return None, False
    expired = False
    if wallet.expires_days is not None:
        age = measures.rating_age(customer, wallet.rated_at, world)
        if age > 2 * wallet.expires_days:
            return None, False
        expired = age > wallet.expires_days
    return max(cents, spent or 0), expired


def _best_year(customer: Customer, world: World) -> int | None:
    found = measures.quarters(customer, world)
    years = [
        sum(q for q in found[i : i + 4] if q is not None)
        for i in range(9)
        if any(q is not None for q in found[i : i + 4])
    ]
    best = max(years, default=0)
    return best if best > 0 else None


def _size_class(employees: float | None) -> int:
    if employees is None:
        return -1
    return sum(employees >= edge for edge in (10, 50, 250))


def _peers(
    everyone: dict[str, Customer], rated: dict[str, Rated], world: World
) -> Callable[[Customer, int], int | None]:
    section = world.mapping.accounts

    def group(customer: Customer) -> tuple[str | None, int]:
        industry = None if section.industry is None else text(customer.row.get(column(section.industry)))
        size = None if section.size is None else number(customer.row.get(column(section.size)))
        return industry, _size_class(size)

    spending = [
        (group(c), rated[k].own or 0)
        for k, c in everyone.items()
        if rated[k].member and (rated[k].own or 0) > 0
    ]

    def answer(customer: Customer, spent: int) -> int | None:
        if spent <= 0:
            return None
        industry, size = group(customer)
        narrow = [value for other, value in spending if other == (industry, size)]
        wide = [value for other, value in spending if other[0] == industry]
        values = (
            narrow if len(narrow) >= 20 else wide if len(wide) >= 20 else [value for _, value in spending]
        )
        return int(half_away(percentile(values, 0.8))) if values else None

    return answer


def _rates(members: dict[str, Customer], world: World) -> dict[tuple[str, int], float | None]:
    rates: dict[tuple[str, int], float | None] = {}
    for criterion in world.mapping.criteria:
        for position, rung in enumerate(criterion.rungs):
            source = rung.source
            if isinstance(source, OpportunitiesSource) and source.measure == "win_rate":
                closed = [
                    deal for c in members.values() for deal in measures.closed_between(c, source, world)
                ]
                rates[criterion.id, position] = sum(d.won for d in closed) / len(closed) if closed else None
            if isinstance(source, RecordsSource) and source.measure == "error_rate":
                errors = sum(len(measures.matching(c, source, world)) for c in members.values())
                below = sum(measures.base(c, source, world) for c in members.values())
                rates[criterion.id, position] = errors / below if errors and below else None
    return rates


def _raw(
    customer: Customer, result: Rated, rung: Rung, world: World, figure: float | None, money: frozenset[str]
) -> tuple[Any, bool]:
    source = rung.source
    if isinstance(source, FieldSource):
        return measures.of_field(customer, source, world, money)
    if isinstance(source, OpportunitiesSource):
        return measures.opportunities(customer, source, world, figure), False
    if isinstance(source, WalletSource):
        wallet, headroom = result.wallet, result.headroom
        if source.measure == "share":
            return result.share, result.wallet_expired and result.share is not None
        if headroom is None or wallet is None:
            return None, False
        if source.measure == "headroom":
            return headroom / 100, result.wallet_expired
        return (headroom / wallet if wallet else None), result.wallet_expired
    if source_table(source) not in world.present:
        return None, False
    if isinstance(source, ContactRolesSource):
        return measures.role_coverage(customer, source, world), False
    if isinstance(source, RecordsSource):
        if source.measure == "error_rate":
            return measures.error_rate(customer, source, world, figure), False
        return measures.count(customer, source, world), False
    assert isinstance(source, ActivitiesSource)
    if source.measure == "count":
        return measures.count(customer, source, world), False
    return measures.days_since_last(customer, source, world), False


def source_table(source: Any) -> str:
    return str(source.from_)


def _score(
    customer: Customer,
    result: Rated,
    world: World,
    rates: dict[tuple[str, int], float | None],
    money: frozenset[str],
) -> None:
    for criterion in world.mapping.criteria:
        score: float | None = None
        result.rung[criterion.id] = None
        if criterion.id in result.by_hand:
            score, result.rung[criterion.id] = float(result.by_hand[criterion.id]), len(criterion.rungs)
        for position, rung in enumerate(criterion.rungs if score is None else ()):
            if isinstance(rung.source, CriteriaSource):
                continue
            raw, expired = _raw(customer, result, rung, world, rates.get((criterion.id, position)), money)
            found = scaled(raw, rung.scale)
            if found is not None:
                score = half_away(found)
                result.raw[criterion.id], result.rung[criterion.id] = raw, position
                result.expired = result.expired or (expired and criterion.weight > 0)
                break
        result.known[criterion.id] = score is not None
        if score is None and criterion.missing != "exclude":
            score = half_away(50.0 if criterion.missing == "neutral" else float(criterion.missing))
        result.scores[criterion.id] = score
    for dimension in DIMENSIONS:
        _dimension(
            result,
            dimension,
            [c for c in world.mapping.criteria if c.dimension == dimension and c.weight > 0],
        )


def _dimension(result: Rated, dimension: str, criteria: list[Criterion]) -> None:
    weights = sum(c.weight for c in criteria)
    scored = [(c.weight, result.scores[c.id]) for c in criteria if result.scores[c.id] is not None]
    total = sum(weight for weight, _ in scored)
    result.points[dimension] = (
        half_away(sum(w * float(s or 0) for w, s in scored) / total) if scored else None
    )
    result.coverage[dimension] = half_away(sum(c.weight for c in criteria if result.known[c.id]) / weights, 6)
    for bounds, unknown in ((result.low, 0.0), (result.high, 100.0)):
        sums = sum(
            c.weight * float((result.scores[c.id] if result.known[c.id] else unknown) or 0) for c in criteria
        )
        bounds[dimension] = half_away(sums / weights)


def scaled(raw: Any, scale: Scale) -> float | None:
    """The score, 0 to 100; nothing if the value is missing or does not fit."""
    if raw is None:
        return None
    if isinstance(scale, LookupScale):
        return _looked_up(raw, scale)
    if scale.kind == "boolean":
        truth = raw if isinstance(raw, bool) else {"true": True, "false": False}.get(text(raw) or "")
        return None if truth is None else (scale.yes if truth else scale.no)
    value = number(raw)
    if value is None or abs(value) > 1e300:
        return None
    value = round(value, 9)
    if isinstance(scale, RatingScale):
        low, high = min(scale.worst, scale.best), max(scale.worst, scale.best)
        return 100 * (value - scale.worst) / (scale.best - scale.worst) if low <= value <= high else None
    if isinstance(scale, LogScale):
        zero, full = math.log1p(scale.zero), math.log1p(scale.full)
        return 100 * min(1.0, max(0.0, (math.log1p(max(value, 0)) - zero) / (full - zero)))
    if scale.kind == "linear":
        return 100 * min(1.0, max(0.0, (value - scale.zero) / (scale.full - scale.zero)))
    if scale.kind == "bands":
        return scale.scores[sum(value >= edge for edge in scale.edges)]
    if scale.kind == "half_life":
        return 100 * 0.5 ** (max(value, 0) / scale.days)
    assert scale.kind == "saturating"
    return 100 * (1 - 0.5 ** (max(value, 0) / scale.half_at))


def _looked_up(raw: Any, scale: LookupScale) -> float | None:
    scores = {text(key): score for key, score in scale.scores.items()}
    parts = [text(part) for part in str(raw).split(";")] if scale.multi else [text(raw)]
    known = [scores[part] for part in parts if part in scores]
    if known:
        pick = {"max": max, "min": min, "mean": lambda values: sum(values) / len(values), None: max}[
            scale.multi
        ]
        return float(pick(known))
    return None if scale.other == "missing" or all(part is None for part in parts) else float(scale.other)


def _segment(
    rated: dict[str, Rated], world: World, last_zones: dict[str, str], zones_since: dict[str, int]
) -> None:
    matrix = world.mapping.matrix
    members = {key: result for key, result in rated.items() if result.member}
    _flag(members, matrix.protect_top_revenue)
    covered = {key: _covered(result, matrix.min_coverage) for key, result in members.items()}
    borders = {}
    for dimension in DIMENSIONS:
        threshold = getattr(matrix.threshold, dimension)
        if isinstance(threshold, str):
            values = [
                r.points[dimension]
                for k, r in members.items()
                if all(covered[k].values()) and r.points[dimension] is not None
            ]
            threshold = (
                percentile([float(v or 0) for v in values], int(threshold[1:]) / 100) if values else 50.0
            )
        borders[dimension] = threshold
    for key, result in members.items():
        fine = covered[key]

        def side(dimension: str, points: float | None, last: str | None = last_zones.get(key)) -> bool | None:
            if points is None:
                return None
            if last is None or last == "unrated":
                return points >= borders[dimension]
            was_high = last in (
                ("protect", "develop") if dimension == "potential" else ("protect", "maintain")
            )
            return points >= borders[dimension] + (-matrix.hysteresis if was_high else matrix.hysteresis)

        fit = side("attractiveness", result.points["attractiveness"])
        gain = side("potential", result.points["potential"])
        result.zone = _zone(gain, fit) if all(fine.values()) else "unrated"
        last, since = last_zones.get(key), zones_since.get(key)
        stays = since is not None and world.today - since < matrix.min_stay_days
        if result.zone != "unrated" and last not in (None, "unrated") and stays:
            result.zone = str(last)
            gain, fit = last in ("protect", "develop"), last in ("protect", "maintain")
        rated_by_flag = fine["attractiveness"] and result.top_revenue
        result.segment = (
            _zone(gain or result.top_revenue, fit) if all(fine.values()) or rated_by_flag else "unrated"
        )
        if result.segment == "unrated":
            continue
        certain = all(
            side(dimension, result.low[dimension], result.zone)
            == side(dimension, result.high[dimension], result.zone)
            for dimension in (DIMENSIONS[1:] if result.top_revenue else DIMENSIONS)
        )
        certain = certain and all(fine.values())
        result.confidence = "firm" if certain and not result.expired else "provisional"
    for result in members.values():
        result.segment = result.by_hand.get("segment", result.segment)


def _covered(result: Rated, floor: float) -> dict[str, bool]:
    return {d: result.coverage[d] >= floor and result.points[d] is not None for d in DIMENSIONS}


def _zone(potential: bool | None, fit: bool | None) -> str:
    if potential is None or fit is None:
        return "unrated"
    return {
        (True, True): "protect",
        (True, False): "develop",
        (False, True): "maintain",
        (False, False): "retreat",
    }[potential, fit]


def _flag(members: dict[str, Rated], share: float) -> None:
    spending = sorted((max(0, r.own or 0) for r in members.values()), reverse=True)
    total = sum(spending)
    larger: dict[int, int] = {}
    running = 0
    for value in spending:
        larger.setdefault(value, running)
        running += value
    for result in members.values():
        value = max(0, result.own or 0)
        result.top_revenue = value > 0 and larger[value] < share * total


__all__ = ["Rated", "rate", "shift"]
