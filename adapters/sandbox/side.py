"""What one CRM side of the sandbox offers to the rest of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from adapters.sandbox.faults import Fault
from adapters.sandbox.phases import PhaseTable

if TYPE_CHECKING:
    from adapters.sandbox.portfolio import Portfolio


class ControlError(ValueError):
    """A control operation cannot be done; the text says why."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A change behind the API's back, as if a user had made it in the CRM's own pages.

    Attributes:
        object: the vendor's object ("Account", "companies").
        id: record; None creates one.
        values: fields to set, by API name, null to clear.
        delete: delete the record instead.
        touch: move LastModified, as every edit of a person's does; False for a change that leaves no trace
            (a formula, a roll-up).
    """

    object: str
    id: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    delete: bool = False
    touch: bool = True


Change = Literal[
    "hide_half",
    "show_all",
    "hide_object",
    "show_object",
    "hide_field",
    "show_field",
    "lock_field",
    "unlock_field",
    "revoke_tokens",
    "restore_tokens",
]


@dataclass(frozen=True, slots=True)
class Visibility:
    """A change of what the connected user may see or do.

    Attributes:
        change: ``hide_half`` (every second account disappears for ordinary users, without any error),
            ``show_all`` (undoes it), ``hide_object`` (no rights on an object at all), ``show_object``,
            ``hide_field``, ``show_field``, ``lock_field`` (read-only),
            ``unlock_field``, ``revoke_tokens`` (every token issued so far, and the credentials, stop working),
            ``restore_tokens``.
        object: for the object and field changes.
        field: for the field changes.
    """

    change: Change
    object: str | None = None
    field: str | None = None

    def __post_init__(self) -> None:
        """Refuse a change that nobody knows.

        Raises:
            ControlError: with the changes that there are.
        """
        if self.change not in get_args(Change):
            raise ControlError(f"unknown change {self.change!r}: use {', '.join(get_args(Change))}")


class Side(Protocol):
    """One CRM's half of the sandbox.

    Attributes:
        phases: which of its paths belong to which phase.
    """

    phases: PhaseTable

    def routes(self) -> list[BaseRoute]:
        """The CRM's HTTP API."""

    def answers(self, path: str) -> bool:
        """Whether a path belongs to this CRM's API."""

    def load(self, portfolio: Portfolio) -> None:
        """Add one chunk of the portfolio."""

    def loaded(self) -> None:
        """All chunks are in: create indexes, link what crosses chunks."""

    def fault(self, fault: Fault, request: Request) -> Response:
        """The vendor's answer for ``throttle``, ``unavailable``, ``expired_token`` and ``html_error``.

        For ``expired_token`` the request's bearer token is revoked as well.
        """

    def edit(self, edit: Edit) -> str:
        """Carry out an edit; the record's id.

        Raises:
            ControlError: unknown object, field or record.
        """

    def dump(self, name: str) -> Iterator[dict[str, Any]]:
        """Every stored record of an object with every cell, deleted ones included, in order of creation.

        Raises:
            ControlError: unknown object.
        """

    def close(self) -> None:
        """End what runs in the background; the database is closed afterwards."""

    def visibility(self, visibility: Visibility) -> None:
        """Change what ordinary users see.

        Raises:
            ControlError: unknown object or field.
        """

    def configure(self, what: str, settings: Mapping[str, Any]) -> object:
        """Change what an administrator changes in the CRM's own pages; what is possible differs from CRM to CRM.

        Raises:
            ControlError: unknown, or settings that make no sense.
        """
