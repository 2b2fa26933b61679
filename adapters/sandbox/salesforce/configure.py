"""What an administrator does in Setup, or a user in the pages, and no API call does: through the control endpoint.

- ``app``             a connected app: `client_id`, `secret`, `certificate` (PEM), `users`, `policy`
- ``user``            `username`, and `active`, `password`, `security_token` or `locked`
- ``sessions``        `expire`: end every session now; `seconds`: how long an idle one lives from now on
- ``soap_login``      `enabled`
- ``merge``           `master` and `losers`: ids of accounts
- ``duplicate_rule`` `field` (accounts that agree in it are duplicates; none switches the rule off), `action` ("block",
  "alert"), `always` (every update is checked, not those alone that set the field)
- ``picklist_values`` `object`, `field`, `record_type` (developer name), `values` that its records may have (none: all)
- ``territories``     `state` of the model (Planning, Active ...) and `rule`: whether its assignment rule is active;
  before the first such call the org has no territories
- ``org``             `missing`: objects that the org does not have; `person_accounts`; `dated_rates`; `custom_fields`:
  how many an object may have
- ``jobs``            `rows_per_second` of bulk jobs (none: as fast as they can), `page_rows` of their results,
  `listed` on a page of their list, `prompt`: the first poll waits for their end
- ``lock``            `ids`: records that another process holds, so that writes find them locked; empty frees all

"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from adapters.sandbox.salesforce.checks import DuplicateRule
from adapters.sandbox.salesforce.ids import normalised
from adapters.sandbox.salesforce.merging import merge
from adapters.sandbox.side import ControlError

if TYPE_CHECKING:
    from adapters.sandbox.salesforce.bulk import BulkQueries, Jobs
    from adapters.sandbox.salesforce.checks import Checks
    from adapters.sandbox.salesforce.features import Features
    from adapters.sandbox.salesforce.login import Apps
    from adapters.sandbox.salesforce.org import Org
    from adapters.sandbox.salesforce.territories import Territories

Settings = Mapping[str, Any]


class Configuration:
    """Carries out what the control endpoint asks for."""

    def __init__(
        self,
        org: Org,
        apps: Apps,
        checks: Checks,
        jobs: Jobs,
        queries: BulkQueries,
        territories: Territories,
        features: Features,
    ) -> None:
        """Change `org`, its apps, the rules for records, and how jobs go."""
        self._org = org
        self._apps = apps
        self._checks = checks
        self._jobs = jobs
        self._queries = queries
        self._actions: dict[str, Callable[[Settings], object]] = {
            "app": self._apps.register,
            "user": self._user,
            "sessions": self._sessions,
            "soap_login": self._soap_login,
            "merge": self._merge,
            "lock": self._lock,
            "duplicate_rule": self._duplicate_rule,
            "jobs": self._change_jobs,
            "org": features.configure,
            "territories": lambda settings: territories.configure(
                str(settings.get("state", "Active")), rule=bool(settings.get("rule", True))
            ),
            "picklist_values": self._picklist_values,
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

    def _duplicate_rule(self, settings: Settings) -> None:
        name = settings.get("field")
        if name is None:
            self._checks.duplicates = None
            return
        each = self._org.objects["Account"].find(str(name))
        action = settings.get("action", "block")
        if each is None or action not in ("block", "alert"):
            raise ControlError("a duplicate rule needs a field of Account, and block or alert as its action")
        self._checks.duplicates = DuplicateRule(each.name, action, bool(settings.get("always", False)))

    def _change_jobs(self, settings: Settings) -> None:
        if "rows_per_second" in settings:
            self._jobs.rows_per_second = settings["rows_per_second"]
        self._jobs.prompt = bool(settings.get("prompt", self._jobs.prompt))
        self._jobs.listed = int(settings.get("listed", self._jobs.listed))
        self._queries.page_rows = int(settings.get("page_rows", self._queries.page_rows))

    def _picklist_values(self, settings: Settings) -> None:
        target = self._org.objects.get(str(settings["object"]))
        each = target.find(str(settings["field"])) if target else None
        if target is None or each is None or not each.values:
            raise ControlError(f"{settings['object']} has no picklist {settings['field']!r}")
        types = {name: record_id for record_id, name, _ in self._org.record_types.types(target)}
        if settings["record_type"] not in types:
            raise ControlError(
                f"{target.name} has no record type {settings['record_type']!r}: {', '.join(types)}"
            )
        self._org.record_types.restrict(target, types[settings["record_type"]], each, settings.get("values"))
