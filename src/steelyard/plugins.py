"""Every extension point of Steelyard, in one file. Built-ins come in by the same door: see pyproject.toml.

A plugin is a Python package with an entry point in the group ``steelyard.plugins``, named ``KIND.NAME``::

    [project.entry-points."steelyard.plugins"]
    "model.mine" = "my_package:open_mine"       # steelyard audit SHEET --model mine:anything
    "scorer.mine" = "my_package:MyScorer"       # scorer: {name: mine, …} in a task's file
    "tasks.mine" = "my_package:FOLDER"          # a folder of task files
    "generator.mine" = "my_package:generate"    # a seeded generator of twins

============  =====================================================  =========================================
kind          what the entry point gives                             protocol
============  =====================================================  =========================================
``model``     ``open(rest_of_uri, settings) -> Model``               :class:`Model`
``scorer``    a class, called with the options of the task's file    :class:`Scorer`
``tasks``     a ``pathlib.Path`` to a folder of ``*.yaml`` tasks     see docs/adding-a-benchmark.md
``generator`` ``generate(seed, count, **options) -> list[dict]``     :class:`Generator`
============  =====================================================  =========================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, runtime_checkable

from steelyard.errors import InputError
from steelyard.records import (
    Capabilities,
    GenerateRequest,
    LoglikelihoodRequest,
    ModelIdentity,
    ModelOutput,
    Sample,
    Score,
)

__all__ = [
    "GROUP",
    "ExecutingScorer",
    "Generator",
    "HealthCheckedModel",
    "Model",
    "Scorer",
    "StoppableScorer",
    "find",
    "names",
]

GROUP = "steelyard.plugins"


@runtime_checkable
class Model(Protocol):
    """Who is asked. One request, one :class:`~steelyard.records.ModelOutput`; faults of the wire are outcomes, not
    exceptions.

    Concurrency, retries, deadlines and order belong to the runner. A model may be asked concurrently up to
    ``capabilities.concurrency``. ``identify`` may call the endpoint (the user named it) but never with a sample.
    """

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        """Say what this is and can do; raise :class:`~steelyard.errors.ModelUnavailable` where nothing answers."""
        ...

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        """Answer with text."""
        ...

    async def loglikelihood(self, request: LoglikelihoodRequest) -> ModelOutput:
        """Answer with one log-likelihood (nats) per continuation."""
        ...

    async def close(self) -> None:
        """Free sockets, threads and memory."""
        ...


@runtime_checkable
class HealthCheckedModel(Model, Protocol):
    """A model with a health check, so that the runner can tell a failing sample from an endpoint that is down."""

    async def ping(self) -> ModelOutput:
        """Send a request that is not a sample. A model without this method is assumed to be up."""
        ...


@runtime_checkable
class StoppableScorer(Protocol):
    """A scorer whose running work can be ended from another thread."""

    def stop(self) -> None:
        """End what is running; nothing starts after it. Safe to call twice."""
        ...


@runtime_checkable
class Scorer(Protocol):
    """How an answer is marked: a pure function. ``identifier`` names rule and version, such as ``numeric@1``."""

    @property
    def identifier(self) -> str:
        """Name, options and version: any change of the rule changes it."""
        ...

    def score(self, sample: Sample, answer: ModelOutput) -> Score:
        """Mark one answer."""
        ...


@runtime_checkable
class ExecutingScorer(Scorer, Protocol):
    """A scorer whose mark is made by an act, such as running model-written code: once, in a thread of its own.

    The mark goes into the journal (:class:`~steelyard.records.RecordedScore`), and is read from there ever after: so a
    verdict stays a pure function of the journal, although the act may not be one. Where it has a ``stop()``, that is
    called from another thread when the run ends; what still runs then is to end within a second, with any error.
    """

    executes: bool

    def unavailable_reason(self) -> str:
        """Say why the act cannot be done here and how to mend that, or nothing: a plan asks before anything is sent."""
        ...


class Generator(Protocol):
    """A seeded source of items: the same seed gives the same items on every machine; another seed gives twins."""

    def __call__(self, seed: str, count: int, **options: Any) -> Sequence[Mapping[str, Any]]:
        """Give ``count`` rows with at least ``question`` and ``answer``."""
        ...


@cache
def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def names(kind: str) -> list[str]:
    """The names that are installed for one kind, sorted."""
    return sorted(name.partition(".")[2] for name in _entries() if name.startswith(kind + "."))


def find(kind: str, name: str) -> Any:
    """Load the plugin ``kind.name``; raises InputError naming what there is."""
    entry = _entries().get(f"{kind}.{name}")
    if entry is None:
        raise InputError(f"no {kind} is called {name!r}; there are: {', '.join(names(kind)) or 'none'}")
    return entry.load()
