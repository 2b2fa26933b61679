"""`kpm init --workshop`: from what people agree on in a room to a mapping file with comments.

The ready criteria come from the mapping that is shipped, word for word with its comments; own ones are written in the
same way. Everything around the criteria stays as it is shipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from connector.admin.shipped import shipped
from connector.crm import CrmName
from connector.mapping.model import DIMENSIONS, Dimension, Language
from connector.texts import one_line

FEWEST, MOST = 3, 5
"""Criteria per dimension that people can keep in mind."""
ID_LENGTH: Final = 30
Known = Literal["rated", "number", "yes_no"]
"""People rate it from 1 to 5, or a field holds a number, or yes and no."""
_SPELT: Final = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}
_HEADINGS: Final[dict[Dimension, str]] = {
    "potential": "# --- potential: how much more could they buy? ",
    "attractiveness": "# --- attractiveness: how well do we fit together? ",
}
_WIDTH: Final = 109


@dataclass(frozen=True, slots=True)
class Ready:
    """A criterion of the shipped mapping.

    Attributes:
        id: its id.
        dimension: which one.
        label: in both languages.
        text: its part of the file, comments and all.
    """

    id: str
    dimension: Dimension
    label: Mapping[Language, str]
    text: str


@dataclass(frozen=True, slots=True)
class Own:
    """A criterion that people have thought of.

    Attributes:
        label: what they call it.
        dimension: which one.
        known: how it is known: people rate it, a field holds a number, or yes and no.
        name: API name of the field; of a rating None: one is made up, and created by `kpm provision`.
        anchors: what steps of the rating mean, by step.
        zero, full: raw values with 0 and with 100 points.
    """

    label: str
    dimension: Dimension
    known: Known
    name: str | None = None
    anchors: Mapping[int, str] = field(default_factory=dict)
    zero: float = 0
    full: float = 100


@dataclass(frozen=True, slots=True)
class Agreed:
    """What the workshop has agreed on.

    Attributes:
        criteria: in order, with their weights (all alike: 1 each).
        language: of the texts in the CRM.
        currency: of all amounts.
        today: stands in the file.
    """

    criteria: Sequence[tuple[Ready | Own, float]]
    language: Language
    currency: str
    today: date


def ready(crm: CrmName) -> list[Ready]:
    """The criteria of the shipped mapping."""
    text = shipped(f"mappings/{crm}.toml").read_text(encoding="utf-8")
    found = []
    for block in re.split(r"(?m)^(?=\[\[criteria\]\])", text)[1:]:
        own = re.split(r"(?m)^(?=# ---|\[(?!\[criteria\]\]|criteria\.))", block)[0].rstrip() + "\n"
        dimension = re.search(r'(?m)^dimension = "(\w+)"', own)
        id_ = re.search(r'(?m)^id\s*= "(\w+)"', own)
        labels = dict(re.findall(r'\b(en|de) = "([^"]+)"', re.search(r"(?m)^label.*$", own)[0]))  # type: ignore[index]
        assert dimension is not None
        assert id_ is not None
        found.append(Ready(id_[1], dimension[1], labels, own))  # type: ignore[arg-type]
    return found


def mapping_text(crm: CrmName, agreed: Agreed) -> str:
    """The mapping file."""
    text = shipped(f"mappings/{crm}.toml").read_text(encoding="utf-8")
    start = text.index(_HEADINGS["potential"])
    end = text.index("[wallet]")
    head = re.sub(r'(?m)^language = "\w+"', f'language = "{agreed.language}"', text[:start])
    head = re.sub(r'(?m)^currency = "\w+"', f'currency = "{agreed.currency}"', head)
    head = _introduction(head, agreed)
    chosen = {each.id for each, _ in agreed.criteria if isinstance(each, Ready)}
    return (
        head + "".join(_part(name, crm, agreed) for name in DIMENSIONS) + _without_targets(text[end:], chosen)
    )


def identifier(label: str, taken: Iterable[str] = ()) -> str:
    """An id from what people call a criterion, unlike those that are taken."""
    plain = "".join(_SPELT.get(letter, letter) for letter in label.casefold())
    words = re.findall(r"[a-z0-9]+", plain)
    stem = "_".join(words)[:ID_LENGTH].strip("_") or "criterion"
    stem = stem if stem[0].isalpha() else f"c_{stem}"
    known, found, number = set(taken), stem, 2
    while found in known:
        found, number = f"{stem}_{number}", number + 1
    return found


def field_name(id_: str, crm: CrmName) -> str:
    """The field in which people rate a criterion."""
    return (
        f"kpm_{id_}"
        if crm == "hubspot"
        else f"KPM_{'_'.join(part.capitalize() for part in id_.split('_'))}__c"
    )


def _introduction(head: str, agreed: Agreed) -> str:
    """The file's first lines, with what the workshop brought in the place of what the ready criteria need."""
    lines = head.splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if line.startswith("# On day one"))
    last = next(number for number, line in enumerate(lines) if number > first and not line.startswith("#"))
    rated = [
        one_line(each.label) for each, _ in agreed.criteria if isinstance(each, Own) and each.known == "rated"
    ]
    told = [
        f"# The criteria are those of the workshop on {agreed.today}. `kpm matrix --output FILE` prints them on a\n",
        "# page to be signed off; `kpm calibrate` fits the numbers of scales to your customers.\n",
    ]
    if rated:
        told.append(f"# People rate: {', '.join(rated)}.\n")
        told.append("# `kpm provision` creates the fields, `kpm plan` says whose rating to ask for first.\n")
    return "".join([*lines[:first], *told, *lines[last:]])


