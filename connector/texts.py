"""Every phrase that the connector writes to the CRM, in English and German, and the room each may take.

The words are whole before any account is looked at: for each situation an account can be in there is one text, and
`Wording` makes sure beforehand that the longest combination fits the field. Labels are shortened for that,
actions never are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Literal, get_args

from connector.mapping.model import (
    Criterion,
    FieldSource,
    Language,
    Mapping,
    Segment,
    WalletSource,
)

LIMIT = 255
"""Characters that the CRM's text fields hold."""
ZONE_LIMIT = 40
SHORTEST_LABEL = 12
CUSTOM_ACTION_LIMIT = 50
"""A longer own next step is written to its field alone; the reason then names it in general words."""
NAMED_MISSING = 3
"""So many missing criteria are named, the rest is "and more"."""

Case = Literal["protect", "develop", "decide", "maintain", "retreat", "unrated"]
"""What the account team is asked for: by zone, except for ``decide``, the bottom of ``develop``."""
CASES: tuple[Case, ...] = get_args(Case)
Open = tuple[Literal["expired", "missing"], str] | None
"""Why a zone is provisional: an expired rating or missing data, and the criterion's id."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language. Texts of `actions` end up inside a sentence, those of `steps` are sentences."""

    segments: dict[Segment, str]
    confidence: dict[str, str]
    potential: str
    attractiveness: str
    unknown: str
    top_revenue: str
    strong: str
    weak: str
    so_far: str
    missing: str
    more: str
    provisional: str
    no_data: str
    out_of_date: str
    next: str
    actions: dict[Case, str]
    actions_weak: dict[Case, str]
    steps: dict[Case, str]
    steps_weak: dict[Case, str]
    rate_again: str
    fill_in: str


PHRASES: dict[Language, Phrases] = {
    "en": Phrases(
        segments={
            "protect": "Key account",
            "develop": "Development zone",
            "maintain": "Maintain",
            "retreat": "Efficient care",
            "unrated": "Not rated yet",
        },
        confidence={"firm": "Firm", "provisional": "Provisional"},
        potential="{zone}: potential ",
        attractiveness=", attractiveness ",
        unknown="unknown",
        top_revenue=" (high by top revenue)",
        strong=". Strong: {criterion} ",
        weak=". Weak: {criterion} ",
        so_far=". So far: {criterion} ",
        missing=". Missing: ",
        more=" and more",
        provisional=". Provisional",
        no_data=", no data: {criterion}",
        out_of_date=", rating out of date: {criterion}",
        next=". Next: {action}.",
        actions={
            "protect": "keep the best care",
            "develop": "work on the fit",
            "decide": "a person decides, develop or let go",
            "maintain": "hold the level with efficient channels",
            "retreat": "keep the effort small",
            "unrated": "fill in what is missing",
        },
        actions_weak={"protect": "best care, strengthen the weak point", "develop": "work on the weak point"},
        steps={
            "protect": "Keep the best care and guard the account against competitors.",
            "develop": "Work on the fit: agree with the customer how to work together.",
            "decide": "A person decides: develop this account or let it go.",
            "maintain": "Hold the level with efficient channels; invest only to keep it.",
            "retreat": "Keep the effort small; withdrawing is a person's decision.",
            "unrated": "Fill in: {criterion}.",
        },
        steps_weak={
            "protect": "Keep the best care and work on: {criterion}.",
            "develop": "Work on: {criterion}. It burdens this account most.",
            "decide": "A person decides: develop this account or let it go. Weakest: {criterion}.",
        },
        rate_again=" Rate again: {criterion}.",
        fill_in=" Fill in: {criterion}.",
    ),
    "de": Phrases(
        segments={
            "protect": "Schutzzone",
            "develop": "Entwicklungszone",
            "maintain": "Haltezone",
            "retreat": "Effizienzbetreuung",
            "unrated": "Noch nicht bewertet",
        },
        confidence={"firm": "Gesichert", "provisional": "Vorläufig"},
        potential="{zone}: Potenzial ",
        attractiveness=", Attraktivität ",
        unknown="unbekannt",
        top_revenue=" (hoch durch Topumsatz)",
        strong=". Stark: {criterion} ",
        weak=". Schwach: {criterion} ",
        so_far=". Bisher: {criterion} ",
        missing=". Es fehlt: ",
        more=" und weitere",
        provisional=". Vorläufig",
        no_data=", ohne Angabe: {criterion}",
        out_of_date=", Bewertung veraltet: {criterion}",
        next=". Jetzt: {action}.",
        actions={
            "protect": "beste Betreuung halten",
            "develop": "an der Zusammenarbeit arbeiten",
            "decide": "ein Mensch entscheidet, entwickeln oder loslassen",
            "maintain": "mit effizienten Kanälen halten",
            "retreat": "Aufwand klein halten",
            "unrated": "Fehlendes ergänzen",
        },
        actions_weak={"protect": "beste Betreuung, Schwachstelle stärken", "develop": "an der Schwachstelle arbeiten"},
        steps={
            "protect": "Beste Betreuung halten und vor Abwerbung schützen.",
            "develop": "An der Zusammenarbeit arbeiten: mit dem Kunden klären, wie es gemeinsam besser geht.",
            "decide": "Ein Mensch entscheidet: diesen Kunden entwickeln oder loslassen.",
            "maintain": "Das Niveau mit effizienten Kanälen halten; nur dafür investieren.",
            "retreat": "Den Aufwand klein halten; über einen Rückzug entscheidet ein Mensch.",
            "unrated": "Bitte ergänzen: {criterion}.",
        },
        steps_weak={
            "protect": "Beste Betreuung halten und daran arbeiten: {criterion}.",
            "develop": "Daran arbeiten: {criterion}. Das belastet diesen Kunden am meisten.",
            "decide": "Ein Mensch entscheidet: diesen Kunden entwickeln oder loslassen. Am schwächsten: {criterion}.",
        },
        rate_again=" Neu bewerten: {criterion}.",
        fill_in=" Bitte ergänzen: {criterion}.",
    ),
}


