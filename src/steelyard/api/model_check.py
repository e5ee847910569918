"""What a model can do and what an audit could test with it: by short questions of ours, and no sample."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from steelyard.errors import ModelUnavailable
from steelyard.models import server_profiles as profiles
from steelyard.records import GenerateRequest
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from steelyard.models import Settings
    from steelyard.models.server_replies import Server
    from steelyard.plugins import Model
    from steelyard.records import Capabilities, ModelIdentity

__all__ = ["DEADLINE", "Finding", "ModelCheck", "check_model"]

DEADLINE: Final = 60.0  # seconds, for all questions together
_Found = TypeVar("_Found")
_Late = TypeVar("_Late")

_REPEATED_AT: Final = (0.7, 1.0)  # usual temperatures of claims, and that of drawn texts
_CHAT: Final = "chat"
_COMPLETIONS: Final = "completions"
_FRESH: Final = "fresh answers"
_TEMPLATE: Final = "chat template"
_BARE: Final = 60  # tokens of a template without a system prompt of the server's own, at most, in the models of 2026
_FIXES: Final = {
    profiles.LOGLIKELIHOOD: "a server that gives them is vLLM or SGLang; a file of weights is gguf:PATH",
    profiles.NEXT_TOKENS: "a server that gives them is vLLM, SGLang or llama.cpp; a file of weights is gguf:PATH",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: whether it works, what was seen, and how to change it where it does not."""

    what: str
    works: bool
    text: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """What was found. ``server`` is None for a model that is no endpoint of the OpenAI kind.

    ``can`` is what the model does; ``tests`` is what an audit could test with it, and what not.
    """

    identity: ModelIdentity
    capabilities: Capabilities
    server: Server | None
    can: tuple[Finding, ...]
    tests: tuple[Finding, ...]


async def check_model(
    uri: str, settings: Settings, tell: Callable[[str], None] = lambda step: None, seconds: float = DEADLINE
) -> ModelCheck:
    """Look at a model: who serves it, what it can do, what could be tested. ``tell`` is called before each step.

    All of it takes at most so many ``seconds``; what was not looked at by then does not work, and says so.

    Raises InputError for a URI that names none, ModelUnavailable where nothing answers, the key is refused, the model
    is not served there, or the handshake is not over in time.
    """
    from steelyard.models import open_model
    from steelyard.models.address import endpoint_of
    from steelyard.models.server_check import server_at

    endpoint = endpoint_of(uri)
    model = open_model(uri, settings)
    look = _Looks(seconds, tell)
    try:
        greeted = await look.at("the handshake of every audit", model.identify(), None)
        if greeted is None:
            raise ModelUnavailable(f"{one_line(uri, 200)}: its handshake was {look.late}")
        identity, capabilities = greeted
        server = None
        if endpoint is not None and endpoint.kind == "openai":
            server = await look.at("which server it is", server_at(endpoint, settings), None)
        can = await _abilities(model, capabilities, server, look)
    finally:
        await model.close()
    return ModelCheck(identity, capabilities, server, can, _tests({each.what: each for each in can}))


