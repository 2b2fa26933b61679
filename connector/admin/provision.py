"""The fields that a mapping needs in the CRM, and their creation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from connector.admin import labels
from connector.admin.labels import INPUTS, RESULTS, Named
from connector.crm import Crm, CrmField, FieldSpec, FieldType, Mark, Object, Option, Step
from connector.errors import ConfigError
from connector.mapping.model import SINGLE, Criterion, FieldSource, LookupScale, RatingScale
from connector.mapping.model import Mapping as MappingFile
from connector.mapping.naming import can_be_created
from connector.mapping.uses import fields_read
from connector.texts import confidence_labels, segment_labels

TEXT_LENGTH: Final = 255
_SCORES: Final = ("potential", "attractiveness", "coverage", "share_of_wallet")
_TYPES: Final = frozenset(
    {FieldType.TEXT, FieldType.PICKLIST, FieldType.NUMBER, FieldType.CURRENCY, FieldType.DATE}
)
"""Types that an input may have already: another one is left alone."""
_MARKS: Final[Mapping[str, Mark]] = {
    "protect": "green flag",
    "develop": "yellow flag",
    "maintain": "half circle",
    "retreat": "empty circle",  # no red flag: a badge is read by partners too
}
_LONGEST_NAME: Final = 40


def specs(mapping: MappingFile, describe: Mapping[str, CrmField]) -> list[FieldSpec]:
    """Every field of the account that the connector writes, then those that people fill in for it.

    Args:
        mapping: the mapping.
        describe: the account's fields that exist. An input that exists keeps its type and its options; it is
            listed so that people get the right to edit it.
    """
    found: dict[str, FieldSpec] = {}
    for spec in (*_results(mapping), *_inputs(mapping, describe)):
        found.setdefault(spec.name.casefold(), spec)  # several criteria may share a field, or its rating date
    return list(found.values())


def reads(mapping: MappingFile) -> dict[Object, tuple[str, ...]]:
    """Fields that the user of the nightly sync must be able to read, by object."""
    return fields_read(mapping)


def provision(
    crm: Crm,
    mapping: MappingFile,
    *,
    assign: Sequence[str] = (),
    nightly_user: str | None = None,
    dry_run: bool = False,
) -> list[Step]:
    """Create what is missing: fields, options, permissions; what exists is never changed or removed.

    Args:
        crm: connected as an administrator.
        mapping: says what is needed.
        assign: users who may see the results and fill in the inputs.
        nightly_user: whom the nightly sync connects as; see `connector.crm.Crm.provision`.
        dry_run: only say what would be done.

    Raises:
        CrmAuthError: the administrator's rights do not suffice.
    """
    needed = specs(mapping, crm.describe("accounts"))
    return crm.provision(needed, reads(mapping), assign, dry_run=dry_run, nightly_user=nightly_user)


def emit(crm: Crm, mapping: MappingFile, folder: Path) -> list[Path]:
    """Write what `provision` would create as files for a deployment pipeline; nothing is sent.

    Args:
        crm: an administrator sees every field; anybody else's files may lack rights on fields hidden from him.
        mapping: says what is needed.
        folder: made if it is not there.

    Returns:
        The files.

    Raises:
        ConfigError: the folder cannot be written.
    """
    needed = specs(mapping, crm.describe("accounts"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return crm.emit(needed, reads(mapping), folder)
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror}. Choose another folder with --emit."
        raise ConfigError(message) from error


# --- results ---------------------------------------------------------------------------------------------


def _results(mapping: MappingFile) -> Iterator[FieldSpec]:
    for key, name in mapping.write.targets.items():
        yield _result(mapping, key, name)
        if key == "segment" and mapping.crm == "salesforce" and name.endswith("__c"):
            yield _badge(mapping, name)


def _badge(mapping: MappingFile, segment: str) -> FieldSpec:
    """The zone as an image beside the zone itself."""
    stem, named = segment.removesuffix("__c"), labels.BADGE[mapping.language]
    name = f"{stem[: _LONGEST_NAME - len('_Badge')].rstrip('_')}_Badge__c"
    options = tuple(Option(value, label) for value, label in _zones(mapping).items())
    return FieldSpec(
        name, named.label, FieldType.TEXT, named.help, options=options, badge_of=segment, marks=_MARKS
    )


def _result(mapping: MappingFile, key: str, name: str) -> FieldSpec:
    if key.startswith(SINGLE):
        criterion = mapping.criterion(key.removeprefix(SINGLE))
        return _number(name, labels.of_criterion(criterion, mapping.language), digits=5)
    named = RESULTS[mapping.language][key]
    if key in _SCORES:
        return _number(name, named, digits=5)
    if key == "headroom":
        return _number(name, named, digits=18)
    if key == "segment":
        return _picklist(name, named, _zones(mapping), result=True)
    if key == "confidence":
        return _picklist(name, named, confidence_labels(mapping), result=True)
    if key == "segment_since":
        return FieldSpec(name, named.label, FieldType.DATE, named.help)
    if key == "revenue_flag":
        return FieldSpec(name, named.label, FieldType.BOOLEAN, named.help)
    return FieldSpec(name, named.label, FieldType.TEXT, named.help, length=TEXT_LENGTH)


def _number(name: str, named: Named, *, digits: int) -> FieldSpec:
    return FieldSpec(name, named.label, FieldType.NUMBER, named.help, precision=digits, scale=0)


def _picklist(name: str, named: Named, values: Mapping[str, str], *, result: bool) -> FieldSpec:
    options = tuple(Option(value, label) for value, label in values.items())
    return FieldSpec(name, named.label, FieldType.PICKLIST, named.help, options=options, result=result)


def _zones(mapping: MappingFile) -> dict[str, str]:
    return {str(segment): label for segment, label in segment_labels(mapping).items()}


# --- inputs ----------------------------------------------------------------------------------------------


def _inputs(mapping: MappingFile, describe: Mapping[str, CrmField]) -> Iterator[FieldSpec]:
    existing = {name.casefold(): field for name, field in describe.items()}
    for spec in (*_ratings(mapping), *_wallet(mapping), *_override(mapping)):
        field = existing.get(spec.name.casefold())
        if field is None:
            if can_be_created(spec.name, mapping.crm):
                yield spec
        elif _is_ours_to_fill(mapping, field, spec):
            yield _as_it_is(field)


def _is_ours_to_fill(mapping: MappingFile, field: CrmField, spec: FieldSpec) -> bool:
    """Whether people fill the field in for us. Rights on a field that was there for others are not ours to give.

    A field to look values up in may be anybody's, the industry say; it is ours if it has just our values, as
    after an earlier call that was interrupted.
    """
    if field.calculated or field.type not in _TYPES:
        return False
    if mapping.crm == "salesforce" and not field.name.endswith("__c"):
        return False
    held = {option.value.strip().casefold() for option in field.options}
    wanted = {option.value.strip().casefold() for option in spec.options}
    return field.type is not FieldType.PICKLIST or held == wanted


def _as_it_is(field: CrmField) -> FieldSpec:
    return FieldSpec(
        field.name, field.label, field.type, "", field.length, field.precision, field.scale, result=False
    )


def _ratings(mapping: MappingFile) -> Iterator[FieldSpec]:
    for criterion in mapping.criteria:
        for rung in criterion.rungs:
            source, scale = rung.source, rung.scale
            if not isinstance(source, FieldSource):
                continue
            if isinstance(scale, RatingScale):
                named = labels.of_rating(criterion, mapping.language, scale.worst, scale.best)
                yield _picklist(source.field, named, _steps(criterion, scale, mapping), result=False)
            elif isinstance(scale, LookupScale):
                named = labels.of_lookup(criterion, mapping.language)
                yield _picklist(source.field, named, {value: value for value in scale.scores}, result=False)
            if source.rated_at is not None:
                yield _date(mapping, source.rated_at, "rated_at")


def _steps(criterion: Criterion, scale: RatingScale, mapping: MappingFile) -> dict[str, str]:
    """The whole numbers of a rating from low to high, each with its anchor."""
    low, high = sorted((scale.worst, scale.best))
    steps = {}
    for step in range(round(low), round(high) + 1):
        anchor = criterion.anchors.get(str(step))
        steps[str(step)] = f"{step} - {anchor.in_(mapping.language)}" if anchor is not None else str(step)
    return steps


def _wallet(mapping: MappingFile) -> Iterator[FieldSpec]:
    wallet = mapping.wallet
    if wallet is None or wallet.field is None:
        return
    named = INPUTS[mapping.language]["wallet"]
    yield FieldSpec(
        wallet.field, named.label, FieldType.CURRENCY, named.help, precision=18, scale=0, result=False
    )
    if wallet.rated_at is not None:
        yield _date(mapping, wallet.rated_at, "wallet_rated_at")


def _override(mapping: MappingFile) -> Iterator[FieldSpec]:
    override = mapping.override
    if override is None:
        return
    words = INPUTS[mapping.language]
    if override.segment is not None:
        yield _picklist(override.segment, words["override"], _zones(mapping), result=False)
    for name, kind in ((override.owner, "override_owner"), (override.reason, "override_reason")):
        if name is not None:
            named = words[kind]
            yield FieldSpec(name, named.label, FieldType.TEXT, named.help, length=TEXT_LENGTH, result=False)
    if override.expires is not None:
        yield _date(mapping, override.expires, "override_expires")


def _date(mapping: MappingFile, name: str, kind: str) -> FieldSpec:
    named = INPUTS[mapping.language][kind]
    return FieldSpec(name, named.label, FieldType.DATE, named.help, result=False)
