"""word: what a rep reads on the account, and every result as the CRM stores it."""

from __future__ import annotations

import narwhals as nw
import pyarrow as pa

from connector.mapping.model import Mapping
from connector.stages.word.manual import Manual
from connector.stages.word.parts import TEMPORARY, set_by_hand
from connector.stages.word.reasons import Reasons
from connector.stages.word.results import results
from connector.tables import Frame, looked_up
from connector.texts import Wording

__all__ = ["word"]

CARRIED = ("segment", "campaigns", "why", "manual")
"""What the accounts of a family have in common with its top."""


def word(tagged: Frame, mapping: Mapping) -> Frame:
    """Add why, next_step and the results ``out:<key>``, null outside the portfolio; with ``[override]`` also manual.

    A text follows from the account's facts alone: the same facts give the same text. It is one line of at most
    255 characters and holds whole numbers only, but for those in a person's own words.

    Args:
        tagged: one row per account, with zones and campaigns.
        mapping: labels, language, own texts, targets.
    """
    wording, by_hand = Wording(mapping), set_by_hand(tagged)
    reasons = Reasons(wording, by_hand)
    frame = tagged.with_columns(*reasons.standing())
    frame = frame.with_columns(*reasons.extremes())
    frame = frame.with_columns(*reasons.situation())
    frame = frame.with_columns(*reasons.pieces())
    frame = reasons.with_pieces(frame)
    frame = frame.with_columns(reasons.why(), reasons.next_step())
    if by_hand:
        frame = Manual(reasons).with_texts(frame)
    if "heir" in frame.collect_schema().names():
        frame = _inherited(frame)
    columns = results(mapping, heirs="heir" in frame.collect_schema().names())
    frame = frame.with_columns(*columns) if columns else frame
    return frame.drop([name for name in frame.collect_schema().names() if name.startswith(TEMPORARY)])


def _inherited(frame: Frame) -> Frame:
    """Heirs carry segment, campaigns and reason of their family's top."""
    carried = [name for name in CARRIED if name in frame.collect_schema().names()]
    heads = frame.filter(nw.col("head")).select("id", *carried).collect().to_arrow()
    texts = {f"word:{name}": heads[name].cast(pa.string()) for name in carried}
    frame = looked_up(frame, pa.table({"top": heads["id"].cast(pa.string()), **texts}), on=["top"])
    return frame.with_columns(
        nw.when(nw.col("heir")).then(nw.col(f"word:{name}")).otherwise(nw.col(name)).alias(name)
        for name in carried
    )