class _Looks:
    """One look after another, until a deadline that all of them share."""

    def __init__(self, seconds: float, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._ends = asyncio.get_running_loop().time() + seconds
        self.late = f"not over within the {seconds:g} s that all questions have: --deadline SECONDS gives more"

    async def at(self, step: str, look: Awaitable[_Found], late: _Late) -> _Found | _Late:
        """What a look finds, and what stands for it where the deadline comes first."""
        self._tell(step)
        try:
            async with asyncio.timeout_at(self._ends):
                return await look
        except TimeoutError:
            return late


async def _abilities(
    model: Model, capabilities: Capabilities, server: Server | None, look: _Looks
) -> tuple[Finding, ...]:
    from steelyard.models.cache_check import identical_at
    from steelyard.models.image_check import images_taken
    from steelyard.models.next_token import next_tokens_given
    from steelyard.models.seed_check import why_seed_fixes_nothing

    fixes = _FIXES | dict(server.profile.fixes if server and server.profile else {})

    def finding(what: str, reason: str, text: str) -> Finding:
        return Finding(what, not reason, reason or text, fixes.get(what, "") if reason else "")

    late, none = f"this look was {look.late}", _Answer("it has none")
    question = "a short question"
    chat = await look.at(question, _answer(model, chat=True), _Answer(late)) if capabilities.chat else none
    completion = (
        await look.at(question, _answer(model, chat=False), _Answer(late)) if capabilities.completions else none
    )
    given, no_tokens = await look.at("log-probabilities of next tokens", next_tokens_given(model), (0, late))
    _, no_images = await look.at("a picture", images_taken(model), (False, late))
    repeats, repeated = "" if not (chat.reason and completion.reason) else "no question gets an answer", []
    for each in () if repeats else _REPEATED_AT:
        same = await look.at("whether answers repeat", identical_at(model, capabilities, each), None)
        repeats = late if same is None else repeats
        repeated += [f"{each:g}"] if same else []
    if repeated:
        repeats = f"one open question brought the same text more than once at temperature {', '.join(repeated)}"
    no_seed = await look.at("a seed", why_seed_fixes_nothing(model, capabilities), late)
    no_likelihoods = capabilities.loglikelihood_reason or "this kind of model gives none"
    return (
        finding(_CHAT, chat.reason, chat.text),
        finding(_COMPLETIONS, completion.reason, completion.text),
        _template(chat.prompt_tokens, completion.prompt_tokens),
        finding(
            profiles.GREEDY,
            "" if capabilities.takes_temperature else "it refuses one, and samples at its own",
            "it takes one",
        ),
        finding(
            profiles.LOGLIKELIHOOD,
            "" if capabilities.loglikelihood else no_likelihoods,
            "those of a prompt pass all checks of an echo",
        ),
        finding(profiles.NEXT_TOKENS, no_tokens, f"it gives the {given} likeliest, and they pass all checks"),
        finding(profiles.IMAGES, no_images, "it takes one"),
        finding(_FRESH, repeats, "the same question brings new answers"),
        finding(profiles.SEED, no_seed, "one seed brings one text, and another seed another"),
        Finding(profiles.REASONING, True, _reasoning(capabilities)),
    )


class _Answer(NamedTuple):
    """Why a short question gets no answer, empty where it gets one; in words what it got; what the prompt counted."""

    reason: str
    text: str = ""
    prompt_tokens: int = 0


async def _answer(model: Model, *, chat: bool) -> _Answer:
    from steelyard.models.http_endpoint import is_too_large
    from steelyard.models.reasoning_check import LONG, QUESTION

    output = await model.generate(GenerateRequest(prompt=QUESTION, chat=chat, max_tokens=LONG if chat else 16))
    if not output.outcome.answered or is_too_large(output):
        return _Answer(output.detail or f"no answer ({output.outcome.value})")
    text = f"asked how many days a week has, it says {one_line(output.text, 40)!r}"
    return _Answer("", text, output.prompt_tokens)


def _template(chat: int, completion: int) -> Finding:
    """What the server puts around a message, by the tokens that it counts for one text in a chat and alone."""
    if not chat or not completion:
        return Finding(_TEMPLATE, False, "what it puts around a message is not known: it does not count both ways")
    added = chat - completion
    text = f"it puts {added:,} tokens around a message"
    if added > _BARE:
        return Finding(_TEMPLATE, False, f"{text}: among them may be a system prompt of its own")
    return Finding(_TEMPLATE, True, text)


def _reasoning(capabilities: Capabilities) -> str:
    if not capabilities.reasons:
        return "it answers at once"
    limit = capabilities.output_tokens
    return "it reasons first" + (f", and takes {limit:,} tokens for one answer" if limit else "")


def _tests(can: dict[str, Finding]) -> tuple[Finding, ...]:
    """What could be tested, by what is there."""
    needs_likelihoods, needs_images = _tasks_that_need("log-likelihoods"), _tasks_that_need("images")
    return (
        Finding(
            "claims about written answers",
            can[_CHAT].works or can[_COMPLETIONS].works,
            "each answer is scored as text",
        ),
        _test("claims about log-likelihoods", can, (profiles.LOGLIKELIHOOD,), f"by this protocol: {needs_likelihoods}"),
        _test("the order of a benchmark's file", can, (profiles.LOGLIKELIHOOD,), "was it read in training?"),
        _test("claims about images", can, (_CHAT, profiles.IMAGES), needs_images),
        _test(
            "which weights are served, by texts",
            can,
            (_COMPLETIONS, profiles.GREEDY, _FRESH),
            "steelyard identify, with the file that should be served",
        ),
        _test(
            "which weights are served, by next tokens", can, (_COMPLETIONS, profiles.NEXT_TOKENS), "steelyard identify"
        ),
        _test("how much answers vary", can, (_FRESH,), "some questions are asked twice"),
    )


def _test(what: str, can: dict[str, Finding], needs: tuple[str, ...], text: str) -> Finding:
    missing = [need for need in needs if not can[need].works]
    return Finding(what, not missing, f"{text}; missing: {', '.join(missing)}" if missing else text)


def _tasks_that_need(kind: str) -> str:
    from steelyard.tasks import task_ids
    from steelyard.tasks.overview import overview

    return ", ".join(
        found.id for found in map(overview, task_ids()) if kind in found.needs or f"({kind})" in found.needs
    )
