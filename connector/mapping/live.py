"""The third pass: what the CRM says to a mapping.

Every field that is named must exist, be visible and hold what it is used for; `live_targets` looks at the fields
that results go to. What `provision` can create need not exist yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final, Protocol

from connector.crm import CrmField, CrmName, Currencies, FieldType, Object, Option
from connector.errors import CrmRequestError, MappingError, Problem, Severity
from connector.mapping.live_fields import behind_label, is_number, stored, value_findings
from connector.mapping.live_targets import target_findings
from connector.mapping.model import ContactRolesSource, FieldSource, RatingScale, RecordsSource
from connector.mapping.model import Mapping as MappingFile
from connector.mapping.naming import can_be_created, meant_field, unknown_field
from connector.mapping.sense_sources import Found, error, note, warning
from connector.mapping.uses import Need, Use, rungs, uses
from connector.mapping.words import listed, meant, nearest

OBJECT_NOT_FOUND: Final = "OBJECT_NOT_FOUND"
_LISTED: Final = 12
_PIPELINE: Final = "pipeline"
"""HubSpot's property of a deal whose options are the pipelines; Salesforce has none."""
_ALIKE: Final = 0.85
"""An existing field whose name is this much like that of one to be created was probably meant."""
_THE_SAME: Final = 0.95
"""The same of a field that the mapping names elsewhere."""

_TEXTS: Final = (FieldType.TEXT, FieldType.LONG_TEXT, FieldType.PICKLIST)
_NUMBERS: Final = (FieldType.NUMBER, FieldType.CURRENCY, FieldType.PERCENT)
_DATES: Final = (FieldType.DATE, FieldType.DATETIME)
_FITS: Final[dict[Need, tuple[tuple[FieldType, ...], tuple[FieldType, ...]]]] = {
    Need.NUMBER: (_NUMBERS, _TEXTS),
    Need.QUANTITY: ((*_NUMBERS, *_DATES), _TEXTS),
    Need.AMOUNT: ((FieldType.NUMBER, FieldType.CURRENCY), (FieldType.TEXT,)),
    Need.DATE: (_DATES, (FieldType.TEXT,)),
    Need.CATEGORY: ((*_TEXTS, FieldType.MULTI_PICKLIST, FieldType.REFERENCE), ()),
    Need.YES_NO: ((FieldType.BOOLEAN,), ()),
    Need.RECORD: ((FieldType.REFERENCE,), (FieldType.TEXT,)),
    Need.RATING: ((*_NUMBERS, FieldType.PICKLIST), (FieldType.TEXT,)),
}
"""Types that hold what is needed, and types that may hold it in the form of text."""
_REMEDIES: Final = {
    (Need.CATEGORY, FieldType.NUMBER): "; score numbers with bands",
    (Need.CATEGORY, FieldType.CURRENCY): "; score numbers with bands",
    (Need.CATEGORY, FieldType.PERCENT): "; score numbers with bands",
    (Need.CATEGORY, FieldType.BOOLEAN): "; score it with boolean",
    (Need.YES_NO, FieldType.PICKLIST): "; score it with lookup",
    (Need.YES_NO, FieldType.TEXT): "; score it with lookup",
    (Need.QUANTITY, FieldType.BOOLEAN): "; score it with boolean",
    (Need.QUANTITY, FieldType.MULTI_PICKLIST): "; score it with lookup",
    (Need.QUANTITY, FieldType.REFERENCE): "; score it with lookup",
    (Need.RATING, FieldType.BOOLEAN): "; score it with boolean",
    (Need.RATING, FieldType.MULTI_PICKLIST): "; score it with lookup",
    (Need.RATING, FieldType.DATE): "; score dates with half_life",
    (Need.RATING, FieldType.DATETIME): "; score dates with half_life",
}
_SAFER: Final = {
    Need.NUMBER: "name a number field if there is one",
    Need.QUANTITY: "score its words with a lookup, or name a number field",
    Need.AMOUNT: "name a number field if there is one",
    Need.DATE: "name a date field if there is one",
    Need.RECORD: "name a field that refers to the record if there is one",
    Need.RATING: "score its words with a lookup, or name a number field",
}
"""What to do about a field that may hold what is needed as text, or may not."""


class Describes(Protocol):
    """What of a `connector.crm.Crm` a mapping is compared with."""

    name: CrmName

    def user(self) -> str:
        """Whom the CRM knows us as."""
        ...

    def describe(self, object: Object, source: str | None = None) -> Mapping[str, CrmField]:
        """Fields of an object by API name."""
        ...

    def resolve(self, object: Object, field: str) -> CrmField | None:
        """The field behind a name that may be dotted."""
        ...

    def stages(self) -> Mapping[str, tuple[str, ...]]:
        """Stages of opportunities by pipeline."""
        ...

    def currencies(self) -> Currencies:
        """Home currency and rates."""
        ...


