"""How points come about, and what it takes to get them."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "scale_linear": ("straight between", "dazwischen geradlinig"),
    "scale_log": (
        "between them doubling counts, not adding",
        "dazwischen zählt Verdoppeln, nicht Hinzufügen",
    ),
    "scale_bands": ("by band", "nach Stufe"),
    "scale_lookup": ("by value", "nach Wert"),
    "scale_boolean": ("yes or no", "ja oder nein"),
    "scale_half_life": ("halves every {days} days", "halbiert sich alle {days} Tage"),
    "scale_saturating": ("50 at {value}, nearing 100", "50 bei {value}, gegen 100 strebend"),
    "scale_percentile": ("rank among all customers", "Rang unter allen Kunden"),
    "scale_percentile_by": ("rank among its peers by {field}", "Rang unter Vergleichbaren nach {field}"),
    "scale_rating": (
        "rated {worst} (worst) to {best} (best)",
        "bewertet von {worst} (am schlechtesten) bis {best} (am besten)",
    ),
    "scale_centred": (", centred by owner", ", je Betreuer zentriert"),
    "anchor_other": ("anything else", "alles andere"),
    "anchor_unknown": ("anything else: unknown", "alles andere: unbekannt"),
    "anchor_lowest": ("the lowest", "der niedrigste"),
    "anchor_middle": ("in the middle", "in der Mitte"),
    "anchor_highest": ("the highest", "der höchste"),
    "anchor_below": ("below {value}", "unter {value}"),
    "anchor_from": ("from {value}", "ab {value}"),
    "anchor_today": ("today", "heute"),
}
