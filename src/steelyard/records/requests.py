"""Requests, model outputs, and the models themselves."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from steelyard.records.images import Image
from steelyard.records.record import Record

__all__ = [
    "Capabilities",
    "Checkpoint",
    "GenerateRequest",
    "LoglikelihoodRequest",
    "ModelIdentity",
    "ModelOutput",
    "NextTokenRequest",
    "Outcome",
    "RateHint",
    "RepeatCheck",
    "Request",
    "Sample",
    "Turn",
]


class Turn(Record, frozen=True, kw_only=True):
    """One message of a conversation before the question."""

    role: Literal["user", "assistant"]
    text: str


class GenerateRequest(Record, frozen=True, kw_only=True, tag="generate", tag_field="kind"):
    """Ask for text. ``prefix`` (the shots, shared by many samples) and ``prompt`` are two separate batches in-process.

    ``chat`` sends prefix + prompt as one user message, after the ``history`` of a conversation where there is one;
    otherwise it is a plain completion. Temperature 0 is greedy.
    ``untruncated`` asks for draws from the whole distribution, without the endpoint's own cuts and penalties.
    ``reasoning_effort`` is sent where it is not empty. ``checkpoints`` names those that are to answer, of a model that
    has several (:attr:`Measurement.needs`), by the SHA-256 of their weights; no sample has any.
    ``images`` stand in the prompt, in the order in which they are shown; a model that takes none refuses the request.
    """

    prefix: str = ""
    prompt: str
    chat: bool = False
    system: str = ""
    history: tuple[Turn, ...] = ()
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    seed: int | None = None
    untruncated: bool = False
    reasoning_effort: str = ""
    checkpoints: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()

    @property
    def asks_reasoning(self) -> bool:
        """Whether its effort makes a model reason before it answers."""
        return self.reasoning_effort not in ("", "none")


class LoglikelihoodRequest(Record, frozen=True, kw_only=True, tag="loglikelihood", tag_field="kind"):
    """Ask how likely each continuation is after prefix + context; one batch each, in this order."""

    prefix: str = ""
    context: str
    continuations: tuple[str, ...]


class NextTokenRequest(Record, frozen=True, kw_only=True, tag="next_token", tag_field="kind"):
    """Ask which tokens are likeliest after prefix + context: at most ``top``, each with its log-probability.

    It is a plain completion of one token, drawn at temperature 1; which one is drawn is not read.
    """

    prefix: str = ""
    context: str
    top: int = 20


Request = GenerateRequest | LoglikelihoodRequest | NextTokenRequest


class Sample(Record, frozen=True, kw_only=True):
    """One item of a task, rendered: the request and the right answer.

    ``target`` is the right answer's text, or for a choice its index as text; ``group`` is the subtask or cluster.
    ``context`` is the document that an answer must quote, for a scorer that reads it; else it is empty.
    ``tests`` are a data set's own tests, for a scorer that runs them: megabytes, which no sealed form has, and a record
    that was read back has none. Their SHA-256 is sealed in their place.
    """

    id: str
    request: Request
    target: str
    choices: tuple[str, ...] = ()
    group: str = ""
    context: str = ""
    tests_sha256: str = ""
    tests: bytes = b""

    @property
    def target_text(self) -> str:
        """The right answer as a text: of a choice, its own."""
        is_index = self.target.isdecimal() and int(self.target) < len(self.choices)
        return self.choices[int(self.target)] if is_index else self.target


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
        """Whether this is the model's own answer, which is scored and never retried."""
        return self in (Outcome.OK, Outcome.TRUNCATED, Outcome.REFUSED)

    @property
    def retryable(self) -> bool:
        """Whether a retry may help: not after an answer, and not after a client error."""
        return not self.answered and self is not Outcome.CLIENT_ERROR


class RateHint(Record, frozen=True, kw_only=True):
    """What is left of an endpoint's rate limits, from its headers, and the seconds until they reset."""

    requests: int | None = None
    requests_reset: float | None = None
    tokens: int | None = None
    tokens_reset: float | None = None


