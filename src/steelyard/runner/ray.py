"""``--ray``: run a plan on many machines. Workers on a Ray cluster send the requests; the driver does everything else.

:class:`RayModel` wraps any model: the driver's runner keeps schedule, limits, retries and budget for all workers
together, and writes the journal, so that finished calls survive any worker. When a worker dies only its calls in flight
are lost: they come back as *dropped*, and the runner retries them on the others.
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
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard import errors
from steelyard.errors import InputError, MissingDependency, ModelUnavailable, SteelyardError
from steelyard.models.address import PROVIDERS
from steelyard.models.api_key import OWN_VARIABLE
from steelyard.records import (
    Capabilities,
    GenerateRequest,
    LoglikelihoodRequest,
    ModelIdentity,
    ModelOutput,
    NextTokenRequest,
    Outcome,
    Request,
)
from steelyard.runner.ray_worker import ANSWERS, OPENED, Opened, Worker, encode
from steelyard.util.software import software

if TYPE_CHECKING:
    from steelyard.models import Settings

__all__ = ["LOCAL", "RayModel", "open_on_ray"]

LOCAL: Final = "local"
MIN_WORKERS = 2
MAX_WORKERS = 1000
RESTARTS = 3  # of one worker: a model that crashes every process must not be restarted for ever
OPENING_SECONDS = 600.0  # a model's file may have to be fetched first
RESTART_PAUSE_SECONDS = 0.5
CLOSING_SECONDS = 5.0
CONNECT_SECONDS = 10.0
_UNREADABLE: Final = "sent what cannot be read"
OBJECT_STORE_BYTES = 100 << 20  # the least that Ray takes, and more than is needed: batches are small
# No usage statistics, and no output on the terminal that the user did not ask for.
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_DEDUP_LOGS_SKIP_REGEX": "^",  # matches every line of Ray's: the records hold what matters
}


def open_on_ray(uri: str, settings: Settings, address: str, workers: int | None = None, *, models: int = 1) -> RayModel:
    """Join (or, for ``local``, start) a cluster for the model that ``uri`` names; ``identify`` starts the workers.

    ``address``: ``local``, ``auto`` or HOST:PORT. Default: one worker a node, and at least two; ``models``: so many
    models of the run have workers of their own there. Raises
    MissingDependency where Ray is not installed, InputError where there is no cluster, it is too small, or the model
    works in one process only.
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
        _join(ray, address, (workers or MIN_WORKERS) * models)
    try:
        room = int(ray.cluster_resources().get("CPU", 0))
        wanted = workers or max(MIN_WORKERS, sum(node["Alive"] for node in ray.nodes()))
        if wanted * models > room:
            each = f" for each of {models} models" if models > 1 else ""
            raise InputError(
                f"the cluster has room for {room} workers, one per CPU, not for {wanted}{each}: "
                f"--workers {max(1, room // models)}"
            )
        return RayModel(uri, settings, wanted, shut_down=started)
    except BaseException:
        if started:
            ray.shutdown()
        raise


def _ray(address: str) -> Any:
    """Import Ray, after setting what it reads at import: no output, and token authentication for a local cluster."""
    settings = dict(QUIET)
    if address == LOCAL and "ray" not in sys.modules:
        # Ray listens on the machine's own address, and anyone who reaches it could run code there without a token.
        settings |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    os.environ.update({name: value for name, value in settings.items() if name not in os.environ})
    try:
        import ray
    except ImportError:
        raise MissingDependency("--ray needs Ray, which is not installed here: pip install 'steelyard[ray]'") from None
    return ray


def _join(ray: Any, address: str, workers: int) -> None:
    options: dict[str, Any] = {
        "namespace": f"steelyard-{os.getpid()}",
        "log_to_driver": False,
        "logging_level": logging.CRITICAL,
    }
    if address == LOCAL:
        options |= {"address": LOCAL, "include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
        options |= {"num_cpus": workers, "num_gpus": 0}
    else:
        options["address"] = address
    try:
        _check_reachable(address)
        ray.init(**options)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"no Ray cluster can be used at {address!r} ({type(error).__name__}: {reason}); "
            "give auto or HOST:PORT (with RAY_AUTH_MODE=token where the cluster has one), or --ray alone for one here"
        ) from None


