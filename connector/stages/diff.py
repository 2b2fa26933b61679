"""diff: what the CRM must be told, and nothing else.

Every needless write bumps the record's modification date, fires automations and burns quota, and measures that decay
drift a little every night. So an account is written for a reason; then everything that differs goes along.
"""

from __future__ import annotations

import narwhals as nw

from connector.crm import ID, SEND, WAS
from connector.mapping.model import Mapping
from connector.measures.accounts import zone_in_crm
from connector.tables import Frame
from connector.texts import Wording

TEXTS = ("why", "next_step")
EXACT = ("segment", "confidence", "campaigns", "revenue_flag")
MONEY = ("headroom",)
NO_REASON = ("segment_since",)
"""A new value alone is no reason to write; an empty field is."""
DIGITS = 9
"""Longer numbers are not ours: a text with one was edited by hand."""
TEMPORARY = "diff:"
HEIR = "heir"
"""Outside the portfolio, but with results of its family's top."""
MANUAL = "manual"
"""The sentence at the end of a reason that holds a person's own words."""


def diff(worded: Frame, mapping: Mapping, refresh: bool = False) -> Frame:
    """Compare results with what the CRM holds.

    An account is written if its segment, confidence, campaigns, flag, why or next step differ, if a score or share
    differs by ``min_change`` or money by 5 % of what is there, or if a field should be emptied or filled. Texts that
    read alike but for their numbers, each within ``min_change``, do not differ. An account outside the portfolio is
    emptied or kept as ``on_leave`` says, but for what an heir has from its top; one outside the pilot stays as it is.

    Args:
        worded: one row per account, with ``now:<key>`` and ``out:<key>`` for every target.
        mapping: targets, ``min_change``, ``on_leave``.
        refresh: write every difference, however small.

    Returns:
        ``before``, ``send:<key>``, ``written:<key>`` and change: "cleared" where fields are emptied, "first" where no
        segment is known or held, "moved" where it changes, "updated" otherwise, null where nothing is sent.
    """
    keys = list(mapping.write.targets)
    worded = worded.with_columns(_before(mapping).alias("before"))
    if not keys:
        return worded.with_columns(change=nw.lit(None, dtype=nw.String))
    frame = worded.with_columns(_differs(key, mapping).alias(f"diff:{key}") for key in keys)
    if refresh:
        reason = nw.any_horizontal(*(nw.col(f"diff:{key}") for key in keys), ignore_nulls=False)
    else:
        frame = frame.with_columns(_plain_reason(keys, mapping).alias("diff:plain"))
        frame, reason = _with_texts(frame, [key for key in keys if key in TEXTS], mapping)
    rated = nw.col("member") | nw.col("heir") if HEIR in frame.collect_schema().names() else nw.col("member")
    frame = frame.with_columns(rated.alias("diff:rated"))
    frame = frame.with_columns((reason & _touched(mapping)).alias("diff:write"))
    frame = frame.with_columns(
        (nw.col("diff:write") & nw.col(f"diff:{key}")).alias(f"send:{key}") for key in keys
    )
    frame = frame.with_columns(
        *(_written(key, mapping).alias(f"written:{key}") for key in keys),
        _change(mapping).alias("change"),
    )
    temporary = [name for name in frame.collect_schema().names() if name.startswith(TEMPORARY)]
    return frame.drop(temporary)


def changes(diffed: Frame, mapping: Mapping) -> Frame:
    """The accounts with something to send, in the order of their ids, as an adapter takes them.

    Returns:
        ``@id``, and for every target field F: F (the new value), ``send:F``, ``was:F``. Dates are whole days.
    """
    columns = [nw.col("id").alias(ID)]
    for key, field in mapping.write.targets.items():
        columns.append(nw.col(f"written:{key}").alias(field))
        columns.append(nw.col(f"send:{key}").alias(f"{SEND}{field}"))
        columns.append(nw.col(f"now:{key}").alias(f"{WAS}{field}"))
    return diffed.filter(~nw.col("change").is_null()).select(*columns).sort(ID)


def _now(key: str, mapping: Mapping) -> nw.Expr:
    return _stored(key, nw.col(f"now:{key}"), mapping)


def _out(key: str, mapping: Mapping) -> nw.Expr:
    return _stored(key, nw.col(f"out:{key}"), mapping)


def _stored(key: str, value: nw.Expr, mapping: Mapping) -> nw.Expr:
    """A Salesforce checkbox is never empty: cleared means false."""
    return value.fill_null(False) if key == "revenue_flag" and mapping.crm == "salesforce" else value


def _emptied_or_filled(key: str, mapping: Mapping) -> nw.Expr:
    return _out(key, mapping).is_null() != _now(key, mapping).is_null()


def _differs(key: str, mapping: Mapping) -> nw.Expr:
    unequal = (_out(key, mapping) != _now(key, mapping)).fill_null(False)
    return unequal | _emptied_or_filled(key, mapping)


