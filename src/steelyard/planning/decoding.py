"""How a claim is measured: greedy or sampled, how often, as chat or as a plain completion."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.claims.decoding import stated_temperature, states_decoding
from steelyard.errors import InputError
from steelyard.planning.options import Options
from steelyard.planning.rules import draws_texts
from steelyard.records import Capabilities, Claim, PlannedModel, RepeatCheck
from steelyard.scorers.corpus import corpus_scorer

if TYPE_CHECKING:
    from steelyard.tasks.definition import PromptFormat
    from steelyard.tasks.task import Task

__all__ = [
    "LOCAL_CHECK",
    "MAX_OUTPUT_TOKENS",
    "NO_CHAT",
    "NO_COMPLETIONS",
    "REMOTE_CHECK",
    "SAMPLED_CHECK",
    "SAMPLED_TEMPERATURE",
    "SAMPLED_TRIALS",
    "asked_how_often",
    "asked_otherwise",
    "asks_chat",
    "check_asked",
    "decoding_of",
    "may_have_efforts",
    "of_the_endpoint",
    "output_budget_of",
    "own_limit_in",
    "repeat_check_of",
    "repeats_of",
    "temperatures_checked",
    "temperatures_of_texts",
]
# A remote endpoint may batch requests, so greedy answers vary; in-process, one sequence at a time, they cannot, and a
# small check confirms it. The other checks measure the within-sample variance. The second answers of greedy ones are
# asked among the first places of the order, so that they meet other batches than the first. Where a benchmark is small,
# every sample is asked twice instead, and the test reads both answers.
REMOTE_CHECK = RepeatCheck(samples=100, repeats=2, among=400)
PAIRED_UP_TO = 800
# A corpus score is compared as it is where no repeated answer differs: nothing is estimated from how many do.
CORPUS_CHECK = RepeatCheck(samples=100, repeats=2, among=400)
LOCAL_CHECK = RepeatCheck(samples=2, repeats=3)
SAMPLED_CHECK = RepeatCheck(samples=50, repeats=3)
SAMPLED_TEMPERATURE = 0.7
MAX_OUTPUT_TOKENS = 16_384  # for one answer of a model that reasons, where the user states no other number
NO_CHAT = "Asked as a plain completion: this endpoint has no chat."
NO_COMPLETIONS = "Asked as one chat message: this endpoint has no plain completions."
# Enough trials to keep the sampling noise of our own pass below a usual tolerance.
SAMPLED_TRIALS = 1000
_OWN_LIMIT = re.compile(
    r"tokens instead of the prompt format's ([0-9,]{1,15})(?:, since the model reasons before it answers)?\.$"
)


def asked_how_often(
    decoding: str, capabilities: Capabilities, asked: int, population: int, scorer: str, *, two_passes: bool = False
) -> tuple[int, RepeatCheck]:
    """How often each sample of a claim is asked, and the repeat check; all models alike for a corpus score.

    With a second pass, each of the two is a half: of greedy answers one, of sampled ones enough for 1,000 in total.
    """
    if corpus_scorer(scorer) is not None:
        return 1, msgspec.structs.replace(CORPUS_CHECK, samples=min(CORPUS_CHECK.samples, asked))
    repeats = repeats_of(decoding, capabilities, population)
    if two_passes:
        return max(1, repeats // 2), RepeatCheck()
    return repeats, repeat_check_of(decoding, capabilities, asked, population)


def repeat_check_of(decoding: str, capabilities: Capabilities, asked: int, population: int) -> RepeatCheck:
    """The repeat check that shows how much answers vary: none where every sample is asked twice anyway."""
    if decoding == "greedy" and repeats_of(decoding, capabilities, population) > 1:
        return RepeatCheck()
    check = SAMPLED_CHECK if decoding == "sampled" else LOCAL_CHECK if capabilities.deterministic else REMOTE_CHECK
    return msgspec.structs.replace(check, samples=min(check.samples, asked))


def repeats_of(decoding: str, capabilities: Capabilities, population: int) -> int:
    """How often each sample is asked: if sampled, often enough for about 1,000 trials in total.

    If greedy, once; twice where answers may vary and a repeat check would be as large as the benchmark.
    """
    if decoding == "greedy":
        return 1 if capabilities.deterministic or population > PAIRED_UP_TO else 2
    return max(1, min(8, math.ceil(SAMPLED_TRIALS / population)))


def asks_chat(prompt_format: PromptFormat, capabilities: Capabilities) -> tuple[bool, tuple[str, ...]]:
    """Whether to ask by chat, and the difference to report where the endpoint does not offer the format's own way."""
    if not prompt_format.generates:
        return False, ()
    if prompt_format.chat and not capabilities.chat:
        return False, (NO_CHAT,)
    if not prompt_format.chat and not capabilities.completions:
        return True, (NO_COMPLETIONS,)
    return prompt_format.chat, ()


def asked_otherwise(claim: Claim | None, task: Task, differences: Sequence[str]) -> str:
    """Why a claim by a plain completion accuses nobody where the endpoint has chat alone; empty where it may.

    Asked as a message, such a format is another test: its stop strings cut a chat model's first line off. Where the
    claim states no prompt, a format that is a message by itself is asked, too.
    """
    if claim is None or NO_COMPLETIONS not in differences:
        return ""
    formats = task.definition.prompts.values()
    if claim.protocol.prompt or not any(each.chat and each.generates for each in formats):
        return "its format is a plain completion, and this endpoint takes messages alone"
    return ""


