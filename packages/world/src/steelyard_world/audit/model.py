"""``world:PATH``: a world model that answers questions about held-out episodes, as a language model answers questions.

PATH is the folder of a checkpoint or of a family (:mod:`steelyard_world.audit.family`). A question is JSON that names a
world and a seed, an answer is JSON that records what the model did (:mod:`steelyard_world.audit.questions`). Questions
are answered one at a time, on one worker thread with one torch thread, so that a machine repeats its answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.errors import InputError, MissingDependency, ModelUnavailable, SteelyardError
from steelyard.models import Settings
from steelyard.records import (
    Capabilities,
    Checkpoint,
    GenerateRequest,
    LoglikelihoodRequest,
    ModelIdentity,
    ModelOutput,
    Outcome,
)

if TYPE_CHECKING:
    from steelyard_world.audit.answering import Answering
    from steelyard_world.protocol import WorldUnderTest

__all__ = ["AuditedWorld", "open_world"]

Opener = Callable[[], "WorldUnderTest"]


def open_world(rest: str, settings: Settings) -> AuditedWorld:
    """Open the folder of a checkpoint or a family; raises InputError for any other, MissingDependency without torch."""
    folder = Path(rest).expanduser()
    if not folder.is_dir():
        raise InputError("there is no such folder: give the folder of a checkpoint or of a family", where=folder)
    try:
        backend = f"torch {version('torch')}, 1 thread"
    except PackageNotFoundError:
        raise MissingDependency("world models need torch: pip install 'steelyard[world]'") from None
    from steelyard_world.audit.family import read_family

    family = read_family(folder)
    identity = ModelIdentity(
        uri=f"world:{folder.name}",
        name=family.name,
        sha256=family.sha256,
        backend=backend,
        details=dict(family.details),
    )
    openers = {
        role: {each.checkpoint.sha256: partial(_opened, folder, each.path, each.lines) for each in several}
        for role, several in family.members.items()
    }
    return AuditedWorld(identity, family.checkpoints, openers)


def _opened(folder: Path, path: Path, lines: str) -> WorldUnderTest:
    """Load a checkpoint; raises InputError where it is none or has changed since it was identified."""
    import torch

    from steelyard_world.audit.family import lines_of
    from steelyard_world.models.model import WorldModel

    torch.set_num_threads(1)
    try:
        model = WorldModel.load(path)
    except SteelyardError:
        raise
    except Exception as error:  # an untrusted config may fail in any way while a network is made of it
        reason = (str(error).splitlines() or [""])[0][:200]
        raise InputError(f"no model can be made from it ({type(error).__name__}: {reason})", where=path) from error
    # After loading, so that a file that is replaced between the two is noticed.
    if lines_of(folder, path) != lines:
        raise InputError("was changed after it was identified: start again with the folder as it is now", where=path)
    return model


class AuditedWorld:
    """World models by role (``world two-room``) as one :class:`steelyard.plugins.Model`, all loaded.

    ``openers`` are by role and the SHA-256 of the weights. Where several trainings have a role, a request names the one
    that answers it.
    """

    def __init__(
        self,
        identity: ModelIdentity,
        checkpoints: Mapping[str, tuple[Checkpoint, ...]],
        openers: Mapping[str, Mapping[str, Opener]],
    ) -> None:
        self._identity = identity
        self._checkpoints = checkpoints
        self._openers = openers
        self._open: dict[tuple[str, str], WorldUnderTest] = {}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="steelyard-world")
        self._closed = False

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        """Load all checkpoints, and identify them and their roles; raises InputError where one is broken."""
        from msgspec.structs import replace

        from steelyard.models.in_process import processor_name
        from steelyard_world.audit.answering import planner_details

        await asyncio.get_running_loop().run_in_executor(self._worker, self._load_all)
        details = {**self._identity.details, **planner_details(self._openers)}
        identity = replace(self._identity, machine=processor_name(), details=details)
        offers = tuple(sorted(self._openers))
        reason = "a world model gives no log-likelihoods"
        return identity, Capabilities(
            offers=offers,
            loglikelihood_reason=reason,
            deterministic=True,
            concurrency=1,
            checkpoints=dict(self._checkpoints),
        )

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        """Answer one question with JSON; a prompt that is no question about a world gives ``client_error``.

        Raises ModelUnavailable after :meth:`close`.
        """
        if self._closed:
            raise ModelUnavailable(f"{self._identity.uri} is closed")
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._answered, request)

    async def loglikelihood(self, request: LoglikelihoodRequest) -> ModelOutput:
        """Give ``client_error``: a world model has no log-likelihoods."""
        return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail="a world model gives no log-likelihoods")

    async def close(self) -> None:
        """Wait for the running episode and release the models; safe to call twice."""
        self._closed = True
        await asyncio.to_thread(self._worker.shutdown, wait=True, cancel_futures=True)
        self._open.clear()

    def _load_all(self) -> None:
        for role, several in self._openers.items():
            for weights in several:
                self._loaded(role, weights)

    def _member(self, named: Collection[str], role: str) -> Answering:
        """The only model of a role, or the one of several that the request names; raises InputError without one."""
        from steelyard_world.audit.answering import Answering

        several = self._openers.get(role)
        if several is None:
            raise InputError(f"this needs {role}; the world model has {', '.join(sorted(self._openers))}")
        chosen = [weights for weights in several if len(several) == 1 or weights in named]
        if len(chosen) != 1:
            raise InputError(f"{len(several)} trainings have {role}, and the request names none of them to answer")
        return Answering(self._loaded(role, chosen[0]), chosen[0])

    def _loaded(self, role: str, weights: str) -> WorldUnderTest:
        key = role, weights
        if key not in self._open:
            self._open[key] = self._openers[role][weights]()
        return self._open[key]

    def _answered(self, request: GenerateRequest) -> ModelOutput:
        from steelyard_world.audit.answering import answer
        from steelyard_world.audit.questions import read_question

        try:
            question = read_question(request.prompt)
        except ValueError:
            return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail="a world model answers only questions about worlds")
        try:
            text = answer(question, partial(self._member, request.checkpoints))
            return ModelOutput(outcome=Outcome.OK, text=text, finish_reason="stop")
        except SteelyardError as error:
            return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail=str(error))
        except Exception as error:  # a network may fail in any way: that costs this sample its answer, not the run
            reason = (str(error).splitlines() or [""])[0][:200]
            return ModelOutput(outcome=Outcome.SERVER_ERROR, detail=f"{type(error).__name__}: {reason}")
