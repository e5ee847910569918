"""Deterministic inference in-process: the same request always gives the same bits, whatever came before.

A request is decoded as separate batches that depend on nothing but itself: its prefix (the shots, up to a cut that
does not depend on the sample), the rest of its context, and each option or generated token. A prefix that was decoded
before is restored bit for bit (rewound, or from a bounded cache), so the cache saves time and changes no result, as
tests check.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from steelyard.models.chat_template import ChatTemplate, TemplateError
from steelyard.models.next_token import output_of_tokens
from steelyard.models.stops import cut_answer_at_stop
from steelyard.records import GenerateRequest, LoglikelihoodRequest, ModelOutput, NextTokenRequest, Outcome

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from steelyard.models.decoder import Decoder

__all__ = ["ImageReader", "InferenceSession", "PrefixStates", "log_probabilities"]

STATES_BYTES = 1 << 30

Cancelled = Callable[[], bool]


class _Refused(Exception):
    """The model cannot handle this request: becomes the outcome ``client_error``."""


class PrefixStates:
    """Decoded prefixes, the least recently used ones dropped beyond ``limit_bytes``."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._bytes = 0
        self._states: OrderedDict[tuple[int, ...], Any] = OrderedDict()

    def get(self, prefix: tuple[int, ...]) -> Any | None:
        """Give the state of a prefix, or None."""
        state = self._states.get(prefix)
        if state is not None:
            self._states.move_to_end(prefix)
        return state

    def put(self, prefix: tuple[int, ...], state: Any) -> None:
        """Keep a state; one that is larger than the limit alone is not kept."""
        if len(state) > self._limit or prefix in self._states:
            return
        self._states[prefix] = state
        self._bytes += len(state)
        while self._bytes > self._limit:
            _, dropped = self._states.popitem(last=False)
            self._bytes -= len(dropped)


class ImageReader(Protocol):
    """Decodes a prompt that shows images, of a model that sees them."""

    def read(self, request: GenerateRequest, template: ChatTemplate) -> tuple[int, NDArray[np.float32]]:
        """Give the number of the prompt's tokens and the logits after it.

        Raises ValueError (one line) where it cannot be shown, or does not fit into the context.
        """


