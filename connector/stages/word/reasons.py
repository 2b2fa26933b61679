"""Why an account stands where it stands, and what to do next: expressions over its facts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from itertools import product

import narwhals as nw
import pyarrow as pa

from connector.mapping.model import DIMENSIONS, Criterion, Dimension, FieldSource, WalletSource
from connector.stages.word.parts import at_place, in_digits, is_covered, most, whole
from connector.tables import Frame, placed
from connector.texts import CASES, LOOKED_AT_FIRST, NOTABLE, Case, Open, Wording, neutral_pull, weight_of

# One whole number per criterion holds three facts, so that a single maximum or minimum over the criteria answers
# which one lifts or burdens an account most and with which score. From the highest digits to the lowest: its pull
# (ten-thousandths of the dimension's weight, times the points above target; OFFSET keeps it positive), its place
# among `ways`, and its score.
OFFSET = 2**20
SCORES = 128  # room for a score of 0..100
UNKNOWN = 101  # stands for a score that is not known


class Reasons:
    """The expressions behind both texts, step by step; each step reads the columns of the one before."""

    def __init__(self, wording: Wording, by_hand: Collection[str]) -> None:
        self.wording = wording
        self.by_hand = by_hand
        self.criteria = wording.criteria
        self.ways = [(one, rung) for one in self.criteria for rung in range(self._ways_of(one))]
        self.block = SCORES * max(len(self.ways), 1)

    def standing(self) -> list[nw.Expr]:
        """The case (its place in CASES), the dimensions that lack data, the key of every criterion."""
        segment = nw.col("segment")
        hopeless = nw.col("points:attractiveness") < self.wording.mapping.matrix.develop_floor
        place = {case: nw.lit(number, dtype=nw.Int64) for number, case in enumerate(CASES)}
        case = (
            nw.when(segment == "protect")
            .then(place["protect"])
            .when((segment == "develop") & hopeless)
            .then(place["decide"])
            .when(segment == "develop")
            .then(place["develop"])
            .when(segment == "maintain")
            .then(place["maintain"])
            .when(segment == "retreat")
            .then(place["retreat"])
            .when(segment == "unrated")
            .then(place["unrated"])
        )
        keys = [self.key(criterion).alias(_key(criterion)) for criterion in self.criteria]
        return [case.alias("word:case"), *(self._lacking(name) for name in DIMENSIONS), *keys]

    def _lacking(self, dimension: Dimension) -> nw.Expr:
        covered = is_covered(dimension, self.wording.mapping)
        firm = nw.col(f"firm:{dimension}").fill_null(False)
        lacking = nw.when(nw.col("segment") == "unrated").then(~covered).otherwise(~(covered & firm))
        return lacking.alias(f"word:lacking:{dimension}")

    def extremes(self) -> list[nw.Expr]:
        """The strongest criterion of all, the weakest of each dimension, and what is unsettled."""
        found = [
            most(nw.max_horizontal, [nw.col(_key(one)) for one in self.criteria]).alias("word:best"),
            *(
                most(
                    nw.min_horizontal,
                    [nw.col(_key(one)) for one in self.criteria if one.dimension == dimension],
                ).alias(f"word:weak:{dimension}")
                for dimension in DIMENSIONS
            ),
        ]
        order = list(enumerate(self.wording.fill_order))
        expired = [
            nw.when(_expired(one)).then(whole(place))
            for place, one in order
            if _can_expire(one, self.wording)
        ]
        missing = [nw.when(_missing(one)).then(whole(len(order) + place)) for place, one in order]
        unsettled = nw.coalesce(most(nw.min_horizontal, expired), most(nw.min_horizontal, missing))
        provisional = nw.col("confidence") == "provisional"
        return [*found, nw.when(provisional).then(unsettled).alias("word:open")]

    def _ways_of(self, criterion: Criterion) -> int:
        """Ways to answer, a person's word among them where somebody may have set the score."""
        return len(criterion.rungs) + (criterion.id in self.by_hand)

    def key(self, criterion: Criterion) -> nw.Expr:
        """Pull, place and score of a criterion in one number, see OFFSET; null if it is unknown."""
        mapping = self.wording.mapping
        weight, neutral = weight_of(criterion, mapping), neutral_pull(criterion, mapping)
        rest = (OFFSET - neutral) * self.block + self.ways.index((criterion, 0)) * SCORES
        key = nw.col(f"score:{criterion.id}").cast(nw.Int64) * (weight * self.block + 1) + rest
        if self._ways_of(criterion) > 1:
            key = key + nw.col(f"rung:{criterion.id}").cast(nw.Int64) * SCORES
        return nw.when(nw.col(f"known:{criterion.id}")).then(key)

    def situation(self) -> list[nw.Expr]:
        """The strongest criterion, if it lifts, and the weakest that explains the zone, if it burdens.

        That is the weakest of the dimension that is low, or to be worked on, if it costs that a point; else of all.
        """
        best, neutral = nw.col("word:best"), OFFSET * self.block
        notable = (OFFSET - NOTABLE + 1) * self.block
        strong = nw.when((best >= neutral) | (nw.col("segment") == "unrated")).then(best)
        potential, attractiveness = (
            nw.when(nw.col(f"word:weak:{name}") < neutral).then(nw.col(f"word:weak:{name}"))
            for name in DIMENSIONS
        )
        either = nw.min_horizontal(potential, attractiveness)
        first = {
            name: nw.when(key < notable).then(key)
            for name, key in zip(DIMENSIONS, (potential, attractiveness), strict=True)
        }
        segment = nw.col("segment")
        weak = (
            nw.when(segment.is_in(_looking_at("attractiveness")))
            .then(nw.coalesce(first["attractiveness"], either))
            .when(segment.is_in(_looking_at("potential")))
            .then(nw.coalesce(first["potential"], either))
            .when(segment == "retreat")
            .then(either)
        )
        return [strong.alias("word:strong"), weak.alias("word:weak")]

    def pieces(self) -> list[nw.Expr]:
        """Where the pieces of the texts stand in their lists, and the criteria that an unrated account lacks."""
        weak = (self.place("word:weak") + 1).fill_null(0)
        unsettled = (nw.col("word:open") + 1).fill_null(0)
        rated = nw.col("word:case") != CASES.index("unrated")
        covered = is_covered("potential", self.wording.mapping)
        potential = nw.when(covered).then(nw.col("points:potential").cast(nw.Int64)).otherwise(whole(UNKNOWN))
        opening = (nw.col("word:case") * (UNKNOWN + 1) + potential) * 2 + nw.col("top_revenue").cast(nw.Int64)
        strong = nw.col("word:strong") % self.block + nw.when(rated).then(whole(0)).otherwise(
            whole(self.block)
        )
        return [
            (self.code(weak) + unsettled).alias("word:code"),
            opening.alias("word:opening_place"),
            strong.alias("word:strong_place"),
            (nw.col("word:weak") % self.block).alias("word:weak_place"),
            self._missing_names(self.wording.fill_order).alias("word:missing"),
            self._missing_names(self.wording.by_people).alias("word:fill"),
        ]

    def with_pieces(self, frame: Frame) -> Frame:
        """Add the pieces of both texts that depend on few facts: each stands ready in a list."""
        weak = {"word:weakest": self._with_scores(self.wording.weak)}
        strong = self._with_scores(self.wording.strong) + self._with_scores(self.wording.so_far)
        frame = placed(frame, "word:opening_place", pa.table({"word:opening": self._openings()}))
        frame = placed(frame, "word:strong_place", pa.table({"word:strongest": strong}))
        frame = placed(frame, "word:weak_place", pa.table(weak))
        return placed(frame, "word:code", self.by_code())

    def _openings(self) -> list[str]:
        """Up to the attractiveness score: by case, potential score, and whether it is top revenue."""
        wording = self.wording
        scores = [*map(str, range(UNKNOWN)), wording.phrases.unknown]
        return [
            wording.head(case)
            + ("" if case == "unrated" else score + wording.middle(top_revenue=top_revenue))
            for case, score, top_revenue in product(CASES, scores, (False, True))
        ]

    def _with_scores(self, phrase: Callable[[Criterion], str]) -> list[str]:
        """A phrase about every way to answer a criterion, with every score, by what a key holds of them."""
        ways = self.ways
        return [
            f"{phrase(one)}{score}{self.wording.answered_by(one, rung)}"
            for one, rung in ways
            for score in range(SCORES)
        ]

    def code(self, weak: nw.Expr) -> nw.Expr:
        """Number of the situation with nothing unsettled, given the weakest criterion's place + 1, 0 for none."""
        unsettled_ways = 2 * len(self.criteria) + 1
        return (nw.col("word:case") * (len(self.ways) + 1) + weak) * unsettled_ways

    def potential(self) -> nw.Expr:
        """The potential score, or that it is unknown."""
        covered = is_covered("potential", self.wording.mapping)
        return (
            nw.when(covered)
            .then(in_digits("points:potential"))
            .otherwise(nw.lit(self.wording.phrases.unknown))
        )

    def why(self) -> nw.Expr:
        """Zone, scores, strongest and weakest criterion, what is unsettled, the action in short."""
        case = nw.col("word:case")
        rated = case != CASES.index("unrated")
        text = nw.concat_str(
            nw.col("word:opening"),
            nw.when(rated).then(in_digits("points:attractiveness")),
            nw.col("word:strongest"),
            nw.col("word:weakest"),
            nw.concat_str(nw.lit(self.wording.phrases.missing), nw.col("word:missing")),
            nw.col("word:tail"),
            ignore_nulls=True,
        )
        return nw.when(~case.is_null()).then(text).alias("why")

    def next_step(self) -> nw.Expr:
        """One action for the zone and the criterion that burdens most, or what to fill in."""
        before, after = self.wording.fill_in()
        fill_in = nw.concat_str(nw.lit(before), nw.col("word:fill"), nw.lit(after))
        by_records = nw.when(~nw.col("word:missing").is_null()).then(nw.lit(self.wording.phrases.by_records))
        fill_in = nw.coalesce(fill_in, by_records)
        if self.by_hand:  # rated, and yet a person has set "not rated": there is nothing to fill in
            fill_in = nw.coalesce(fill_in, nw.lit(self.wording.phrases.rate_it))
        steps = nw.col("word:step")
        if "unrated" in self.wording.mapping.texts.next_steps:
            return steps.alias("next_step")
        unrated = nw.col("segment") == "unrated"
        return nw.when(unrated).then(fill_in).otherwise(steps).alias("next_step")

    def _missing_names(self, criteria: Iterable[Criterion]) -> nw.Expr:
        """The first few of these that an unrated account lacks, by name."""
        named, count, names = self.wording.named_missing, nw.lit(0), []
        for criterion in criteria:
            missing = _missing(criterion) & (nw.col("segment") == "unrated")
            count = count + missing.cast(nw.Int32)
            name = nw.lit(self.wording.missing_label(criterion))
            names.append(nw.when(missing & (count <= named)).then(name))
        if not names:
            return nw.lit(None, dtype=nw.String)
        more = nw.when(count > named).then(nw.lit(self.wording.phrases.more)).otherwise(nw.lit(""))
        listed = nw.concat_str(nw.concat_str(*names, separator=", ", ignore_nulls=True), more)
        return nw.when(count > 0).then(listed)

    def by_code(self) -> pa.Table:
        """The end of why, and the next step, of every situation by its number."""
        weak: list[Criterion | None] = [None, *(one for one, _ in self.ways)]
        unsettled: list[Open] = [None]
        unsettled += [("expired", one.id) for one in self.wording.fill_order]
        unsettled += [("missing", one.id) for one in self.wording.fill_order]
        situations: list[tuple[Case, Criterion | None, Open]] = list(product(CASES, weak, unsettled))
        return pa.table(
            {
                "word:tail": pa.array([self.wording.tail(*facts) for facts in situations], pa.string()),
                "word:step": pa.array([self.wording.next_step(*facts) for facts in situations], pa.string()),
            }
        )

    def named(self, name: str, texts: list[str]) -> nw.Expr:
        """The text, of one for each of `ways`, of the criterion that a column of keys names."""
        return at_place(self.place(name), texts)

    def place(self, name: str) -> nw.Expr:
        """The place among `ways` that a column of keys names."""
        return nw.col(name) // SCORES % max(len(self.ways), 1)

    def score(self, name: str) -> nw.Expr:
        """The score in a column of keys."""
        return (nw.col(name) % SCORES).cast(nw.String)


