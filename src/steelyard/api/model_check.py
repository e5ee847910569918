"""What a model can do and what an audit could test with it: by short questions of ours, and no sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from steelyard.models import server_profiles as profiles
from steelyard.records import GenerateRequest
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from steelyard.models import Settings
    from steelyard.models.server_replies import Server
    from steelyard.plugins import Model
    from steelyard.records import Capabilities, ModelIdentity

__all__ = ["Finding", "ModelCheck", "check_model"]

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


async def check_model(uri: str, settings: Settings, tell: Callable[[str], None] = lambda step: None) -> ModelCheck:
    """Look at a model: who serves it, what it can do, what could be tested. ``tell`` is called before each step.

    Raises InputError for a URI that names none, ModelUnavailable where nothing answers, the key is refused, or the
    model is not served there.
    """
    from steelyard.models import open_model
    from steelyard.models.address import endpoint_of
    from steelyard.models.server_check import server_at

    endpoint = endpoint_of(uri)
    model = open_model(uri, settings)
    try:
        tell("the handshake of every audit")
        identity, capabilities = await model.identify()
        server = None
        if endpoint is not None and endpoint.kind == "openai":
            tell("which server it is")
            server = await server_at(endpoint, settings)
        can = await _abilities(model, capabilities, server, tell)
    finally:
        await model.close()
    return ModelCheck(identity, capabilities, server, can, _tests({each.what: each for each in can}))


async def _abilities(
    model: Model, capabilities: Capabilities, server: Server | None, tell: Callable[[str], None]
) -> tuple[Finding, ...]:
    from steelyard.models.cache_check import identical_at
    from steelyard.models.image_check import images_taken
    from steelyard.models.next_token import next_tokens_given
    from steelyard.models.seed_check import why_seed_fixes_nothing

    fixes = _FIXES | dict(server.profile.fixes if server and server.profile else {})

    def finding(what: str, reason: str, text: str) -> Finding:
        return Finding(what, not reason, reason or text, fixes.get(what, "") if reason else "")

    tell("log-probabilities of next tokens")
    given, no_tokens = await next_tokens_given(model)
    tell("a short question")
    chat = await _answer(model, chat=True) if capabilities.chat else _Answer("it has none")
    completion = await _answer(model, chat=False) if capabilities.completions else _Answer("it has none")
    tell("a picture")
    _, no_images = await images_taken(model)
    tell("whether answers repeat")
    repeats = "" if not (chat.reason and completion.reason) else "no question gets an answer"
    if repeated := [
        f"{each:g}" for each in _REPEATED_AT if not repeats and await identical_at(model, capabilities, each)
    ]:
        repeats = f"one open question brought the same text three times at temperature {', '.join(repeated)}"
    tell("a seed")
    no_seed = await why_seed_fixes_nothing(model, capabilities)
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
    from steelyard.models.reasoning_check import LONG, QUESTION

    output = await model.generate(GenerateRequest(prompt=QUESTION, chat=chat, max_tokens=LONG if chat else 16))
    if not output.outcome.answered:
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
