"""OAuth: who may come in, and as whom.

| client_id       | client_secret          | user                                                        |
|-----------------|------------------------|-------------------------------------------------------------|
| `sandbox-sync`  | `sandbox-secret`       | the integration user: no administrator, sees what he is given |
| `sandbox-admin` | `sandbox-admin-secret` | an administrator: may create fields and permission sets     |
| `sandbox-rep`   | `sandbox-rep-secret`   | a sales rep, the first user of the portfolio                |

Grant types: client credentials; refresh token (`sandbox-sync-refresh` and so on, with the client's secret); JWT
bearer (`iss` is the client_id, `sub` the user name; the signature is not checked); password (the user name, any
password that is the client's secret).
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adapters.sandbox.database import quoted
from adapters.sandbox.http import blocking, json_response, parsed
from adapters.sandbox.salesforce.ids import make_id
from adapters.sandbox.salesforce.org import ADMIN_KEY, ORGANIZATION, SYNC_KEY, Org

_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LONGEST_ASSERTION = 300  # seconds that a JWT's expiry may lie ahead


@dataclass(frozen=True, slots=True)
class Client:
    """A connected app of the sandbox. `key` None: the first active user of the portfolio."""

    secret: str
    key: int | None


CLIENTS = {
    "sandbox-sync": Client("sandbox-secret", SYNC_KEY),
    "sandbox-admin": Client("sandbox-admin-secret", ADMIN_KEY),
    "sandbox-rep": Client("sandbox-rep-secret", None),
}


class _GrantError(Exception):
    """Becomes ``{"error": ..., "error_description": ...}``."""


class OAuth:
    """Token, userinfo and revoke."""

    def __init__(self, org: Org) -> None:
        """Issue tokens for `org`."""
        self._org = org

    def routes(self) -> list[Route]:
        """The endpoints below /services/oauth2."""

        async def token(request: Request) -> Response:
            form = await request.form()
            return self._token(request, form)

        token.reads = True  # type: ignore[attr-defined]
        return [
            Route("/services/oauth2/token", token, methods=["POST"]),
            Route("/services/oauth2/userinfo", blocking(self._userinfo, reads=True), methods=["GET", "POST"]),
            Route("/services/oauth2/revoke", blocking(self._revoke, reads=True), methods=["GET", "POST"]),
        ]

    def _token(self, request: Request, form: FormData) -> Response:
        def value(name: str) -> str:
            return str(form.get(name) or "")

        client_id, secret = value("client_id"), value("client_secret")
        header = request.headers.get("authorization", "")
        if header.lower().startswith("basic "):
            client_id, _, secret = base64.b64decode(header[6:]).decode(errors="replace").partition(":")
        try:
            user_id = self._user(value("grant_type"), client_id, secret, value)
        except _GrantError as error:
            code, text = error.args
            return json_response({"error": code, "error_description": text}, 400)
        base = f"{request.url.scheme}://{request.url.netloc}"
        return json_response(
            {
                "access_token": self._org.open_session(user_id),
                "signature": "c2FuZGJveA==",
                "scope": "api refresh_token",
                "instance_url": base,
                "id": f"{base}/id/{ORGANIZATION}/{user_id}",
                "token_type": "Bearer",
                "issued_at": str(int(time.time() * 1000)),
            }
        )

    def _user(self, grant: str, client_id: str, secret: str, value: Callable[[str], str]) -> str:
        """The user who gets a token.

        Raises:
            _GrantError: OAuth's code and Salesforce's text.
        """
        if grant == _JWT:
            return self._asserted(value("assertion"))
        if grant not in ("client_credentials", "refresh_token", "password"):
            raise _GrantError("unsupported_grant_type", "grant type not supported")
        client = CLIENTS.get(client_id)
        if client is None:
            raise _GrantError("invalid_client_id", "client identifier invalid")
        if secret != client.secret or self._org.credentials_revoked:
            raise _GrantError(
                "invalid_client",
                "invalid client credentials" if grant != "password" else "invalid client secret",
            )
        if grant == "refresh_token" and value("refresh_token") != f"{client_id}-refresh":
            raise _GrantError("invalid_grant", "expired access/refresh token")
        if grant == "password":
            return self._named(value("username"))
        return self._user_of(client)

    def _asserted(self, assertion: str) -> str:
        try:
            payload = assertion.split(".")[1]
            claims = parsed(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            issuer, subject, expires = claims["iss"], claims["sub"], float(claims["exp"])
        except (IndexError, KeyError, TypeError, ValueError, binascii.Error) as error:
            raise _GrantError("invalid_grant", "invalid assertion") from error
        if issuer not in CLIENTS:
            raise _GrantError("invalid_client_id", "client identifier invalid")
        if not 0 < expires - time.time() <= _LONGEST_ASSERTION or self._org.credentials_revoked:
            raise _GrantError("invalid_grant", "invalid assertion")
        return self._named(str(subject))

    def _named(self, username: str) -> str:
        user_id: str | None = self._org.database.value(
            'SELECT Id FROM "sf_User" WHERE Username = ? AND IsActive = 1', (username,)
        )
        if user_id is None:
            raise _GrantError("invalid_grant", "user hasn't approved this consumer")
        return user_id

    def _user_of(self, client: Client) -> str:
        if client.key is not None:
            return make_id("005", client.key)
        rep: str = self._org.database.value(
            'SELECT Id FROM "sf_User" WHERE IsActive = 1 AND rowid < ? ORDER BY rowid', (ADMIN_KEY,)
        )
        return rep

    def _userinfo(self, request: Request, _body: bytes) -> Response:
        token = request.headers.get("authorization", "").partition(" ")[2]
        user_id = self._org.user_of(token.strip())
        if user_id is None:
            return PlainTextResponse("Bad_OAuth_Token", 403)
        row = self._org.database.row(f"SELECT * FROM {quoted('sf_User')} WHERE Id = ?", (user_id,))
        assert row is not None
        base = f"{request.url.scheme}://{request.url.netloc}"
        return json_response(
            {
                "sub": f"{base}/id/{ORGANIZATION}/{user_id}",
                "user_id": user_id,
                "organization_id": ORGANIZATION,
                "preferred_username": row["Username"],
                "nickname": row["Alias"],
                "name": row["Name"],
                "email": row["Email"],
                "email_verified": True,
                "given_name": row["FirstName"],
                "family_name": row["LastName"],
                "zoneinfo": row["TimeZoneSidKey"],
                "profile": f"{base}/{user_id}",
                "user_type": "STANDARD",
                "language": row["LanguageLocaleKey"],
                "locale": row["LocaleSidKey"],
                "utcOffset": 3600000,
                "active": bool(row["IsActive"]),
            }
        )

    def _revoke(self, request: Request, body: bytes) -> Response:
        sent = request.query_params.get("token") or body.decode(errors="replace").partition("token=")[2]
        if self._org.user_of(sent) is None:
            return json_response(
                {"error": "unsupported_token_type", "error_description": "this token type is not supported"},
                400,
            )
        self._org.close_session(sent)
        return Response()
