"""Starts and stops the sandbox: one application for both CRMs on a loopback socket."""

from __future__ import annotations

import importlib
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute

from adapters.sandbox import control
from adapters.sandbox.datafile import DataFile
from adapters.sandbox.middleware import ClockMiddleware, DroppingProtocol, SandboxMiddleware
from adapters.sandbox.portfolio import generate, settings
from adapters.sandbox.side import ControlError, Edit, Side, Visibility
from adapters.sandbox.world import Options, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.sandbox.faults import Fault

_LOOPBACK = ("127.0.0.1", "localhost")
_START_SECONDS = 30.0


class Sandbox:
    """A running sandbox.

    As a context manager it starts on entering and stops on leaving; a folder that was not given is removed.
    """

    def __init__(  # noqa: PLR0913, PLR0917 (all are options of one thing, passed by name)
        self,
        crms: Sequence[str] = ("salesforce", "hubspot"),
        accounts: int = 300,
        seed: int = 1,
        port: int = 0,
        folder: Path | None = None,
        today: date | None = None,
        ratings: bool = True,
        rate_limits: bool = False,
        multi_currency: bool = True,
        host: str = "127.0.0.1",
        data: Path | None = None,
    ) -> None:
        """Say what the sandbox should be; nothing happens before `start`.

        Args:
            crms: "salesforce", "hubspot" or both.
            accounts: size of the generated portfolio.
            seed: of the portfolio.
            port: 0 takes a free one.
            folder: where the database lives; what an earlier sandbox left there is replaced.
            today: the sandbox's date, the real one by default.
            ratings: False for day one: the rating and wallet fields do not exist yet.
            rate_limits: answer as the vendors do when a client is too fast.
            multi_currency: the CRMs keep several currencies.
            host: a loopback name; anything else is refused.
            data: a file that keeps the generated portfolio: the next sandbox of the same kind copies it instead of
                generating, on the date of the data unless `today` says otherwise.

        Raises:
            ValueError: a host that is not loopback, or an unknown CRM.
        """
        if host not in _LOOPBACK:
            raise ValueError(f"the sandbox listens on {' or '.join(_LOOPBACK)} only, not on {host!r}")
        if unknown := set(crms) - {"salesforce", "hubspot"}:
            raise ValueError(f"unknown CRM {', '.join(sorted(unknown))}: use salesforce or hubspot")
        self._options = Options(tuple(crms), accounts, seed, ratings, rate_limits, multi_currency)
        self._port = port
        self._folder = folder
        self._today = today
        self._data = None if data is None else DataFile(data, self._options)
        self._temporary: Path | None = None
        self._world: World | None = None
        self._sides: dict[str, Side] = {}
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def world(self) -> World:
        """Database, faults, request log, quota and clock."""
        if self._world is None:
            raise RuntimeError("the sandbox is not started")
        return self._world

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Generate the portfolio and answer requests from a thread.

        Raises:
            OSError: the port is taken.
            RuntimeError: the server did not come up.
        """
        listening = socket.create_server(("127.0.0.1", self._port), reuse_port=False)
        # asyncio sets it only where the socket names TCP as its protocol, which this one does not: without it
        # every answer waits 40 ms for the client's delayed acknowledgement.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._port = listening.getsockname()[1]
            kept = None if self._data is None else self._data.today()
            usable = kept is not None and self._today in (None, kept)
            self._world = World(self._fresh_folder(), self._options, kept if usable else self._today)
            self._sides = {crm: _open_side(crm, self._world) for crm in self._options.crms}
            for crm, side in self._sides.items():
                self._world.faults.know(crm, side.phases)
            self._load(usable=usable)
            self._serve_in_thread(listening)
        except BaseException:
            listening.close()
            self.stop()
            raise

    def _fresh_folder(self) -> Path:
        if self._folder is None:
            self._temporary = Path(tempfile.mkdtemp(prefix="kpm-sandbox-"))
            return self._temporary
        self._folder.mkdir(parents=True, exist_ok=True)
        for old in self._folder.glob("sandbox.sqlite*"):
            old.unlink()
        return self._folder

    def _load(self, *, usable: bool) -> None:
        """Fill the database: from the data file if there is a usable one, else with a portfolio made up anew."""
        options, today = self._options, self.world.today
        if usable:
            # The sides keep users and rates in memory as well; their tables are about to be replaced.
            portfolios = iter((settings(options.accounts, options.seed, today),))
        else:
            portfolios = generate(options.accounts, options.seed, today, ratings=options.ratings)
        for portfolio in portfolios:
            for side in self._sides.values():
                side.load(portfolio)
        for side in self._sides.values():
            side.loaded()
        if self._data is not None and usable:
            self._data.read_into(self.world.database)
        elif self._data is not None:
            self._data.write_from(self.world.database, today)

    def _serve_in_thread(self, listening: socket.socket) -> None:
        config = uvicorn.Config(
            self._application(),
            http=DroppingProtocol,
            loop="asyncio",
            ws="none",
            lifespan="off",
            access_log=False,
            log_level="error",
            server_header=False,
            date_header=False,  # the sandbox has a clock of its own
            timeout_keep_alive=30,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, name="sandbox", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the sandbox's server did not start")
            time.sleep(0.005)

    def _application(self) -> Starlette:
        routes: list[BaseRoute] = list(control.routes(self))
        for side in self._sides.values():
            routes += side.routes()
        return Starlette(
            routes=routes,
            middleware=[
                Middleware(ClockMiddleware, world=self.world),
                Middleware(SandboxMiddleware, world=self.world, sides=self._sides),
                Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=1),
            ],
        )

    def stop(self) -> None:
        """Stop answering and close everything. A second call does nothing."""
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout=10)
        for side in self._sides.values():
            side.close()
        if self._world is not None:
            self._world.database.close()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
        self._server = self._thread = self._world = self._temporary = None
        self._sides = {}

    def serve(self) -> None:
        """Start, if need be, and block until SIGINT or SIGTERM; then stop cleanly."""
        ended = threading.Event()

        def end(_number: int, _frame: FrameType | None) -> None:
            ended.set()

        before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            if self._server is None:
                self.start()
            ended.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            self.stop()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    # What the control endpoint does, for tests that hold the sandbox in their own process.

    def fault(self, name: str, **settings: Any) -> Fault:  # noqa: ANN401 (the fields of Fault)
        """Switch a fault on: ``sandbox.fault("drop_after", method="PATCH", times=1)``."""
        return self.world.faults.add(name, **settings)

    def clear_faults(self, name: str | None = None) -> None:
        """Switch all faults off, or those of one name."""
        self.world.faults.clear(name)

    def requests(self, *, listing: bool = False) -> dict[str, Any]:
        """What was asked so far: ``total``, ``writes``, ``counts`` and, if wanted, the ``requests``."""
        return self.world.requests.summary(listing=listing)

    def clear_requests(self) -> None:
        """Count from zero again."""
        self.world.requests.clear()

    def edit(
        self,
        crm: str,
        object: str,
        id: str | None = None,
        values: Mapping[str, Any] | None = None,
        *,
        delete: bool = False,
        touch: bool = True,
    ) -> str:
        """Change, create (no `id`) or delete a record as a person would; the record's id.

        Raises:
            ControlError: unknown CRM, object, field or record.
        """
        return self.side(crm).edit(Edit(object, id, values or {}, delete, touch))

    def dump(self, crm: str, object: str) -> Iterator[dict[str, Any]]:
        """Every stored record of an object with every cell, in order of creation.

        Raises:
            ControlError: unknown CRM or object.
        """
        return self.side(crm).dump(object)

    def visibility(self, crm: str, visibility: Visibility) -> None:
        """Change what ordinary users see.

        Raises:
            ControlError: unknown CRM, object or field.
        """
        self.side(crm).visibility(visibility)

    def configure(self, crm: str, what: str, **settings: Any) -> object:  # noqa: ANN401 (any JSON)
        """Change what an administrator changes in the CRM's own pages; see the side's `configure`.

        Raises:
            ControlError: unknown CRM or setting.
        """
        return self.side(crm).configure(what, settings)

    def quota(self, crm: str, limit: int | None = None, used: int | None = None) -> dict[str, int]:
        """The daily allowance of API calls, changed if asked.

        Raises:
            ControlError: unknown CRM.
        """
        self.side(crm)
        quota = self.world.quota[crm]
        quota.limit = quota.limit if limit is None else limit
        quota.used = quota.used if used is None else used
        return {"limit": quota.limit, "used": quota.used}

    def move_to(self, today: date) -> None:
        """Move the sandbox's date."""
        self.world.today = today

    def status(self) -> dict[str, Any]:
        """The options and the date."""
        return {**asdict(self._options), "today": self.world.today, "url": self.url}

    def side(self, crm: str) -> Side:
        """One CRM's side.

        Raises:
            ControlError: this sandbox does not speak that CRM.
        """
        if crm not in self._sides:
            raise ControlError(f"this sandbox has no {crm!r}, only {', '.join(self._sides)}")
        return self._sides[crm]


def _open_side(crm: str, world: World) -> Side:
    # By name, so that a sandbox for one CRM does not load the other's half.
    side: Side = importlib.import_module(f"adapters.sandbox.{crm}").open_side(world)
    return side
