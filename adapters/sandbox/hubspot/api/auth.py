"""OAuth: tokens for refresh tokens, what a token stands for, and its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from starlette.responses import Response

from adapters.sandbox.http import json_response
from adapters.sandbox.hubspot.api.endpoint import Call
from adapters.sandbox.hubspot.api.tokens import APP, CLIENT, CLIENT_SECRET, LIFETIME, REFRESH, Token, Tokens
from adapters.sandbox.hubspot.errors import PORTAL, ApiError, not_found
from adapters.sandbox.hubspot.store.values import milliseconds_of


class AuthEndpoint:
    """``/oauth/...``."""

    def __init__(self, tokens: Tokens) -> None:
        """Hand out and explain `tokens`."""
        self._tokens = tokens

    def token(self, call: Call) -> Response:
        """A new access token for a refresh token."""
        form = _form(call)
        scopes = self._granted(form)
        token = self._tokens.issue(scopes, call.now, form["refresh_token"])
        return json_response(
            {
                "token_type": "bearer",
                "refresh_token": form["refresh_token"],
                "access_token": token.value,
                "hub_id": PORTAL,
                "scopes": list(scopes),
                "expires_in": int(LIFETIME.total_seconds()),
                "user_id": token.user,
                "token_use": "access_token",
            }
        )

    def _granted(self, form: Mapping[str, str]) -> tuple[str, ...]:
        """Scopes of a valid request.

        Raises:
            ApiError: 400 with HubSpot's status word.
        """
        if form.get("grant_type") != "refresh_token":
            raise _refused("BAD_GRANT_TYPE", "missing or unknown grant type")
        _known_client(form)
        scopes = REFRESH.get(form.get("refresh_token", ""))
        if scopes is None or self._tokens.gone(form.get("refresh_token", "")):
            raise _refused("BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        return scopes

    def metadata(self, call: Call) -> Response:
        """What an OAuth access token stands for."""
        try:
            token = self._tokens.find(call.path["token"], call.now)
        except ApiError as error:
            raise not_found("access token not found") from error
        left = 0 if token.expires is None else int((token.expires - call.now).total_seconds())
        return json_response(
            {
                "token": token.value,
                "user": "sandbox@seller.example",
                "hub_domain": "sandbox.example",
                "scopes": list(token.scopes),
                "hub_id": PORTAL,
                "app_id": APP,
                "expires_in": left,
                "user_id": token.user,
                "token_type": "access",
            }
        )

    def introspect(self, call: Call) -> Response:
        """What a token stands for, by the credentials of its app; an unknown one is not active."""
        form = _form(call)
        _known_client(form)
        value = form.get("token", "")
        if (scopes := REFRESH.get(value)) is not None and not self._tokens.all_revoked:
            return json_response({**_app(value, scopes, 9_586_504), "token_use": "refresh_token"})
        try:
            token = self._tokens.find(value, call.now)
        except ApiError:
            return json_response({"active": False})
        left = 0 if token.expires is None else int((token.expires - call.now).total_seconds())
        return json_response(
            {
                **_app(token.value, token.scopes, token.user),
                "token_use": "access_token",
                "expires_in": left,
                "is_private_distribution": False,
                "signed_access_token": _signed(token),
            }
        )

    def revoke(self, call: Call) -> Response:
        """An access or refresh token stops working: 200 without a body, also for an unknown one."""
        form = _form(call)
        _known_client(form)
        self._tokens.revoke(form.get("token", ""))
        return Response(status_code=200)

    def key_info(self, call: Call) -> Response:
        """What a service key or private app's token stands for."""
        body = call.json()
        token = self._tokens.find(str(body.get("tokenKey", "")), call.now)
        return json_response(
            {
                "userId": token.user,
                "hubId": PORTAL,
                "appId": APP,
                "scopes": list(token.scopes),
            }
        )


def _form(call: Call) -> dict[str, str]:
    """The fields of a form; HubSpot's newer client sends them as JSON."""
    if call.body.lstrip()[:1] == b"{":
        return {str(key): str(value) for key, value in call.json().items()}
    return {key: values[0] for key, values in parse_qs(call.body.decode("utf-8", "replace")).items()}


def _known_client(form: Mapping[str, str]) -> None:
    """Check the app's credentials.

    Raises:
        ApiError: 400 with HubSpot's status word.
    """
    if form.get("client_id") != CLIENT:
        raise _refused("BAD_CLIENT_ID", "missing or unknown client id")
    if form.get("client_secret") != CLIENT_SECRET:
        raise _refused("BAD_CLIENT_SECRET", "missing or invalid client secret")


def _app(value: str, scopes: tuple[str, ...], user: int) -> dict[str, Any]:
    return {
        "active": True,
        "token": value,
        "token_type": "bearer",
        "client_id": CLIENT,
        "app_id": APP,
        "hub_id": PORTAL,
        "user_id": user,
        "user": "sandbox@seller.example",
        "hub_domain": "sandbox.example",
        "scopes": list(scopes),
    }


def _signed(token: Token) -> dict[str, Any]:
    """What the token itself says; the signatures of a made-up token are empty."""
    return {
        "expiresAt": 0 if token.expires is None else milliseconds_of(token.expires),
        "scopes": "",
        "hubId": PORTAL,
        "userId": token.user,
        "appId": APP,
        "signature": "",
        "scopeToScopeGroupPks": "",
        "newSignature": "",
        "hublet": "eu1",
        "trialScopes": "",
        "trialScopeToScopeGroupPks": "",
        "isUserLevel": False,
        "isPrivateDistribution": False,
        "isServiceAccount": False,
        "installingUserId": token.user,
    }


def _refused(status: str, message: str) -> ApiError:
    extra: dict[str, Any] = {"status": status}
    return ApiError(400, None, message, extra=extra)
