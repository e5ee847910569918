"""A model that the user opened: a context manager, which stays with the event loop that used it first."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from steelyard.api.may_see import check_addresses
from steelyard.errors import InputError, ModelUnavailable
from steelyard.models.address import IN_PROCESS, endpoint_of
from steelyard.records import SUBJECT, candidate_role, is_candidate, is_reference
from steelyard.util import background
from steelyard.util.addresses import normal_endpoint
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from steelyard.api.arguments import RunArguments
    from steelyard.models import Settings
    from steelyard.plugins import HealthCheckedModel, Model
    from steelyard.records import Capabilities, GenerateRequest, LoglikelihoodRequest, ModelIdentity, ModelOutput
    from steelyard.tasks.suite_task import SuiteTask

__all__ = [
    "AnyModels",
    "OpenedModel",
    "candidates",
    "has_function",
    "key_of",
    "models_by_role",
    "open_for_call",
    "open_model",
    "recipient_of",
    "sole_recipient",
    "uri_of",
    "uris_of",
]

PYTHON: Final = "python"  # in a suite's endpoints: models that Python code gives
AnyModels: TypeAlias = "str | Model | Mapping[str, str | Model]"


class OpenedModel:
    """A model of any kind, opened by :func:`steelyard.open_model`; close it, or use it in a ``with`` block.

    Its connections belong to the event loop that used it first: that of the plain calls (``steelyard.audit``), or your
    own where you await its methods. Another loop's use is refused with InputError.
    """

    def __init__(self, uri: str, model: Model, api_key_env: str | None = None) -> None:
        self.uri = uri
        self.api_key_env = api_key_env
        self._model = model
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"<{'closed ' if self._closed else ''}model {one_line(self.uri, 120)}>"

    def bound_to(self, loop: asyncio.AbstractEventLoop) -> Model:
        """The model, for use on ``loop``.

        Raises InputError where another loop used it first, ModelUnavailable where it is closed.
        """
        if self._closed:
            raise ModelUnavailable(f"{self.uri} is closed: open it again with steelyard.open_model")
        if self._loop is None:
            self._loop = loop
        if self._loop is not loop:
            raise InputError(
                f"{self.uri} was used from another event loop before: open one for each with steelyard.open_model"
            )
        return self._model

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        """Say what this is and can do; raises ModelUnavailable where nothing answers."""
        return await self._here().identify()

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        """Answer with text; raises InputError on another event loop than before."""
        return await self._here().generate(request)

    async def loglikelihood(self, request: LoglikelihoodRequest) -> ModelOutput:
        """Answer with one log-likelihood (nats) per continuation; raises InputError on another loop than before."""
        return await self._here().loglikelihood(request)

    async def close(self) -> None:
        """Free sockets, threads and memory; safe to call twice.

        Raises InputError where your own event loop used it and another one closes it.
        """
        if self._closed:
            return
        if self._loop is background.event_loop() is not asyncio.get_running_loop():
            await background.await_call(lambda _: self.close())
            return
        model = self._here()
        self._closed = True
        await model.close()

    def _here(self) -> Model:
        return self.bound_to(asyncio.get_running_loop())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop not in (None, background.event_loop()):
            assert self._loop is not None
            if not self._loop.is_closed():
                raise InputError(f"{self.uri} was used from an event loop of yours: close it there, by async with")
            self._loop = None
        background.call(lambda _: self.close())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class _HealthChecked(OpenedModel):
    """An opened model with a health check; the runner looks for the method."""

    _model: HealthCheckedModel

    async def ping(self) -> ModelOutput:
        """Send a request that is not a sample."""
        self._here()
        return await self._model.ping()


def open_model(uri: str, settings: Settings | None = None) -> OpenedModel:
    """Open the model that ``uri`` names, such as ``embedded:smollm2`` or ``openai:NAME@URL``.

    Use it as a context manager (``with`` or ``async with``), so that it is closed. Raises InputError for a URI that
    names no model, MissingDependency where an extra is missing.
    """
    from steelyard import models, plugins

    opened = models.open_model(uri, settings)
    kind = _HealthChecked if isinstance(opened, plugins.HealthCheckedModel) else OpenedModel
    return kind(uri, opened, settings.api_key_env if settings else None)


# ── what a call is given ────────────────────────────────────────────────────────────────────────────────────────────


def models_by_role(model: AnyModels) -> dict[str, str | Model]:
    """The models of a call by role; one alone is the subject.

    Raises InputError where none is under test, or one is neither a URI nor a model.
    """
    from steelyard.plugins import Model

    found = dict(model) if isinstance(model, Mapping) else {SUBJECT: model}
    for role, each in found.items():
        if not isinstance(each, str | Model):
            raise InputError(f"the model {role} is a URI such as embedded:smollm2 or an opened model, not {type(each)}")
    if SUBJECT not in found:
        raise InputError(f"no model is under test: give one in the role {SUBJECT!r}")
    return found


def candidates(models: AnyModels | Sequence[str | Model]) -> AnyModels:
    """Several models that are asked the same, by role; anything but a list stays as it is.

    Raises InputError for an empty list.
    """
    if isinstance(models, str) or not isinstance(models, Sequence):
        return models
    if not models:
        raise InputError("the list of models is empty: give at least one")
    return {candidate_role(number): model for number, model in enumerate(models, 1)}


def uri_of(model: str | Model) -> str:
    """The URI by which a model is opened again; empty for one that was made otherwise."""
    return model if isinstance(model, str) else model.uri if isinstance(model, OpenedModel) else ""


def recipient_of(model: str | Model) -> str:
    """Whoever gets what a model is asked: an endpoint's base URL, a plugin's URI; empty for a model in this process."""
    uri = uri_of(model)
    if not uri:
        return PYTHON
    kind = uri.partition(":")[0]
    if kind in IN_PROCESS:
        return ""
    if kind == PYTHON:  # whom a function asks is not known here
        return PYTHON
    found = endpoint_of(uri)
    return uri if found is None else found.base


def sole_recipient(models: Mapping[str, str | Model]) -> str:
    """The address, in normal form, of the one endpoint among models that are asked; empty for none and for several.

    Models in this process are none. Several endpoints in one run are asked the same, so that they can be compared.
    """
    found = {recipient_of(model) for role, model in models.items() if is_candidate(role)}
    return normal_endpoint(found.pop()) if len(found) == 1 else ""


def uris_of(models: Mapping[str, str | Model]) -> dict[str, str]:
    """The URIs by which models are opened again, by role; a model that was made otherwise is left out."""
    return {role: uri for role, model in models.items() if (uri := uri_of(model))}


def has_function(args: RunArguments) -> bool:
    """Whether a model is a function of the user's own, which may change the working folder when it is imported."""
    return any(uri.startswith(f"{PYTHON}:") for uri in uris_of(args.models).values())


