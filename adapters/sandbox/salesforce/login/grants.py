"""From a grant to a user: each OAuth flow's own rules, and the errors that Salesforce gives for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt

from adapters.sandbox.salesforce.ids import make_id
from adapters.sandbox.salesforce.login.apps import App, Apps
from adapters.sandbox.salesforce.org import ADMIN_KEY, Org

_AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")


class GrantError(Exception):
    """Becomes ``{"error": ..., "error_description": ...}``."""

    def __init__(self, code: str, text: str) -> None:
        """OAuth's code and Salesforce's text."""
        super().__init__(text)
        self.code = code
        self.text = text


class Grants:
    """Checks grants against the apps and users of one org."""

    def __init__(self, org: Org, apps: Apps) -> None:
        """Let people into `org`."""
        self._org = org
        self._apps = apps

    def user(self, form: Mapping[str, str], base: str) -> tuple[str, App]:
        """The user who gets a token, and the app through which.

        Args:
            form: of the request; client id and secret may have come in a header.
            base: address at which this org is reached: an audience that JWTs may name.

        Raises:
            GrantError: in Salesforce's words.
        """
        grant = form.get("grant_type", "")
        if not grant:
            raise GrantError("invalid_request", "missing required parameters: grant_type")
        flows: dict[str, Callable[[], tuple[str, App]]] = {
            "urn:ietf:params:oauth:grant-type:jwt-bearer": lambda: self._asserted(form, base),
            "client_credentials": lambda: self._credentials(form),
            "refresh_token": lambda: self._refreshed(form),
            "password": lambda: self._named(form),
        }
        flow = flows.get(grant)
        if flow is None:
            raise GrantError("unsupported_grant_type", "grant type not supported")
        return flow()

    def _app(self, client_id: str) -> App:
        app = self._apps.find(client_id)
        if app is None:
            raise GrantError("invalid_client_id", "client identifier invalid")
        return app

    def _trusted(self, form: Mapping[str, str], *, wrong: str = "invalid client credentials") -> App:
        """The app, whose secret has to be right."""
        app = self._app(form.get("client_id", ""))
        if not app.secret or form.get("client_secret") != app.secret or self._org.credentials_revoked:
            raise GrantError("invalid_client", wrong)
        return app

    def _credentials(self, form: Mapping[str, str]) -> tuple[str, App]:
        app = self._trusted(form)
        if app.key is not None:
            return make_id("005", app.key), app
        rep: str = self._org.database.value(
            'SELECT Id FROM "sf_User" WHERE IsActive = 1 AND rowid < ? ORDER BY rowid', (ADMIN_KEY,)
        )
        return rep, app

    def _refreshed(self, form: Mapping[str, str]) -> tuple[str, App]:
        app = self._app(form.get("client_id", ""))
        if form.get("client_secret") not in (None, app.secret):
            raise GrantError("invalid_client", "invalid client credentials")
        if form.get("refresh_token") not in app.refresh_tokens or self._org.credentials_revoked:
            raise GrantError("invalid_grant", "expired access/refresh token")
        return self._credentials({"client_id": app.client_id, "client_secret": app.secret})

    def _named(self, form: Mapping[str, str]) -> tuple[str, App]:
        """User name and password, the security token behind it."""
        app = self._trusted(form, wrong="invalid client secret")
        username = form.get("username", "")
        person = self._apps.person(username)
        user = self._org.database.row('SELECT Id, IsActive FROM "sf_User" WHERE Username = ?', (username,))
        good = (person.password + person.security_token, person.password)
        if user is None or not user["IsActive"] or person.locked or form.get("password") not in good:
            raise GrantError("invalid_grant", "authentication failure")
        return str(user["Id"]), app

    # JWT

    def _asserted(self, form: Mapping[str, str], base: str) -> tuple[str, App]:
        assertion = form.get("assertion", "")
        claims = _claims(assertion)
        app = self._app(str(claims.get("iss", "")))
        self._verify(assertion, app)
        if str(claims.get("aud", "")).rstrip("/") not in (*_AUDIENCES, base):
            raise GrantError("invalid_grant", "audience is invalid")
        try:
            left = float(claims["exp"]) - time.time()
        except (KeyError, TypeError, ValueError) as error:
            raise GrantError("invalid_grant", "invalid assertion") from error
        if left <= 0:
            raise GrantError("invalid_grant", "expired authorization code")
        return self._approved(str(claims.get("sub") or claims.get("prn") or ""), app), app

    def _verify(self, assertion: str, app: App) -> None:
        if app.certificate is None or self._org.credentials_revoked:
            raise GrantError("invalid_grant", "invalid assertion")
        try:
            jwt.decode(
                assertion,
                app.certificate,
                algorithms=["RS256"],
                options={"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False},
            )
        except jwt.PyJWTError as error:
            raise GrantError("invalid_grant", "invalid assertion") from error

    def _approved(self, username: str, app: App) -> str:
        """A user who approved the app, or for whom an administrator did."""
        user = self._org.database.row('SELECT Id, IsActive FROM "sf_User" WHERE Username = ?', (username,))
        if user is None:
            raise GrantError("invalid_grant", "user hasn't approved this consumer")
        if not user["IsActive"]:
            raise GrantError("inactive_user", "user is inactive")
        if app.users is not None and username.lower() not in app.users:
            if app.policy == "admin":
                raise GrantError("invalid_app_access", "user is not admin approved to access this app")
            raise GrantError("invalid_grant", "user hasn't approved this consumer")
        return str(user["Id"])


def _claims(assertion: str) -> dict[str, Any]:
    """What an assertion says, before anybody knows whether to believe it."""
    try:
        claims: dict[str, Any] = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError as error:
        raise GrantError("invalid_grant", "invalid assertion") from error
    return claims
