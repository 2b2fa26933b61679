"""Two languages told apart: words that one of them alone has, and mappings in each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from connector.mapping.model import Language, Mapping
from connector.overrides import causes
from connector.reports.matrix_chart import Thresholds
from connector.reports.words import CATALOGUES
from connector.reports.words.counted import NOUNS
from connector.texts import PHRASES
from tests.unit.reports.conftest import MAPPING, account
from tests.unit.reports.test_explain import WAYS
from tests.unit.test_languages import flat

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
    phrases = [dict(flat(asdict(PHRASES[language]))) for language in ("en", "de")]
    english = set().union(*(tokens(one) for one, _ in pairs), *map(tokens, phrases[0].values()))
    german = set().union(*(tokens(other) for _, other in pairs), *map(tokens, phrases[1].values()))
    return english - german, german - english


ENGLISH, GERMAN = vocabulary()
Said = Callable[[], str]


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
