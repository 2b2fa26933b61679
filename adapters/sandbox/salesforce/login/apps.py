"""Connected apps, and the users' passwords: what logins are checked against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from adapters.sandbox.salesforce.org import ADMIN_KEY, SYNC_KEY
from adapters.sandbox.side import ControlError

PASSWORD, SECURITY_TOKEN = "sandbox-password", "sandbox-token"
Policy = Literal["self", "admin"]


@dataclass(frozen=True, slots=True)
class App:
    """A connected app.

    Attributes:
        client_id: consumer key.
        secret: consumer secret; empty: the app has none, and the client credentials flow is closed.
        key: number of the user whom the client credentials flow logs in; None: the first active user of the portfolio.
        certificate: public key that verifies its JWTs; None: it takes none.
        users: names of the users who approved it, or whom an administrator did; None: everybody.
        policy: "self": users approve it themselves; "admin": administrators do.
        refresh_tokens: those that are good.
    """

    client_id: str
    secret: str = ""
    key: int | None = None
    certificate: RSAPublicKey | None = None
    users: frozenset[str] | None = None
    policy: Policy = "self"
    refresh_tokens: frozenset[str] = frozenset()


@dataclass(slots=True)
class Person:
    """How a user logs in with a password.

    Attributes:
        password: his own.
        security_token: appended to it.
        locked: after too many attempts.
    """

    password: str = PASSWORD
    security_token: str = SECURITY_TOKEN
    locked: bool = False


@dataclass(slots=True)
class Apps:
    """All connected apps of the org, by client id, and what is special about users, by name."""

    _apps: dict[str, App] = field(default_factory=dict)
    _people: dict[str, Person] = field(default_factory=dict)
    soap_login: bool = True  # new orgs have it switched off

    def __post_init__(self) -> None:
        """The three apps that every sandbox has."""
        for client_id, secret, key in (
            ("sandbox-sync", "sandbox-secret", SYNC_KEY),
            ("sandbox-admin", "sandbox-admin-secret", ADMIN_KEY),
            ("sandbox-rep", "sandbox-rep-secret", None),
        ):
            tokens = frozenset((f"{client_id}-refresh",))
            self._apps[client_id] = App(client_id, secret, key, refresh_tokens=tokens)

    def find(self, client_id: str) -> App | None:
        """An app by its consumer key."""
        return self._apps.get(client_id)

    def person(self, username: str) -> Person:
        """How a user logs in."""
        return self._people.get(username.lower(), Person())

    def register(self, settings: Mapping[str, Any]) -> None:
        """Add an app, or change one: `client_id`, `secret`, `certificate` (PEM), `users`, `policy`.

        Raises:
            ControlError: a setting that makes no sense.
        """
        known = {"client_id", "secret", "certificate", "users", "policy"}
        if unknown := set(settings) - known:
            raise ControlError(
                f"unknown setting {', '.join(sorted(unknown))}: use {', '.join(sorted(known))}"
            )
        client_id = str(settings.get("client_id") or "")
        if not client_id:
            raise ControlError("an app needs a client_id")
        app = self._apps.get(client_id, App(client_id))
        if "secret" in settings:
            app = replace(app, secret=str(settings["secret"]))
        if "certificate" in settings:
            app = replace(app, certificate=_public_key(settings["certificate"]))
        if "users" in settings:
            users = settings["users"]
            app = replace(app, users=None if users is None else frozenset(map(str.lower, users)))
        if "policy" in settings:
            if settings["policy"] not in get_args(Policy):
                raise ControlError(
                    f"unknown policy {settings['policy']!r}: use {' or '.join(get_args(Policy))}"
                )
            app = replace(app, policy=settings["policy"])
        self._apps[client_id] = app

    def forget(self, refresh_token: str) -> bool:
        """Revoke a refresh token; whether there was one."""
        for app in self._apps.values():
            if refresh_token in app.refresh_tokens:
                self._apps[app.client_id] = replace(app, refresh_tokens=app.refresh_tokens - {refresh_token})
                return True
        return False

    def change(self, username: str, settings: Mapping[str, Any]) -> None:
        """Change how a user logs in: `password`, `security_token`, `locked`.

        Raises:
            ControlError: an unknown setting.
        """
        person = self._people.setdefault(username.lower(), Person())
        for name, value in settings.items():
            if name not in Person.__slots__:
                raise ControlError(f"unknown setting {name}: use {', '.join(Person.__slots__)}")
            setattr(person, name, value)


def _public_key(text: str | None) -> RSAPublicKey | None:
    """The RSA key of a PEM certificate or public key."""
    if text is None:
        return None
    try:
        if "BEGIN CERTIFICATE" in text:
            key: object = x509.load_pem_x509_certificate(text.encode()).public_key()
        else:
            key = load_pem_public_key(text.encode())
    except (ValueError, TypeError) as error:
        raise ControlError(f"the certificate cannot be read: {error}") from error
    if not isinstance(key, RSAPublicKey):
        raise ControlError("the certificate holds no RSA key")
    return key
