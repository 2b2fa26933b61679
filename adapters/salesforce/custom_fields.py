"""Account's custom fields by the Tooling API: every one of them, whoever may see it. For administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.salesforce.errors import OBJECT_NOT_FOUND
from adapters.salesforce.http import Org
from connector.errors import CrmAuthError, CrmRequestError

Metadata = dict[str, Any]

_EXISTS_CODES = frozenset({"DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE", "FIELD_INTEGRITY_EXCEPTION"})
_RIGHTS_CODES = frozenset(
    {OBJECT_NOT_FOUND, "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY", "NOT_FOUND"}
)
_PATH = "tooling/sobjects/CustomField"
_QUERY = "SELECT Id, DeveloperName, NamespacePrefix FROM CustomField WHERE TableEnumOrId = 'Account'"


class CustomFields:
    """The custom fields of one org's accounts."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def present(self) -> dict[str, str]:
        """Ids by API name in lower case.

        Raises:
            CrmAuthError: we are not connected as an administrator.
        """
        operation = "read custom fields"
        answer = self._tooling(operation, "GET", "tooling/query", params={"q": _QUERY})
        found = list(answer["records"])
        while not answer["done"]:
            answer = self._tooling(operation, "GET", answer["nextRecordsUrl"])
            found += answer["records"]
        return {_api_name(record).lower(): str(record["Id"]) for record in found}

    def metadata(self, field_id: str) -> Metadata:
        """A field's whole definition."""
        answer = self._tooling("read a custom field", "GET", f"{_PATH}/{field_id}")
        definition: Metadata = answer["Metadata"]
        return definition

    def create(self, name: str, metadata: Metadata) -> None:
        """Create a field; one that a call with a lost reply has made is as good as new."""
        target = f"Account.{name}"
        try:
            self._tooling(
                f"create field {target}", "POST", _PATH, body={"FullName": target, "Metadata": metadata}
            )
        except CrmRequestError as error:
            if error.code not in _EXISTS_CODES or name.lower() not in self.present():
                raise

    def replace(self, name: str, field_id: str, metadata: Metadata) -> None:
        """Replace a field's definition."""
        target = f"Account.{name}"
        body = {"FullName": target, "Metadata": metadata}
        self._tooling(f"add values to {target}", "PATCH", f"{_PATH}/{field_id}", body=body)

    def _tooling(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - Salesforce's JSON
        """A request that needs an administrator. Whoever is none meets objects that seem not to exist.

        Raises:
            CrmAuthError: we are not connected as an administrator.
            CrmError: anything else.
        """
        try:
            return self._org.request(operation, method, path, params=params, body=body)
        except CrmRequestError as error:
            if error.code not in _RIGHTS_CODES and error.status != 404:
                raise
            raise CrmAuthError(
                f"Salesforce could not {operation}: {self._org.translator.user} may not. Provisioning needs an "
                f"administrator's credentials (KPM_ADMIN__...). {error}",
                crm="salesforce",
                operation=operation,
                status=error.status,
                code=error.code,
            ) from error


def values_of(metadata: Mapping[str, Any]) -> list[Metadata] | None:
    """The values of a picklist that has its own; None for other fields, and for global value sets."""
    definition = (metadata.get("valueSet") or {}).get("valueSetDefinition")
    return None if definition is None else list(definition["value"])


def name_of(value: Mapping[str, Any]) -> str:
    """A value's stored text; Salesforce reads it out under another name than it takes it in."""
    return str(value.get("valueName") or value.get("fullName") or value.get("label"))


def _api_name(record: Mapping[str, Any]) -> str:
    prefix = record.get("NamespacePrefix")
    return f"{prefix}__{record['DeveloperName']}__c" if prefix else f"{record['DeveloperName']}__c"
