"""Tokens of a HubSpot portal: a service key as it is, or an app's access token renewed by its refresh token."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from adapters.hubspot.errors import IncompleteError
from connector.config import HubspotConnection

_EARLY = 60.0
"""A token is replaced so many seconds before it expires: a call that takes long must not outlive it."""


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token.

    Attributes:
        value: never shown.
        expires: when, by `time.monotonic`.
    """

    value: str = field(repr=False)
    expires: float = math.inf

    @property
    def expiring(self) -> bool:
        """Whether it is time for a new one."""
        return time.monotonic() > self.expires - _EARLY


class SendForm(Protocol):
    """Posts a form without a token and returns the parsed answer."""

    def __call__(self, path: str, form: dict[str, str]) -> Any:  # noqa: ANN401 - HubSpot's JSON
        """Post `form` to `path`."""


class Login:
    """Gets tokens for one connection.

    Args:
        connection: says which flow, and holds its credentials.
        send: posts a form.
        path: where refresh tokens are exchanged.
    """

    def __init__(self, connection: HubspotConnection, send: SendForm, path: str) -> None:
        self._connection = connection
        self._send = send
        self._path = path

    def __call__(self) -> Token:
        """A token; with a refresh token a new one.

        Raises:
            Refused: HubSpot does not accept the credentials.
        """
        connection = self._connection
        if connection.auth == "access_token":
            assert connection.access_token is not None
            return Token(connection.access_token.get_secret_value())
        assert connection.client_secret is not None
        assert connection.refresh_token is not None
        answer = self._send(
            self._path,
            {
                "grant_type": "refresh_token",
                "client_id": connection.client_id or "",
                "client_secret": connection.client_secret.get_secret_value(),
                "refresh_token": connection.refresh_token.get_secret_value(),
            },
        )
        if not answer.get("access_token"):
            raise IncompleteError("a login answer without a token")
        return Token(str(answer["access_token"]), _expiry(answer.get("expires_in")))

    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        connection = self._connection
        values = (connection.access_token, connection.client_secret, connection.refresh_token)
        return tuple(value.get_secret_value() for value in values if value and value.get_secret_value())


def _expiry(seconds: object) -> float:
    """When a token expires that lives so long; short-lived ones are not replaced before they are refused."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 2 * _EARLY:
        return math.inf
    return time.monotonic() + seconds
