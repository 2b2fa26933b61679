"""85 accounts over 8 monthly reviews: how often zones flip, and how much is written, with hysteresis and without.

People rate six criteria from 1 to 5. Nothing about the customers changes but one in ten, whose fit or potential drifts
by a step in the course of the eight months; all other differences are the raters': in each review a rating comes out a
step higher or lower with a chance of one in eight each.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connector.mapping import Mapping
from connector.sync import Outcome, sync
from connector.windows import shifted
from tests.contract.fake import FakeCrm
from tests.unit.rehearsal import LENIENT, mapping_of, provisioned, store_in
from tests.unit.rehearsal import MAPPING as REHEARSAL

START = date(2026, 1, 31)
ACCOUNTS, CUSTOMERS, REVIEWS = 114, 85, 8
QUIET = (1, 3, 6)
"""Reviews after which a night without news is looked at, too."""
CRITERIA = ("demand", "space", "plans", "access", "chemistry", "strategy")
HEAD, TAIL = REHEARSAL[: REHEARSAL.index("[[criteria]]")], REHEARSAL[REHEARSAL.index("[write]") :]


def rules(hysteresis: int, min_stay_days: int = 0) -> Mapping:
    criteria = "".join(
        f"""
[[criteria]]
id = "{name}"
dimension = "{"potential" if place < 3 else "attractiveness"}"
label = "{name.capitalize()}"
source = {{ field = "KPM_{name.capitalize()}__c", expires_days = 365 }}
scale = {{ kind = "rating", worst = 1, best = 5 }}
"""
        for place, name in enumerate(CRITERIA)
    )
    matrix = (
        f"[matrix]\nhysteresis = {hysteresis}\nmin_stay_days = {min_stay_days}\nprotect_top_revenue = 0\n"
    )
    return mapping_of(HEAD + criteria + matrix + TAIL)


def ratings(seed: int, *, exact: bool = False) -> list[list[dict[str, Any]]]:
    """What the raters enter: by review, by account."""
    chosen = random.Random(seed)
    truth = [{name: chosen.choice([1, 2, 3, 3, 4, 5]) for name in CRITERIA} for _ in range(ACCOUNTS)]
    drifts = {
        number: (chosen.choice(CRITERIA), chosen.choice([-1, 1]), chosen.randrange(1, REVIEWS))
        for number in range(1, ACCOUNTS, 13)
    }
    reviews = []
    for review in range(REVIEWS):
        for number, (name, step, when) in drifts.items():
            if review == when:
                truth[number][name] += step
        reviews.append(
            [{name: entered(value, chosen, exact=exact) for name, value in row.items()} for row in truth]
        )
    return reviews


def entered(value: int, chosen: random.Random, *, exact: bool) -> str:
    return str(min(5, max(1, value + (0 if exact else chosen.choice([-1, 1] + [0] * 6)))))


@dataclass
class Eight:
    """What eight reviews have brought."""

    flips: list[int] = field(default_factory=list)
    moved_back: int = 0
    at_reviews: list[int] = field(default_factory=list)
    between: list[int] = field(default_factory=list)


def eight_reviews(mapping: Mapping, folder: Path, *, exact: bool = False) -> Eight:
    crm: FakeCrm = provisioned(mapping, ACCOUNTS)
    found, zones = Eight(), {}
    gone_from: Counter[tuple[str, str]] = Counter()
    with store_in(folder) as store:
        for review, rows in enumerate(ratings(seed=7, exact=exact)):
            day = date(1970, 1, 1) + timedelta(days=shifted((START - date(1970, 1, 1)).days, review))
            for account, row in zip(crm.org.records["accounts"], rows, strict=True):
                account.update({f"KPM_{name.capitalize()}__c": value for name, value in row.items()})
            outcome = sync(crm, store, mapping, day, LENIENT)
            now = segments(outcome)
            assert len(now) == CUSTOMERS
            moved = {key for key, zone in now.items() if zones and zones[key] != zone}
            found.moved_back += sum(gone_from[key, now[key]] > 0 for key in moved)
            gone_from.update((key, zones[key]) for key in moved)
            if zones:
                found.flips.append(len(moved))
                found.at_reviews.append(outcome.written.written)
            zones = now
            if review in QUIET:
                quiet = sync(crm, store, mapping, day + timedelta(days=12), LENIENT)
                found.between.append(quiet.written.written)
    return found


def segments(outcome: Outcome) -> dict[str, str]:
    rows = pl.read_parquet(outcome.snapshot).filter("member")
    return dict(rows.select("id", "segment").iter_rows())


@pytest.mark.proof  # it prints its figures, and takes three quarters of a minute
def test_hysteresis_keeps_zones_from_flickering(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    variants = {
        "exact raters, without hysteresis": rules(0),
        "without hysteresis": rules(0),
        "hysteresis 5": rules(5),
        "hysteresis 5, stay 60 days": rules(5, 60),
    }
    found = {}
    for place, (name, mapping) in enumerate(variants.items()):
        (folder := tmp_path / str(place)).mkdir()
        found[name] = eight_reviews(mapping, folder, exact=name.startswith("exact"))
    lines = [
        f"{name}: {sum(one.flips)} flips ({', '.join(map(str, one.flips))}), {one.moved_back} of them back again; "
        f"accounts written in the night of a review {sum(one.at_reviews) / len(one.at_reviews):.0f}, in one between "
        f"two reviews {sum(one.between) / len(one.between):.1f}"
        for name, one in found.items()
    ]
    record_property("figures", f"{CUSTOMERS} accounts, {REVIEWS} monthly reviews. " + "; ".join(lines))
    true, plain, slack, stay = found.values()
    assert sum(slack.flips) <= 0.6 * sum(plain.flips)
    assert slack.moved_back <= 0.6 * plain.moved_back
    assert sum(stay.flips) <= sum(slack.flips)
    # Between reviews nothing happens, except that a stay ends.
    assert max(night for one in (true, plain, slack) for night in one.between) == 0


def test_the_generator_is_what_it_says() -> None:
    reviews = ratings(seed=7)
    assert (len(reviews), {len(rows) for rows in reviews}) == (REVIEWS, {ACCOUNTS})
    changed = sum(
        one[name] != other[name] for one, other in zip(*reviews[:2], strict=True) for name in CRITERIA
    )
    assert 0.2 < changed / (ACCOUNTS * len(CRITERIA)) < 0.5
