"""word: what a rep reads on the account, and every result as the CRM stores it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import narwhals as nw
import pyarrow as pa

from connector.mapping.model import DIMENSIONS, Criterion, Dimension, FieldSource, Mapping, WalletSource
from connector.tables import Frame, looked_up, rounded, translated
from connector.texts import CASES, LOOKED_AT_FIRST, Case, Open, Wording, neutral_pull, weight_of

# One whole number per criterion holds three facts, so that a single maximum or minimum over the criteria answers
# which one lifts or burdens an account most and with which score. From the highest digits to the lowest: its pull
# (ten-thousandths of the dimension's weight, times the points above target; OFFSET keeps it positive), its place
# among `ways`, and its score.
OFFSET = 2**20
SCORES = 128  # room for a score of 0..100
TEMPORARY = "word:"


def word(tagged: Frame, mapping: Mapping) -> Frame:
    """Add why, next_step and the results ``out:<key>``, null outside the portfolio.

    A text follows from the account's facts alone: the same facts give the same text. It is one line of at most
    255 characters and holds whole numbers only.

    Args:
        tagged: one row per account, with zones and campaigns.
        mapping: labels, language, own texts, targets.
    """
    wording = Wording(mapping)
    texts = _Texts(wording)
    frame = tagged.with_columns(*texts.standing())
    frame = frame.with_columns(*texts.extremes())
    frame = frame.with_columns(*texts.situation())
    frame = frame.with_columns(*texts.pieces())
    frame = looked_up(frame, texts.by_code(), on=["word:code"])
    frame = frame.with_columns(texts.why(), texts.next_step())
    temporary = [name for name in frame.collect_schema().names() if name.startswith(TEMPORARY)]
    results = _results(mapping)
    return (frame.with_columns(*results) if results else frame).drop(temporary)


class _Texts:
    """The expressions behind both texts, step by step; each step reads the columns of the one before."""

    def __init__(self, wording: Wording) -> None:
        self.wording = wording
        self.criteria = wording.criteria
        self.ways = [(one, rung) for one in self.criteria for rung in range(len(one.rungs))]
        self.block = SCORES * max(len(self.ways), 1)

    def standing(self) -> list[nw.Expr]:
        """The case (its place in CASES), and the dimensions that lack data."""
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
        return [case.alias("word:case"), *(self._lacking(name) for name in DIMENSIONS)]

    def _lacking(self, dimension: Dimension) -> nw.Expr:
        covered = _covered(dimension, self.wording.mapping)
        firm = nw.col(f"firm:{dimension}").fill_null(False)
        lacking = nw.when(nw.col("segment") == "unrated").then(~covered).otherwise(~(covered & firm))
        return lacking.alias(f"word:lacking:{dimension}")

    def extremes(self) -> list[nw.Expr]:
        """The strongest criterion of all, the weakest of each dimension, and what is unsettled."""
        keys = {criterion.id: self._key(criterion) for criterion in self.criteria}
        strongest = _most(nw.max_horizontal, list(keys.values()))
        helps = (strongest >= OFFSET * self.block) | (nw.col("segment") == "unrated")
        found = [nw.when(helps).then(strongest).alias("word:strong")]
        for dimension in DIMENSIONS:
            weakest = _most(
                nw.min_horizontal, [keys[one.id] for one in self.criteria if one.dimension == dimension]
            )
            burdens = nw.when(weakest < OFFSET * self.block).then(weakest)
            found.append(burdens.alias(f"word:weak:{dimension}"))
        order = list(enumerate(self.wording.fill_order))
        expired = [
            nw.when(_expired(one)).then(_whole(place))
            for place, one in order
            if _can_expire(one, self.wording)
        ]
        missing = [nw.when(_missing(one)).then(_whole(len(order) + place)) for place, one in order]
        unsettled = nw.coalesce(_most(nw.min_horizontal, expired), _most(nw.min_horizontal, missing))
        provisional = nw.col("confidence") == "provisional"
        return [*found, nw.when(provisional).then(unsettled).alias("word:open")]

    def _key(self, criterion: Criterion) -> nw.Expr:
        mapping = self.wording.mapping
        weight, neutral = weight_of(criterion, mapping), neutral_pull(criterion, mapping)
        rest = (OFFSET - neutral) * self.block + self.ways.index((criterion, 0)) * SCORES
        key = nw.col(f"score:{criterion.id}").cast(nw.Int64) * (weight * self.block + 1) + rest
        if len(criterion.rungs) > 1:
            key = key + nw.col(f"rung:{criterion.id}").cast(nw.Int64) * SCORES
        return nw.when(nw.col(f"known:{criterion.id}")).then(key)

    def situation(self) -> list[nw.Expr]:
        """The weakest criterion that explains the zone: of the dimension that is low, or to be worked on."""
        potential, attractiveness = nw.col("word:weak:potential"), nw.col("word:weak:attractiveness")
        either = nw.min_horizontal(potential, attractiveness)
        segment = nw.col("segment")
        weak = (
            nw.when(segment.is_in(_looking_at("attractiveness")))
            .then(nw.coalesce(attractiveness, potential))
            .when(segment.is_in(_looking_at("potential")))
            .then(nw.coalesce(potential, attractiveness))
            .when(segment == "retreat")
            .then(either)
        )
        return [weak.alias("word:weak")]

    def pieces(self) -> list[nw.Expr]:
        """The weakest criterion's place (+ 1, 0 for none) in one number with case and what is unsettled."""
        unsettled_ways = 2 * len(self.criteria) + 1
        weak = (self._place("word:weak") + 1).fill_null(0)
        unsettled = (nw.col("word:open") + 1).fill_null(0)
        code = (nw.col("word:case") * (len(self.ways) + 1) + weak) * unsettled_ways + unsettled
        return [code.alias("word:code"), self._missing_names().alias("word:missing")]

    def why(self) -> nw.Expr:
        """Zone, scores, strongest and weakest criterion, what is unsettled, the action in short."""
        wording, case = self.wording, nw.col("word:case")
        rated = case != CASES.index("unrated")
        covered = _covered("potential", wording.mapping)
        potential = (
            nw.when(covered).then(_digits("points:potential")).otherwise(nw.lit(wording.phrases.unknown))
        )
        middle = (
            nw.when(nw.col("top_revenue"))
            .then(nw.lit(wording.middle(top_revenue=True)))
            .otherwise(
                nw.lit(wording.middle(top_revenue=False)),
            )
        )
        strong = self._named("word:strong", [wording.strong(one) for one, _ in self.ways])
        so_far = self._named("word:strong", [wording.so_far(one) for one, _ in self.ways])
        answered_by = [wording.answered_by(*way) for way in self.ways]
        missing = nw.concat_str(nw.lit(wording.phrases.missing), nw.col("word:missing"))
        text = nw.concat_str(
            _named(case, [wording.head(one) for one in CASES]),
            nw.when(rated).then(potential),
            nw.when(rated).then(middle),
            nw.when(rated).then(_digits("points:attractiveness")),
            nw.when(rated).then(strong).otherwise(so_far),
            self._score("word:strong"),
            *([self._named("word:strong", answered_by)] if any(answered_by) else []),
            self._named("word:weak", [wording.weak(one) for one, _ in self.ways]),
            self._score("word:weak"),
            *([self._named("word:weak", answered_by)] if any(answered_by) else []),
            missing,
            nw.col("word:tail"),
            ignore_nulls=True,
        )
        return nw.when(~case.is_null()).then(text).alias("why")

    def next_step(self) -> nw.Expr:
        """One action for the zone and the criterion that burdens most, or what to fill in."""
        before, after = self.wording.fill_in()
        fill_in = nw.concat_str(nw.lit(before), nw.col("word:missing"), nw.lit(after))
        steps = nw.col("word:step")
        if "unrated" in self.wording.mapping.texts.next_steps:
            return steps.alias("next_step")
        unrated = nw.col("segment") == "unrated"
        return nw.when(unrated).then(fill_in).otherwise(steps).alias("next_step")

    def _missing_names(self) -> nw.Expr:
        """The first few missing criteria of an unrated account, by name."""
        named, count, names = self.wording.named_missing, nw.lit(0), []
        for criterion in self.wording.fill_order:
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
                "word:code": pa.array(range(len(situations)), pa.int64()),
                "word:tail": pa.array([self.wording.tail(*facts) for facts in situations], pa.string()),
                "word:step": pa.array([self.wording.next_step(*facts) for facts in situations], pa.string()),
            }
        )

    def _named(self, name: str, texts: list[str]) -> nw.Expr:
        return _named(self._place(name), texts)

    def _place(self, name: str) -> nw.Expr:
        return nw.col(name) // SCORES % max(len(self.ways), 1)

    def _score(self, name: str) -> nw.Expr:
        return (nw.col(name) % SCORES).cast(nw.String)


