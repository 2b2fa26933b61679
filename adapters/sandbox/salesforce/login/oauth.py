"""OAuth's endpoints: token, introspection, revocation, and who is connected."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adapters.sandbox.database import Row, quoted
from adapters.sandbox.http import blocking, json_response
from adapters.sandbox.salesforce.login.apps import Apps
from adapters.sandbox.salesforce.login.grants import GrantError, Grants
from adapters.sandbox.salesforce.org import ORGANIZATION, Org

_SCOPE = "api refresh_token"


class OAuth:
    """Token, introspect, revoke, userinfo and the identity URL."""

    def __init__(self, org: Org, apps: Apps) -> None:
        """Issue tokens for `org`."""
        self._org = org
        self._apps = apps
        self._grants = Grants(org, apps)

    def routes(self) -> list[Route]:
        """The endpoints below /services/oauth2, and /id."""
        return [
            Route("/services/oauth2/token", blocking(self._token, reads=True), methods=["POST"]),
            Route("/services/oauth2/introspect", blocking(self._introspect, reads=True), methods=["POST"]),
            Route("/services/oauth2/userinfo", blocking(self._userinfo, reads=True), methods=["GET", "POST"]),
            Route("/services/oauth2/revoke", blocking(self._revoke, reads=True), methods=["GET", "POST"]),
            Route("/id/{organization}/{user}", blocking(self._identity, reads=True), methods=["GET", "POST"]),
        ]

    def _token(self, request: Request, body: bytes) -> Response:
        base = _base(request)
        try:
            user_id, app = self._grants.user(_form(request, body), base)
        except GrantError as error:
            return _refused(error.code, error.text)
        return json_response(
            {
                "access_token": self._org.open_session(user_id, app.client_id),
                "signature": "c2FuZGJveA==",
                "scope": _SCOPE,
                "instance_url": base,
                "id": f"{base}/id/{ORGANIZATION}/{user_id}",
                "token_type": "Bearer",
                "issued_at": str(int(time.time() * 1000)),
            }
        )

    def _introspect(self, request: Request, body: bytes) -> Response:
        form = _form(request, body)
        app = self._apps.find(form.get("client_id", ""))
        if app is None or form.get("client_secret") != app.secret:
            return _refused("invalid_client", "invalid client credentials", 401)
        session = self._org.session(form.get("token", ""))
        if session is None or session.client_id != app.client_id:
            return json_response({"active": False})
        return json_response(
            {
                "active": True,
                "scope": _SCOPE,
                "client_id": session.client_id,
                "username": self._user(session.user_id)["Username"],
                "sub": f"{_base(request)}/id/{ORGANIZATION}/{session.user_id}",
                "token_type": "access_token",
                "exp": int(session.expires),
                "iat": int(session.issued),
                "nbf": int(session.issued),
            }
        )

    def _user(self, user_id: str) -> Row:
        row = self._org.database.row(f"SELECT * FROM {quoted('sf_User')} WHERE Id = ?", (user_id,))
        assert row is not None
        return row

    def _connected(self, request: Request) -> str | None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        sent = (
            token if kind.lower() in ("bearer", "oauth") else request.query_params.get("access_token") or ""
        )
        return self._org.user_of(sent.strip())

    def _userinfo(self, request: Request, _body: bytes) -> Response:
        user_id = self._connected(request)
        if user_id is None:
            return PlainTextResponse("Bad_OAuth_Token", 403)
        base = _base(request)
        return json_response(
            {"sub": f"{base}/id/{ORGANIZATION}/{user_id}", **_person(self._user(user_id), base)}
        )

    def _identity(self, request: Request, _body: bytes) -> Response:
        user_id = self._connected(request)
        if user_id is None:
            return PlainTextResponse("Bad_OAuth_Token", 403)
        if request.path_params["user"][:15] != user_id[:15]:
            return PlainTextResponse("Missing_OAuth_Token", 403)
        base = _base(request)
        user = self._user(user_id)
        data = f"{base}/services/data/v{{version}}"
        return json_response(
            {
                "id": f"{base}/id/{ORGANIZATION}/{user_id}",
                "asserted_user": True,
                "username": user["Username"],
                "display_name": user["Name"],
                "nick_name": user["Alias"],
                "first_name": user["FirstName"],
                "last_name": user["LastName"],
                "mobile_phone": None,
                "urls": {
                    "enterprise": f"{base}/services/Soap/c/{{version}}/{ORGANIZATION}",
                    "partner": f"{base}/services/Soap/u/{{version}}/{ORGANIZATION}",
                    "rest": f"{data}/",
                    "sobjects": f"{data}/sobjects/",
                    "query": f"{data}/query/",
                    "tooling_rest": f"{data}/tooling/",
                },
                **_person(user, base),
                "is_app_installed": True,
            }
        )

    def _revoke(self, request: Request, body: bytes) -> Response:
        sent = request.query_params.get("token") or _form(request, body).get("token", "")
        if self._org.user_of(sent) is not None:
            self._org.close_session(sent)
        elif not self._apps.forget(sent):
            return _refused("unsupported_token_type", "this token type is not supported")
        return Response()


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _form(request: Request, body: bytes) -> Mapping[str, str]:
    """The form; client id and secret also from a Basic header; a token endpoint takes them in the URL too."""
    form = {**dict(request.query_params), **dict(parse_qsl(body.decode(errors="replace")))}
    header = request.headers.get("authorization", "")
    if header.lower().startswith("basic "):
        plain = base64.b64decode(header[6:] + "==").decode(errors="replace")
        form["client_id"], _, form["client_secret"] = plain.partition(":")
    return form


def _refused(code: str, text: str, status: int = 400) -> Response:
    return json_response({"error": code, "error_description": text}, status, {"Cache-Control": "no-store"})


def _person(user: Row, base: str) -> dict[str, Any]:
    """What userinfo and the identity URL tell alike."""
    return {
        "user_id": user["Id"],
        "organization_id": ORGANIZATION,
        "preferred_username": user["Username"],
        "nickname": user["Alias"],
        "name": user["Name"],
        "email": user["Email"],
        "email_verified": True,
        "given_name": user["FirstName"],
        "family_name": user["LastName"],
        "zoneinfo": user["TimeZoneSidKey"],
        "profile": f"{base}/{user['Id']}",
        "user_type": "STANDARD",
        "language": user["LanguageLocaleKey"],
        "locale": user["LocaleSidKey"],
        "utcOffset": 3600000,
        "active": bool(user["IsActive"]),
    }
