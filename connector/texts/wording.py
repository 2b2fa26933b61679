"""The texts of one mapping: which there are, and that each fits its field.

The words are whole before any account is looked at: for each situation an account can be in there is one text, and
`Wording` makes sure beforehand that the longest combination fits the field. Labels are shortened for that,
actions never are.
"""

from __future__ import annotations

import re
from functools import cached_property
from itertools import product
from typing import Literal

from connector.mapping.model import Criterion, CsvSource, Dimension, FieldSource, Mapping, Segment
from connector.mapping.uses import by_people, filled_in
from connector.texts.phrases import CASES, PHRASES, Case

LIMIT = 255
"""Characters that the CRM's text fields hold."""
ZONE_LIMIT = 40
CUSTOM_ACTION_LIMIT = 50
"""A longer own next step is written to its field alone; the reason then names it in general words."""
NAMED_MISSING = range(6, 2, -1)
"""As many missing criteria are named as fit with their whole labels, at least three; the rest is "and more"."""

REASON_ROOM = 70
"""Characters that a person's decision has at least, who and why together, unless own texts are very long."""
SHORTEST_LABEL = 8

WEIGHT_PARTS = 10_000
NOTABLE = WEIGHT_PARTS
"""A burden of one point of its dimension, in the unit of `weight_of` x score: a smaller one explains no zone."""
LOOKED_AT_FIRST: dict[Segment, Dimension] = {
    "protect": "attractiveness",
    "develop": "attractiveness",
    "maintain": "potential",
}
"""The dimension whose burden explains a zone: the one that is low, or to be worked on. Elsewhere both count alike."""

Open = tuple[Literal["expired", "missing"], str] | None
"""Why a zone is provisional: an expired rating or missing data, and the criterion's id."""


def segment_labels(mapping: Mapping) -> dict[Segment, str]:
    """What people call each zone: the mapping's own words, else the language's."""
    own = {key: one_line(text.in_(mapping.language)) for key, text in mapping.texts.segments.items()}
    return {**PHRASES[mapping.language].segments, **{key: label for key, label in own.items() if label}}


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
    text = plain or text
    kept = text.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", errors="ignore")
    if " " in kept and text[len(kept)] != " ":
        kept = kept.rpartition(" ")[0]
    return kept.rstrip(" ,;:.-(") + "…"


def weight_of(criterion: Criterion, mapping: Mapping) -> int:
    """The criterion's part of its dimension's weight, in ten-thousandths."""
    return round(WEIGHT_PARTS * _share(criterion, mapping))


def neutral_pull(criterion: Criterion, mapping: Mapping) -> int:
    """What `weight_of` x score is at the criterion's target: above it the criterion lifts, below it burdens."""
    return round(weight_of(criterion, mapping) * criterion.target)