class ModelOutput(Record, frozen=True, kw_only=True):
    """The result of one attempt. A model does not raise an exception for a failure: it returns the outcome.

    ``reasoning`` is the text that a model wrote before its answer, if the endpoint returns it separately; no scorer
    reads it. ``reasoning_tokens`` are counted in ``completion_tokens`` too, ``cached_tokens`` in ``prompt_tokens``.
    ``logprobs``: one sum of token log-probabilities per continuation, in nats; or one for each of the likeliest next
    tokens, whose texts are then the answer, as a JSON list. ``detail`` is one line, free of secrets.
    ``worker`` names the machine that sent the request, if a run has several: the record goes to its journal segment.
    """

    outcome: Outcome
    text: str = ""
    reasoning: str = ""
    logprobs: tuple[float, ...] = ()
    finish_reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    cached_tokens: int = 0
    model: str = ""
    detail: str = ""
    retry_after: float | None = None
    rate: RateHint | None = None
    worker: str = ""
    overloaded: bool = False  # the endpoint reports that it is overloaded (429, 503, 529)
    fatal: bool = False  # no retry of any request will help: it refuses the key or the credit, or is a web page


class Checkpoint(Record, frozen=True, kw_only=True):
    """A network that answers: the SHA-256 of its weights, and of whatever else decides its answers (``config``).

    ``kind`` is its architecture, ``parameters`` the number that its training changed.
    """

    sha256: str
    config: str = ""
    kind: str = ""
    parameters: int = 0


class Capabilities(Record, frozen=True, kw_only=True):
    """What a model can do, and the reason where it cannot.

    ``offers`` is compared with what a prompt format ``needs``: ``language`` for a language model, names such as
    ``world two-room`` for a world model. None: unknown, so every prompt format is tried.
    ``reasons``: the model reasons before it answers; ``output_tokens`` is then the largest output budget that it took.
    ``efforts``: the other reasoning efforts that a vendor may have meant: *none* turns its reasoning off, *high* makes
    it reason, and where the user states one, "" is what it does by itself.
    ``takes_temperature`` False: the endpoint refuses a temperature and samples at its own.
    ``repeats_identical``: temperatures at which one open question brought a text more than once, as from a cache.
    ``checkpoints``: by what is offered, the networks that answer for it, in the order of their weights' SHA-256;
    several are trainings of one recipe.
    ``likelihood_of``: the alternatives against which it says how likely a text is by it, as weights on this machine do.
    ``next_tokens``: so many of the likeliest next tokens came with log-probabilities, or ``next_tokens_reason`` says
    why none; both are empty where this was not asked. ``images`` and ``images_reason``: whether it takes images, alike.
    """

    generate: bool = True
    chat: bool = False
    completions: bool = True
    loglikelihood: bool = False
    loglikelihood_reason: str = ""
    deterministic: bool = False  # greedy answers are reproducible by construction (one sequence at a time, in-process)
    concurrency: int = 1  # how many requests may be in flight
    offers: tuple[str, ...] | None = ("language",)
    reasons: bool = False
    output_tokens: int = 0
    efforts: tuple[str, ...] = ()
    takes_temperature: bool = True
    repeats_identical: tuple[float, ...] = ()
    checkpoints: dict[str, tuple[Checkpoint, ...]] = msgspec.field(default_factory=dict)
    likelihood_of: tuple[str, ...] = ()
    next_tokens: int = 0
    next_tokens_reason: str = ""
    images: bool = False
    images_reason: str = ""

    def under(self, effort: str | None) -> Capabilities:
        """As of the model under one of its other ``efforts``; None: as it is."""
        return self if effort is None else msgspec.structs.replace(self, reasons=effort != "none")

    def varies(self, decoding: str, temperature: float) -> bool:
        """Whether answers to one question may differ, and a second answer shows it.

        Not of those that come from a cache, or from one sequence at a time in this process; nor of several trainings,
        which differ by more than their answers.
        """
        if self.checkpoints:
            return False
        if decoding == "sampled":
            return temperature not in self.repeats_identical
        return not self.deterministic and not self.repeats_identical


class RepeatCheck(Record, frozen=True, kw_only=True):
    """Checks how much answers vary: the first ``samples`` of the order are asked ``repeats`` times.

    The extra requests come before all others, or ``among`` so many first places of the order, at random.
    """

    samples: int = 0
    repeats: int = 1
    among: int = 0


class ModelIdentity(Record, frozen=True, kw_only=True):
    """The identity of a model: for a file its SHA-256, for an endpoint what it reports about itself."""

    uri: str
    name: str = ""
    sha256: str = ""
    backend: str = ""
    machine: str = ""
    details: dict[str, str] = msgspec.field(default_factory=dict)
