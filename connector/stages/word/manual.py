"""The reason of an account on which a person has set the zone, or the score of a criterion.

It names one criterion only, to leave room for who has set what and why: the weakest, or the one that was set. Its label
is cut where a person has written much.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import add

import narwhals as nw

from connector.mapping.model import Criterion
from connector.overrides import ZONE, column_of
from connector.stages.word.parts import at_place, in_digits, is_rated
from connector.stages.word.reasons import OFFSET, Reasons
from connector.tables import Frame, placed
from connector.texts import CASES, LIMIT

OWNER_LIMIT = 40
STEPS = range(LIMIT, 20, -8)
"""Lengths to which a person's words are cut: how long they may be differs from account to account."""
BEYOND_16_BITS = r"[\x{10000}-\x{10FFFF}]"
"""Characters that count twice for the CRMs."""


class Manual:
    """The expressions behind such a reason; they read the columns of `Reasons`."""

    def __init__(self, reasons: Reasons) -> None:
        self.reasons = reasons
        self.wording = reasons.wording
        self.phrases = reasons.wording.phrases
        criteria = sorted(reasons.criteria, key=reasons.wording.share, reverse=True)
        self.criteria = [one for one in criteria if one.id in reasons.by_hand]
        self.zone = ~nw.col(column_of(ZONE)).is_null()

    def with_texts(self, frame: Frame) -> Frame:
        """The same accounts, `why` worded anew where a person has set something, and `manual`."""
        reasons, case = self.reasons, nw.col("word:case")
        scored = is_rated(self.wording.mapping) & (case != CASES.index("unrated"))
        frame = frame.with_columns(
            self._named(scored).alias("word:named"),
            scored.alias("word:scored"),
            *(self._of(fact).alias(f"word:{fact}") for fact in ("owner", "reason", "from")),
            nw.any_horizontal(
                self.zone, *(_is_set(one.id) for one in self.criteria), ignore_nulls=True
            ).alias("word:set"),
        )
        burdens = (nw.col("word:named") < OFFSET * reasons.block).fill_null(False)
        frame = frame.with_columns((burdens & nw.col("word:scored")).alias("word:burdens"))
        weak = nw.when(nw.col("word:burdens")).then(reasons.place("word:named") + 1).otherwise(nw.lit(0))
        frame = frame.with_columns(reasons.code(weak).alias("word:action_code"))
        actions = reasons.by_code().select(["word:tail"]).rename_columns(["word:action"])
        frame = placed(frame, "word:action_code", actions)
        frame = frame.with_columns(*self._pieces(), self._decision().alias("word:decision"))
        frame = frame.with_columns(self._facts().alias("word:facts"))
        room = nw.lit(LIMIT - self.wording.surplus - 1) - nw.col("word:facts").str.len_chars()
        decision = nw.when(nw.col("word:set")).then(_cut(nw.col("word:decision"), room))
        frame = frame.with_columns(decision.alias("manual"))
        text = nw.concat_str(nw.col("word:facts"), nw.lit(" "), nw.col("manual"))
        return frame.with_columns(
            nw.when(nw.col("word:set")).then(text).otherwise(nw.col("why")).alias("why")
        )

    def _anything(self) -> nw.Expr:
        """A person has set the zone, or the score of a criterion with weight."""
        return nw.any_horizontal(self.zone, *(_is_set(one.id) for one in self.criteria), ignore_nulls=False)

    def _named(self, scored: nw.Expr) -> nw.Expr:
        """The key of the criterion to name."""
        named = nw.when(self.zone & scored).then(nw.coalesce(nw.col("word:weak"), nw.col("word:best")))
        named = named.when(self.zone).then(nw.col("word:best"))
        for criterion in self.criteria:
            named = named.when(_is_set(criterion.id)).then(self.reasons.key(criterion))
        return named

    def _of(self, fact: str) -> nw.Expr:
        """A fact about the decision that the reason is about: that on the zone, else on the heaviest criterion."""
        found = nw.when(self.zone).then(nw.col(column_of(ZONE, fact)))
        for criterion in self.criteria:
            found = found.when(_is_set(criterion.id)).then(nw.col(column_of(criterion.id, fact)))
        return found

    def _facts(self) -> nw.Expr:
        """Zone, scores, one criterion, the action in short; the criterion's label whole if all fits then."""
        fixed = ("manual:opening", "criterion:whole", "manual:ending", "decision")
        length = reduce(add, (_size(nw.col(f"word:{piece}")) for piece in fixed))
        fits = (length + 1 <= LIMIT).fill_null(False)
        criterion = (
            nw.when(fits).then(nw.col("word:criterion:whole")).otherwise(nw.col("word:criterion:short"))
        )
        return nw.concat_str(
            nw.col("word:manual:opening"), criterion, nw.col("word:manual:ending"), ignore_nulls=True
        )

    def _pieces(self) -> list[nw.Expr]:
        """Of the facts: up to the criterion, the criterion with its label cut and whole, and what follows."""
        reasons, wording, phrases = self.reasons, self.wording, self.phrases
        scored, zone = nw.col("word:scored"), self.zone
        flagged = nw.col("top_revenue") & ~zone
        middle = (
            nw.when(flagged)
            .then(nw.lit(wording.middle(top_revenue=True)))
            .otherwise(nw.lit(wording.middle(top_revenue=False)))
        )
        scores = nw.concat_str(
            nw.lit(phrases.potential.format(zone="")),
            reasons.potential(),
            middle,
            in_digits("points:attractiveness"),
        )
        unrated = zone & (nw.col("word:case") != CASES.index("unrated"))
        opening = nw.concat_str(
            at_place(nw.col("word:case"), [wording.zone(case) for case in CASES]),
            nw.when(zone).then(nw.lit(phrases.manual)),
            nw.when(scored).then(scores).when(unrated).then(nw.lit(phrases.not_rated)),
            ignore_nulls=True,
        )
        ending = nw.concat_str(
            reasons.score("word:named"),
            reasons.named("word:named", [wording.answered_by(*way) for way in reasons.ways]),
            nw.col("word:action"),
            ignore_nulls=True,
        )
        return [
            opening.alias("word:manual:opening"),
            self._criterion(wording.manual_label).alias("word:criterion:short"),
            self._criterion(wording.whole_label).alias("word:criterion:whole"),
            ending.alias("word:manual:ending"),
        ]

    def _criterion(self, label: Callable[[Criterion], str]) -> nw.Expr:
        """The criterion that is named, up to its score."""
        labels = [label(one) for one, _ in self.reasons.ways]
        weak, strong, so_far = (
            self.reasons.named("word:named", [phrase.format(criterion=label) for label in labels])
            for phrase in (self.phrases.weak, self.phrases.strong, self.phrases.so_far)
        )
        return (
            nw.when(nw.col("word:burdens"))
            .then(weak)
            .when(nw.col("word:scored"))
            .then(strong)
            .otherwise(so_far)
        )

    def _decision(self) -> nw.Expr:
        """Who has set it, and why."""
        phrases = self.phrases
        before, after = phrases.set_by.split("{owner}")
        owner = nw.col("word:owner")
        short = nw.when(_size(owner) <= OWNER_LIMIT).then(owner).otherwise(_shortened(owner, OWNER_LIMIT))
        intro = (
            nw.when(~owner.is_null())
            .then(nw.concat_str(nw.lit(before), short, nw.lit(after)))
            .when(nw.col("word:from") == "crm")
            .then(nw.lit(phrases.set_in_crm))
            .otherwise(nw.lit(phrases.set_in_file))
        )
        reason = nw.coalesce(nw.col("word:reason"), nw.lit(phrases.no_reason))
        return nw.concat_str(intro, reason.str.replace_all(r"[\s.!?,;:]+$", ""), nw.lit("."))


def _is_set(criterion: str) -> nw.Expr:
    return ~nw.col(column_of(criterion)).is_null()


def _size(text: nw.Expr) -> nw.Expr:
    """At least the length as the CRMs count it."""
    characters = text.str.len_chars()
    return nw.when(text.str.contains(BEYOND_16_BITS)).then(characters * 2).otherwise(characters)


def _shortened(text: nw.Expr, limit: int) -> nw.Expr:
    """The text cut between words."""
    twice = text.str.contains(BEYOND_16_BITS)
    kept = nw.when(twice).then(text.str.slice(0, (limit - 1) // 2)).otherwise(text.str.slice(0, limit - 1))
    whole = kept.str.replace_all(r"\s+\S*$", "").str.replace_all(r"[\s,;:.(\-]+$", "")
    return nw.concat_str(whole, nw.lit("…"))


def _cut(text: nw.Expr, room: nw.Expr) -> nw.Expr:
    found = nw.when(_size(text) <= room).then(text)
    for limit in STEPS:
        found = found.when(room >= limit).then(_shortened(text, limit))
    return found