def live(
    crm: Describes,
    mapping: MappingFile,
    file: str,
    *,
    absent: Severity,
    idle: bool = True,
) -> list[Problem]:
    """Everything that the CRM says against the mapping, errors first.

    Args:
        crm: the CRM, connected as the user of the nightly sync.
        mapping: the mapping.
        file: its name, for messages.
        absent: how grave it is that a field or an option which `provision` can create is not there yet: a note for
            `check` and `plan`, an error for `sync`.
        idle: also look at sections that no criterion reads; each takes calls for nothing in a sync.

    Raises:
        CrmError: the CRM does not answer, or not us.
    """
    fields = _Fields(crm, mapping, idle=idle)
    known = fields.of("accounts") or {}  # first, so that a CRM without an answer is told of the main object
    found = [
        *_sections(fields),
        *(
            finding
            for use in uses(mapping)
            if fields.serves(use.object)
            for finding in _use(fields, use, absent)
        ),
        *_anchors(fields),
        *_roles(fields),
        *_stages(fields),
        *_currency(crm, mapping),
        *target_findings(mapping, known, fields.user, absent),
    ]
    return _problems(file, found)


def demand(mapping: MappingFile, crm: Describes, file: str, *, provisioned: bool) -> list[Problem]:
    """What the CRM says to the mapping, if nothing of it is an error.

    Args:
        mapping: the mapping.
        crm: see `live`.
        file: the mapping's name.
        provisioned: fields and options that `provision` can create must exist, as for a sync.

    Raises:
        MappingError: the CRM contradicts the mapping.
    """
    absent = Severity.ERROR if provisioned else Severity.NOTE
    return _without_error(live(crm, mapping, file, absent=absent, idle=False))


def demand_of_accounts(mapping: MappingFile, known: Mapping[str, CrmField], file: str) -> list[Problem]:
    """The same for the accounts' own fields alone, as far as they are known: for what was read before.

    Raises:
        MappingError: the fields contradict the mapping.
    """
    own = [use for use in uses(mapping) if use.object == "accounts" and use.field in known]
    return _without_error(
        _problems(file, (found for use in own for found in _described(known, known[use.field], use)))
    )


def _without_error(problems: list[Problem]) -> list[Problem]:
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise MappingError(problems)
    return problems


def _problems(file: str, found: Iterable[Found]) -> list[Problem]:
    """Each once, errors first."""
    order = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
    problems = [Problem(file, path, message, severity) for path, message, severity in dict.fromkeys(found)]
    return sorted(problems, key=lambda problem: order.index(problem.severity))


class _Fields:
    """Fields of the CRM by section, each asked for once; a section without an object remembers why."""

    def __init__(self, crm: Describes, mapping: MappingFile, *, idle: bool) -> None:
        self.crm = crm
        self.mapping = mapping
        self.user = cache(crm.user)
        self._idle = idle
        self.absent: dict[str, str] = {}
        self._known: dict[str, dict[str, CrmField] | None] = {}

    def serves(self, section: Object) -> bool:
        """Whether the section is worth looking at."""
        return self._idle or section in ("accounts", "opportunities") or any(_needing(self.mapping, section))

    def of(self, section: Object) -> dict[str, CrmField] | None:
        """Fields of a section's objects together; None if the CRM has none of these objects."""
        if section not in self._known:
            self._known[section] = self._ask(section)
        return self._known[section]

    def find(self, use: Use) -> CrmField | None:
        """The field that is meant; None if it is unknown or hidden."""
        known = self.of(use.object) or {}
        if use.on_contact and self.mapping.crm == "salesforce":
            return self.crm.resolve(use.object, f"Contact.{use.field}")
        return known.get(use.field) or (self.crm.resolve(use.object, use.field) if "." in use.field else None)

    def _ask(self, section: Object) -> dict[str, CrmField] | None:
        sources = getattr(getattr(self.mapping, section), "objects", ()) or (None,)
        known: dict[str, CrmField] = {}
        for source in sources:
            try:
                known = {**self.crm.describe(section, source), **known}
            except CrmRequestError as failure:
                if failure.code != OBJECT_NOT_FOUND:
                    raise
                self.absent[section] = str(failure)
                return None
        return known


def _sections(fields: _Fields) -> Iterator[Found]:
    """Sections whose object the CRM does not have: a problem for the criteria that need it, not for the rest."""
    sections: tuple[Object, ...] = ("contact_roles", "cases", "orders", "activities")
    for section in sections:
        if getattr(fields.mapping, section) is None or not fields.serves(section):
            continue
        if fields.of(section) is not None:
            continue
        needing = list(_needing(fields.mapping, section))
        why = fields.absent[section]
        for path in needing:
            yield warning(path, f"needs [{section}], so no account has a value here. {why}")
        if not needing:
            yield note(section, f"is not used by any criterion, and cannot be read. {why}")