def key_of(model: str | Model) -> str:
    """The environment variable with the API key of an opened model; empty where it has none of its own."""
    return (model.api_key_env or "") if isinstance(model, OpenedModel) else ""


def open_for_call(
    args: RunArguments,
    opened_here: AsyncExitStack,
    suites: Sequence[SuiteTask],
    sealed: Mapping[str, Capabilities] | None = None,
) -> dict[str, Model]:
    """The models of a run on the running loop, by role. Those that are opened here are closed with ``opened_here``.

    ``suites`` are the private suites that will be asked; ``sealed`` are the capabilities in the plan of a resumed run,
    which are not measured again. In a command a function's ``print`` goes to stderr while ``opened_here`` is open, and
    the working folder is the same after it as before, where a function changed it.

    Raises InputError where one belongs to another loop, cannot be opened, or may not see a suite; ModelUnavailable
    where it is closed.
    """
    _check_may_see(suites, args)
    if args.owns_process and has_function(args):
        opened_here.callback(partial(os.chdir, os.getcwd()))
        opened_here.enter_context(redirect_stdout(sys.stderr))  # stdout is for the command's own result
    found: dict[str, Model] = {}
    for role, each in args.models.items():
        if isinstance(each, OpenedModel):
            found[role] = each.bound_to(asyncio.get_running_loop())
        elif isinstance(each, str):
            settings = replace(
                args.settings(),
                api_key_env=args.keys.get(role),
                api_key=args.api_keys.get(role),
                sealed=(sealed or {}).get(role),
            )
            found[role] = _open(role, each, settings, args)
            opened_here.push_async_callback(found[role].close)
        else:
            found[role] = each
    return found


def _check_may_see(suites: Sequence[SuiteTask], args: RunArguments) -> None:
    """Raise InputError where a model is at an address that a suite does not name; nothing is opened before.

    Models in this process send nothing anywhere; with ``--ray`` they may be on other machines, and the cluster must be
    named too.
    """
    addresses = {role: recipient_of(model) for role, model in args.models.items()}
    if args.ray not in (None, "", "local"):
        addresses["ray"] = str(args.ray)
    check_addresses(suites, addresses)


def _open(role: str, uri: str, settings: Settings, args: RunArguments) -> Model:
    from steelyard import models

    if is_reference(role) and uri.startswith(("embedded:", "gguf:")):  # weights are read where the tests are
        from steelyard.models.reference import open_reference

        return open_reference(uri, settings)
    if args.ray is None:
        return models.open_model(uri, settings)
    from steelyard.runner.ray import open_on_ray

    if uri.startswith(f"{PYTHON}:"):
        raise InputError(f"{one_line(uri, 120)} runs in this process: leave --ray out")
    return open_on_ray(uri, settings, args.ray, args.workers, models=len(args.models))
