"""Every error a person can meet, and who acts on it.

    ConnectorError
    |- ConfigError       a person edits the configuration or environment      exit 2
    |- MappingError      a person edits a mapping; a list of problems         exit 2
    |- CrmError          .crm .operation .status, the vendor's text kept
    |  |- CrmAuthError       a person fixes credentials or permissions        exit 3
    |  |- CrmTemporaryError  retries are exhausted, .retry_after              exit 4
    |  `- CrmRequestError    our request is wrong                             exit 5
    |- SyncLockedError   another run holds the lock                           exit 6
    |- BrakeError        the plan moves, clears or loses more than allowed    exit 7
    `- StageError        .stage .run_id; says what was already written        the cause's code, else 70

Exit 0 is all well, 1 partial (some changes rejected or left for the next run), 8 a check says no-go,
64 wrong usage of a command. A rejected account is a row in the results, never an exception.

Every message says what happened, where (file and key path, or object and field) and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class ExitCode(IntEnum):
    """What a command returns to the shell."""

    OK = 0
    PARTIAL = 1
    CONFIGURATION = 2
    CREDENTIALS = 3
    TEMPORARY = 4
    REQUEST = 5
    LOCKED = 6
    BRAKE = 7
    NO_GO = 8
    USAGE = 64
    INTERNAL = 70


class ConnectorError(Exception):
    """Base of all errors that are meant for a person's eyes."""

    exit_code: ExitCode = ExitCode.INTERNAL


class ConfigError(ConnectorError):
    """The configuration file or the environment must be edited."""

    exit_code = ExitCode.CONFIGURATION


class Severity(StrEnum):
    """How grave a problem in a mapping is: errors stop, warnings are shown, notes inform."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding in a mapping file.

    Attributes:
        file: name of the mapping file.
        path: key path such as ``criteria[company_size].scale.full``.
        message: what is wrong and what to do.
        severity: error, warning or note.
    """

    file: str
    path: str
    message: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        where = f"{self.file}: {self.path}" if self.path else self.file
        return f"{where}: {self.message}"


class MappingError(ConnectorError):
    """The mapping must be edited; all problems of one pass are listed together."""

    exit_code = ExitCode.CONFIGURATION

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class CrmError(ConnectorError):
    """A CRM refused or failed.

    Attributes:
        crm: ``salesforce`` or ``hubspot``.
        operation: what was tried, in a person's words ("read opportunities").
        status: HTTP status, None where there was no answer.
        code: the vendor's own error code, if any.
    """

    exit_code = ExitCode.REQUEST

    def __init__(
        self,
        message: str,
        *,
        crm: str,
        operation: str,
        status: int | None = None,
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.crm = crm
        self.operation = operation
        self.status = status
        self.code = code
        self.retry_after = retry_after


class CrmAuthError(CrmError):
    """Credentials or permissions must be fixed by a person."""

    exit_code = ExitCode.CREDENTIALS


class CrmTemporaryError(CrmError):
    """Retries are exhausted; the same run may succeed later (``retry_after`` seconds, if the CRM said so)."""

    exit_code = ExitCode.TEMPORARY


class CrmRequestError(CrmError):
    """The CRM says that our request is wrong."""

    exit_code = ExitCode.REQUEST


class SyncLockedError(ConnectorError):
    """Another run of the same connection is under way."""

    exit_code = ExitCode.LOCKED


class BrakeError(ConnectorError):
    """The run stopped before it wrote anything, because it would change more than allowed.

    Attributes:
        brake: the setting's name, such as ``max_moved_share``.
    """

    exit_code = ExitCode.BRAKE

    def __init__(self, message: str, *, brake: str) -> None:
        super().__init__(message)
        self.brake = brake


class StageError(ConnectorError):
    """A stage of a run failed; the cause is kept as ``__cause__``.

    Attributes:
        stage: name of the stage ("write").
        run_id: the run in the history.
        written: number of changes that had reached the CRM by then.
    """

    def __init__(self, message: str, *, stage: str, run_id: int, written: int) -> None:
        super().__init__(message)
        self.stage = stage
        self.run_id = run_id
        self.written = written

    @property
    def exit_code(self) -> ExitCode:  # type: ignore[override]  # the cause's code counts
        """The exit code of what caused the failure, 70 where that is no error of ours."""
        cause = self.__cause__
        return cause.exit_code if isinstance(cause, ConnectorError) else ExitCode.INTERNAL