def decoding_of(claim: Claim, kind: str, sampled: float | None = None) -> tuple[Any, float, tuple[str, ...]]:
    """Decoding, temperature and differences: greedy unless the vendor states sampling, or ``sampled`` says so.

    A temperature of our own, where the vendor states none, is reported as a difference.
    """
    temperature = stated_temperature(claim)
    if sampled is not None and kind == "generate":
        difference = f"The vendor states no decoding: here the answers are sampled, at temperature {sampled:g}."
        return "sampled", sampled, (difference,)
    if kind == "loglikelihood" or temperature == 0 or not states_decoding(claim):
        return "greedy", 0.0, ()
    if temperature is None:
        difference = f"The vendor sampled at a temperature that it does not state; ours is {SAMPLED_TEMPERATURE}."
        return "sampled", SAMPLED_TEMPERATURE, (difference,)
    return "sampled", temperature, ()


def output_budget_of(
    kind: str, chat: bool, capabilities: Capabilities, wanted: int | None, stated: int | None = None
) -> int | None:
    """The most tokens of an answer; None: the prompt format's own.

    That is what the claim's protocol ``stated``, as far as the user and the model allow it; else the user's ``wanted``,
    or room for reasoning. A plain completion goes on from its prompt, without the chat template that makes a model
    reason.
    """
    if kind != "generate":
        return None
    if stated is not None:
        return min(limit for limit in (stated, wanted, capabilities.output_tokens) if limit)
    if wanted is not None:
        return wanted
    return min(MAX_OUTPUT_TOKENS, capabilities.output_tokens) or None if capabilities.reasons and chat else None


def temperatures_checked(claims: Sequence[Claim], capabilities: Capabilities) -> tuple[float, ...] | None:
    """The temperatures at which an audit looks whether repeated answers are the same; None where it does not look.

    Those that the claims have asked, and one more where greedy answers may vary.
    """
    if not _writes_text(capabilities):
        return None
    decodings = [decoding_of(claim, "generate") for claim in claims if claim.is_proportion]
    asked = {degrees for mode, degrees, _ in decodings if mode == "sampled"}
    if not capabilities.deterministic and any(mode == "greedy" for mode, _, _ in decodings):
        asked.add(SAMPLED_TEMPERATURE)
    return tuple(sorted(asked))


def temperatures_of_texts(detectors: Sequence[str], capabilities: Capabilities) -> tuple[float, ...] | None:
    """As :func:`temperatures_checked`, where no claim is tested: that at which these detectors have texts drawn."""
    return (1.0,) if draws_texts(detectors) and _writes_text(capabilities) else None


def may_have_efforts(model: PlannedModel) -> bool:
    """Whether a model may reason or not, by what a request says: an endpoint that chats."""
    is_known = model.identity.sha256 or model.identity.backend == "recording"
    return model.capabilities.chat and _writes_text(model.capabilities) and not is_known


def _writes_text(capabilities: Capabilities) -> bool:
    return capabilities.generate and (capabilities.offers is None or "language" in capabilities.offers)


def of_the_endpoint(
    capabilities: Capabilities, budget: int | None, own: int, effort: str, stated: int | None = None
) -> tuple[str, ...]:
    """What differs for text because of the endpoint or the user, as sentences for the report.

    The limit of an answer is compared with what the claim ``stated``, or else with the prompt format's ``own``.
    """
    differences = []
    if not capabilities.takes_temperature:
        differences.append("The endpoint takes no temperature: it samples at its own.")
    if stated is not None and budget != stated:
        differences.append(f"An answer may have {budget:,} tokens instead of the {stated:,} that the vendor states.")
    elif stated is None and budget is not None and budget != own:
        why = ", since the model reasons before it answers" if capabilities.reasons else ""
        differences.append(f"An answer may have {budget:,} tokens instead of the prompt format's {own:,}{why}.")
    if effort:
        differences.append(f"Asked with the reasoning effort {effort}.")
    return tuple(differences)


def own_limit_in(differences: Sequence[str]) -> int | None:
    """The prompt format's own limit of an answer, as :func:`of_the_endpoint` states it; None: nothing does."""
    found = (_OWN_LIMIT.search(difference) for difference in differences)
    return next((int(own[1].replace(",", "")) for own in found if own), None)


def check_asked(model: PlannedModel, options: Options, budget: int | None) -> None:
    """Raise InputError for an output budget or effort that the model refuses, or that leaves no room for a call."""
    capabilities, tokens = model.capabilities, model.limits.tokens
    wanted, effort, taken = options.output_tokens, options.reasoning_effort, capabilities.output_tokens
    if budget is not None and tokens is not None and tokens <= budget:
        raise InputError(
            f"--max-tokens {tokens} has no room for one answer of {budget:,} tokens: give --output-tokens too"
        )
    if wanted is not None and taken and taken < MAX_OUTPUT_TOKENS and wanted >= 2 * taken:
        raise InputError(f"the model does not take {2 * taken:,} tokens of output: give --output-tokens {taken}")
    if effort not in ("", "none") and not capabilities.reasons:
        raise InputError(f"the model does not reason before it answers: leave out --reasoning-effort {effort}")
