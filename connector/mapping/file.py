"""Reads a mapping file: the first two passes, shape and sense, each reporting all its problems at once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from connector.crm import CrmName
from connector.errors import MappingError, Problem, Severity
from connector.mapping.edits import edited
from connector.mapping.model import Mapping
from connector.mapping.sense import sense
from connector.mapping.shape import shape_problems
from connector.toml import offending_line, thousands


def read(
    path: Path, crm: CrmName | None = None, settings: Iterable[str] = ()
) -> tuple[Mapping, list[Problem]]:
    """The mapping in a file, and what a person should know about it (warnings and notes).

    Args:
        path: the file.
        crm: of the connection that uses it, if known; a mapping for the other CRM is an error then.
        settings: values that replace those of the file, see `connector.mapping.edits`.

    Raises:
        MappingError: the file cannot be read, is no TOML, has the wrong shape, or makes no sense.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # editors on Windows like to put a mark first
    except FileNotFoundError:
        message = f"is not at {path.absolute()}; correct `mapping` in the configuration, or run `kpm init`"
        raise MappingError([Problem(path.name, "", message)]) from None
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 text (byte {error.start + 1}); save it as UTF-8"
        raise MappingError([Problem(path.name, "", message)]) from None
    except OSError as error:
        raise MappingError([Problem(path.name, "", f"cannot be read: {error.strerror}")]) from None
    return parse(text, path.name, crm, folder=path.parent, settings=settings)


def load(path: Path, crm: CrmName | None = None) -> Mapping:
    """The mapping in a file; like `read`, without the warnings.

    Raises:
        MappingError: see `read`.
    """
    return read(path, crm)[0]


def parse(
    text: str,
    file: str,
    crm: CrmName | None = None,
    *,
    folder: Path | None = None,
    settings: Iterable[str] = (),
) -> tuple[Mapping, list[Problem]]:
    """The mapping in a text that people know as `file`; see `read`. Files that it names lie relative to `folder`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f"is no valid TOML: {error}{offending_line(text, error)}"
        raise MappingError([Problem(file, "", message)]) from None
    data = edited(data, settings)
    try:
        mapping = Mapping.model_validate(data, context={"folder": folder, "file": file})
    except ValidationError as error:
        raise MappingError(shape_problems(error, data, file)) from None
    problems = [*_thousands(text, file), *sense(mapping, file)]
    if crm is not None and mapping.crm != crm:
        message = f'is a mapping for "{mapping.crm}", but the connection is to "{crm}"'
        problems.insert(0, Problem(file, "crm", message))
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise MappingError(problems)
    return mapping, problems


def _thousands(text: str, file: str) -> Iterator[Problem]:
    for found in thousands(text):
        message = (
            f"{found}: a dot is a decimal point. Write thousands as 500_000 or 500000, and a decimal as 1.5"
        )
        yield Problem(file, "", message, Severity.WARNING)
