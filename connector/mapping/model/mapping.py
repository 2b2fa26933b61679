"""A whole mapping file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr

from connector.mapping.model.criteria import Criterion
from connector.mapping.model.parts import Dimension, Language, Part, Positive
from connector.mapping.model.sections import (
    Accounts,
    Activities,
    Campaigns,
    Cases,
    ContactRoles,
    Matrix,
    Opportunities,
    Orders,
    Override,
    Portfolio,
    Reference,
    Texts,
    Wallet,
    Write,
)


class Mapping(Part):
    """A mapping file."""

    version: Literal[1]
    crm: Literal["salesforce", "hubspot"]
    language: Language = "en"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    portfolio: Portfolio = Portfolio()
    accounts: Accounts
    opportunities: Opportunities
    contact_roles: ContactRoles | None = None
    cases: Cases | None = None
    orders: Orders | None = None
    activities: Activities | None = None
    criteria: tuple[Criterion, ...] = Field(min_length=1)
    wallet: Wallet | None = None
    matrix: Matrix = Matrix()
    reference: Reference = Reference()
    override: Override | None = None
    texts: Texts = Texts()
    campaigns: Campaigns = Campaigns()
    rates: dict[Annotated[str, Field(pattern=r"^[A-Z]{3}$")], Positive] = Field(default={})
    """Units of a currency for one unit of `currency`, where the CRM keeps no rates."""
    write: Write = Write()
    _folder: Path | None = PrivateAttr(default=None)
    _file: str = PrivateAttr(default="mapping")

    def model_post_init(self, context: Any, /) -> None:  # noqa: ANN401 - as pydantic has it
        """Remember the file's name and folder, which whoever reads one gives as the context."""
        if isinstance(context, dict):
            self._folder = context.get("folder")
            self._file = context.get("file", self._file)

    @property
    def file(self) -> str:
        """Name of the file that it was read from, for messages."""
        return self._file

    def beside(self, name: str) -> Path | None:
        """The path of a file that the mapping names relative to itself; None if it was read from no folder."""
        return None if self._folder is None else self._folder / name

    def of(self, dimension: Dimension) -> tuple[Criterion, ...]:
        """The criteria of one dimension, in the order of the file."""
        return tuple(criterion for criterion in self.criteria if criterion.dimension == dimension)

    def criterion(self, id_: str) -> Criterion:
        """The criterion with this id.

        Raises:
            KeyError: there is none.
        """
        for criterion in self.criteria:
            if criterion.id == id_:
                return criterion
        raise KeyError(id_)
