"""``--ray``: the same plan on many machines. Workers on a Ray cluster ask; everything else stays with the driver.

:class:`RayModel` is a model around any model: the driver's runner keeps schedule, limits, retries and budget, so that
they hold for all workers together, and writes the journal, so that whatever has arrived outlives any worker. One that
dies takes only calls in flight with it: those come back as *dropped*, and the runner asks them again of the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard import errors
from steelyard.errors import InputError, MissingDependency, ModelUnavailable, SteelyardError
from steelyard.records import Capabilities, GenerateRequest, LoglikelihoodRequest, ModelIdentity, ModelOutput, Outcome
from steelyard.runner.ray_worker import ANSWERS, OPENED, Opened, Worker, encode
from steelyard.util.software import software

if TYPE_CHECKING:
    from steelyard.models import Settings

__all__ = ["LOCAL", "RayModel", "open_on_ray"]

LOCAL: Final = "local"
FEWEST_WORKERS = 2
MAX_WORKERS = 1000
RESTARTS = 3  # of one worker, before it is given up: a model that kills every process it is in must not do so for ever
OPENING_SECONDS = 600.0  # a model's file may have to be fetched first
RESTART_PAUSE_SECONDS = 0.5
CLOSING_SECONDS = 5.0
CONNECT_SECONDS = 10.0
OBJECT_STORE_BYTES = 100 << 20  # the least that Ray takes, and more than is needed: batches are small
KEY_VARIABLES = ("STEELYARD_API_KEY", "OPENAI_API_KEY")
# Nothing is told to anybody, and nothing is said on the terminal that the user did not ask for.
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_DEDUP_LOGS_SKIP_REGEX": "^",  # matches every line of Ray's: what matters of it stands in the records
}

Request = GenerateRequest | LoglikelihoodRequest


def open_on_ray(uri: str, settings: Settings, address: str, workers: int | None = None) -> RayModel:
    """Join (or, for ``local``, start) a cluster for the model that ``uri`` names; workers begin at ``identify``.

    ``address``: ``local``, ``auto`` or HOST:PORT. Default: one worker a node, and at least two. Raises
    MissingDependency where Ray is not installed, InputError where no cluster is there, it has no room, or the model is
    for one process.
    """
    if uri.partition(":")[0] == "recorded":
        raise InputError("a recording is played back in order by one process: leave --ray out")
    if "://" in address:
        raise InputError(
            "Ray's client is not used: run steelyard on a machine of the cluster, with --ray auto or HOST:PORT"
        )
    ray = _ray(address)
    started = not ray.is_initialized()
    if started:
        _join(ray, address, workers)
    try:
        room = int(ray.cluster_resources().get("CPU", 0))
        wanted = workers or max(FEWEST_WORKERS, sum(node["Alive"] for node in ray.nodes()))
        if wanted > room:
            raise InputError(f"the cluster has room for {room} workers, one a CPU, not for {wanted}: --workers {room}")
        return RayModel(uri, settings, wanted, shut_down=started)
    except BaseException:
        if started:
            ray.shutdown()
        raise


def _ray(address: str) -> Any:
    """The package, told before it is imported (it reads these once) to be quiet, and to let nobody else in."""
    settings = dict(QUIET)
    if address == LOCAL and "ray" not in sys.modules:
        # Ray listens on the machine's own address, and whoever reaches it may run code there: only who has the token.
        settings |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    os.environ.update({name: value for name, value in settings.items() if name not in os.environ})
    try:
        import ray
    except ImportError:
        raise MissingDependency("--ray needs Ray, which is not installed here: pip install 'steelyard[ray]'") from None
    return ray


def _join(ray: Any, address: str, workers: int | None) -> None:
    options: dict[str, Any] = {
        "namespace": f"steelyard-{os.getpid()}",
        "log_to_driver": False,
        "logging_level": logging.CRITICAL,
    }
    if address == LOCAL:
        options |= {"address": LOCAL, "include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
        options |= {"num_cpus": workers or FEWEST_WORKERS, "num_gpus": 0}
    else:
        options["address"] = address
    try:
        _check_reachable(address)
        ray.init(**options)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        said = " ".join(str(error).split())[:200]
        raise InputError(
            f"no Ray cluster can be used at {address!r} ({type(error).__name__}: {said}); "
            "give auto or HOST:PORT (with RAY_AUTH_MODE=token where the cluster has one), or --ray alone for one here"
        ) from None


def _check_reachable(address: str) -> None:
    """Raise OSError where nobody listens at HOST:PORT: Ray itself would try for ten minutes."""
    host, separator, port = address.rpartition(":")
    if separator and port.isdecimal():
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()


@dataclass(eq=False)
class _Seat:
    """One worker's place: it keeps its name, and so its segment of the journal, whatever process sits there."""

    name: str
    actor: Any
    live: bool = False
    gone: bool = False
    process: int = 0
    in_flight: dict[int, asyncio.Future[ModelOutput]] = field(default_factory=dict)
    queue: list[tuple[int, Request]] = field(default_factory=list)
    given_up: list[int] = field(default_factory=list)
    reader: asyncio.Task[None] | None = None