def _part(dimension: Dimension, crm: CrmName, agreed: Agreed) -> str:
    heading = _HEADINGS[dimension]
    blocks = [f"{heading}{'-' * (_WIDTH - len(heading))}\n"]
    taken = [each.id for each, _ in agreed.criteria if isinstance(each, Ready)] + _in_use(crm)
    for each, weight in agreed.criteria:
        id_ = each.id if isinstance(each, Ready) else identifier(each.label, taken)
        if isinstance(each, Own):
            taken.append(id_)
        if each.dimension == dimension:
            blocks.append(_ready(each, weight) if isinstance(each, Ready) else _own(each, id_, weight, crm))
    return "\n".join(blocks) + "\n"


def _in_use(crm: CrmName) -> list[str]:
    """Ids whose fields would be others of ours: results, and what people fill in for the ready criteria."""
    text = shipped(f"mappings/{crm}.toml").read_text(encoding="utf-8")
    return [name.removesuffix("__c") for name in re.findall(r"\bkpm_(\w+)", text.lower())]


def _ready(each: Ready, weight: float) -> str:
    return re.sub(r"(?m)^weight    = \S+", f"weight    = {weight:g}", each.text, count=1)


def _own(each: Own, id_: str, weight: float, crm: CrmName) -> str:
    name = each.name or field_name(id_, crm)
    rated_at = "kpm_rated_at" if crm == "hubspot" else "KPM_Rated_At__c"
    source = f"{{ field = {_quoted(name)} }}"
    if each.known == "rated":
        source = f"{{ field = {_quoted(name)}, rated_at = {_quoted(rated_at)}, expires_days = 365 }}"
        scale = '{ kind = "rating", worst = 1, best = 5 }'
    elif each.known == "number":
        scale = (
            f'{{ kind = "linear", zero = {each.zero:g}, full = {each.full:g} }}   # `kpm calibrate` fits both'
        )
    else:
        scale = '{ kind = "boolean" }'
    lines = [
        "[[criteria]]",
        f"id        = {_quoted(id_)}",
        f"dimension = {_quoted(each.dimension)}",
        f"label     = {_quoted(each.label)}",
        f"weight    = {weight:g}",
        f"source    = {source}",
        f"scale     = {scale}",
    ]
    if each.anchors:
        lines.append("[criteria.anchors]                   # what each step means, so that all rate alike")
        lines += [f"{step} = {_quoted(text)}" for step, text in sorted(each.anchors.items())]
    return "\n".join(lines) + "\n"


def _without_targets(text: str, chosen: set[str]) -> str:
    """Single scores of criteria that nobody has chosen are not written."""
    before, section, after = text.partition("[write.criteria]")
    kept = [
        line
        for line in after.splitlines(keepends=True)
        if "=" not in line or line.split("=")[0].strip() in chosen
    ]
    return before + section + "".join(kept) if any("=" in line for line in kept) else before


def _quoted(text: str) -> str:
    """A TOML text."""
    plain = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'