def _share(criterion: Criterion, mapping: Mapping) -> float:
    return criterion.weight / sum(one.weight for one in mapping.of(criterion.dimension))


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
        self.fill_order = tuple(
            sorted(self.criteria, key=lambda one: (not self._fillable(one), -self.share(one)))
        )
        self._labels = {one.id: one_line(one.label.in_(mapping.language)) or one.id for one in self.criteria}
        self._zones = {key: shortened(label, ZONE_LIMIT) for key, label in segment_labels(mapping).items()}
        self._own_steps = self._read_own_steps()

    @property
    def by_people(self) -> tuple[Criterion, ...]:
        """Those of `fill_order` that a person can answer: on the account, or in its contacts' roles."""
        return tuple(one for one in self.fill_order if by_people(one, self.mapping))

    def share(self, criterion: Criterion) -> float:
        """The criterion's part of its dimension's weight, 0..1."""
        return _share(criterion, self.mapping)

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

    def answered_by(self, criterion: Criterion, rung: int) -> str:
        """Behind the score: which way of answering did, of a criterion that has several; else nothing."""
        if rung == len(criterion.rungs):
            return self.phrases.manual
        if len(criterion.rungs) == 1:
            return ""
        source, scale = criterion.rungs[rung].source, criterion.rungs[rung].scale
        if isinstance(source, FieldSource):
            return self.phrases.sources["rating" if scale.kind == "rating" else "field"]
        return self.phrases.sources["csv" if isinstance(source, CsvSource) else source.from_]

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
        others = self._label_limit + (0 if weak is None else size(self.label(weak)))
        fixed = self._without_labels(case, weak) + size(
            self.phrases.provisional + phrase.format(criterion="")
        )
        return self.phrases.provisional + self._if_whole(phrase, id_, LIMIT - fixed - others) + action

    def _if_whole(self, phrase: str, id_: str, room: int) -> str:
        """The phrase about a criterion, or nothing if its label would have to be cut: the other text names it."""
        label = shortened(self._labels[id_], max(room, 1))
        return "" if room < 1 or label.endswith("…") else phrase.format(criterion=label)

    def label(self, criterion: Criterion) -> str:
        """The criterion's label, as long as a reason has room for."""
        return shortened(self._labels[criterion.id], self._label_limit)

    def missing_label(self, criterion: Criterion) -> str:
        """The criterion's label, as long as an unrated account's list has room for."""
        return shortened(self._labels[criterion.id], self._missing_limit)

    @property
    def top_revenue(self) -> str:
        """Why an account counts as high on potential whatever its score."""
        text = self.mapping.texts.reasons.get("top_revenue")
        own = "" if text is None else one_line(text.in_(self.mapping.language))
        return f" ({shortened(own, ZONE_LIMIT)})" if own else self.phrases.top_revenue

    # --- pieces of `why` where a person has set something: one criterion, the action, who and why ---------

    def zone(self, case: Case) -> str:
        """The zone alone."""
        return self._zones["develop" if case == "decide" else case]

    def manual_label(self, criterion: Criterion) -> str:
        """The criterion's label, as long as it leaves room for a person's reason."""
        return shortened(self._labels[criterion.id], self._manual_label_limit)

    def whole_label(self, criterion: Criterion) -> str:
        """The criterion's label as it is."""
        return self._labels[criterion.id]

    @cached_property
    def surplus(self) -> int:
        """By how much a reason may be longer for the CRM than it has characters, a person's own words apart."""
        groups = (
            self._zones.values(),
            (self.manual_label(one) for one in self.criteria),
            (self.top_revenue,),
            self._own_steps.values(),
        )
        return sum(max((size(text) - len(text) for text in group), default=0) for group in groups)

    @cached_property
    def _manual_label_limit(self) -> int:
        phrases = self.phrases
        scores = max(
            size(phrases.potential.format(zone="") + phrases.unknown) + len("100"), size(phrases.not_rated)
        )
        middles = max(size(self.middle(top_revenue=flag)) for flag in (True, False))
        criterion = max(size(phrase) for phrase in (phrases.strong, phrases.weak, phrases.so_far))
        answered = [size(self.answered_by(one, len(one.rungs))) for one in self.criteria]
        answered += [size(self.answered_by(*way)) for way in self._ways]
        actions = max(
            size(self.tail(case, weak, None)) for case, weak in product(CASES, (None, *self.criteria))
        )
        zone = max(size(zone) for zone in self._zones.values()) + size(phrases.manual)
        fixed = (
            zone + scores + middles + criterion - len("{criterion}") + len("100") + max(answered) + actions
        )
        longest = max((size(label) for label in self._labels.values()), default=0)
        return max(SHORTEST_LABEL, min(longest, LIMIT - REASON_ROOM - fixed))

    @property
    def _ways(self) -> list[tuple[Criterion, int]]:
        return [(one, rung) for one in self.criteria for rung in range(len(one.rungs))]

    # --- `next_step` -------------------------------------------------------------------------------------

    def next_step(self, case: Case, weak: Criterion | None, unsettled: Open) -> str:
        """What to do, in one or two sentences."""
        text = self._step(case, weak)
        if unsettled is not None and self._can_be_settled(unsettled):
            kind, id_ = unsettled
            phrase = self.phrases.rate_again if kind == "expired" else self.phrases.fill_in
            text += self._if_whole(phrase, id_, LIMIT - size(text) - size(phrase.format(criterion="")))
        return shortened(text, LIMIT)

    def _can_be_settled(self, unsettled: tuple[Literal["expired", "missing"], str]) -> bool:
        """By a person, who rates anew or fills in what is missing."""
        kind, id_ = unsettled
        return kind == "expired" or bool(by_people(self.mapping.criterion(id_), self.mapping))

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
        """The longest that labels may be so that the longest reason fits, what is unsettled not named."""
        fixed = max(self._without_labels(case, weak) for case, weak in product(CASES, (None, *self.criteria)))
        return self._shared(LIMIT - fixed - size(self.phrases.provisional), labels=2)

    def _without_labels(self, case: Case, weak: Criterion | None) -> int:
        """Length of the longest reason in this situation but for labels and what is unsettled."""
        phrases = (self.phrases.strong + self.phrases.weak).replace("{criterion}", "")
        middle = self.middle(top_revenue=case in ("protect", "develop", "decide"))
        action = self.phrases.next.format(action=self._short_action(case, weak))
        fixed = self.head(case) + self.phrases.unknown + middle + phrases + action
        return size(fixed) + 3 * len("100") + self._answered_by_limit

    @cached_property
    def _answered_by_limit(self) -> int:
        """Room for what stands behind two scores: of two criteria, never twice the same."""
        longest = [
            max(size(self.answered_by(one, rung)) for rung in range(len(one.rungs))) for one in self.criteria
        ]
        return sum(sorted(longest)[-2:])

    def _shared(self, room: int, labels: int) -> int:
        """How long each of so many labels may be in this room: whole if the longest ones fit side by side."""
        largest = sorted((size(label) for label in self._labels.values()), reverse=True)[:labels]
        return max(largest, default=0) if sum(largest) <= room else room // labels

    @cached_property
    def named_missing(self) -> int:
        """How many missing criteria an unrated account's texts name."""
        longest = max((size(label) for label in self._labels.values()), default=0)
        counts = (
            count for count in NAMED_MISSING if self._shared(self._missing_room(count), count) >= longest
        )
        return next(counts, NAMED_MISSING[-1])

    @cached_property
    def _missing_limit(self) -> int:
        return self._shared(self._missing_room(self.named_missing), self.named_missing)

    def _missing_room(self, count: int) -> int:
        """Characters for the labels of `count` missing criteria, in the longest reason of an unrated account."""
        so_far = self.phrases.so_far.format(criterion="")
        action = self.tail("unrated", None, None)
        fixed = size(self.head("unrated") + so_far + self.phrases.missing + self.phrases.more + action)
        best = self._label_limit + len("100") + self._answered_by_limit
        return LIMIT - fixed - best - len(", ") * (count - 1)

    # --- actions -----------------------------------------------------------------------------------------

    def _short_action(self, case: Case, weak: Criterion | None) -> str:
        own = (self._own_step(case, weak) or "").rstrip(" .!")
        if 0 < size(own) <= CUSTOM_ACTION_LIMIT:
            return own
        if weak is not None and self._actionable(weak):
            return self.phrases.actions_weak.get(case, self.phrases.actions[case])
        return self.phrases.actions[case]

    def _step(self, case: Case, weak: Criterion | None) -> str:
        own = self._own_step(case, weak)
        if own is not None:
            return own
        if weak is not None and self._actionable(weak) and case in self.phrases.steps_weak:
            return self.phrases.steps_weak[case].format(
                criterion=shortened(self._labels[weak.id], LIMIT // 2)
            )
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
        whole = (".", "!", "?", "…")
        return {key: text if text.endswith(whole) else f"{text}." for key, text in steps.items() if text}

    @staticmethod
    def _actionable(criterion: Criterion) -> bool:
        """People can work on the fit; a customer's potential is not theirs to change."""
        return criterion.dimension == "attractiveness" and criterion.changeability > 0

    def _fillable(self, criterion: Criterion) -> bool:
        """A person can fill it in on the account itself."""
        return any(filled_in(rung.source, self.mapping) == "account" for rung in criterion.rungs)
