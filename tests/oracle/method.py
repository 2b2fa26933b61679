"""From records to zones, one account after the other."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

from connector.crm import Currencies, FieldType
from connector.mapping.model import (
    ActivitiesSource,
    ContactRolesSource,
    CriteriaSource,
    Criterion,
    CsvSource,
    FieldSource,
    LookupScale,
    Mapping,
    MeasuredCondition,
    OpportunitiesSource,
    RecordsSource,
    Rung,
    Scale,
    WalletSource,
)
from tests.oracle import measures, scales
from tests.oracle.arithmetic import (
    EPOCH,
    Money,
    Row,
    column,
    half_away,
    holds,
    percentile,
    same,
    shift,
    text,
    valid_day,
)
from tests.oracle.measures import Customer, Learnt, World
from tests.oracle.rated import Rated
from tests.oracle.wallet import wallets

DIMENSIONS = ("potential", "attractiveness")
NOTHING_LEARNT = Learnt()


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
    *,
    zones_since: dict[str, int] | None = None,
    learnt: Learnt = NOTHING_LEARNT,
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
        learnt: CSV files and the wallet model.
    """
    world = World(
        mapping,
        (as_of - EPOCH).days,
        Money(mapping.currency, currencies, mapping.rates),
        frozenset(name for name, kind in types.items() if kind in (FieldType.DATE, FieldType.DATETIME)),
        frozenset(name for name, kind in types.items() if kind is FieldType.PERCENT),
        frozenset(name for name, kind in types.items() if kind is FieldType.MULTI_PICKLIST),
        frozenset(tables),
        learnt,
    )
    money_fields = frozenset(name for name, kind in types.items() if kind is FieldType.CURRENCY)
    tops = _tops(tables["accounts"], mapping)
    everyone = measures.customers(_of_families(tables, tops), world)
    rated = {
        key: Rated(member=_member(customer, world) and key not in tops) for key, customer in everyone.items()
    }
    for key, customer in everyone.items():
        rated[key].own = measures.own(customer, world)
        rated[key].by_hand = _by_hand(key, customer, world, decisions) if rated[key].member else {}
    wallets(everyone, rated, world)
    _score(everyone, rated, world, money_fields)
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
        return measures.of_field(customer, source, rung.scale.kind, world, money)
    if isinstance(source, CsvSource):
        return measures.of_csv(customer, source, rung.scale.kind, world), False
    if isinstance(source, CriteriaSource):
        value = combination(result, source, world)
        return value, value is not None and any(result.aged[id_] for id_ in source.ids)
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


def combination(result: Rated, source: CriteriaSource, world: World) -> float | None:
    weights = list(source.weights or [world.mapping.criterion(id_).weight for id_ in source.ids])
    if not any(weights):
        weights = [1.0 for _ in weights]
    scores = [float(result.scores[id_] or 0) if result.known[id_] else None for id_ in source.ids]
    pairs = [(w, s) for w, s in zip(weights, scores, strict=True) if s is not None and w > 0]
    if source.measure == "weighted":
        return sum(w * s for w, s in pairs) / sum(w for w, _ in pairs) if pairs else None
    known = [s for s in scores if s is not None]
    if len(known) < len(scores):
        return None
    if source.measure in ("min", "max"):
        return min(known) if source.measure == "min" else max(known)
    if any(s == 0 for _, s in pairs):
        return 0.0
    return math.exp(sum(w * math.log(s) for w, s in pairs) / sum(w for w, _ in pairs))


def source_table(source: Any) -> str:
    return str(source.from_)


def _score(
    everyone: dict[str, Customer], rated: dict[str, Rated], world: World, money: frozenset[str]
) -> None:
    """Criterion by criterion, since ranks and owners' means need the whole portfolio."""
    members = {key: everyone[key] for key, result in rated.items() if result.member}
    rates = _rates(members, world)
    left = list(world.mapping.criteria)
    while left:
        criterion = next(c for c in left if _parts(c) <= {done.id for done in set_of(world, left)})
        left.remove(criterion)
        _answer(criterion, everyone, rated, world, rates, money)
    for result in rated.values():
        for dimension in DIMENSIONS:
            criteria = [c for c in world.mapping.criteria if c.dimension == dimension and c.weight > 0]
            _dimension(result, dimension, criteria)


def split(rung: Rung, world: World) -> Scale:
    """A lookup over a field that holds several values splits them without being told."""
    several = isinstance(rung.source, FieldSource) and column(rung.source.field) in world.multis
    if several and isinstance(rung.scale, LookupScale) and rung.scale.multi is None:
        return rung.scale.model_copy(update={"multi": "max"})
    return rung.scale


def set_of(world: World, left: list[Criterion]) -> list[Criterion]:
    return [c for c in world.mapping.criteria if c not in left]


def _parts(criterion: Criterion) -> set[str]:
    return {id_ for r in criterion.rungs if isinstance(r.source, CriteriaSource) for id_ in r.source.ids}


def _answer(
    criterion: Criterion,
    everyone: dict[str, Customer],
    rated: dict[str, Rated],
    world: World,
    rates: dict[tuple[str, int], float | None],
    money: frozenset[str],
) -> None:
    for result in rated.values():
        result.known[criterion.id], result.rung[criterion.id] = False, None
        result.scores[criterion.id] = None
        result.aged[criterion.id] = False
        if criterion.id in result.by_hand:
            result.known[criterion.id], result.rung[criterion.id] = True, len(criterion.rungs)
            result.scores[criterion.id] = float(result.by_hand[criterion.id])
    for position, rung in enumerate(criterion.rungs):
        figure = rates.get((criterion.id, position))
        raws = {
            key: _raw(customer, rated[key], rung, world, figure, money) for key, customer in everyone.items()
        }
        sample = [(raws[key][0], everyone[key].row) for key, result in rated.items() if result.member]
        judge = scales.judge(split(rung, world), sample, world)
        for key, (raw, expired) in raws.items():
            result = rated[key]
            found = None if result.known[criterion.id] else judge(raw, everyone[key].row)
            if found is not None:
                result.known[criterion.id], result.rung[criterion.id] = True, position
                result.scores[criterion.id], result.raw[criterion.id] = half_away(found), raw
                result.aged[criterion.id] = expired
                result.expired = result.expired or (expired and criterion.weight > 0)
    if criterion.missing != "exclude":
        stand_in = half_away(50.0 if criterion.missing == "neutral" else float(criterion.missing))
        for result in rated.values():
            if not result.known[criterion.id]:
                result.scores[criterion.id] = stand_in


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
                if covered[k]["attractiveness"]
                and (covered[k]["potential"] or (dimension == "attractiveness" and r.top_revenue))
                and r.points[dimension] is not None
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
