"""What a portal says of itself: details, whose the token is, pipelines, currencies, today's calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from adapters.hubspot.errors import Refused
from adapters.hubspot.http import Portal
from adapters.hubspot.paths import KEY_INFO, TYPE_IDS
from connector.crm import Currencies, Rate
from connector.errors import CrmError


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of deals.

    Attributes:
        won: closed, with a probability of 1.
        closed: no longer open.
        probability: 0..1, None if the portal gives none.
    """

    won: bool
    closed: bool
    probability: float | None


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose the token is.

    Attributes:
        name: for people; HubSpot tells numbers only.
        scopes: what the token may do, None where HubSpot does not tell.
    """

    name: str
    scopes: frozenset[str] | None


class Settings:
    """Settings of one portal, each asked for once."""

    def __init__(self, portal: Portal, time_zone: str) -> None:
        self._portal = portal
        self._zone = ZoneInfo(time_zone)
        self._details: Mapping[str, Any] | None = None
        self._pipelines: list[Mapping[str, Any]] | None = None
        self._owner: Owner | None = None
        self._rates: list[Mapping[str, Any]] | None = None
        self._untold = False  # asked for today's calls, in vain

    @property
    def details(self) -> Mapping[str, Any]:
        """``portalId``, ``uiDomain``, ``companyCurrency``, ``timeZone`` and more."""
        if self._details is None:
            self._details = self._portal.request(
                "read the portal's details", "GET", self._portal.paths.account, expect="portalId"
            )
        return self._details

    @property
    def time_zone(self) -> str:
        """The portal's own time zone; the business one where it has none that is known here."""
        name = str(self.details.get("timeZone") or "")
        try:
            return ZoneInfo(name).key
        except (KeyError, ValueError, OSError):
            return self._zone.key

    def account_url(self, account_id: str) -> str:
        """See `connector.crm.Crm.account_url`."""
        domain, portal = self.details.get("uiDomain") or "app.hubspot.com", self.details["portalId"]
        return f"https://{domain}/contacts/{portal}/record/{TYPE_IDS['companies']}/{account_id}"

    def owner(self) -> Owner:
        """Whose the token is; errors name him from then on.

        Raises:
            CrmError: HubSpot does not accept the token.
        """
        if self._owner is None:
            operation = "ask whose the token is"
            try:
                answer = self._introspected(operation)
            except Refused as refused:
                if refused.status == 401 and not self._portal.translator.renewable:
                    raise self._portal.translator.translate(refused, operation) from refused
                answer = {}  # HubSpot does not tell everybody; the token may be good everywhere else
            scopes = answer.get("scopes")
            user = answer.get("user") or answer.get("userId") or answer.get("user_id")
            app = answer.get("appId") or answer.get("app_id")
            # One person may own several keys: the app's number tells them apart.
            name = (f"user {user}" if user else "the app") + (f" (app {app})" if app else "")
            self._owner = Owner(name, frozenset(map(str, scopes)) if scopes else None)
            if user:
                kind = "app" if self._portal.translator.renewable else "key"
                self._portal.translator.user = f"the {kind} of user {user}"
        return self._owner

    def _introspected(self, operation: str) -> Mapping[str, Any]:
        """What HubSpot says of the token.

        Raises:
            Refused: it does not.
        """
        portal = self._portal
        if not portal.translator.renewable:
            told: Mapping[str, Any] = portal.attempt(
                operation, "POST", KEY_INFO, body={"tokenKey": portal.token}
            )
        elif portal.paths.dated:
            secret = portal.connection.client_secret
            form = {"client_id": portal.connection.client_id or "", "token_type_hint": "access_token"}
            form["client_secret"] = secret.get_secret_value() if secret else ""
            told = portal.call(
                operation,
                lambda token: portal.session.send(
                    "POST", portal.paths.token_info(token), token=None, form={**form, "token": token}
                ),
            )
        else:
            told = portal.call(
                operation,
                lambda token: portal.session.send("GET", portal.paths.token_info(token), token=None),
            )
        return told

    @property
    def identified(self) -> bool:
        """Whether HubSpot has been asked whose the token is."""
        return self._owner is not None

    def identify(self) -> None:
        """Let errors name whose the token is, as far as HubSpot tells; never fails."""
        try:
            self.owner()
        except CrmError:
            return

    def stages(self) -> Mapping[str, tuple[str, ...]]:
        """See `connector.crm.Crm.stages`."""
        return {
            str(pipeline["id"]): tuple(
                str(stage["id"])
                for stage in sorted(pipeline["stages"], key=lambda each: each.get("displayOrder", 0))
            )
            for pipeline in self._deal_pipelines()
        }

    def stage_meanings(self) -> Mapping[tuple[str, str], Stage]:
        """What each stage means, by pipeline and stage."""
        return {
            (str(pipeline["id"]), str(stage["id"])): _stage(stage.get("metadata") or {})
            for pipeline in self._deal_pipelines()
            for stage in pipeline["stages"]
        }

    def currencies(self) -> Currencies:
        """See `connector.crm.Crm.currencies`; a portal whose rates the token may not read has none."""
        home = str(self.details.get("companyCurrency") or "")
        if not self.details.get("additionalCurrencies"):
            return Currencies(home)
        found: dict[str, list[tuple[date, float]]] = {}
        for rate in self._exchange_rates():
            value = float(rate.get("conversionRate") or 0)
            if value > 0 and str(rate.get("toCurrencyCode", home)) == home:
                start = datetime.fromisoformat(str(rate["effectiveAt"])).astimezone(self._zone).date()
                found.setdefault(str(rate["fromCurrencyCode"]), []).append((start, value))
        return Currencies(home, tuple(each for code in sorted(found) for each in _dated(code, found[code])))

    def daily_calls(self) -> tuple[int | None, int | None]:
        """Calls of today and the allowance, None where HubSpot does not tell (public apps)."""
        session = self._portal.session
        if session.limit is None and not self._untold:
            self._untold = True
            try:
                answer = self._portal.attempt("read today's API usage", "GET", self._portal.paths.daily_usage)
            except (Refused, CrmError):
                return None, None
            for each in answer.get("results") or ():
                if each.get("usageLimit"):
                    session.used, session.limit = int(each.get("currentUsage") or 0), int(each["usageLimit"])
        return session.used, session.limit

    def _deal_pipelines(self) -> list[Mapping[str, Any]]:
        if self._pipelines is None:
            path = self._portal.paths.pipelines("deals")
            answer = self._portal.request("read the deal pipelines", "GET", path, expect="results")
            self._pipelines = sorted(answer["results"], key=lambda each: each.get("displayOrder", 0))
        return self._pipelines

    def _exchange_rates(self) -> list[Mapping[str, Any]]:
        if self._rates is None:
            self._rates = list(self._all_rates())
        return self._rates

    def _all_rates(self) -> Iterator[Mapping[str, Any]]:
        operation, query = "read the exchange rates", [("limit", "100")]
        while True:
            try:
                page = self._portal.attempt(
                    operation, "GET", self._portal.paths.exchange_rates, query=query, expect="results"
                )
            except Refused as refused:
                if refused.status in (403, 404):
                    return
                raise self._portal.translator.translate(refused, operation) from refused
            yield from page["results"]
            after = ((page.get("paging") or {}).get("next") or {}).get("after")
            if after is None:
                return
            query = [("limit", "100"), ("after", str(after))]


def _stage(metadata: Mapping[str, Any]) -> Stage:
    """Flags and numbers come as texts."""
    try:
        probability = float(metadata["probability"])
    except (KeyError, TypeError, ValueError):
        probability = None
    closed = str(metadata.get("isClosed", probability in (0.0, 1.0))).lower() == "true"
    return Stage(won=closed and probability == 1, closed=closed, probability=probability)


def _dated(code: str, found: list[tuple[date, float]]) -> list[Rate]:
    """Rates with their days. HubSpot states a currency's worth in home currency: the reverse of ours.

    The earliest one also holds before its day, as HubSpot itself converts older deals with it.
    """
    by_day = sorted(dict(sorted(found)).items())
    ends = [after for (_, _), (after, _) in pairwise(by_day)] + [None]
    return [
        Rate(code, 1 / value, None if number == 0 else start, end, dated=True)
        for number, ((start, value), end) in enumerate(zip(by_day, ends, strict=True))
    ]
