"""word: what a rep reads on the account, and every result as the CRM stores it."""

from __future__ import annotations

from connector.mapping.model import Mapping
from connector.stages.word.manual import Manual
from connector.stages.word.parts import TEMPORARY, set_by_hand
from connector.stages.word.reasons import Reasons
from connector.stages.word.results import results
from connector.tables import Frame, looked_up
from connector.texts import Wording

__all__ = ["word"]


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
    frame = looked_up(frame, reasons.by_code(), on=["word:code"])
    frame = frame.with_columns(reasons.why(), reasons.next_step())
    if by_hand:
        frame = Manual(reasons).with_texts(frame)
    columns = results(mapping)
    frame = frame.with_columns(*columns) if columns else frame
    return frame.drop([name for name in frame.collect_schema().names() if name.startswith(TEMPORARY)])