def _key(criterion: Criterion) -> str:
    """Column with the criterion's key."""
    return f"word:key:{criterion.id}"


def _looking_at(dimension: Dimension) -> list[str]:
    return [zone for zone, first in LOOKED_AT_FIRST.items() if first == dimension]


def _missing(criterion: Criterion) -> nw.Expr:
    known = nw.col(f"known:{criterion.id}").fill_null(False)
    return ~known & nw.col(f"word:lacking:{criterion.dimension}").fill_null(False)


def _can_expire(criterion: Criterion, wording: Wording) -> bool:
    return bool(_dated(criterion)) or (bool(_reads_wallet(criterion)) and wording.mapping.wallet is not None)


def _expired(criterion: Criterion) -> nw.Expr:
    """The rung that answered is a rating, or rests on a wallet, that is too old."""
    rung = nw.col(f"rung:{criterion.id}")
    tests = [(rung == place) & nw.col(f"expired:{criterion.id}:{place}") for place in _dated(criterion)]
    tests += [(rung == place) & nw.col("wallet_expired") for place in _reads_wallet(criterion)]
    return nw.any_horizontal(*tests, ignore_nulls=True)


def _dated(criterion: Criterion) -> list[int]:
    rungs = enumerate(criterion.rungs)
    return [
        place for place, rung in rungs if isinstance(rung.source, FieldSource) and rung.source.expires_days
    ]


def _reads_wallet(criterion: Criterion) -> list[int]:
    return [place for place, rung in enumerate(criterion.rungs) if isinstance(rung.source, WalletSource)]
