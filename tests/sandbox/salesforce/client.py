"""A bare HTTP client for the sandbox's Salesforce: it adds the token, and nothing else."""

import csv
import io
import time
from typing import Any, Self

import requests


class Client:
    def __init__(self, url: str, token: str, version: str = "60.0") -> None:
        self.base = f"{url}/services/data/v{version}"
        self.token = token
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    @classmethod
    def login(cls, url: str, client_id: str, secret: str) -> Self:
        answer = requests.post(
            f"{url}/services/oauth2/token",
            data={"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret},
            timeout=10,
        )
        assert answer.status_code == 200, answer.text
        return cls(url, answer.json()["access_token"])

    def send(self, method: str, path: str, **arguments: Any) -> requests.Response:
        return self.session.request(method, f"{self.base}{path}", timeout=20, **arguments)

    def get(self, path: str, **parameters: Any) -> requests.Response:
        return self.send("GET", path, params=parameters)

    def query(self, soql: str, path: str = "/query", **headers: str) -> dict[str, Any]:
        answer = self.send("GET", path, params={"q": soql}, headers=headers)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    def records(self, soql: str, path: str = "/query") -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = self.query(soql, path)["records"]
        return records

    def refused(self, soql: str, path: str = "/query") -> tuple[int, str, str]:
        answer = self.get(path, q=soql)
        assert answer.status_code >= 400, answer.text
        error = answer.json()[0]
        return answer.status_code, error["errorCode"], error["message"]

    def ids(self, count: int) -> list[str]:
        found = self.records(f"SELECT Id FROM Account WHERE IsPersonAccount = false LIMIT {count}")
        return [record["Id"] for record in found]

    def update(
        self, *rows: dict[str, Any], object: str = "Account", all_or_none: bool = False
    ) -> requests.Response:
        records = [{"attributes": {"type": object}, **row} for row in rows]
        return self.send("PATCH", "/composite/sobjects", json={"allOrNone": all_or_none, "records": records})

    def create(self, *rows: dict[str, Any], object: str) -> list[dict[str, Any]]:
        records = [{"attributes": {"type": object}, **row} for row in rows]
        answer = self.send("POST", "/composite/sobjects", json={"allOrNone": False, "records": records})
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.json()
        return results

    def field(self, name: str, object: str = "Account") -> dict[str, Any] | None:
        fields = self.get(f"/sobjects/{object}/describe").json()["fields"]
        return next((field for field in fields if field["name"] == name), None)

    # Bulk API 2.0

    def finished(self, kind: str, job_id: str) -> dict[str, Any]:
        for _ in range(500):
            job: dict[str, Any] = self.get(f"/jobs/{kind}/{job_id}").json()
            if job["state"] in ("JobComplete", "Failed", "Aborted"):
                return job
            time.sleep(0.01)
        raise AssertionError(f"job {job_id} does not end")

    def bulk_query(self, soql: str, operation: str = "query") -> str:
        answer = self.send("POST", "/jobs/query", json={"operation": operation, "query": soql})
        assert answer.status_code == 200, answer.text
        job = self.finished("query", answer.json()["id"])
        assert job["state"] == "JobComplete", job
        return str(job["id"])

    def pages(self, job_id: str, size: int) -> list[tuple[list[dict[str, str]], int]]:
        """Rows of every page and the number that the page announces."""
        pages = []
        locator = None
        while locator != "null":
            extra = {} if locator is None else {"locator": locator}
            answer = self.get(f"/jobs/query/{job_id}/results", maxRecords=size, **extra)
            assert answer.status_code == 200, answer.text
            answer.encoding = "utf-8"
            pages.append((rows(answer.text), int(answer.headers["Sforce-NumberOfRecords"])))
            locator = answer.headers["Sforce-Locator"]
        return pages

    def open_job(self, object: str = "Account", operation: str = "update", **more: str) -> str:
        body = {"object": object, "operation": operation, "contentType": "CSV", **more}
        answer = self.send("POST", "/jobs/ingest", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def upload(self, job_id: str, data: str | bytes, **headers: str) -> requests.Response:
        body = data.encode() if isinstance(data, str) else data
        return self.send(
            "PUT",
            f"/jobs/ingest/{job_id}/batches",
            data=body,
            headers={"Content-Type": "text/csv", **headers},
        )

    def ingest(self, data: str, **job: str) -> dict[str, Any]:
        """The ended job."""
        job_id = self.open_job(**job)
        assert self.upload(job_id, data).status_code == 201
        assert (
            self.send("PATCH", f"/jobs/ingest/{job_id}", json={"state": "UploadComplete"}).status_code == 200
        )
        return self.finished("ingest", job_id)

    def results(self, job_id: str, kind: str) -> list[dict[str, str]]:
        answer = self.get(f"/jobs/ingest/{job_id}/{kind}")
        assert answer.status_code == 200, answer.text
        answer.encoding = "utf-8"
        return rows(answer.text)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))