class InferenceSession:
    """One model, one request at a time, from one thread; ``reader`` is there where the model sees images."""

    def __init__(
        self, decoder: Decoder, *, reader: ImageReader | None = None, states_bytes: int = STATES_BYTES
    ) -> None:
        self._decoder, self._reader = decoder, reader
        self._template = ChatTemplate(decoder, listed=reader is not None)
        self._states = PrefixStates(states_bytes)
        self._resident: tuple[int, ...] = ()

    def chat_unavailable_reason(self) -> str:
        """Why this file cannot render chat prompts; empty where it can."""
        try:
            self._template.tokens("", "x")
        except TemplateError as error:
            return str(error)
        return ""

    @property
    def reasons(self) -> bool:
        """Whether the file's chat template is one of a model that reasons before it answers."""
        return self._template.reasons

    # ── log-likelihood ──────────────────────────────────────────────────────────────────────────────────────────────

    def loglikelihood(self, request: LoglikelihoodRequest, cancelled: Cancelled) -> ModelOutput:
        """Sum the exact log-probabilities (nats) of each continuation's tokens, the context decoded once.

        Context and continuation are tokenised together. Where a continuation merges with the context's last token,
        the boundary moves back for all continuations alike, so that they stay comparable.
        """
        try:
            context, options = self._split(request)
            after_context = self._decode_context(context, self._cut(request.prefix, context))
        except _Refused as refusal:
            return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail=str(refusal))
        sums = []
        for option in options:
            if cancelled():
                return ModelOutput(outcome=Outcome.DROPPED, detail="cancelled")
            sums.append(self._score(option, len(context), after_context))
        return ModelOutput(
            outcome=Outcome.OK,
            logprobs=tuple(sums),
            finish_reason="stop",
            prompt_tokens=len(context),
            completion_tokens=sum(map(len, options)),
        )

    def _split(self, request: LoglikelihoodRequest) -> tuple[list[int], list[list[int]]]:
        """Give the tokens of the context and of each continuation, cut where none merges with the context."""
        if not request.continuations or "" in request.continuations:
            raise _Refused("every continuation needs at least one character")
        text = request.prefix + request.context
        opening = self._decoder.opening()
        context = opening + self._decoder.tokenise(text)
        wholes = [opening + self._decoder.tokenise(text + continuation) for continuation in request.continuations]
        self._check_room(max(map(len, wholes)))
        cut = min(len(context), min(map(len, wholes)) - 1)
        while any(whole[:cut] != context[:cut] for whole in wholes):
            cut -= 1
        if cut <= 0:
            raise _Refused("an empty context: this model has no beginning token to condition on")
        return context[:cut], [whole[cut:] for whole in wholes]

    def _score(self, option: list[int], position: int, after_context: NDArray[np.float32]) -> float:
        self._decoder.rewind(position)
        total = _log_probability(after_context, option[0])
        if len(option) > 1:
            rows = self._decoder.decode(option[:-1], position, every=True)
            total += sum(_log_probability(row, token) for row, token in zip(rows, option[1:], strict=True))
        return total

    def prompt_tokens(self, request: GenerateRequest, *, control: bool = False) -> list[int] | None:
        """The tokens of a prompt as the model gets them; None where this file cannot be asked in that way.

        ``control``: names of control tokens in a plain prompt are such tokens, as in a log whose harness has put the
        chat template around the question.
        """
        try:
            if request.chat or request.history or not control:
                return self._prompt(request)[0]
        except (_Refused, TemplateError):
            return None
        opening = self._decoder.opening()
        tokens = self._decoder.tokenise(request.prefix + request.prompt, control=True)
        return tokens if opening and tokens[: len(opening)] == opening else [*opening, *tokens] or None

    # ── next token ──────────────────────────────────────────────────────────────────────────────────────────────────

    def next_token(self, request: NextTokenRequest) -> ModelOutput:
        """Give the likeliest next tokens with their log-probabilities (nats), of those that have a text."""
        import numpy as np

        try:
            tokens, cut = self._prompt(GenerateRequest(prefix=request.prefix, prompt=request.context))
            self._check_room(len(tokens) + 1)
            logs = log_probabilities(self._decode_context(tokens, cut))
        except _Refused as refusal:
            return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail=str(refusal))
        found: list[tuple[str, float]] = []
        for token in map(int, np.argsort(-logs, kind="stable")):
            if len(found) == request.top:
                break
            if not self._decoder.is_control(token) and (piece := self._decoder.piece(token)):
                found.append((piece.decode("utf-8", "replace"), float(logs[token])))
        return msgspec.structs.replace(output_of_tokens(found), prompt_tokens=len(tokens))

    # ── generation ──────────────────────────────────────────────────────────────────────────────────────────────────

    def generate(self, request: GenerateRequest, cancelled: Cancelled) -> ModelOutput:
        """Generate greedily, or at a temperature from a seeded generator; cut the answer before the first stop string.

        Where the chat template opens the reasoning, the text begins with that tag.
        """
        try:
            length, logits = self._after_prompt(request)
            opening = self._template.reasoning_opening(request.system, request.history) if request.chat else ""
        except (_Refused, TemplateError) as refusal:
            return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail=str(refusal))
        text, count, finish = self._continue(request, length, logits, cancelled, opening)
        if finish == "cancelled":
            return ModelOutput(outcome=Outcome.DROPPED, detail="cancelled")
        full = finish == "length" and count < request.max_tokens
        return ModelOutput(
            outcome=Outcome.TRUNCATED if finish == "length" else Outcome.OK,
            text=text,
            finish_reason=finish,
            prompt_tokens=length,
            completion_tokens=count,
            detail=f"the context of {self._decoder.context_tokens} tokens is full" if full else "",
        )

    def _after_prompt(self, request: GenerateRequest) -> tuple[int, NDArray[np.float32]]:
        """Decode a prompt: give the number of its tokens, and the logits after the last one."""
        if request.images and self._reader is not None:
            self._resident = ()
            try:
                return self._reader.read(request, self._template)
            except ValueError as error:
                raise _Refused(str(error)) from error
        prompt, cut = self._prompt(request)
        self._check_room(len(prompt) + 1)
        return len(prompt), self._decode_context(prompt, cut)

    def _prompt(self, request: GenerateRequest) -> tuple[list[int], int]:
        """Give the prompt's tokens and how many of them are the shared prefix."""
        if request.images:
            raise _Refused("this model takes no images")
        text, shared = request.prefix + request.prompt, request.prefix.rstrip()
        if request.chat:
            tokens = self._template.tokens(request.system, text, request.history)
            opening = self._template.opening(request.system, shared, request.history) if shared else []
            return tokens, _shared(opening, tokens)
        if request.history:
            raise _Refused("a conversation is asked by chat alone")
        tokens = self._decoder.opening() + self._decoder.tokenise(text)
        if not tokens:
            raise _Refused("an empty prompt: this model has no beginning token to start from")
        return tokens, self._cut(request.prefix, tokens)

    def _continue(
        self, request: GenerateRequest, position: int, logits: NDArray[np.float32], cancelled: Cancelled, opening: str
    ) -> tuple[str, int, str]:
        """Give the text, the number of tokens, and why it ended: stop, length or cancelled."""
        choose = _chooser(request.temperature, request.seed)
        data = opening.encode()
        for count in range(request.max_tokens):
            if cancelled():
                return "", count, "cancelled"
            token = choose(logits)
            if self._decoder.is_end(token):
                return data.decode("utf-8", "replace"), count, "stop"
            data += self._decoder.piece(token)
            text, stopped = cut_answer_at_stop(data.decode("utf-8", "replace"), request.stop)
            if stopped:
                return text, count + 1, "stop"
            if count + 1 == request.max_tokens or position + count >= self._decoder.context_tokens:
                return text, count + 1, "length"
            logits = self._decoder.decode([token], position + count)[0]
        return "", 0, "length"

    # ── the context ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _check_room(self, tokens: int) -> None:
        if tokens > self._decoder.context_tokens:
            raise _Refused(f"{tokens} tokens do not fit into the model's context of {self._decoder.context_tokens}")

    def _cut(self, prefix: str, tokens: list[int]) -> int:
        """Say how many of ``tokens`` are the prefix's own batch: a function of the request alone.

        White space at the prefix's end is left to the rest, because it may merge with what follows. Where the prefix
        merges all the same, or nothing follows it, everything is one batch.
        """
        shared = prefix.rstrip()
        return _shared(self._decoder.opening() + self._decoder.tokenise(shared) if shared else [], tokens)

    def _decode_context(self, tokens: list[int], cut: int) -> NDArray[np.float32]:
        """Decode the context in its two batches; give the logits after its last token."""
        prefix = tuple(tokens[:cut])
        if prefix and prefix == self._resident:
            self._decoder.rewind(cut)
        else:
            self._bring(prefix)
        logits: NDArray[np.float32] = self._decoder.decode(tokens[cut:], cut)[0]
        return logits

    def _bring(self, prefix: tuple[int, ...]) -> None:
        self._resident = ()
        state = self._states.get(prefix)
        if state is not None:
            self._decoder.restore(state)
        else:
            self._decoder.clear()
            if prefix:
                self._decoder.decode(prefix, 0)
                self._states.put(prefix, self._decoder.save())
        self._resident = prefix