def _check_reachable(address: str) -> None:
    """Raise OSError where nothing listens at HOST:PORT: Ray itself would try for ten minutes."""
    host, separator, port = address.rpartition(":")
    if separator and port.isdecimal():
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()


@dataclass(eq=False)
class _Slot:
    """One worker: it keeps its name, and so its segment of the journal, across restarts of its process."""

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
        self._slots: list[_Slot] = []
        self._number = count()
        self._opened: Opened | None = None
        self._fault = ""  # of the last worker that is asked nothing more

    def __repr__(self) -> str:
        return f"RayModel({self._workers} workers)"

    @property
    def processes(self) -> dict[str, int]:
        """The process id of each live worker, on its own machine, by the worker's name."""
        return {slot.name: slot.process for slot in self._slots if slot.live}

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        """Start the workers; identify the model, the same on all of them, and their total concurrency.

        Raises the errors of opening the model there, and InputError where two workers have different models.
        """
        if not self._slots:
            self._slots = [self._slot(number) for number in range(1, self._workers + 1)]
            async with asyncio.timeout(OPENING_SECONDS):
                reports = await asyncio.gather(*(self._open(slot) for slot in self._slots))
            self._opened = _same_on_all({slot.name: opened for slot, opened in zip(self._slots, reports, strict=True)})
            for slot in self._slots:
                slot.reader = asyncio.create_task(self._read(slot))
        assert self._opened is not None
        identity, capabilities = self._opened.identity, self._opened.capabilities
        assert identity is not None
        assert capabilities is not None
        if identity.sha256:  # one model per process; an endpoint is shared
            together = capabilities.concurrency * self._workers
            capabilities = msgspec.structs.replace(capabilities, concurrency=together)
        return identity, capabilities

    @property
    def takes_images(self) -> bool:
        """Whether the model on the workers says that it takes images; requests carry their bytes there."""
        return self._opened is not None and self._opened.takes_images

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        """Generate text on the worker with the fewest calls in flight."""
        return await self._ask(request)

    async def loglikelihood(self, request: LoglikelihoodRequest) -> ModelOutput:
        """Compute log-likelihoods on the worker with the fewest calls in flight."""
        return await self._ask(request)

    async def next_token(self, request: NextTokenRequest) -> ModelOutput:
        """Ask for the likeliest next tokens on the worker with the fewest calls in flight."""
        return await self._ask(request)

    async def ping(self) -> ModelOutput:
        """Send a health check, which is not a sample, through a worker."""
        capabilities = None if self._opened is None else self._opened.capabilities
        by_chat = capabilities is None or capabilities.chat
        # Some endpoints that reason end a reply of few tokens in an error.
        tokens = 1024 if capabilities is not None and capabilities.reasons else 1
        return await self._ask(GenerateRequest(prompt="Hello", chat=by_chat, max_tokens=tokens))

    async def close(self) -> None:
        """End the workers, and the cluster where it was started here; safe to call twice."""
        import ray

        slots, self._slots = self._slots, []
        for slot in slots:
            if slot.reader is not None:
                slot.reader.cancel()
        await asyncio.gather(*(slot.reader for slot in slots if slot.reader is not None), return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                closing = [_awaited(slot.actor.close.remote()) for slot in slots if slot.live]
                await asyncio.gather(*closing, return_exceptions=True)
        for slot in slots:
            ray.kill(slot.actor)
        if self._shut_down:
            self._shut_down = False
            await asyncio.to_thread(ray.shutdown)

    # ── workers ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _slot(self, number: int) -> _Slot:
        import ray

        remote: Any = ray.remote(Worker)
        actor = remote.options(num_cpus=1, max_restarts=RESTARTS, scheduling_strategy="SPREAD").remote()
        return _Slot(f"worker-{number}", actor)

    async def _open(self, slot: _Slot) -> Opened:
        settings = self._settings
        if self._opened is not None:  # a restarted worker is asked as the plan says
            settings = replace(settings, sealed=settings.sealed or self._opened.capabilities)
        try:
            opened = OPENED.decode(await slot.actor.open.remote(self._uri, settings, self._environment()))
        except (msgspec.MsgspecError, TypeError) as error:
            raise ModelUnavailable(f"{slot.name} {_UNREADABLE} ({type(error).__name__})") from None
        if opened.software != software():
            raise InputError(f"{slot.name} has {opened.software}, this machine {software()}: install the same")
        if opened.error is not None:
            kind, message = opened.error
            raise _error_of(kind)(f"{slot.name}: {message}")
        slot.process, slot.live = opened.process, True
        return opened

    def _environment(self) -> dict[str, str]:
        """The API key, and the address for a URI that has none.

        They are sent to a worker in a call, not in its specification, which the cluster stores.
        """
        provider = PROVIDERS.get(self._uri.partition(":")[0], PROVIDERS["openai"])
        usual = (OWN_VARIABLE, provider.key_variable) if self._settings.usual_keys else ()
        names = (self._settings.api_key_env,) if self._settings.api_key_env else usual
        return {name: os.environ[name] for name in (*names, provider.base_variable) if os.environ.get(name)}

    async def _read(self, slot: _Slot) -> None:
        """Collect a worker's outputs as they come, and restart it when it dies; ask one no more that cannot be read."""
        from ray.exceptions import RayError

        while not slot.gone:
            try:
                for number, output in ANSWERS.decode(await slot.actor.collect.remote()):
                    if (waiting := slot.in_flight.pop(number, None)) is not None and not waiting.done():
                        waiting.set_result(msgspec.structs.replace(output, worker=slot.name))
            except RayError:
                self._drop(slot, "died before it answered")
                await self._open_again(slot)
            except Exception as error:  # a worker is another machine's process: whatever it sends may raise anything
                slot.gone = True
                self._fault = f"{slot.name} {_UNREADABLE} ({type(error).__name__})"
                self._drop(slot, f"{_UNREADABLE} ({type(error).__name__}), and gets no further call")

    def _drop(self, slot: _Slot, why: str) -> None:
        slot.live = False
        slot.queue, slot.given_up = [], []
        lost, slot.in_flight = slot.in_flight, {}
        for waiting in lost.values():
            if not waiting.done():
                died = ModelOutput(outcome=Outcome.DROPPED, detail=f"{slot.name} {why}", worker=slot.name)
                waiting.set_result(died)

    async def _open_again(self, slot: _Slot) -> None:
        """Wait until Ray has restarted the process, and check that it opens the model of the plan."""
        from ray.exceptions import ActorDiedError, RayError

        while not (slot.live or slot.gone):
            try:
                opened = await self._open(slot)
            except (ActorDiedError, SteelyardError):
                slot.gone = True
            except RayError:  # not restarted yet
                await asyncio.sleep(RESTART_PAUSE_SECONDS)
            else:
                slot.gone = not _is_same(self._opened, opened)
        slot.live = not slot.gone

    # ── requests ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _ask(self, request: Request) -> ModelOutput:
        live = [slot for slot in self._slots if slot.live]
        if not live:
            gone = all(slot.gone for slot in self._slots)
            none_left = f"no worker is left on the cluster{self._fault and f' ({self._fault})'}"
            detail = none_left if gone else "all workers are restarting"
            return ModelOutput(outcome=Outcome.DROPPED, detail=detail, fatal=gone)
        slot = min(live, key=lambda slot: len(slot.in_flight))
        number = next(self._number)
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[ModelOutput] = loop.create_future()
        slot.in_flight[number] = waiting
        self._send_soon(slot, loop)
        slot.queue.append((number, request))
        try:
            return await waiting
        except asyncio.CancelledError:
            if slot.in_flight.pop(number, None) is not None:
                self._send_soon(slot, loop)
                slot.given_up.append(number)
            raise

    def _send_soon(self, slot: _Slot, loop: asyncio.AbstractEventLoop) -> None:
        """Send queued requests at the end of this iteration of the event loop: one message, not one per request."""
        if not slot.queue and not slot.given_up:
            loop.call_soon(self._send, slot)

    def _send(self, slot: _Slot) -> None:
        queue, given_up = slot.queue, slot.given_up
        slot.queue, slot.given_up = [], []
        if slot.live and (queue or given_up):
            slot.actor.submit.options(num_returns=0).remote(encode(queue), given_up)


async def _awaited(reference: Any) -> Any:
    return await reference


def _same_on_all(reports: Mapping[str, Opened]) -> Opened:
    name, first = next(iter(reports.items()))
    for other, opened in reports.items():
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
