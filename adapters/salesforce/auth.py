"""Logging in to Salesforce by each of its flows."""

from __future__ import annotations

import html
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import jwt
import requests
from simple_salesforce.exceptions import SalesforceAuthenticationFailed
from simple_salesforce.login import token_login

from adapters.salesforce.errors import IncompleteError, Translator
from connector.config import LOOPBACK, SalesforceConnection
from connector.errors import CrmAuthError

_log = logging.getLogger(__name__)

LAST_SOAP_VERSION = "64.0"
PASSWORD_WARNING = (
    "auth = 'password' uses the SOAP login, which is gone from API version 65 and retires in summer 2027: "  # noqa: S105
    "set up a connected app and change to auth = 'jwt' or 'client_credentials'"
)
_JWT_SECONDS = 180  # Salesforce refuses assertions that are valid for longer
_ENVELOPE = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/" xmlns:p="urn:partner.soap.sforce.com">'
    "<env:Body><p:login><p:username>{username}</p:username><p:password>{password}</p:password></p:login></env:Body>"
    "</env:Envelope>"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A session.

    Attributes:
        access_token: the bearer token; never shown.
        instance_url: the org's own address, without a slash at the end.
    """

    access_token: str = field(repr=False)
    instance_url: str


class Login:
    """Gets tokens for one connection.

    Args:
        connection: says which flow, and holds its credentials.
        session: for the login calls alone; it signs nothing.
    """

    def __init__(self, connection: SalesforceConnection, session: requests.Session) -> None:
        self._connection = connection
        self._session = session

    def __call__(self) -> Token:
        """A new token.

        Raises:
            Refused: Salesforce does not accept the credentials.
            CrmAuthError: the credentials cannot be used at all.
        """
        flow: Callable[[], Token] = {
            "client_credentials": self._client_credentials,
            "jwt": self._jwt,
            "refresh_token": self._refresh_token,
            "access_token": self._access_token,
            "password": self._password,
        }[self._connection.auth]
        return flow()

    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        connection = self._connection
        values = (
            connection.client_secret,
            connection.access_token,
            connection.refresh_token,
            connection.password,
            connection.security_token,
        )
        return tuple(value.get_secret_value() for value in values if value and value.get_secret_value())

    def must_renew(self, translator: Translator) -> None:
        """Make sure that a new token can be had.

        Raises:
            CrmAuthError: the flow has nothing to renew with.
        """
        if self._connection.auth == "access_token":
            raise self._error(
                f"the access token of {translator.user} has expired or was revoked, and auth = 'access_token' has "
                f"no way to renew it. Put a new one into {self._connection.variables}__ACCESS_TOKEN, or set "
                f"auth = 'jwt' or 'client_credentials', which log in by themselves"
            )

    def _client_credentials(self) -> Token:
        connection = self._connection
        assert connection.client_secret is not None
        return self._token(
            grant_type="client_credentials",
            client_id=connection.client_id,
            client_secret=connection.client_secret.get_secret_value(),
        )

    def _refresh_token(self) -> Token:
        connection = self._connection
        assert connection.refresh_token is not None
        secret = connection.client_secret
        return self._token(
            grant_type="refresh_token",
            client_id=connection.client_id,
            refresh_token=connection.refresh_token.get_secret_value(),
            **({"client_secret": secret.get_secret_value()} if secret else {}),
        )

    def _jwt(self) -> Token:
        connection = self._connection
        assert connection.private_key_file is not None
        try:
            key = connection.private_key_file.read_text()
            assertion = jwt.encode(
                {
                    "iss": connection.client_id,
                    "sub": connection.username,
                    "aud": _audience(connection.login_url),
                    "exp": int(time.time()) + _JWT_SECONDS,
                },
                key,
                algorithm="RS256",
            )
        except (OSError, UnicodeDecodeError, ValueError, TypeError, jwt.PyJWTError) as error:
            # The reader's own message is left out: it can quote from the key.
            raise self._error(
                f"the private key in {connection.private_key_file} cannot be read ({type(error).__name__}). "
                f"private_key_file must name a PEM file with the RSA key of the connected app's certificate"
            ) from None
        return self._token(grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer", assertion=assertion)

    def _access_token(self) -> Token:
        connection = self._connection
        assert connection.access_token is not None
        assert connection.instance_url is not None
        return Token(connection.access_token.get_secret_value(), connection.instance_url)

    def _password(self) -> Token:
        """By SOAP, whose reply names the org's own host; simple-salesforce would reach salesforce.com's hosts alone."""
        connection = self._connection
        assert connection.password is not None
        _log.warning(PASSWORD_WARNING)
        token = connection.security_token
        password = connection.password.get_secret_value() + (token.get_secret_value() if token else "")
        version = min(connection.api_version, LAST_SOAP_VERSION, key=float)
        answer = self._session.post(
            f"{connection.login_url}/services/Soap/u/{version}",
            data=_ENVELOPE.format(
                username=escape(connection.username or ""), password=escape(password)
            ).encode(),
            headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": "login"},
        ).text
        if not answer.strip() or ("Envelope" in answer and not re.search(r"Envelope>\s*$", answer)):
            raise IncompleteError("a login answer that was cut off")
        session = re.search(r"<sessionId>([^<]+)</sessionId>", answer)
        server = re.search(r"<serverUrl>([^<]+)</serverUrl>", answer)
        if session is None or server is None:
            raise self._error(
                f"{connection.login_url} answers, but not as Salesforce's SOAP login does: check login_url"
            )
        return Token(html.unescape(session[1]), _address(urlsplit(html.unescape(server[1])).netloc))

    def _token(self, **data: Any) -> Token:  # noqa: ANN401 - the form's fields
        connection = self._connection
        try:
            access_token, instance = token_login(
                f"{connection.login_url}/services/oauth2/token",
                data,
                domain="login",
                consumer_key=connection.client_id or "",
                headers={"Accept": "application/json"},
                proxies=None,
                session=self._session,
            )
        except (SalesforceAuthenticationFailed, AttributeError) as error:
            text = str(getattr(error, "auth_message", "{}")).strip()
            if not text or (text.startswith("{") and not text.endswith("}")):
                raise IncompleteError("a login answer that was cut off") from error
            # An answer of 200 without a token or an address: not Salesforce, but some page before it.
            raise self._error(
                f"{connection.login_url} answers, but not as Salesforce's login does: check login_url"
            ) from error
        if not access_token or not instance:
            raise self._error(f"{connection.login_url} gave no token: check login_url and the connected app")
        return Token(str(access_token), _address(str(instance)))

    def _error(self, text: str) -> CrmAuthError:
        return CrmAuthError(f"Salesforce could not log in: {text}.", crm="salesforce", operation="log in")


def _address(host: str) -> str:
    """The address of an org's own host: always https, unless it is this machine."""
    scheme = "http" if urlsplit(f"//{host}").hostname in LOOPBACK else "https"
    return f"{scheme}://{host}".rstrip("/")


def _audience(login_url: str) -> str:
    """Whom an assertion is for: Salesforce expects its general login host, not a company's own one."""
    host = urlsplit(login_url).hostname or ""
    if host == "test.salesforce.com" or host.endswith(".sandbox.my.salesforce.com"):
        return "https://test.salesforce.com"
    return "https://login.salesforce.com" if host.endswith(".salesforce.com") else login_url
