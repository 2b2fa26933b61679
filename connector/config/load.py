"""config.toml and the environment -> `Config`, with every problem found at once and a remedy for each."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from connector.config.environment import SECTIONS, Variable, nested, spelt, variables
from connector.config.model import (
    SECRETS,
    Config,
    Connection,
    HubspotConnection,
    SalesforceConnection,
    Schedule,
    Store,
    SyncLimits,
)
from connector.config.suggest import did_you_mean
from connector.errors import ConfigError
from connector.toml import offending_line

Tree = dict[str, Any]

CONNECTIONS: Mapping[str, type[SalesforceConnection | HubspotConnection]] = {
    "salesforce": SalesforceConnection,
    "hubspot": HubspotConnection,
}
_SECTIONS: Mapping[str, type[Store | Schedule | SyncLimits]] = {
    "store": Store,
    "schedule": Schedule,
    "sync": SyncLimits,
}
_PATHS = ("mapping", "private_key_file", "ca_bundle")
_PLACES = "in the environment, in .env beside this file, or in the secrets directory"
_PERSONAL = ("username", *SECRETS)
"""What makes a connection the nightly user's: an administrator brings his own."""
_AUTH_BY_SECRET = {
    "access_token": "access_token",
    "refresh_token": "refresh_token",
    "password": "password",
    "client_secret": "client_credentials",
}


