"""``recorded:RUN``: the outputs of an earlier run, replayed by the SHA-256 of the request.

It repeats a run without its model: with other scorers, in a test, on a machine that cannot reach the endpoint. Every
attempt comes back in the recorded order, faults too; the last one repeats.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.models import Settings
from steelyard.records import (
    SUBJECT,
    Attempt,
    Capabilities,
    GenerateRequest,
    LoglikelihoodRequest,
    ModelIdentity,
    ModelOutput,
    NextTokenRequest,
    Outcome,
    Request,
)
from steelyard.storage.journal.reader import replay, segment_names, segment_path
from steelyard.storage.journal.texts import read_texts
from steelyard.storage.run_folder import RunFolder

__all__ = ["RecordedModel", "open_recorded"]

CONCURRENCY = 16


def open_recorded(rest: str, settings: Settings) -> RecordedModel:
    """Open a run's folder, or ``RUN#ROLE`` for another of its models than the one under test.

    Raises InputError where it is none, has no such role or withholds its texts, VerificationError where it was changed.
    """
    path, _, role = rest.partition("#")
    return RecordedModel(Path(path).expanduser(), role or SUBJECT)


class RecordedModel:
    """A run's journal and texts as an :class:`steelyard.plugins.Model`."""

    def __init__(self, run: Path, role: str = SUBJECT) -> None:
        plan = RunFolder.open(run).plan
        if role not in plan.models:
            known = ", ".join(plan.models)
            raise InputError(f"the run has no model in the role {role[:40]!r}; it has: {known}", where=run)
        self._was = plan.models[role].identity
        # Who imports a log, or records another harness, has not measured what the model can do.
        self._sealed = plan.models[role].capabilities if plan.origin.kind == "asked" else None
        self._asked = [each for each in plan.measurements if each.role == role]
        asked = {each.id for each in self._asked}
        attempts = [attempt for attempt in replay(run).attempts if attempt.measurement in asked]
        wanted = {digest for attempt in attempts for digest in (attempt.answer, attempt.reasoning) if digest}
        self._texts = {digest: text for digest, text in read_texts(run) if digest in wanted}
        if wanted - self._texts.keys():
            raise InputError(
                "the texts of the model outputs are withheld: replay the run from the folder it was made in", where=run
            )
        self._recorded: dict[str, list[Attempt]] = defaultdict(list)
        for attempt in attempts:
            self._recorded[attempt.request].append(attempt)
        self._given: dict[str, int] = defaultdict(int)
        self._name = run.name if role == SUBJECT else f"{run.name}#{role}"
        self._sha256 = sha256_hex(b"".join(segment_path(run, worker).read_bytes() for worker in segment_names(run)))

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        """Name the recording (its journal's SHA-256) and the model that it recorded, with what that one can do."""
        was = self._was
        identity = ModelIdentity(
            uri=f"recorded:{self._name}",
            name=was.name,
            sha256=self._sha256,
            backend="recording",
            machine=was.machine,
            details={
                "recorded_uri": was.uri,
                "recorded_sha256": was.sha256,
                "recorded_backend": was.backend,
                "answers_as": was.details.get("answers_as", ""),
            },
        )
        kinds = {each.kind for each in self._asked}
        capabilities = msgspec.structs.replace(
            self._sealed or Capabilities(chat="generate" in kinds),
            generate="generate" in kinds,
            loglikelihood="loglikelihood" in kinds,
            loglikelihood_reason="" if "loglikelihood" in kinds else "the recording holds no log-likelihoods",
            concurrency=CONCURRENCY,
            offers=None,  # unrecorded requests fail one by one
        )
        return identity, capabilities

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        """The recorded output, or the outcome ``client_error`` where this request was not recorded."""
        return self._replay(request)

    async def loglikelihood(self, request: LoglikelihoodRequest) -> ModelOutput:
        """The recorded log-likelihoods, or the outcome ``client_error`` where this request was not recorded."""
        return self._replay(request)

    async def next_token(self, request: NextTokenRequest) -> ModelOutput:
        """The recorded next tokens, or the outcome ``client_error`` where this request was not recorded."""
        return self._replay(request)

    async def close(self) -> None:
        """Nothing to free."""

    def _replay(self, request: Request) -> ModelOutput:
        if isinstance(request, GenerateRequest) and request.checkpoints:  # who is to answer is no part of a sample
            request = msgspec.structs.replace(request, checkpoints=())
        try:
            digest = sha256_hex(canonical(request))
        except ValueError:  # a lone surrogate has no canonical form, so it cannot have been recorded
            digest = ""
        attempts = self._recorded.get(digest)
        if attempts is None:
            return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail="not in the recording: this request was never sent")
        attempt = attempts[min(self._given[digest], len(attempts) - 1)]
        self._given[digest] += 1
        return ModelOutput(
            outcome=attempt.outcome,
            # An imported log may hold text for a failed call.
            text=self._texts.get(attempt.answer, "") if attempt.outcome.answered else "",
            reasoning=self._texts.get(attempt.reasoning, "") if attempt.outcome.answered else "",
            logprobs=attempt.logprobs if attempt.outcome.answered else (),
            finish_reason=attempt.finish_reason,
            prompt_tokens=attempt.prompt_tokens,
            completion_tokens=attempt.completion_tokens,
            reasoning_tokens=attempt.reasoning_tokens,
            cached_tokens=attempt.cached_tokens,
            model=attempt.model,
            detail=attempt.detail,
        )
