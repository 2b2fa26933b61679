"""How this portal behaves where portals differ, or where a test needs small numbers.

Set by ``POST /sandbox/configure {"crm": "hubspot", "what": "behaviour", ...}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from adapters.sandbox.side import ControlError


@dataclass(frozen=True, slots=True)
class Rule:
    """A property that a portal's administrator made obligatory where another has a certain value.

    Attributes:
        object: plural name of the object.
        property: the controlling property.
        equals: its value.
        requires: the property that must then have a value.
    """

    object: str
    property: str
    equals: str
    requires: str


@dataclass(slots=True)
class Behaviour:
    """Everything can be changed while the sandbox runs; the defaults are HubSpot's where those are known.

    Attributes:
        export_zip_bytes: a CSV larger than this comes as a zip.
        export_file_rows: rows of one file; more make several files in a zip.
        export_link_seconds: how long the link to a result lives.
        exports_per_day: exports that may be started in 24 hours.
        exports_over: what happens to one more: ``refuse`` (429) or ``queue`` (it waits until the day is over).
        export_dates: how internal values give dates: ``milliseconds`` or ``iso``.
        export_associations: associated records per row, unless the request lifts the limit.
        import_file_rows, import_file_bytes: the largest file; a larger one is a 429.
        import_day_rows: rows of all imports in 24 hours.
        job_polls: how many times a job's state says that it is not ready, however fast it was.
        job_seconds: how long a job takes at least.
        jobs_held: jobs do not begin, until this is False again.
        merge_new_id: a merge makes a record with a new id; False: the primary record keeps its own.
        touch_unchanged: a write moves the modification time also if it changes no value.
        search_lag_seconds: how long searches go by the former modification time after a write.
        history: former values are kept.
        rules: obligatory properties, enforced on the paths from 2026-09 on.
    """

    export_zip_bytes: int = 2_000_000
    export_file_rows: int = 1_000_000
    export_link_seconds: float = 300.0
    exports_per_day: int = 30
    exports_over: str = "refuse"
    export_dates: str = "milliseconds"
    export_associations: int = 1_000
    import_file_rows: int = 1_048_576
    import_file_bytes: int = 512 * 1024 * 1024
    import_day_rows: int = 80_000_000
    job_polls: int = 1
    job_seconds: float = 0.0
    jobs_held: bool = False
    merge_new_id: bool = True
    touch_unchanged: bool = True
    search_lag_seconds: float = 0.0
    history: bool = True
    rules: list[Rule] = field(default_factory=list)

    def change(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Set some attributes by name; all of them as they are now.

        Raises:
            ControlError: an unknown name, or a value of another type.
        """
        known = {each.name for each in fields(self)}
        if unknown := set(changes) - known:
            raise ControlError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
        for name, value in changes.items():
            setattr(self, name, _checked(name, value, getattr(self, name)))
        return asdict(self)


_WORDS = {"exports_over": ("refuse", "queue"), "export_dates": ("milliseconds", "iso")}


def _checked(name: str, value: object, old: object) -> object:
    if name == "rules":
        if not isinstance(value, list):
            raise ControlError("rules must be a list of objects")
        try:
            return [each if isinstance(each, Rule) else Rule(**each) for each in value]
        except TypeError as error:
            raise ControlError("a rule has object, property, equals and requires") from error
    if name in _WORDS and value not in _WORDS[name]:
        raise ControlError(f"{name} must be {' or '.join(_WORDS[name])}, not {value!r}")
    if isinstance(old, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not type(old):
        raise ControlError(f"{name} must be {type(old).__name__}, not {value!r}")
    return value
