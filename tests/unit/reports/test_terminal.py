"""What a person reads on a terminal of accounts and of the method is wholly in the language of the mapping."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from connector.cli.by_hand import show_by_hand, show_overrides
from connector.cli.calibrate import show_proposals
from connector.cli.console import out
from connector.cli.explanation import show_explanation
from connector.cli.matrix import show_matrix
from connector.cli.potential import show_check
from connector.cli.show import show_plan
from connector.cli.simulate import show_simulation
from connector.cli.wallet import show_judgement
from connector.crm import Estimate, Usage
from connector.mapping.model import Language, Mapping
from connector.overrides import Ignored, causes
from connector.reference import Reference
from connector.reports.by_hand import by_hand
from connector.reports.calibration import calibration
from connector.reports.explain import Family, explain
from connector.reports.matrix_chart import Thresholds
from connector.reports.membership import rules
from connector.reports.plan import plan
from connector.reports.rating_matrix import Heading, rating_matrix
from connector.reports.simulation import simulation
from connector.reports.versions import Change, Changed
from connector.reports.wallet import Figure, Judged, Judgement
from connector.reports.words import CATALOGUES, words
from connector.reports.words.counted import NOUNS
from connector.texts import PHRASES, confidence_labels, segment_labels
from tests.unit.reports.conftest import MAPPING, account
from tests.unit.reports.potential_check.conftest import AS_OF, deal
from tests.unit.reports.potential_check.test_check import checked, unrated
from tests.unit.reports.test_by_hand import decided
from tests.unit.reports.test_explain import WAYS
from tests.unit.test_languages import LANGUAGES, flat

HALF = Thresholds(50, 50)
LABELS = {
    "en": ("Future demand", "Company size", "Access", "Chemistry"),
    "de": ("Zukunftsbedarf", "Unternehmensgröße", "Zugang", "Sympathie"),
}
WHY: dict[Language, str] = {
    "en": "Key account: potential 72, attractiveness 80.",
    "de": "Schutzzone: Potenzial 72.",
}
SCALES: list[dict[str, Any]] = [
    {"kind": "linear", "zero": 0, "full": 1},
    {"kind": "log", "zero": 0, "full": 100},
    {"kind": "bands", "edges": [10, 50], "scores": [100, 40, 0]},
    {"kind": "half_life", "days": 90},
    {"kind": "saturating", "half_at": 10},
    {"kind": "percentile"},
    {"kind": "percentile", "by": "industry", "reverse": True},
    {"kind": "rating", "worst": 5, "best": 1, "centre_by": "owner"},
    {"kind": "lookup", "scores": {"A1": 100}},
    {"kind": "lookup", "scores": {"A1": 100}, "other": 30},
    {"kind": "boolean"},
]
FIELDS = "Amount|Probability|Industry|Type|CloseDate|StageName|NumberOfEmployees|Name|Number|Owner"
CODE = re.compile(
    rf"\b({FIELDS})\b|"
    r"kpm [a-z-]+( start| propose)?|--[a-z]+|\[[a-z]+\]( where)?|\S*[_.@/]\S*|\{.*?\}|\"[^\"]*\""
)
"""Commands, settings, names of fields and files: the same in every language."""


def tokens(text: str) -> set[str]:
    return {each.casefold() for each in re.findall(r"[^\W\d_]{2,}", re.sub(r"\{\w*\}", " ", text))}


def vocabulary() -> tuple[set[str], set[str]]:
    """Words that are English alone, and words that are German alone."""
    pairs = [pair for texts in CATALOGUES.values() for pair in texts.values()]
    pairs += [*causes.TEXTS.values(), *((" ".join(one), " ".join(other)) for one, other in NOUNS.values())]
    phrases = [dict(flat({**vars_of(PHRASES[language])})) for language in ("en", "de")]
    english = set().union(*(tokens(one) for one, _ in pairs), *map(tokens, phrases[0].values()))
    german = set().union(*(tokens(other) for _, other in pairs), *map(tokens, phrases[1].values()))
    return english - german, german - english


def vars_of(phrases: Any) -> dict[str, Any]:
    return {name: getattr(phrases, name) for name in type(phrases).__dataclass_fields__}


ENGLISH, GERMAN = vocabulary()
Said = Callable[[], str]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Said:
    """What was printed since it was asked last, on a terminal so wide that no word is cut."""
    monkeypatch.setattr(out, "width", 1000)
    return lambda: capsys.readouterr().out


def speaks(language: Language, text: str) -> None:
    foreign = tokens(CODE.sub(" ", text)) & (GERMAN if language == "en" else ENGLISH)
    assert not foreign, (sorted(foreign), text)
    own = tokens(text) & (ENGLISH if language == "en" else GERMAN)
    assert len(own) >= 3, text


def mapping_in(language: Language, **sections: Any) -> Mapping:
    criteria: Any = MAPPING["criteria"]
    named = [{**one, "label": label} for one, label in zip(criteria, LABELS[language], strict=True)]
    data = {**MAPPING, "language": language, "criteria": named, "wallet": {"sources": ["field:Wallet__c"]}}
    return Mapping.model_validate({**data, **sections})


def row(language: Language, **values: Any) -> dict[str, Any]:
    return account("a", name="Adler KG", why=WHY[language], next_step=WHY[language], **values)


LACKING = {"known:chemistry": False, "score:chemistry": None, "rung:chemistry": None}
STATES: dict[str, dict[str, Any]] = {
    "rated": {},
    "unrated": {
        **LACKING, "segment": "unrated", "zone": "unrated", "confidence": None, "points:attractiveness": None,
        "coverage:attractiveness": 0.5, "lo:attractiveness": 35, "hi:attractiveness": 85,
    },
    "provisional": {
        **LACKING, "confidence": "provisional", "from_segment": "develop", "hi:attractiveness": 90,
        "expired:demand:0": True,
    },
    "low": {"segment": "retreat", "zone": "retreat", "points:potential": 30, "score:demand": 20},
    "top revenue": {
        "top_revenue": True, "segment": "develop", "zone": "retreat", "points:attractiveness": 30, "score:access": 10,
    },
    "wallet": {"wallet": 9_000_00, "wallet_source": "field", "share": 0.2, "headroom": 3_500_00,
               "wallet_expired": True},
    "no own": {"wallet": 9_000_00, "wallet_source": "activity"},
    "by model": {"wallet": 9_000_00, "wallet_source": "model", "headroom": 1_00},
    "by peers": {"wallet": 9_000_00, "wallet_source": "peer_p80", "headroom": 1_00},
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_explain(language: Language, state: str, said: Said) -> None:
    mapping, labels = mapping_in(language), segment_labels(mapping_in(language))
    one = {**row(language, **STATES[state]), "partial": True, "raised": True}
    show_explanation(explain(one, mapping, HALF, labels, url=None), dict(labels))
    speaks(language, said())


@pytest.mark.parametrize("language", LANGUAGES)
def test_explain_what_is_set_by_hand(language: Language, said: Said) -> None:
    mapping, labels = mapping_in(language), segment_labels(mapping_in(language))
    for facts in ({}, {"owner": None, "reason": None}, {"owner": None, "from": "file"}):
        one = {**decided("a", zone="retreat", score=35), **row(language)}
        one |= {f"override_{fact}": value for fact, value in facts.items()} | {"rung:access": 1}
        one |= {
            "override_reason": None,
            "override_reason:access": None,
            "override": "retreat",
            "override:access": 35,
        }
        show_explanation(explain(one, mapping, HALF, labels, url=None), dict(labels))
        speaks(language, said())


@pytest.mark.parametrize("language", LANGUAGES)
def test_explain_families(language: Language, said: Said) -> None:
    mapping, labels = mapping_in(language), segment_labels(mapping_in(language))
    family = Family("b", "Berger AG", 14, [("a", "Adler KG")])
    own = Family("a", "Adler KG", 14, [("b", "Berger AG")])
    heir = {**row(language, member=False), "heir": True}
    for one, kin in ((row(language), own), (heir, family)):
        show_explanation(explain(one, mapping, HALF, labels, url=None, family=kin), dict(labels))
        speaks(language, said())


@pytest.mark.parametrize("language", LANGUAGES)
def test_explain_outside_the_portfolio(language: Language, said: Said) -> None:
    rule = {
        "all": [
            {"field": "A__c", "equals": True},
            {"field": "B__c", "is_set": False},
            {"field": "B__c", "is_set": True},
            {"field": "C__c", "not_in": ["X1", "Y1"]},
        ],
        "any": [
            {"field": "D__c", "in": ["X1"]},
            {"measure": "won_count", "months": 36, "above": 1000.5},
            {"measure": "days_since_won", "below": 90},
        ],
    }
    mapping, labels = mapping_in(language, portfolio=rule), segment_labels(mapping_in(language))
    met = {("all", place): place == 0 for place in range(4)} | {("any", place): False for place in range(3)}
    outside = row(language, member=False, segment=None, zone=None)
    for known in (None, rules(mapping, met)):
        found = explain(outside, mapping, HALF, labels, url=None, rules=known)
        show_explanation(found, dict(labels))
        speaks(language, said())
    assert [each["met"] for each in found["rules"]] == [True, *[False] * 6]
    assert ("1000,5" if language == "de" else "1000.5") in found["rules"][5]["rule"]


def every_way(language: Language) -> Mapping:
    """A criterion for each source and scale; what they have to do with each other is not looked at."""
    rated = {"field": "Rated__c", "expires_days": 365}
    sources = [source for source, _ in WAYS] + [
        {"from": "opportunities", "measure": measure, "months": 12, **more}
        for measure, more in (
            ("won_amount", {}), ("won_count", {}), ("open_amount", {}), ("weighted_pipeline", {}), ("trend", {}),
            ("tenure_years", {}), ("breadth", {"field": "Line__c", "of": 4}),
        )
    ] + [
        {"from": "orders", "measure": "count", "months": 12},
        {"from": "activities", "measure": "count", "months": 12},
        {"from": "wallet", "measure": "share"},
        {"from": "wallet", "measure": "headroom_share"},
        *({"from": "criteria", "measure": name, "ids": ["size"]} for name in ("weighted", "max", "geometric")),
    ]  # fmt: skip
    criteria = [
        {
            "id": ("size", "access")[number] if number < 2 else f"c{number}",
            "dimension": "potential" if number % 2 else "attractiveness",
            "label": LABELS[language][number % 4],
            "missing": "neutral",
            "source": sources[number % len(sources)] if scale["kind"] != "rating" else rated,
            "scale": scale,
        }
        for number, scale in enumerate(SCALES * 2)
    ]
    ladder = {"id": "both", "dimension": "potential", "label": LABELS[language][0]}
    ladder |= {"first_of": [{"source": source, "scale": SCALES[0]} for source in sources]}
    section = {"date": "Date__c"}
    return mapping_in(
        language,
        criteria=[*criteria, ladder],
        wallet={"sources": ["field:Wallet__c", "activity", "model", "peer_p80"]},
        cases=section, orders=section, activities=section,
        portfolio={"level": "ultimate_parent"}, override={"segment": "Zone__c"},
        matrix={"threshold": {"potential": "p60"}, "min_stay_days": 30},
    )  # fmt: skip


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
def test_explain_what_is_missing_of_every_source(language: Language, said: Said) -> None:
    mapping, labels = every_way(language), segment_labels(mapping_in(language))
    nothing = {
        f"{kind}:{one.id}": False if kind == "known" else None
        for one in mapping.criteria
        for kind in ("known", "score", "rung")
    }
    found = explain({**row(language), **nothing}, mapping, HALF, labels, url=None)
    show_explanation(found, dict(labels))
    speaks(language, said())
    assert len(found["to_fill"]) == len(mapping.criteria)


def table_of(**columns: list[Any]) -> Reference:
    return Reference("", pa.table(columns))


FROZEN = {
    "rate:demand:0": table_of(value=[0.345]),
    "rate:size:0": table_of(value=[0.0123]),
    "centre:access:0": table_of(owner=["Anna"], mean=[4.25], portfolio=[3.5]),
    "percentile:chemistry:0": table_of(group=["", "", "bau"], value=[1.0, 2.0, 1.0], count=[30, 1000, 30]),
}


def adjusted_mapping(language: Language) -> Mapping:
    criteria: Any = MAPPING["criteria"]
    changed = [
        {"source": {"from": "opportunities", "measure": "win_rate", "months": 12}, "scale": SCALES[0]},
        {
            "source": {"from": "cases", "measure": "error_rate", "per": "orders", "months": 12},
            "scale": SCALES[0],
        },
        {"scale": {"kind": "rating", "worst": 1, "best": 5, "centre_by": "owner"}},
        {"scale": {"kind": "percentile", "by": "industry"}},
    ]
    labels = LABELS[language]
    named = [
        {**one, **more, "label": label} for one, more, label in zip(criteria, changed, labels, strict=True)
    ]
    return mapping_in(language, criteria=named, cases={"date": "D__c"}, orders={"date": "D__c"})


@pytest.mark.parametrize("language", LANGUAGES)
def test_explain_what_the_portfolio_has_to_do_with_a_value(language: Language, said: Said) -> None:
    mapping, labels = adjusted_mapping(language), segment_labels(mapping_in(language))
    told: dict[str, list[str]] = {}
    for owner, group, frozen in (
        ("Anna", "bau", FROZEN),
        ("Ben", "druck", FROZEN),
        (None, None, FROZEN),
        ("Anna", "bau", {}),
    ):
        one = {
            **row(language),
            "owner": owner,
            "by:chemistry:0": group,
            "raw:demand:0": 0.5,
            "raw:size:0": 0.1,
        }
        found = explain(one, mapping, HALF, labels, url=None, frozen=frozen)
        show_explanation(found, dict(labels))
        speaks(language, said().replace("bau", "").replace("druck", ""))
        for part in found["dimensions"].values():
            for each in part["criteria"]:
                told.setdefault(each["id"], []).extend(each["notes"] or ["-"])
    if language == "en":
        assert told["demand"][0] == "counted with 5 opportunities more at the portfolio's own rate of 34 %"
        assert told["demand"][-1] == "counted with 5 opportunities more at the portfolio's own rate"
        assert told["size"][0] == "counted with 10 orders more at the portfolio's own rate of 1.2 %"
        assert told["access"] == [
            "centred: counts as 3.2; Anna gives 4.2 on average, all together 3.5",
            "counts as given: its owner has rated too few to tell strict from kind",
            "counts as given: it has no owner",
            "-",
        ]
        assert told["chemistry"] == [
            "ranked among 30 customers with industry bau",
            "ranked among all customers, as too few have industry druck",
            "ranked among all customers, as its industry is not known",
            "ranked among all customers",
        ]


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
