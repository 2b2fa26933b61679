"""Sales Territories: absent until they are switched on, then with an active model whose rules place accounts.

A write to an account runs the rules unless its request says ``Sforce-Auto-Assign: false``; a bulk job cannot say so.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from adapters.sandbox.database import quoted
from adapters.sandbox.salesforce.ids import make_id
from adapters.sandbox.salesforce.objects import build
from adapters.sandbox.salesforce.org import ADMIN_KEY
from adapters.sandbox.salesforce.schema import SObject, flag, lookup, moment, picklist, text

if TYPE_CHECKING:
    from adapters.sandbox.salesforce.org import Org

_NAMES = ("Near", "Far")
_NEAR = ("Austria", "Germany", "Switzerland")
_BY = make_id("005", ADMIN_KEY)


def objects() -> list[SObject]:
    """What an org has once Sales Territories are enabled."""
    model = lookup(
        "Territory2ModelId", "Territory Model ID", "Territory2Model", "Territory2Model", required=True
    )
    return [
        build(
            "Territory2Model",
            "0MA",
            [
                text("Name", "Label", 80, required=True),
                text("DeveloperName", "Developer Name", 80, required=True),
                picklist("State", "State", ("Planning", "Activating", "Active", "Archived"), required=True),
                moment("ActivatedDate", "Activated Date"),
            ],
            label="Territory Model",
            setup=True,
        ),
        build(
            "Territory2",
            "0MI",
            [
                text("Name", "Label", 80, required=True),
                text("DeveloperName", "Developer Name", 80, required=True),
                model,
                lookup("ParentTerritory2Id", "Parent Territory ID", "Territory2", "ParentTerritory2"),
            ],
            label="Territory",
            plural="Territories",
            setup=True,
        ),
        build(
            "ObjectTerritory2AssignmentRule",
            "0MK",
            [
                text("MasterLabel", "Label", 80, required=True),
                text("DeveloperName", "Developer Name", 80, required=True),
                picklist("ObjectType", "Object", ("Account",), required=True),
                model,
                flag("IsActive", "Active"),
            ],
            label="Object Territory Assignment Rule",
            setup=True,
        ),
        build(
            "ObjectTerritory2Association",
            "0TY",
            [
                lookup("ObjectId", "Object ID", "Account", "Object", required=True),
                lookup("Territory2Id", "Territory ID", "Territory2", "Territory2", required=True),
                picklist(
                    "AssociationCause", "Association Cause", ("Territory2AssignmentRule", "Territory2Manual")
                ),
            ],
            label="Object Territory Association",
            setup=True,
            unique_together=("ObjectId", "Territory2Id"),
        ),
    ]


class Territories:
    """Whether territories exist and their rules run."""

    def __init__(self, org: Org) -> None:
        """None at first."""
        self._org = org
        self._model: str | None = None
        self._rule: str | None = None
        self._territories: dict[str, str] = {}

    def configure(self, state: str, *, rule: bool) -> None:
        """Enable territories if they are not yet, with a model in this state, its rule active or not."""
        if self._model is None:
            self._create()
        now = self._org.stamp()
        with self._org.database.writing() as connection:
            for name, record_id, values in (
                (
                    "Territory2Model",
                    self._model,
                    {"State": state, "ActivatedDate": now if state == "Active" else None},
                ),
                ("ObjectTerritory2AssignmentRule", self._rule, {"IsActive": int(rule)}),
            ):
                assert record_id is not None
                self._org.change(
                    connection, self._org.objects[name], record_id, {**values, "SystemModstamp": now}
                )

    def _create(self) -> None:
        for each in objects():
            self._org.add_object(each)
        insert, known = self._org.insert, self._org.objects
        names = {"Name": "Sandbox model", "DeveloperName": "Sandbox_model"}
        self._model = insert(known["Territory2Model"], {**names, "State": "Planning"}, _BY)
        self._territories = {
            name: insert(
                known["Territory2"],
                {"Name": name, "DeveloperName": name, "Territory2ModelId": self._model},
                _BY,
            )
            for name in _NAMES
        }
        self._rule = insert(
            known["ObjectTerritory2AssignmentRule"],
            {
                "MasterLabel": "By country",
                "DeveloperName": "By_country",
                "ObjectType": "Account",
                "Territory2ModelId": self._model,
            },
            _BY,
        )

    def run(self, connection: sqlite3.Connection, account_id: str, user_id: str) -> None:
        """Place an account by the active rules: what rules had placed before is placed anew."""
        if self._model is None:
            return
        active = connection.execute(
            'SELECT 1 FROM "sf_ObjectTerritory2AssignmentRule" r '
            'JOIN "sf_Territory2Model" m ON m.Id = r.Territory2ModelId '
            "WHERE r.IsActive = 1 AND m.State = 'Active'"
        ).fetchone()
        if active is None:
            return
        country = connection.execute(
            'SELECT BillingCountry FROM "sf_Account" WHERE Id = ?', (account_id,)
        ).fetchone()[0]
        target = self._org.objects["ObjectTerritory2Association"]
        connection.execute(
            f"DELETE FROM {quoted(target.table)} WHERE ObjectId = ? AND AssociationCause = 'Territory2AssignmentRule'",
            (account_id,),
        )
        self._org.insert(
            target,
            {
                "ObjectId": account_id,
                "Territory2Id": self._territories["Near" if country in _NEAR else "Far"],
                "AssociationCause": "Territory2AssignmentRule",
            },
            user_id,
        )