def _shared(prefix: list[int], tokens: list[int]) -> int:
    return len(prefix) if len(prefix) < len(tokens) and tokens[: len(prefix)] == prefix else 0


def log_probabilities(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """The log-probability (nats) of every token."""
    import numpy as np

    shifted = logits.astype(np.float64) - float(logits.max())
    logs: NDArray[np.float64] = shifted - float(np.log(np.exp(shifted).sum()))
    return logs


def _log_probability(logits: NDArray[np.float32], token: int) -> float:
    import numpy as np

    highest = float(logits.max())
    return float(logits[token]) - highest - float(np.log(np.exp(logits - highest, dtype=np.float64).sum()))


def _chooser(temperature: float, seed: int | None) -> Callable[[NDArray[np.float32]], int]:
    """Give the rule that picks the next token: the most likely one, or a draw (PCG64) at a temperature."""
    import numpy as np

    if temperature <= 0:
        return lambda logits: int(logits.argmax())
    generator = np.random.default_rng(seed)

    def draw(logits: NDArray[np.float32]) -> int:
        weights = np.exp((logits - logits.max()).astype(np.float64) / temperature)
        steps = np.cumsum(weights)
        return int(np.searchsorted(steps, generator.random() * steps[-1], side="right").clip(max=len(weights) - 1))

    return draw
