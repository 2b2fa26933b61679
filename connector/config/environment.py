"""The ``KPM_`` variables: from the environment, a ``.env`` beside the configuration, and a secrets directory.

A variable's name is the key path in capitals: ``KPM_CONNECTIONS__ACME__CLIENT_SECRET`` is ``client_secret`` of
``[connections.acme]``. The environment wins over ``.env``, and that over the secrets directory.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NestedSecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from connector.errors import ConfigError

PREFIX = "kpm_"
DELIMITER = "__"
SECRETS_DIR = "secrets_dir"
"""``KPM_SECRETS_DIR``: a folder with one file per secret, as container platforms mount them."""
SECTIONS = ("connections", "admin", "store", "schedule", "sync")


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable that is set.

    Attributes:
        name: as a person writes it.
        place: where it was found, in words.
        path: its key path in the configuration.
        value: never shown, it may be a secret.
    """

    name: str
    place: str
    path: tuple[str, ...]
    value: str = field(repr=False)


class _Variables(BaseSettings):
    """Tells the sources of pydantic-settings how names are built; never instantiated."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=DELIMITER, extra="ignore")


class _Given(EnvSettingsSource):
    """The environment that the caller hands over."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._given = environ
        super().__init__(_Variables)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._given.items()}


def variables(file: Path, environ: Mapping[str, str] | None) -> list[Variable]:
    """Every ``KPM_`` variable, each name once, from the place that wins.

    Args:
        file: the configuration file; ``.env`` is looked for beside it.
        environ: the environment, by default that of the process.

    Raises:
        ConfigError: ``.env`` or the secrets directory cannot be read.
    """
    folder = file.parent
    found = _of(_Given(os.environ if environ is None else environ).env_vars, "the environment")
    found = _of(_dotenv(folder / ".env"), ".env") | found
    secrets = found.pop((SECRETS_DIR,), None)
    if secrets is not None and secrets.value:
        found = (
            _of(_secrets(folder / Path(secrets.value).expanduser()), "the secrets directory", bare=True)
            | found
        )
    return sorted(found.values(), key=lambda variable: variable.name)


def nested(found: list[Variable]) -> dict[str, Any]:
    """Values by key path, as a TOML file would hold them."""
    tree: dict[str, Any] = {}
    for variable in found:
        branch = tree
        for key in variable.path[:-1]:
            branch = branch.setdefault(key, {})
            if not isinstance(branch, dict):
                break
        else:
            branch[variable.path[-1]] = variable.value
    return tree


def spelt(*path: str) -> str:
    """The variable's name for a key path."""
    return (PREFIX + DELIMITER.join(path)).upper()


def _of(
    values: Mapping[str, str | None], place: str, *, bare: bool = False
) -> dict[tuple[str, ...], Variable]:
    """Our variables among all; `bare`: names may lack the prefix, as in ``connections/acme/client_secret``."""
    found = {}
    for given, value in values.items():
        name = given.replace(os.sep, DELIMITER).lower() if bare else given.lower()
        if not name.startswith(PREFIX):
            if not bare or name.split(DELIMITER)[0] not in SECTIONS:
                continue
            name = PREFIX + name
        path = tuple(name.removeprefix(PREFIX).split(DELIMITER))
        found[path] = Variable(name.upper(), place, path, value or "")
    return found


def _dotenv(file: Path) -> Mapping[str, str | None]:
    try:
        return DotEnvSettingsSource(_Variables, env_file=file, env_file_encoding="utf-8-sig").env_vars
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{file}: cannot be read: {error}. Save it as UTF-8 text that this user may read."
        ) from error


def _secrets(folder: Path) -> Mapping[str, str | None]:
    try:
        return NestedSecretsSettingsSource(
            _Variables,  # type: ignore[arg-type]  # it takes the class too, its annotation does not say so
            folder,
            secrets_dir_missing="error",
            secrets_prefix="",
        ).env_vars
    except (OSError, UnicodeDecodeError, SettingsError) as error:
        raise ConfigError(
            f"{spelt(SECRETS_DIR)}: the secrets directory {folder} cannot be read: {error}. "
            "It holds one UTF-8 text file per secret, named like the variable.",
        ) from error
