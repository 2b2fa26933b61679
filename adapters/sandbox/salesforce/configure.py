"""What an administrator does in Setup, or a user in the pages, and no API call does: through the control endpoint.

- ``app``             a connected app: `client_id`, `secret`, `certificate` (PEM), `users`, `policy`
- ``user``            `username`, and `active`, `password`, `security_token` or `locked`
- ``sessions``        `expire`: end every session now; `seconds`: how long an idle one lives from now on
- ``soap_login``      `enabled`
- ``merge``           `master` and `losers`: ids of accounts
- ``lock``            `ids`: records that another process holds, so that writes find them locked; empty frees all

"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from adapters.sandbox.salesforce.ids import normalised
from adapters.sandbox.salesforce.merging import merge
from adapters.sandbox.side import ControlError

if TYPE_CHECKING:
    from adapters.sandbox.salesforce.login import Apps
    from adapters.sandbox.salesforce.org import Org

Settings = Mapping[str, Any]


class Configuration:
    """Carries out what the control endpoint asks for."""

    def __init__(self, org: Org, apps: Apps) -> None:
        """Change `org` and its apps."""
        self._org = org
        self._apps = apps
        self._actions: dict[str, Callable[[Settings], object]] = {
            "app": self._apps.register,
            "user": self._user,
            "sessions": self._sessions,
            "soap_login": self._soap_login,
            "merge": self._merge,
            "lock": self._lock,
        }

    def __call__(self, what: str, settings: Settings) -> object:
        """Change something.

        Raises:
            ControlError: unknown, or settings that make no sense.
        """
        action = self._actions.get(what)
        if action is None:
            raise ControlError(f"unknown setting {what!r}: use {', '.join(self._actions)}")
        return action(settings)

    def _user(self, settings: Settings) -> None:
        username = str(settings["username"])
        changed = self._org.database.execute(
            'UPDATE "sf_User" SET IsActive = coalesce(?, IsActive) WHERE Username = ?',
            (settings.get("active"), username),
        )
        if not changed:
            raise ControlError(f"there is no user {username!r}")
        own = {name: value for name, value in settings.items() if name not in ("username", "active")}
        self._apps.change(username, own)

    def _sessions(self, settings: Settings) -> None:
        if "seconds" in settings:
            self._org.session_seconds = float(settings["seconds"])
        if settings.get("expire"):
            self._org.close_all_sessions()

    def _soap_login(self, settings: Settings) -> None:
        self._apps.soap_login = bool(settings["enabled"])

    def _merge(self, settings: Settings) -> None:
        merge(self._org, str(settings["master"]), [str(each) for each in settings["losers"]])

    def _lock(self, settings: Settings) -> None:
        ids = {normalised(str(each)) for each in settings["ids"]}
        if None in ids:
            raise ControlError("an id is no Salesforce id")
        self._org.locked_records = {each for each in ids if each is not None}