class RayModel:
    """Workers on a cluster as one :class:`steelyard.plugins.Model`."""

    def __init__(self, uri: str, settings: Settings, workers: int, *, shut_down: bool) -> None:
        self._uri = uri
        self._settings = settings
        self._shut_down = shut_down
        self._workers = workers
        self._seats: list[_Seat] = []
        self._number = count()
        self._opened: Opened | None = None

    def __repr__(self) -> str:
        return f"RayModel({self._workers} workers)"

    @property
    def processes(self) -> dict[str, int]:
        """The process id of each live worker, on its own machine, by the worker's name."""
        return {seat.name: seat.process for seat in self._seats if seat.live}

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        """Start the workers; say what the model is, the same on all of them, and how many requests they take together.

        Raises what opening the model raises there, and InputError where two workers have different models.
        """
        if not self._seats:
            self._seats = [self._seat(number) for number in range(1, self._workers + 1)]
            async with asyncio.timeout(OPENING_SECONDS):
                said = await asyncio.gather(*(self._open(seat) for seat in self._seats))
            self._opened = _same_on_all({seat.name: opened for seat, opened in zip(self._seats, said, strict=True)})
            for seat in self._seats:
                seat.reader = asyncio.create_task(self._read(seat))
        assert self._opened is not None
        identity, capabilities = self._opened.identity, self._opened.capabilities
        assert identity is not None
        assert capabilities is not None
        if identity.sha256:  # in each process its own; of an endpoint there is one, whoever asks
            together = capabilities.concurrency * self._workers
            capabilities = msgspec.structs.replace(capabilities, concurrency=together)
        return identity, capabilities

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        """Have the least busy worker answer with text."""
        return await self._ask(request)

    async def loglikelihood(self, request: LoglikelihoodRequest) -> ModelOutput:
        """Have the least busy worker answer with log-likelihoods."""
        return await self._ask(request)

    async def ping(self) -> ModelOutput:
        """Have a worker ask a control question that is no sample."""
        capabilities = None if self._opened is None else self._opened.capabilities
        by_chat = capabilities is None or capabilities.chat
        return await self._ask(GenerateRequest(prompt="Hello", chat=by_chat, max_tokens=1))

    async def close(self) -> None:
        """End the workers, and the cluster where it was started here; safe to call twice."""
        import ray

        seats, self._seats = self._seats, []
        for seat in seats:
            if seat.reader is not None:
                seat.reader.cancel()
        await asyncio.gather(*(seat.reader for seat in seats if seat.reader is not None), return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                closing = [_awaited(seat.actor.close.remote()) for seat in seats if seat.live]
                await asyncio.gather(*closing, return_exceptions=True)
        for seat in seats:
            ray.kill(seat.actor)
        if self._shut_down:
            self._shut_down = False
            await asyncio.to_thread(ray.shutdown)

    # ── workers ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _seat(self, number: int) -> _Seat:
        import ray

        remote: Any = ray.remote(Worker)
        actor = remote.options(num_cpus=1, max_restarts=RESTARTS, scheduling_strategy="SPREAD").remote()
        return _Seat(f"worker-{number}", actor)

    async def _open(self, seat: _Seat) -> Opened:
        opened = OPENED.decode(await seat.actor.open.remote(self._uri, self._settings, self._environment()))
        if opened.software != software():
            raise InputError(f"{seat.name} has {opened.software}, this machine {software()}: install the same")
        if opened.error is not None:
            kind, said = opened.error
            raise _error_of(kind)(f"{seat.name}: {said}")
        seat.process, seat.live = opened.process, True
        return opened

    def _environment(self) -> dict[str, str]:
        """The API key. It goes to a worker's process in a call: not into its specification, which the cluster keeps."""
        names = (self._settings.api_key_env,) if self._settings.api_key_env else KEY_VARIABLES
        return {name: os.environ[name] for name in names if os.environ.get(name)}

    async def _read(self, seat: _Seat) -> None:
        """Take a worker's answers as they come, and its place again when it dies."""
        from ray.exceptions import RayError

        while not seat.gone:
            try:
                for number, answer in ANSWERS.decode(await seat.actor.collect.remote()):
                    if (waiting := seat.in_flight.pop(number, None)) is not None and not waiting.done():
                        waiting.set_result(msgspec.structs.replace(answer, worker=seat.name))
            except RayError:
                self._drop(seat)
                await self._open_again(seat)

    def _drop(self, seat: _Seat) -> None:
        seat.live = False
        seat.queue, seat.given_up = [], []
        lost, seat.in_flight = seat.in_flight, {}
        for waiting in lost.values():
            if not waiting.done():
                died = ModelOutput(
                    outcome=Outcome.DROPPED, detail=f"{seat.name} died before it answered", worker=seat.name
                )
                waiting.set_result(died)

    async def _open_again(self, seat: _Seat) -> None:
        """Ray restarts the process, elsewhere if need be; what it opens must be the model of the plan."""
        from ray.exceptions import ActorDiedError, RayError

        while not (seat.live or seat.gone):
            try:
                opened = await self._open(seat)
            except (ActorDiedError, SteelyardError):
                seat.gone = True
            except RayError:  # not there yet
                await asyncio.sleep(RESTART_PAUSE_SECONDS)
            else:
                seat.gone = not _is_same(self._opened, opened)
        seat.live = not seat.gone

    # ── requests ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _ask(self, request: Request) -> ModelOutput:
        live = [seat for seat in self._seats if seat.live]
        if not live:
            gone = all(seat.gone for seat in self._seats)
            detail = "no worker is left on the cluster" if gone else "no worker is there at the moment"
            return ModelOutput(outcome=Outcome.DROPPED, detail=detail, fatal=gone)
        seat = min(live, key=lambda seat: len(seat.in_flight))
        number = next(self._number)
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[ModelOutput] = loop.create_future()
        seat.in_flight[number] = waiting
        self._send_soon(seat, loop)
        seat.queue.append((number, request))
        try:
            return await waiting
        except asyncio.CancelledError:
            if seat.in_flight.pop(number, None) is not None:
                self._send_soon(seat, loop)
                seat.given_up.append(number)
            raise

    def _send_soon(self, seat: _Seat, loop: asyncio.AbstractEventLoop) -> None:
        """Send what has gathered once this turn of the event loop is over: one message, not one a request."""
        if not seat.queue and not seat.given_up:
            loop.call_soon(self._send, seat)

    def _send(self, seat: _Seat) -> None:
        queue, given_up = seat.queue, seat.given_up
        seat.queue, seat.given_up = [], []
        if seat.live and (queue or given_up):
            seat.actor.submit.options(num_returns=0).remote(encode(queue), given_up)


async def _awaited(reference: Any) -> Any:
    return await reference


def _same_on_all(said: Mapping[str, Opened]) -> Opened:
    name, first = next(iter(said.items()))
    for other, opened in said.items():
        if not _is_same(first, opened):
            raise InputError(
                f"{name} and {other} have different models: give all machines of the cluster the same file"
            )
    return first


def _is_same(one: Opened | None, other: Opened) -> bool:
    """Whether two workers have one model: the same file, or the same name at an endpoint."""
    if one is None or one.identity is None or other.identity is None:
        return False
    return (one.identity.sha256, one.identity.name) == (other.identity.sha256, other.identity.name)


def _error_of(kind: str) -> type[SteelyardError]:
    known = {
        error.__name__: error for error in (InputError, MissingDependency, ModelUnavailable, errors.VerificationError)
    }
    return known.get(kind, ModelUnavailable)