def segment_labels(mapping: Mapping) -> dict[Segment, str]:
    """What people call each zone: the mapping's own words, else the language's."""
    own = {key: text.in_(mapping.language) for key, text in mapping.texts.segments.items()}
    return {**PHRASES[mapping.language].segments, **own}


def confidence_labels(mapping: Mapping) -> dict[str, str]:
    """What people call firm and provisional."""
    return dict(PHRASES[mapping.language].confidence)


def size(text: str) -> int:
    """Length as the CRMs count it: in UTF-16 units, so that an emoji takes two."""
    return len(text.encode("utf-16-le")) // 2


def one_line(text: str) -> str:
    """Without line breaks, control characters and repeated blanks: a CRM's bulk upload rejects some of them."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters: first without what stands in brackets at the end, then cut between words."""
    if size(text) <= limit:
        return text
    plain = re.sub(r"\s*\([^()]*\)$", "", text)
    if plain and size(plain) <= limit:
        return plain
    kept = ""
    for character in plain or text:
        if size(kept + character) > limit - 1:
            break
        kept += character
    words = kept.rpartition(" ")[0] if " " in kept and not (plain or text)[len(kept) :].startswith(" ") else kept
    return words.rstrip(" ,;:.-(") + "…"


class Wording:
    """All texts of one mapping, each short enough for every account.

    Attributes:
        criteria: those with weight, in the order of the file; texts name them by their place in it.
        fill_order: the same, in the order in which people should fill them in: what a person can fill comes
            first, then by weight.
    """

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.phrases = PHRASES[mapping.language]
        self.criteria = tuple(criterion for criterion in mapping.criteria if criterion.weight > 0)
        self.fill_order = tuple(sorted(self.criteria, key=lambda one: (not self._fillable(one), -self.share(one))))
        self._labels = {one.id: one_line(one.label.in_(mapping.language)) for one in self.criteria}
        self._zones = {
            key: shortened(one_line(label), ZONE_LIMIT) for key, label in segment_labels(mapping).items()
        }
        self._own_steps = self._read_own_steps()

    def share(self, criterion: Criterion) -> float:
        """The criterion's part of its dimension's weight, 0..1."""
        return criterion.weight / sum(one.weight for one in self.mapping.of(criterion.dimension))

    # --- pieces of `why`, in their order -----------------------------------------------------------------

    def head(self, case: Case) -> str:
        """The zone, up to the potential score."""
        zone = self._zones["develop" if case == "decide" else case]
        return zone if case == "unrated" else self.phrases.potential.format(zone=zone)

    def middle(self, *, top_revenue: bool) -> str:
        """Between the potential and the attractiveness score."""
        return (self.top_revenue if top_revenue else "") + self.phrases.attractiveness

    def strong(self, criterion: Criterion) -> str:
        """What lifts the account most, up to its score."""
        return self.phrases.strong.format(criterion=self.label(criterion))

    def weak(self, criterion: Criterion) -> str:
        """What burdens the account most, up to its score."""
        return self.phrases.weak.format(criterion=self.label(criterion))

    def so_far(self, criterion: Criterion) -> str:
        """The best that is known of an unrated account, up to its score."""
        return self.phrases.so_far.format(criterion=self.label(criterion))

    def tail(self, case: Case, weak: Criterion | None, unsettled: Open) -> str:
        """What is unsettled, and the action in short."""
        action = self.phrases.next.format(action=self._short_action(case, weak))
        if unsettled is None:
            return action
        kind, id_ = unsettled
        phrase = self.phrases.out_of_date if kind == "expired" else self.phrases.no_data
        before = self._length_before_tail(case, None if weak is None else self.weak(weak), self._label_limit)
        room = LIMIT - before - size(self.phrases.provisional) - size(action) - size(phrase.format(criterion=""))
        if room < min(SHORTEST_LABEL, size(self._labels[id_])):
            return self.phrases.provisional + action
        return self.phrases.provisional + phrase.format(criterion=shortened(self._labels[id_], room)) + action

    def label(self, criterion: Criterion) -> str:
        """The criterion's label, as long as a reason has room for."""
        return shortened(self._labels[criterion.id], self._label_limit)

    def missing_label(self, criterion: Criterion) -> str:
        """The criterion's label, as long as an unrated account's list has room for."""
        return shortened(self._labels[criterion.id], self._missing_limit)

    @property
    def top_revenue(self) -> str:
        """Why an account counts as high on potential whatever its score."""
        own = self.mapping.texts.reasons.get("top_revenue")
        return self.phrases.top_revenue if own is None else f" ({shortened(one_line(own.in_(self.mapping.language)), 40)})"

    # --- `next_step` -------------------------------------------------------------------------------------

    def next_step(self, case: Case, weak: Criterion | None, unsettled: Open) -> str:
        """What to do, in one or two sentences."""
        text = self._step(case, weak)
        if unsettled is not None:
            kind, id_ = unsettled
            phrase = self.phrases.rate_again if kind == "expired" else self.phrases.fill_in
            label = self._labels[id_]
            room = LIMIT - size(text) - size(phrase.format(criterion=""))
            if room >= min(SHORTEST_LABEL, size(label)):
                text += phrase.format(criterion=shortened(label, room))
        return shortened(text, LIMIT)

    def fill_in(self) -> tuple[str, str]:
        """What stands before and after the list of missing criteria of an unrated account."""
        before, after = self.phrases.steps["unrated"].split("{criterion}")
        return before, after

    @property
    def most_numbers(self) -> int:
        """No text holds more numbers than this: four scores, and what labels and own texts bring along."""
        texts = [*self._labels.values(), *self._zones.values(), *self._own_steps.values(), self.top_revenue]
        return 4 + sum(len(re.findall("[0-9]+", text)) for text in texts)

    # --- how it is made to fit ---------------------------------------------------------------------------

    @cached_property
    def _label_limit(self) -> int:
        """The longest that labels may be so that the longest reason fits."""
        longest = max((size(label) for label in self._labels.values()), default=0)
        limits: Iterable[int] = range(longest, SHORTEST_LABEL, -1)
        return next((limit for limit in limits if self._longest(limit) <= LIMIT), SHORTEST_LABEL)

    @cached_property
    def _missing_limit(self) -> int:
        so_far = self.phrases.so_far.format(criterion="")
        action = self.phrases.next.format(action=self.phrases.actions["unrated"])
        fixed = size(self._zones["unrated"] + so_far + self.phrases.missing + self.phrases.more + action)
        separators = 2 * (NAMED_MISSING - 1)
        return (LIMIT - fixed - separators - self._label_limit - 3) // NAMED_MISSING

    def _longest(self, limit: int) -> int:
        """Length of the longest reason with labels of at most `limit`, what is unsettled not named."""
        lengths = []
        for case, weak in product(CASES[:-1], (None, *self.criteria)):
            text = None if weak is None else self.phrases.weak.format(criterion=shortened(self._labels[weak.id], limit))
            action = self.phrases.next.format(action=self._short_action(case, weak))
            lengths.append(self._length_before_tail(case, text, limit) + size(self.phrases.provisional + action))
        return max(lengths)

    def _length_before_tail(self, case: Case, weak: str | None, limit: int) -> int:
        digits = 3  # "100"
        strong = max((size(shortened(label, limit)) for label in self._labels.values()), default=0)
        fixed = self.head(case) + self.phrases.unknown + self.middle(top_revenue=True)
        strong_phrase = size(self.phrases.strong.format(criterion=""))
        return size(fixed) + digits + strong_phrase + strong + digits + (0 if weak is None else size(weak) + digits)

    # --- actions -----------------------------------------------------------------------------------------

    def _short_action(self, case: Case, weak: Criterion | None) -> str:
        own = self._own_step(case, weak)
        if own is not None and size(own) <= CUSTOM_ACTION_LIMIT:
            return own.rstrip(".!")
        if weak is not None and self._actionable(weak):
            return self.phrases.actions_weak.get(case, self.phrases.actions[case])
        return self.phrases.actions[case]

    def _step(self, case: Case, weak: Criterion | None) -> str:
        own = self._own_step(case, weak)
        if own is not None:
            return own
        if weak is not None and self._actionable(weak) and case in self.phrases.steps_weak:
            return self.phrases.steps_weak[case].format(criterion=shortened(self._labels[weak.id], LIMIT // 2))
        return self.phrases.steps[case]

    def _own_step(self, case: Case, weak: Criterion | None) -> str | None:
        """The mapping's own words: the criterion's where the zone is worth the work, else the zone's."""
        if weak is not None and case in ("protect", "develop") and weak.id in self._own_steps:
            return self._own_steps[weak.id]
        return self._own_steps.get(case)

    def _read_own_steps(self) -> dict[str, str]:
        """Own next steps by case or by criterion, each a sentence."""
        texts = {one.id: one.next_step for one in self.criteria if one.next_step is not None}
        texts |= self.mapping.texts.next_steps
        steps = {key: one_line(text.in_(self.mapping.language)) for key, text in texts.items()}
        return {key: text if text.endswith((".", "!", "?", "…")) else f"{text}." for key, text in steps.items()}

    @staticmethod
    def _actionable(criterion: Criterion) -> bool:
        """People can work on the fit; a customer's potential is not theirs to change."""
        return criterion.dimension == "attractiveness" and criterion.changeability > 0

    def _fillable(self, criterion: Criterion) -> bool:
        """A person can fill it in on the account."""
        wallet = self.mapping.wallet is not None and self.mapping.wallet.field is not None
        sources = [rung.source for rung in criterion.rungs]
        return any(isinstance(source, FieldSource) or (wallet and isinstance(source, WalletSource)) for source in sources)
