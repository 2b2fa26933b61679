"""What a person reads on a terminal of accounts and of the method is wholly in the language of the mapping: lists."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from connector.cli.by_hand import show_by_hand, show_overrides
from connector.cli.calibrate import show_proposals
from connector.cli.matrix import show_matrix
from connector.cli.potential import show_check
from connector.cli.show import show_plan
from connector.cli.simulate import show_simulation
from connector.cli.wallet import show_judgement
from connector.crm import Estimate, Usage
from connector.mapping.model import Language
from connector.overrides import Ignored, causes
from connector.reports.by_hand import by_hand
from connector.reports.calibration import calibration
from connector.reports.matrix_chart import Thresholds
from connector.reports.plan import plan
from connector.reports.rating_matrix import Heading, rating_matrix
from connector.reports.simulation import simulation
from connector.reports.versions import Change, Changed
from connector.reports.wallet import Figure, Judged, Judgement
from connector.reports.words import words
from connector.texts import confidence_labels, segment_labels
from tests.unit.reports.conftest import MAPPING, account
from tests.unit.reports.languages import HALF, SCALES, WHY, Said, every_way, mapping_in, speaks
from tests.unit.reports.potential_check.conftest import AS_OF, deal
from tests.unit.reports.potential_check.test_check import checked, unrated
from tests.unit.reports.test_by_hand import decided
from tests.unit.test_languages import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_matrix(language: Language, said: Said) -> None:
    mapping = every_way(language)
    change = Changed(datetime.now(UTC), "anna@host1", (Change("write.why", None, "W"),) * 9)
    for in_force in (True, False):
        heading = Heading("acme", "x.toml", "1234", in_force=in_force, printed=date(2026, 11, 24))
        labels = segment_labels(mapping)
        found = rating_matrix(mapping, heading, labels, borders={"potential": 52.4}, changes=[change])
        show_matrix(found, words(language))
        speaks(language, said().replace("criteria", ""))


@pytest.mark.parametrize("language", LANGUAGES)
def test_overrides(language: Language, said: Said) -> None:
    mapping = mapping_in(language)
    labels = {str(key): label for key, label in segment_labels(mapping).items()}
    kinds = {"override": pl.String, "override:access": pl.Int64}
    zone = {**decided("a", zone="retreat", ends_in=3), "name": "Adler KG", "override_owner": None}
    zone |= {"override_reason": None}
    score = {
        **decided("b", score=7),
        "name": "Berger AG",
        "override_reason:access": None,
        "why": "",
        "next_step": "",
    }
    rows = pl.DataFrame([zone, score], infer_schema_length=None, schema_overrides=kinds)
    ended = Ignored("a", "access", "7", "o.csv", causes.say("ended", language, day="2026-01-01"), ended=True)
    wrong = [
        Ignored("b", "access", "x", causes.say("line", language, file="o.csv", line=3), causes.say(key, language,
            value="x", hint=".", zones='"protect"', top="b", day="2026-01-01", file="o.csv", line=3, word="y"))
        for key in causes.TEXTS
        if key != "no_effect"
    ]  # fmt: skip
    found = by_hand(rows, mapping, AS_OF, labels, [ended, *wrong])
    show_overrides(found, mapping, AS_OF)
    text = said()
    speaks(language, text.replace("access", ""))
    assert text.count(labels["protect"]) == 1  # the computed zone by its label
    assert " protect " not in text
    show_by_hand(found, mapping)
    speaks(language, said().replace("access", ""))
    show_overrides(by_hand(rows.clear(), mapping, AS_OF, labels), mapping, AS_OF)
    speaks(language, said())


def poor_portfolio() -> pl.DataFrame:
    rows = [
        account("a", name="Adler KG", own=100, from_segment="develop"),
        account("b", name="Adler AG", own=50),
        unrated("c", 5_000) | {"name": "Cramer"},
        unrated("d", 4_000) | {"name": "Dietz", "points:potential": None},
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


HISTORIES: list[list[dict[str, Any]]] = [
    [deal("a", "won", 5, amount=None)] * 4 + [deal("a", "open", 5)] * 6 + [deal(None, "won", 5)] * 5,
    [deal("a", "won", 5, amount=None)] + [deal("a", "won", 5)] * 9 + [deal(None, "won", 5)],
    [],
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("history", HISTORIES, ids=["poor", "fair", "none"])
def test_potential_check(language: Language, history: list[dict[str, Any]], said: Said) -> None:
    mapping = mapping_in(language)
    labels = {str(key): label for key, label in segment_labels(mapping).items()}
    accounts = poor_portfolio().with_columns(why=pl.lit(""), next_step=pl.lit(""))
    for portfolio in (accounts, accounts.with_columns(member=pl.lit(value=False))):
        show_check(checked(mapping, portfolio, *history, labels=labels), labels, words(language))
        speaks(language, said())


@pytest.mark.parametrize("language", LANGUAGES)
def test_plan(language: Language, said: Said) -> None:
    mapping = mapping_in(language, write={**MAPPING["write"], "where": [{"field": "A__c", "is_set": True}]})  # type: ignore[dict-item]
    labels = {str(key): label for key, label in segment_labels(mapping).items()}
    sent = {f"send:{key}": pl.lit(value=True) for key in mapping.write.targets}
    accounts = poor_portfolio().with_columns(
        **sent, why=pl.lit(WHY[language]), pilot=pl.lit(value=True), top_revenue=pl.col("id") == "a"
    )
    for note in ({"message": "odd", "message_de": "merkwürdig", "count": 3},):
        found = plan(
            accounts,
            mapping,
            HALF,
            labels,
            by_hand(accounts, mapping, AS_OF, labels),
            calls=Estimate(10, 10),
            quota=Usage(7, 100_000, {}),
            quality=[note] * 7,
        )
        show_plan(found, mapping, first_run=False)
        speaks(language, said())
    nothing = accounts.with_columns(change=pl.lit(None, pl.String))
    show_plan(
        plan(nothing, mapping, HALF, labels, by_hand(nothing, mapping, AS_OF, labels)),
        mapping,
        first_run=True,
    )
    speaks(language, said())


@pytest.mark.parametrize("language", LANGUAGES)
def test_simulation(language: Language, said: Said) -> None:
    mapping = mapping_in(language)
    today = poor_portfolio().with_columns(why=pl.lit(WHY[language]))
    then = today.with_columns(
        segment=pl.lit("retreat"), member=pl.col("id") != "b", **{"points:potential": pl.lit(3)}
    )
    borders = (HALF, Thresholds(60, 55.5))
    for other in (today, then):
        found = simulation(today, other, as_of=AS_OF, thresholds=borders)
        show_simulation(found, "acme", mapping, mapping)
        speaks(language, said())


@pytest.mark.parametrize("language", LANGUAGES)
def test_calibrate(language: Language, said: Said) -> None:
    scales = [{**scale, "zero": 0, "full": 1} for scale in SCALES[:2]]
    criteria: Any = mapping_in(language).model_dump(by_alias=True, exclude_none=True)["criteria"]
    changed = [{**one, "scale": (scales * 2)[place]} for place, one in enumerate(criteria)]
    mapping = mapping_in(language, criteria=changed)
    raw = {
        "raw:demand:0": [float(n * 1000) for n in range(100)],
        "raw:size:0": [3.0] * 100,
        "raw:access:0": [0.0] * 50 + [1.0] * 50,
        "raw:chemistry:0": [None] * 99 + [1.0],
    }
    found = calibration(pl.DataFrame(raw, schema=dict.fromkeys(raw, pl.Float64)), mapping)
    assert [bool(one.note) for one in found] == [False, True, True, True]
    show_proposals(found, words(language))
    speaks(language, said())


@pytest.mark.parametrize("language", LANGUAGES)
def test_wallet(language: Language, said: Said) -> None:
    figure = Figure(1.5, 1.25, 1.75)
    names = ("field", "activity", "model", "peer_p80")
    judged = tuple(Judged(name, 1000, 2000, 20, figure, 0.5, 1.1, figure) for name in names)
    beside = tuple(
        Judged(name, None, None, 20, figure, None, None, figure) for name in ("own spend", "random")
    )
    for entered, model in (
        (5, {"trained": False, "wallets": 5, "needed": 80}),
        (90, {"trained": False, "wallets": 5, "needed": 80}),
        (90, {"trained": True, "wallets": 1200, "needed": 80, "error": 1.5}),
        (90, None),
    ):
        found = Judgement(4000, 10, entered, 1_234_567_00, 0.6, judged, beside, model)
        show_judgement(found, "acme", "EUR", words(language))
        told = said()
        speaks(language, told)
        assert ("1,50 (1,25-1,75)" if language == "de" else "1.50 (1.25-1.75)") in told


def test_confidence_is_called_as_in_the_crm() -> None:
    for language in LANGUAGES:
        labels = confidence_labels(mapping_in(language))
        for key, label in labels.items():
            assert words(language)[f"confidence_{key}"] == label.lower()
