"""What a model can do and what an audit could test with it: by short questions of ours, and no sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from steelyard.models import server_profiles as profiles

if TYPE_CHECKING:
    from steelyard.models import Settings
    from steelyard.models.server_replies import Server
    from steelyard.plugins import Model
    from steelyard.records import Capabilities, ModelIdentity

__all__ = ["Finding", "ModelCheck", "check_model"]

_REPEATED_AT: Final = (0.7, 1.0)  # usual temperatures of claims, and that of drawn texts
_COMPARED: Final = 5  # next tokens without which nothing is compared
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
    return ModelCheck(identity, capabilities, server, can, _tests(capabilities, {each.what: each for each in can}))


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
    tell("a picture")
    _, no_images = await images_taken(model)
    tell("whether answers repeat")
    repeated = [f"{each:g}" for each in _REPEATED_AT if await identical_at(model, capabilities, each)]
    tell("a seed")
    no_seed = await why_seed_fixes_nothing(model, capabilities)
    no_completions = "" if capabilities.completions else "it has none, so all is asked as one message of a chat"
    repeats = f"one open question brought the same text three times at temperature {', '.join(repeated)}"
    return (
        finding("chat", "" if capabilities.chat else "it has none, so all is asked as completions", "it answers"),
        finding("completions", no_completions, "it answers"),
        finding(
            profiles.GREEDY,
            "" if capabilities.takes_temperature else "it refuses one, and samples at its own",
            "it takes one",
        ),
        finding(
            profiles.LOGLIKELIHOOD, capabilities.loglikelihood_reason, "those of a prompt pass all checks of an echo"
        ),
        finding(profiles.NEXT_TOKENS, no_tokens, f"it gives the {given} likeliest, and they pass all checks"),
        finding(profiles.IMAGES, no_images, "it takes one"),
        finding("fresh answers", repeats if repeated else "", "the same question brings new answers"),
        finding(profiles.SEED, no_seed, "one seed brings one text, and another seed another"),
        Finding(profiles.REASONING, True, _reasoning(capabilities)),
    )


def _reasoning(capabilities: Capabilities) -> str:
    if not capabilities.reasons:
        return "it answers at once"
    limit = capabilities.output_tokens
    return "it reasons first" + (f", and takes {limit:,} tokens for one answer" if limit else "")


def _tests(capabilities: Capabilities, can: dict[str, Finding]) -> tuple[Finding, ...]:
    """What could be tested, by what is there."""
    needs_likelihoods, needs_images = _tasks_that_need("log-likelihoods"), _tasks_that_need("images")
    return (
        Finding("claims about written answers", capabilities.generate, "each answer is scored as text"),
        _test("claims about log-likelihoods", can, (profiles.LOGLIKELIHOOD,), f"by this protocol: {needs_likelihoods}"),
        _test("the order of a benchmark's file", can, (profiles.LOGLIKELIHOOD,), "was it read in training?"),
        _test("claims about images", can, ("chat", profiles.IMAGES), needs_images),
        _test(
            "which weights are served, by texts",
            can,
            ("completions", profiles.GREEDY, "fresh answers"),
            "steelyard identify, with the file that should be served",
        ),
        _test(
            "which weights are served, by next tokens", can, ("completions", profiles.NEXT_TOKENS), "steelyard identify"
        ),
        _test("how much answers vary", can, ("fresh answers",), "some questions are asked twice"),
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