def _results(mapping: Mapping) -> list[nw.Expr]:
    """Every result of ``[write]``, rounded as the CRM stores it."""
    rated = nw.col("segment") != "unrated"
    coverage = nw.min_horizontal(*(nw.col(f"coverage:{name}") for name in DIMENSIONS))
    values = {
        "segment": nw.col("segment"),
        "segment_since": nw.col("segment_since"),
        "potential": nw.when(rated & _covered("potential", mapping)).then(
            _number(nw.col("points:potential"))
        ),
        "attractiveness": nw.when(rated).then(_number(nw.col("points:attractiveness"))),
        "coverage": rounded(100.0 * coverage),
        "confidence": nw.col("confidence"),
        "why": nw.col("why"),
        "next_step": nw.col("next_step"),
        "campaigns": nw.col("campaigns"),
        "headroom": rounded(_number(nw.col("headroom")) / 100.0),
        "share_of_wallet": rounded(100.0 * _number(nw.col("share"))),
        "revenue_flag": nw.col("top_revenue"),
    }
    for criterion in mapping.criteria:  # a stand-in for missing data is no score of the account
        known = nw.when(nw.col(f"known:{criterion.id}"))
        values[f"criteria.{criterion.id}"] = known.then(_number(nw.col(f"score:{criterion.id}")))
    return [nw.when(nw.col("member")).then(values[key]).alias(f"out:{key}") for key in mapping.write.targets]


def _covered(dimension: Dimension, mapping: Mapping) -> nw.Expr:
    enough = nw.col(f"coverage:{dimension}") >= mapping.matrix.min_coverage
    return (enough & ~nw.col(f"points:{dimension}").is_null()).fill_null(False)


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


def _most(choose: Callable[..., nw.Expr], candidates: Sequence[nw.Expr]) -> nw.Expr:
    """The largest or smallest of the candidates that are there; null if none is."""
    return choose(*candidates) if candidates else nw.lit(None, dtype=nw.Int64)


def _named(number: nw.Expr, texts: Sequence[str]) -> nw.Expr:
    """The text at this place of a short list; null without a number."""
    return translated(number, dict(enumerate(texts)), nw.String)


def _digits(name: str) -> nw.Expr:
    return nw.col(name).cast(nw.Int64).cast(nw.String)


def _number(value: nw.Expr) -> nw.Expr:
    return value.cast(nw.Float64)


def _whole(value: int) -> nw.Expr:
    return nw.lit(value, dtype=nw.Int64)
