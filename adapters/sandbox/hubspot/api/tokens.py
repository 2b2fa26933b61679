"""Tokens: who asks and what they may do.

Made-up credentials, the same in every sandbox:

============================  ==========================================================================
``sandbox-token``             the nightly user: reads everything, writes companies, changes no definitions
``sandbox-admin-token``       an administrator: all scopes, schemas included
``sandbox-plain-token``       as the nightly user, without the scopes for exports and imports
``sandbox-rep-token``         reads companies, contacts and deals
``sandbox-limited-token``     reads companies only
``sandbox-team-token``        as the nightly user, but its team owns only every second company
``sandbox-revoked-token``     was revoked
``sandbox-client``            OAuth client id; its secret is ``sandbox-secret`` and the refresh tokens are
                              ``sandbox-refresh-token`` and ``sandbox-admin-refresh-token``
============================  ==========================================================================
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request

from adapters.sandbox.hubspot.errors import (
    expired_token,
    missing_credentials,
    missing_scopes,
)
from adapters.sandbox.hubspot.store.values import EPOCH

CLIENT: Final = "sandbox-client"
CLIENT_SECRET: Final = "sandbox-secret"
APP: Final = 1_161_503
LIFETIME: Final = timedelta(minutes=30)

_REP: Final = (
    "oauth",
    "crm.objects.companies.read",
    "crm.schemas.companies.read",
    "crm.objects.contacts.read",
    "crm.schemas.contacts.read",
    "crm.objects.deals.read",
    "crm.schemas.deals.read",
    "crm.objects.owners.read",
)
_PLAIN: Final = (
    *_REP,
    "crm.objects.companies.write",
    "crm.objects.orders.read",
    "crm.schemas.orders.read",
    "tickets",
    "sales-email-read",
    "settings.currencies.read",
)
_NIGHTLY: Final = (*_PLAIN, "crm.export", "crm.import")
_ADMIN: Final = (
    *_NIGHTLY,
    "crm.schemas.companies.write",
    "crm.objects.contacts.write",
    "crm.schemas.contacts.write",
    "crm.objects.deals.write",
    "crm.schemas.deals.write",
    "crm.objects.orders.write",
    "crm.schemas.orders.write",
    "settings.currencies.write",
)


@dataclass(frozen=True, slots=True)
class Token:
    """What a bearer token stands for.

    Attributes:
        value: the token.
        scopes: what it may do.
        team_only: it sees its team's records only.
        expires: None for keys that do not expire.
        user: id of the user it acts for.
        grant: what it was issued for; None for keys.
    """

    value: str
    scopes: tuple[str, ...]
    team_only: bool = False
    expires: datetime | None = None
    user: int = 9_586_504
    grant: str | None = None

    @property
    def owner(self) -> str:
        """Who owns the jobs that it starts: an app's next access token sees those of its last."""
        return self.grant or self.value


_KEYS: Final = (
    Token("sandbox-token", _NIGHTLY),
    Token("sandbox-admin-token", _ADMIN, user=9_586_501),
    Token("sandbox-plain-token", _PLAIN),
    Token("sandbox-rep-token", _REP, user=9_586_502),
    Token("sandbox-limited-token", ("oauth", "crm.objects.companies.read")),
    Token("sandbox-team-token", _NIGHTLY, team_only=True, user=9_586_503),
)
_REVOKED: Final = "sandbox-revoked-token"
REFRESH: Final = {"sandbox-refresh-token": _NIGHTLY, "sandbox-admin-refresh-token": _ADMIN}


class Tokens:
    """The tokens that are valid now."""

    def __init__(self) -> None:
        """Start with the keys above."""
        self._lock = threading.Lock()
        self._tokens = {key.value: key for key in _KEYS}
        self._gone: set[str] = {_REVOKED}
        self._all_revoked = False
        self.half = False  # everybody sees every second company only

    def authenticate(self, request: Request, now: datetime) -> Token:
        """The token of a request.

        Raises:
            ApiError: 401, as HubSpot words it for a missing, unknown, revoked or expired token.
        """
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not value:
            raise missing_credentials()
        return self.find(value.strip(), now)

    def find(self, value: str, now: datetime) -> Token:
        """A token by its text.

        Raises:
            ApiError: 401.
        """
        with self._lock:
            token = None if self._all_revoked else self._tokens.get(value)
            gone = value in self._gone or self._all_revoked
        if token is None:
            # Text that HubSpot cannot decode counts as a token that expired in 1970; what it can decode (here:
            # whatever has no hyphen) and does not know as missing.
            raise missing_credentials() if gone or "-" not in value else expired_token(EPOCH, now)
        if token.expires is not None and token.expires <= now:
            raise expired_token(token.expires, now)
        return token

    def issue(self, scopes: tuple[str, ...], now: datetime, grant: str) -> Token:
        """A new OAuth access token for a refresh token."""
        value = f"sandbox-access-{secrets.token_hex(12)}"
        token = Token(value, scopes, expires=now + LIFETIME, grant=grant)
        with self._lock:
            self._tokens[token.value] = token
        return token

    def expire(self, request: Request, now: datetime) -> datetime:
        """Let an OAuth token expire now; keys, which cannot, stay valid. When it expired."""
        value = request.headers.get("authorization", "").partition(" ")[2].strip()
        with self._lock:
            token = self._tokens.get(value)
            if token is not None and token.expires is not None:
                self._tokens[value] = replace(token, expires=now)
        return now

    def revoke(self, value: str) -> None:
        """One token or refresh token stops working."""
        with self._lock:
            self._tokens.pop(value, None)
            self._gone.add(value)

    def gone(self, value: str) -> bool:
        """Whether a token or refresh token was revoked."""
        with self._lock:
            return self._all_revoked or value in self._gone

    def revoke_all(self, *, revoked: bool) -> None:
        """Every token and refresh token stops working, or works again."""
        with self._lock:
            self._all_revoked = revoked

    @property
    def all_revoked(self) -> bool:
        """Whether nothing works any more."""
        return self._all_revoked


def require(token: Token, scopes: tuple[str, ...]) -> None:
    """Check that a token has one of the scopes.

    Raises:
        ApiError: 403.
    """
    if not set(scopes) & set(token.scopes):
        raise missing_scopes(scopes)