def _needing(mapping: MappingFile, section: str) -> Iterator[str]:
    for path, rung in rungs(mapping):
        source = rung.source
        if getattr(source, "from_", None) == section:
            yield f"{path}.source.from"
        elif isinstance(source, RecordsSource) and source.per == section:
            yield f"{path}.source.per"


def _use(fields: _Fields, use: Use, absent: Severity) -> Iterator[Found]:
    if fields.of(use.object) is None:
        return  # its section is the problem
    field = fields.find(use)
    if field is None:
        yield _missing(fields, use, absent)
        return
    yield from _described(fields.of(use.object) or {}, field, use)


def _described(known: Mapping[str, CrmField], field: CrmField, use: Use) -> Iterator[Found]:
    """What is wrong with a field that is there."""
    if not field.readable_in_bulk:
        parts = [name for name in known if name != use.field and _is_part(name, use.field)]
        hint = f", such as {', '.join(sorted(parts)[:3])}" if parts else ""
        yield error(use.path, f"{use.field} is a compound field; take one of its parts{hint}")
        return
    yield from _type(field, use)
    yield from value_findings(field, use)


def _is_part(name: str, compound: str) -> bool:
    return compound.endswith("Address") and name.startswith(compound.removesuffix("Address"))


def _missing(fields: _Fields, use: Use, absent: Severity) -> Found:
    known = fields.of(use.object) or {}
    if use.is_file_key:
        close = meant_field(use.field, known)
        hint = f"did you mean {' or '.join(close)}?" if close else "`kpm fields accounts` lists what there is"
        return error(
            f"{use.path}_field",
            f'is needed: it names the account\'s field that holds what the file has in its column "{use.field}", as '
            f"no field is called like the column; {hint}",
        )
    elsewhere = _elsewhere(fields, use)
    if not use.is_input or not can_be_created(use.field, fields.mapping.crm) or _is_label(use.field, known):
        message = unknown_field(use.field, use.object, known, fields.user())
        return error(use.path, f"{message} {elsewhere}" if elsewhere else message)
    named = {each.field for each in uses(fields.mapping)} | set(fields.mapping.write.targets.values())
    alike = nearest(use.field, (name for name in known if name not in named), _ALIKE)
    alike = alike or nearest(use.field, known, _THE_SAME)
    doubt = elsewhere or (f"did you mean {alike}?" if alike else "")
    if doubt:
        severity = Severity.ERROR if absent is Severity.ERROR else Severity.WARNING
        message = f"{use.field} is not there; {doubt} If it is to be made on {use.object}, `kpm provision` creates it"
        return use.path, message, severity
    return use.path, f"{use.field} is not there yet: `kpm provision` creates it for people to fill in", absent


def _elsewhere(fields: _Fields, use: Use) -> str:
    """A sentence that names the object whose field it is, if it is one of another object's that the mapping reads."""
    others: tuple[Object, ...] = ("accounts", "opportunities", "cases", "orders")
    read = (name for name in others if name != use.object and getattr(fields.mapping, name) is not None)
    found = [name for name in read if fields.serves(name) and use.field in (fields.of(name) or {})]
    return f"{use.field} is a field of {found[0]}." if found else ""


def _is_label(text: str, known: Mapping[str, CrmField]) -> bool:
    return any(field.label.casefold() == text.casefold() for field in known.values())


def _type(field: CrmField, use: Use) -> Iterator[Found]:
    if use.need is Need.ANYTHING:
        return
    right, as_text = _FITS[use.need]
    if field.type is FieldType.PICKLIST and use.need in (Need.RATING, Need.QUANTITY, Need.NUMBER):
        yield from _numbers_among(field, use)
    elif field.type in right:
        return
    elif field.type in as_text:
        message = f"{use.field} holds {field.type}; what in it is not {use.need} counts as missing"
        yield warning(use.path, f"{message}: {_SAFER[use.need]}")
    else:
        remedy = _REMEDIES.get((use.need, field.type), "")
        yield error(use.path, f"{use.field} holds {field.type}, but {use.need} is needed{remedy}")


def _numbers_among(field: CrmField, use: Use) -> Iterator[Found]:
    """Options of a picklist that no scale of numbers can score."""
    values = [option.value for option in field.options if option.active]
    words = [value for value in values if not is_number(value)]
    shown = listed(words[:_LISTED]) + (" ..." if len(words) > _LISTED else "")
    if not words:
        return
    if len(words) < len(values):
        message = f"{use.field} has values that are no numbers and count as missing: {shown}"
        yield warning(use.path, message)
        return
    message = f"no value of {use.field} is a number, so all count as missing: {shown}; {_SAFER[use.need]}"
    yield (warning if use.need is Need.NUMBER else error)(use.path, message)