def _plain_reason(keys: list[str], mapping: Mapping) -> nw.Expr:
    """A reason to write that needs no look at numbers within texts."""
    reasons = [nw.lit(False)]
    for key in keys:
        differs = nw.col(f"diff:{key}")
        if key in EXACT:
            reasons.append(differs)
            continue
        reasons.append(_emptied_or_filled(key, mapping))
        if key in (*TEXTS, *NO_REASON):
            continue
        gap = (nw.col(f"out:{key}") - nw.col(f"now:{key}")).abs()
        # times 20 rather than 5 %: a product of whole numbers is exact
        enough = gap * 20 >= nw.col(f"now:{key}").abs() if key in MONEY else gap >= mapping.write.min_change
        reasons.append(differs & enough.fill_null(False))
    return nw.any_horizontal(*reasons, ignore_nulls=False)


def _with_texts(frame: Frame, keys: list[str], mapping: Mapping) -> tuple[Frame, nw.Expr]:
    """Look into the texts that differ, of accounts without another reason; add what that takes."""
    reasons = [nw.col("diff:plain")]
    numbers = Wording(mapping).most_numbers if keys else 0
    for key in keys:
        candidate = nw.col(f"diff:{key}") & ~nw.col("diff:plain")
        frame = frame.with_columns(
            _wording(_only(candidate, f"{side}:{key}"), key, mapping).alias(f"diff:{side}:words:{key}")
            for side in ("now", "out")
        )
        alike = candidate & (nw.col(f"diff:now:words:{key}") == nw.col(f"diff:out:words:{key}"))
        frame = frame.with_columns(
            _digits(_only(alike, f"{side}:{key}"), key, mapping, numbers).alias(f"diff:{side}:numbers:{key}")
            for side in ("now", "out")
        )
        near = [_near(key, place, mapping) for place in range(numbers)]
        if (
            key == "why" and MANUAL in frame.collect_schema().names()
        ):  # numbers in a person's words are no scores
            near.append(_ends_with_decision())
        same = nw.all_horizontal(alike, *near, ignore_nulls=False)
        reasons.append(candidate & ~same)
    return frame, nw.any_horizontal(*reasons, ignore_nulls=False)


def _only(rows: nw.Expr, name: str) -> nw.Expr:
    """The text in these rows, elsewhere an empty one: some engines work on the text behind a null, too."""
    return nw.when(rows).then(nw.col(name)).otherwise(nw.lit(""))


def _wording(text: nw.Expr, key: str, mapping: Mapping) -> nw.Expr:
    """The text with every number as 0."""
    return text.str.replace_all(f"{_head(key, mapping)}[0-9]+", "0")


def _digits(text: nw.Expr, key: str, mapping: Mapping, numbers: int) -> nw.Expr:
    """The numbers of a text as a list of texts, padded with "0"."""
    bare = text.str.replace_all(f"{_head(key, mapping)}[^0-9]+", " ").str.strip_chars(" ")
    return nw.concat_str(bare, nw.lit(" 0" * numbers)).str.strip_chars(" ").str.split(" ")


def _head(key: str, mapping: Mapping) -> str:
    """Pattern of the zone's label, as an alternative: it is not compared where the zone itself is.

    A label that an admin has changed is no news about the account.
    """
    return "^[^:.]+|" if key == "why" and mapping.write.segment is not None else ""


def _near(key: str, place: int, mapping: Mapping) -> nw.Expr:
    """The numbers at this place of both texts differ by less than ``min_change``."""
    now, out = (_number(nw.col(f"diff:{side}:numbers:{key}").list.get(place)) for side in ("now", "out"))
    gap = (out - now).abs()
    return ((gap == 0) | (gap < mapping.write.min_change)).fill_null(False)


def _ends_with_decision() -> nw.Expr:
    decision = nw.col(MANUAL)
    return decision.is_null() | nw.col("now:why").str.ends_with(decision).fill_null(False)


def _number(digits: nw.Expr) -> nw.Expr:
    return nw.when(digits.str.len_chars() <= DIGITS).then(digits).cast(nw.Int64)


def _touched(mapping: Mapping) -> nw.Expr:
    """Accounts that may be written at all."""
    rated = nw.col("diff:rated") if mapping.portfolio.on_leave == "keep" else nw.lit(True)
    return nw.col("pilot") & rated


def _written(key: str, mapping: Mapping) -> nw.Expr:
    return nw.when(nw.col(f"send:{key}")).then(_out(key, mapping)).otherwise(nw.col(f"now:{key}"))


def _before(mapping: Mapping) -> nw.Expr:
    """The zone that people see on a customer now: the CRM's if it holds one, else that of the run before.

    Not what the run starts from: a second run of a first date starts without zones, as the first one did.
    """
    if "segment" not in mapping.write.targets:
        return nw.col("from_segment")
    shown = nw.when(nw.col("member")).then(zone_in_crm())
    return nw.coalesce(shown, nw.col("from_segment"))


def _change(mapping: Mapping) -> nw.Expr:
    held = ~nw.col("now:segment").is_null() if "segment" in mapping.write.targets else nw.lit(False)
    return (
        nw.when(~nw.col("diff:write"))
        .then(nw.lit(None, dtype=nw.String))
        .when(~nw.col("diff:rated"))
        .then(nw.lit("cleared"))
        .when(nw.col("before").is_null() & ~held)
        .then(nw.lit("first"))
        .when((nw.col("before") != nw.col("segment")).fill_null(False))
        .then(nw.lit("moved"))
        .otherwise(nw.lit("updated"))
    )
