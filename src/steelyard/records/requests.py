"""What is asked, what comes back, and who is asked."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from steelyard.records.record import Record

__all__ = [
    "Capabilities",
    "GenerateRequest",
    "LoglikelihoodRequest",
    "ModelIdentity",
    "ModelOutput",
    "Outcome",
    "RateHint",
    "Request",
    "Sample",
]


class GenerateRequest(Record, frozen=True, kw_only=True, tag="generate", tag_field="kind"):
    """Ask for text. ``prefix`` (the shots, shared by many samples) and ``prompt`` are two separate batches in-process.

    ``chat`` sends prefix + prompt as one user message; otherwise it is a plain completion. Temperature 0 is greedy.
    """

    prefix: str = ""
    prompt: str
    chat: bool = False
    system: str = ""
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    seed: int | None = None


class LoglikelihoodRequest(Record, frozen=True, kw_only=True, tag="loglikelihood", tag_field="kind"):
    """Ask how likely each continuation is after prefix + context; one batch each, in this order."""

    prefix: str = ""
    context: str
    continuations: tuple[str, ...]


Request = GenerateRequest | LoglikelihoodRequest


class Sample(Record, frozen=True, kw_only=True):
    """One item of a task, rendered: what will be asked and what counts as right.

    ``target`` is the right answer's text, or for a choice its index as text; ``group`` is the subtask or cluster.
    """

    id: str
    request: Request
    target: str
    choices: tuple[str, ...] = ()
    group: str = ""


class Outcome(StrEnum):
    """How one attempt ended: exactly one of these."""

    OK = "ok"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    CLIENT_ERROR = "client_error"
    MALFORMED = "malformed"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    DROPPED = "dropped"

    @property
    def answered(self) -> bool:
        """Whether this is the model's own answer, which is scored and never asked again."""
        return self in (Outcome.OK, Outcome.TRUNCATED, Outcome.REFUSED)

    @property
    def retryable(self) -> bool:
        """Whether asking again may help: not after an answer, and not after the client's own error."""
        return not self.answered and self is not Outcome.CLIENT_ERROR


class RateHint(Record, frozen=True, kw_only=True):
    """What an endpoint's rate headers say is left of its limits, and in how many seconds that is renewed."""

    requests: int | None = None
    requests_reset: float | None = None
    tokens: int | None = None
    tokens_reset: float | None = None


class ModelOutput(Record, frozen=True, kw_only=True):
    """What one attempt brought back. A model never raises for these: it returns the outcome.

    ``reasoning`` is the text that a model wrote before its answer, where the endpoint gives it apart; no scorer reads
    it.
    ``logprobs``: one sum of token log-probabilities per continuation, in nats. ``detail`` is one line, free of secrets.
    ``worker`` names the machine that asked, where a run has several: its journal segment takes the record.
    """

    outcome: Outcome
    text: str = ""
    reasoning: str = ""
    logprobs: tuple[float, ...] = ()
    finish_reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model: str = ""
    detail: str = ""
    retry_after: float | None = None
    rate: RateHint | None = None
    worker: str = ""
    overloaded: bool = False  # the endpoint says that it has too much to do (429, 503, 529)
    fatal: bool = False  # if this is the endpoint's word on everything, no patience helps: key or credit is refused


class Capabilities(Record, frozen=True, kw_only=True):
    """What a model can do here, and why not where it cannot.

    ``offers`` is held against what a way of asking ``needs``: ``language`` for a model of text, and for a world model
    such as ``world two-room``. None: this cannot be known, so it is asked.
    """

    generate: bool = True
    chat: bool = False
    completions: bool = True
    loglikelihood: bool = False
    loglikelihood_reason: str = ""
    deterministic: bool = False  # greedy answers are reproducible by construction (one sequence at a time, in-process)
    concurrency: int = 1  # how many requests may be in flight
    offers: tuple[str, ...] | None = ("language",)


class ModelIdentity(Record, frozen=True, kw_only=True):
    """What can be known of the model under test: for a file its SHA-256, for an endpoint what it says of itself."""

    uri: str
    name: str = ""
    sha256: str = ""
    backend: str = ""
    machine: str = ""
    details: dict[str, str] = msgspec.field(default_factory=dict)
