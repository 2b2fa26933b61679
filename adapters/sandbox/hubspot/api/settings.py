"""Settings that clients read: account details, owners, pipelines and currencies."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from starlette.responses import Response

from adapters.sandbox.http import json_response
from adapters.sandbox.hubspot.api.endpoint import Call
from adapters.sandbox.hubspot.api.tokens import require
from adapters.sandbox.hubspot.errors import PORTAL, EmptyNotFoundError, iso, not_found, validation
from adapters.sandbox.hubspot.store.portal import HOME_CURRENCY, PIPELINES, TIME_ZONE, Pipeline, Portal, Rate
from adapters.sandbox.world import Quota

_OWNERS_PAGE: Final = 500


class SettingsEndpoint:
    """What a portal is set up with."""

    def __init__(self, portal: Portal, quota: Quota) -> None:
        """Serve `portal`; `quota` is the day's allowance."""
        self._portal = portal
        self._quota = quota

    def account(self, call: Call) -> Response:
        """``/account-info/v3/details``."""
        offset = _offset(call.now)
        sign = "-" if offset < 0 else "+"
        return json_response(
            {
                "portalId": PORTAL,
                "accountType": "STANDARD",
                "timeZone": TIME_ZONE,
                "companyCurrency": HOME_CURRENCY,
                "additionalCurrencies": self._portal.currencies()[1:],
                "utcOffset": f"{sign}{abs(offset) // 3_600:02d}:{abs(offset) // 60 % 60:02d}",
                "utcOffsetMilliseconds": offset * 1_000,
                "uiDomain": "app-eu1.hubspot.com",
                "dataHostingLocation": "eu1",
            }
        )

    def usage(self, call: Call) -> Response:
        """``/account-info/v3/api-usage/daily/private-apps``."""
        here = call.now.astimezone(ZoneInfo(TIME_ZONE)) + timedelta(days=1)
        midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
        return json_response(
            {
                "results": [
                    {
                        "name": "private-apps-api-calls-daily",
                        "usageLimit": self._quota.limit,
                        "currentUsage": self._quota.used,
                        "collectedAt": iso(call.now),
                        "fetchStatus": "SUCCESS",
                        "resetsAt": iso(midnight),
                    }
                ]
            }
        )

    def owners(self, call: Call) -> Response:
        """Owners by id, active ones unless ``archived=true``."""
        require(call.token, ("crm.objects.owners.read",))
        archived = call.query.get("archived", "false").lower() == "true"
        limit, after = call.query.get("limit", "100"), call.query.get("after", "0")
        if not limit.isdigit() or not 1 <= int(limit) <= _OWNERS_PAGE or not after.isdigit():
            raise validation(f"limit must be between 1 and {_OWNERS_PAGE}, and after a number.")
        email = call.query.get("email")
        found = [
            owner
            for owner in self._portal.owners.values()
            if owner["archived"] is archived
            and int(owner["id"]) >= int(after)
            and email in (None, owner["email"])
        ]
        body: dict[str, Any] = {"results": found[: int(limit)]}
        if len(found) > int(limit):
            body["paging"] = call.next_page(found[int(limit)]["id"])
        return json_response(body)

    def owner(self, call: Call) -> Response:
        """One owner."""
        require(call.token, ("crm.objects.owners.read",))
        owner = self._portal.owners.get(call.path["id"])
        if owner is None:
            raise not_found()
        return json_response(owner)

    def pipelines(self, call: Call) -> Response:
        """Pipelines of deals or tickets."""
        lines = PIPELINES.get(call.kind("read").name, ())
        return json_response({"results": [line.as_json(number) for number, line in enumerate(lines)]})

    def pipeline(self, call: Call) -> Response:
        """One pipeline."""
        number, line = self._pipeline(call)
        return json_response(line.as_json(number))

    def stages(self, call: Call) -> Response:
        """Stages of one pipeline."""
        _, line = self._pipeline(call)
        return json_response({"results": [stage.as_json(number) for number, stage in enumerate(line.stages)]})

    def stage(self, call: Call) -> Response:
        """One stage of a pipeline."""
        _, line = self._pipeline(call)
        for number, stage in enumerate(line.stages):
            if stage.id == call.path["stage_id"]:
                return json_response(stage.as_json(number))
        raise EmptyNotFoundError

    def _pipeline(self, call: Call) -> tuple[int, Pipeline]:
        for number, line in enumerate(PIPELINES.get(call.kind("read").name, ())):
            if line.id == call.path["id"]:
                return number, line
        raise EmptyNotFoundError

    def company_currency(self, call: Call) -> Response:
        """The home currency."""
        require(call.token, ("settings.currencies.read",))
        return json_response({"currencyCode": HOME_CURRENCY, "currencyName": "Euro"})

    def rates(self, call: Call) -> Response:
        """Every rate that ever was, by currency and time."""
        require(call.token, ("settings.currencies.read",))
        rates = [_rate(rate) for rates in self._known().values() for rate in rates]
        after, limit = call.query.get("after", "0"), call.query.get("limit", "100")
        start, size = (int(after) if after.isdigit() else 0), (int(limit) if limit.isdigit() else 100)
        body: dict[str, Any] = {"results": rates[start : start + size]}
        if len(rates) > start + size:
            body["paging"] = call.next_page(str(start + size))
        return json_response(body)

    def current_rates(self, call: Call) -> Response:
        """The rate of every additional currency that holds now."""
        require(call.token, ("settings.currencies.read",))
        now = iso(call.now)
        current = [[rate for rate in rates if rate.start <= now] for rates in self._known().values()]
        return json_response({"results": [_rate(rates[-1]) for rates in current if rates]})

    def _known(self) -> dict[str, list[Rate]]:
        return self._portal.rates if self._portal.multi_currency else {}


def _rate(rate: Rate) -> dict[str, Any]:
    return {
        "id": rate.id,
        "fromCurrencyCode": rate.currency,
        "toCurrencyCode": HOME_CURRENCY,
        "conversionRate": rate.rate,
        "effectiveAt": rate.start,
        "createdAt": rate.start,
        "updatedAt": rate.start,
        "visibleInUI": True,
    }


def _offset(now: datetime) -> int:
    """Seconds that the portal's time zone is ahead of UTC."""
    ahead = now.astimezone(ZoneInfo(TIME_ZONE)).utcoffset()
    return 0 if ahead is None else int(ahead.total_seconds())