def load(path: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Read the configuration.

    Args:
        path: the TOML file.
        environ: the environment, by default that of the process.

    Returns:
        What is set, its relative paths resolved against the file's folder.

    Raises:
        ConfigError: lists every problem as ``file: key path: what is wrong and what to do``.
    """
    path = path.absolute()
    tree = _parsed(path)
    found = variables(path, environ)
    wrong = list(_misspelt(tree, found))
    problems = [*_secrets_in(tree), *wrong]
    useless = {problem.path for problem in wrong}
    merged = _merged(tree, nested([v for v in found if v.path not in useless and v.path[0] in SECTIONS]))
    merged.pop("admin", None)
    _inherit(merged)
    config = None
    try:
        config = Config.model_validate(merged)
    except ValidationError as error:
        named = {variable.path: variable for variable in found}
        problems += [problem for detail in error.errors() for problem in _explained(detail, merged, named)]
    if problems or config is None:
        lines = dict.fromkeys(problem.line(path.name) for problem in problems)  # one cause may show twice
        raise ConfigError("\n".join(lines))
    return _resolved(config, path)


def chosen(config: Config, name: str | None = None) -> str:
    """The connection meant: the one called `name`, or the only one.

    Raises:
        ConfigError: no such connection, or several and none named.
    """
    known = ", ".join(sorted(config.connections))
    if name is not None:
        if name in config.connections:
            return name
        guess = did_you_mean(name, config.connections)
        raise ConfigError(f"{config.file.name}: there is no connection {name!r}{guess}; it has {known}.")
    if len(config.connections) == 1:
        return next(iter(config.connections))
    raise ConfigError(f"{config.file.name} has several connections: choose one with --connection ({known}).")


def admin_connection(
    config: Config, name: str, environ: Mapping[str, str] | None = None
) -> Connection | None:
    """The connection with an administrator's credentials, for provisioning alone; nothing of it is stored.

    They come from ``KPM_ADMIN__<NAME>__...`` or ``KPM_ADMIN__...``, with the names of a connection's keys. The
    nightly user's own credentials never stand in for them.

    Returns:
        None if no such variable is set.

    Raises:
        ConfigError: the credentials are not complete.
    """
    own = config.connections[name]
    found = [variable for variable in variables(config.file, environ) if variable.path[0] == "admin"]
    given = {v.path[1]: v.value for v in found if len(v.path) == 2}
    given |= {v.path[2]: v.value for v in found if len(v.path) == 3 and v.path[1] == name}
    if not given:
        return None
    base = own.model_dump(exclude={*_PERSONAL}, exclude_none=True)
    auth = next((kind for secret, kind in _AUTH_BY_SECRET.items() if secret in given), own.auth)
    try:
        adapter: TypeAdapter[Connection] = TypeAdapter(Connection)
        made = adapter.validate_python({**base, "auth": auth, **given})
    except ValidationError as error:
        lines = []
        for detail in error.errors():
            missing = detail.get("ctx", {}).get("missing", ())
            names = [spelt("admin", name, key) for key in missing]
            lines += [
                f"{needed} is missing: an administrator with auth = {auth!r} needs it" for needed in names
            ]
            if not missing:
                key = str(detail["loc"][-1]) if detail["loc"] else ""
                lines.append(f"{spelt('admin', name, key)}: {_words(detail)}")
        raise ConfigError("\n".join(lines)) from None  # the cause would show the values
    made._variables = spelt("admin", name)  # noqa: SLF001 - set once, here
    return made


def admin_variables(config: Config, name: str) -> str:
    """The variables that take an administrator's credentials, by the connection's way to log in."""
    own = config.connections[name]

    def named(*keys: str) -> str:
        return " and ".join(spelt("admin", name, key) for key in keys)

    if isinstance(own, HubspotConnection):
        key = f"{named('access_token')} (a key with the scope crm.schemas.companies.write)"
        app = named("refresh_token", "client_secret")
        return f"{key}, or {app} (of an app)" if own.auth == "refresh_token" else key
    session = ("access_token",) if own.instance_url else ("access_token", "instance_url")
    token = f"{named(*session)} (of an administrator's open session)"
    others = {
        "jwt": f"{named('username')} (an administrator whom the connected app admits)",
        "client_credentials": f"{named('client_id', 'client_secret')} (of an app that runs as an administrator)",
        "refresh_token": f"{named('refresh_token')} (of an administrator)",
        "password": f"{named('username', 'password', 'security_token')} (of an administrator)",
    }
    return f"{others[own.auth]}, or {token}" if own.auth in others else token


@dataclass(frozen=True, slots=True)
class _Problem:
    path: tuple[str, ...]
    message: str
    place: str | None = None
    """The variable, if the value comes from one."""

    def line(self, file: str) -> str:
        key = ".".join(self.path)
        where = f"{file}: {key}" if self.place is None else self.place
        return f"{where}: {self.message}" if key or self.place else f"{file}: {self.message}"


def _parsed(path: Path) -> Tree:
    text = ""
    try:
        text = path.read_text("utf-8-sig")
        return tomllib.loads(text)
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: there is no configuration here. Write one with `kpm init`, or name yours with "
            "`kpm --config FILE`.",
        ) from None
    except tomllib.TOMLDecodeError as error:
        line = offending_line(text, error, secret=True)
        raise ConfigError(f"{path.name}: this is no valid TOML: {error}{line}.") from error
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"{path}: cannot be read: {reason}. It must be UTF-8 text that this user may read."
        ) from error


def _merged(under: Tree, over: Tree) -> Tree:
    merged = dict(under)
    for key, value in over.items():
        known = merged.get(key)
        merged[key] = _merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged


def _inherit(tree: Tree) -> None:
    """A connection's own schedule and brakes override the common ones key by key."""
    for connection in _connections(tree).values():
        for section in ("schedule", "sync"):
            own, common = connection.get(section), tree.get(section)
            if isinstance(own, dict) and isinstance(common, dict):
                connection[section] = {**common, **own}


def _connections(tree: Tree) -> dict[str, Tree]:
    """The connections that are tables; copies are put in place, so that the file's own tree stays as read."""
    found = tree.get("connections")
    if not isinstance(found, dict):
        return {}
    tree["connections"] = {
        key: dict(value) if isinstance(value, dict) else value for key, value in found.items()
    }
    return {key: value for key, value in tree["connections"].items() if isinstance(value, dict)}


def _secrets_in(tree: Tree) -> Iterator[_Problem]:
    """Secrets that stand in the file."""
    rescue = f"{_PLACES}. Delete it here, and renew it if others could read this file"
    for name, connection in _connections(tree).items():
        for key in connection:
            if key in SECRETS:
                message = (
                    f"a secret does not belong into this file: set {spelt('connections', name, key)} {rescue}"
                )
                yield _Problem(("connections", name, key), message)
        if _has_password(connection.get("proxy")):
            message = f"a password does not belong into this file: set {spelt('connections', name, 'proxy')} {rescue}"
            yield _Problem(("connections", name, "proxy"), message)
    store = tree.get("store")
    if isinstance(store, dict) and _has_password(store.get("url")):
        message = f"a password does not belong into this file: set {spelt('store', 'url')} {rescue}"
        yield _Problem(("store", "url"), message)
    if "admin" in tree:
        names = f"{spelt('admin', '...')} variables"
        yield _Problem(
            ("admin",), f"an administrator's credentials are read from {names} alone; delete this section"
        )


def _has_password(url: object) -> bool:
    if not isinstance(url, str):
        return False
    try:
        return urlsplit(url).password is not None
    except ValueError:  # no URL at all, which validation reports
        return "@" in url


def _misspelt(tree: Tree, found: list[Variable]) -> Iterator[_Problem]:
    """``KPM_`` variables that set nothing."""
    merged = _merged(tree, nested(found))
    known = {path: spelt(*path) for path in _known_paths(merged)}
    for variable in found:
        if variable.path not in known:
            guess = did_you_mean(variable.name, known.values())
            yield _Problem(
                variable.path,
                f"this variable in {variable.place} sets nothing{guess}",
                variable.name,
            )


def _known_paths(tree: Tree) -> Iterator[tuple[str, ...]]:
    for section, model in _SECTIONS.items():
        yield from ((section, key) for key in model.model_fields)
    for name, connection in _connections(tree).items():
        if "crm" not in connection:  # a variable with another connection's name makes one
            continue
        crm = str(connection["crm"])  # which may be the mistake: then the variables are none
        models = [CONNECTIONS[crm]] if crm in CONNECTIONS else CONNECTIONS.values()
        for key in {key: None for model in models for key in model.model_fields}:
            yield ("connections", name, key)
            yield ("admin", key)
            yield ("admin", name, key)
        for section in ("schedule", "sync"):
            yield from (("connections", name, section, key) for key in _SECTIONS[section].model_fields)


def _explained(
    detail: ErrorDetails, tree: Tree, named: Mapping[tuple[str, ...], Variable]
) -> Iterator[_Problem]:
    """What pydantic found, in our words; its own may quote values, and those may be secrets."""
    path = tuple(str(part) for part in detail["loc"])
    if len(path) > 2 and path[0] == "connections" and path[2] in CONNECTIONS:
        path = (*path[:2], *path[3:])  # the tag of the union is no key
    if path[-1:] == ("[key]",):
        yield _Problem(
            path[:-1], "a connection's name is made of small letters, digits and single _ between them"
        )
        return
    context = detail.get("ctx", {})
    if detail["type"] == "missing_credentials":
        for key in context["missing"]:
            if key in SECRETS:
                message = (
                    f"is missing: auth = {context['auth']!r} needs it. Set {spelt(*path, key)} {_PLACES}"
                )
            else:
                message = f"is missing: auth = {context['auth']!r} needs it"
            yield _Problem((*path, key), message)
        return
    if detail["type"] == "extra_forbidden":
        yield _Problem(path, _unknown_key(path, tree))
        return
    if path == ("connections",) and detail["type"] in ("missing", "too_short"):
        yield _Problem((), "there is no [connections.NAME] yet: write one, or start with `kpm init`")
        return
    variable = named.get(path)
    share = bool(path) and path[-1].endswith("_share")
    words = "must be a share from 0 to 1, such as 0.2 for 20 %" if share else _words(detail)
    yield _Problem(path, words, f"{variable.name} in {variable.place}" if variable else None)


def _unknown_key(path: tuple[str, ...], tree: Tree) -> str:
    inside = tree.get(path[0]) if len(path) == 1 else None
    if isinstance(inside, dict) and "crm" in inside:
        return f"unknown section; a connection is written [connections.{path[0]}]"
    keys = _keys_beside(path, tree)
    guess = did_you_mean(path[-1], keys)
    known = ", ".join(key for key in keys if key not in SECRETS)
    return f"unknown key{guess or '.'} Known here: {known}" if known else "unknown key"


def _keys_beside(path: tuple[str, ...], tree: Tree) -> list[str]:
    if len(path) == 1:
        return list(Config.model_fields)
    if path[0] == "connections" and len(path) == 3:
        return list(CONNECTIONS[tree["connections"][path[1]]["crm"]].model_fields)
    section = path[-2]
    return list(_SECTIONS[section].model_fields) if section in _SECTIONS else []


def _words(detail: ErrorDetails) -> str:
    kind = detail["type"]
    if kind == "missing":
        return "is missing"
    if kind == "union_tag_not_found":
        return 'crm is missing: "salesforce" or "hubspot"'
    if kind == "union_tag_invalid":
        return 'crm must be "salesforce" or "hubspot"'
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return "must be a section with keys of its own"
    text = detail["msg"].removeprefix("Value error, ")
    return text.replace("Input should be", "must be")


def _resolved(config: Config, path: Path) -> Config:
    """The configuration with its relative paths made absolute."""
    folder = path.parent

    def beside(value: Path) -> Path:
        return folder / value.expanduser()

    connections = {
        name: connection.model_copy(
            update={
                key: beside(value) for key in _PATHS if (value := getattr(connection, key, None)) is not None
            },
        )
        for name, connection in config.connections.items()
    }
    for name, connection in connections.items():
        connection._variables = spelt("connections", name)  # noqa: SLF001 - set once, here
    url = config.store.url
    kind, mark, database = url.partition("sqlite:///")
    if mark and not kind and database not in ("", ":memory:"):
        url = f"sqlite:///{beside(Path(database))}"
    store = config.store.model_copy(update={"url": url, "folder": beside(config.store.folder)})
    resolved = config.model_copy(update={"connections": connections, "store": store})
    resolved._file = path  # noqa: SLF001 - set once, here
    return resolved