def _anchors(fields: _Fields) -> Iterator[Found]:
    """Anchors that say of a rating's steps what people do not see when they rate."""
    known = fields.of("accounts") or {}
    for criterion in fields.mapping.criteria:
        for rung in criterion.rungs:
            field = known.get(rung.source.field) if isinstance(rung.source, FieldSource) else None
            if field is None or not isinstance(rung.scale, RatingScale):
                continue
            for option in field.options:
                anchor = criterion.anchors.get(option.value)
                said = "" if anchor is None else anchor.in_(fields.mapping.language)
                if said and option.label != option.value and not _says(option.label, said):
                    message = (
                        f'say "{said}" for {option.value}, but people see "{option.label}" when they fill in '
                        f"{field.name}; write here what they see, or change the option's label in the CRM"
                    )
                    yield warning(f"criteria[{criterion.id}].anchors", message)
                    break


def _roles(fields: _Fields) -> Iterator[Found]:
    """Roles that are asked for must be among those that the CRM knows."""
    roles = fields.mapping.contact_roles
    if roles is None or not fields.serves("contact_roles"):
        return
    known = fields.of("contact_roles")
    if known is None:
        return
    options = _role_options(fields)
    if not options:
        return
    values = list(dict.fromkeys(option.value for option in options))
    for path, rung in rungs(fields.mapping):
        if isinstance(rung.source, ContactRolesSource):
            for place, group in enumerate(rung.source.required, 1):
                for role in (group,) if isinstance(group, str) else group:
                    if not stored(role, options):
                        yield _unknown_role(f"{path}.source.required[{place}]", role, options, values)


def _role_options(fields: _Fields) -> list[Option]:
    """Roles of every object that is read; two objects need not have the same."""
    roles = fields.mapping.contact_roles
    sources = (roles.objects if roles is not None else ()) or (None,)
    name = (roles.property if roles is not None else None) or "Role"
    described = (fields.crm.describe("contact_roles", source).get(name) for source in sources)
    return [option for holder in described if holder is not None for option in holder.options]


def _unknown_role(path: str, role: str, options: Sequence[Option], values: Sequence[str]) -> Found:
    """A role that nobody can have; what differs from one only by blanks and underscores was meant to be it."""
    behind = behind_label(role, options)
    if behind is not None:
        return error(path, f'"{role}" is a label; the stored value is {behind}')
    spelt = [value for value in values if _words_of(value) == _words_of(role)]
    if spelt:
        return error(path, f'"{role}" is no role in the CRM; the stored value is {listed(spelt)}')
    message = f'"{role}" is no role in the CRM{meant(role, values) or "."}'
    return warning(path, f"{message} Known: {listed(values)}")


def _says(label: str, text: str) -> bool:
    return " ".join(_words_of(text)) in " ".join(_words_of(label))


def _words_of(text: str) -> list[str]:
    return text.casefold().replace("_", " ").replace("-", " ").split()


def _stages(fields: _Fields) -> Iterator[Found]:
    """Pipelines and the stages of a probability table."""
    part = fields.mapping.opportunities
    if not part.pipelines and not isinstance(part.probability, dict):
        return
    stages = fields.crm.stages()
    described = fields.of("opportunities") or {}
    for place, pipeline in enumerate(part.pipelines, 1):
        if pipeline not in stages:
            behind = _behind(pipeline, described.get(_PIPELINE))
            why = behind or f"is no pipeline{meant(pipeline, stages) or '.'} Known: {listed(stages)}"
            yield error(f"opportunities.pipelines[{place}]", f'"{pipeline}" {why}')
    if isinstance(part.probability, dict):
        known = list(dict.fromkeys(stage for names in stages.values() for stage in names))
        folded = {stage.strip().casefold() for stage in known}
        for stage in part.probability:
            if stage.strip().casefold() in folded:
                continue
            behind = _behind(stage, described.get(part.stage))
            if behind:
                yield error(f"opportunities.probability.{stage}", f'"{stage}" {behind}')
            else:
                message = f'"{stage}" is no stage{meant(stage, known) or "."} Known: {listed(known)}'
                yield warning(f"opportunities.probability.{stage}", message)


def _behind(text: str, field: CrmField | None) -> str | None:
    """The end of a sentence about a text that is the label of an option."""
    behind = behind_label(text, field.options) if field is not None else None
    return None if behind is None else f"is a label; the stored value is {behind}"


def _currency(crm: Describes, mapping: MappingFile) -> Iterator[Found]:
    currencies = crm.currencies()
    known = {currencies.home, *(rate.currency for rate in currencies.rates)}
    if mapping.currency not in known and not mapping.rates:  # which are rates to it
        message = f"neither the CRM nor [rates] has a rate for {mapping.currency}; known: {', '.join(sorted(known))}"
        yield error("currency", message)
