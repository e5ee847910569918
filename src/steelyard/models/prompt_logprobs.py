"""How a server is asked for the log-probabilities of a prompt's own tokens: pure functions, one pair for each dialect.

* ``echo`` and ``logprobs`` of ``/completions``, as OpenAI's API had them; some servers want a new token;
* ``prompt_logprobs``, a field of vLLM's ``/completions``: one object for each token, the first one null;
* ``/generate``, SGLang's own path beside ``/v1``: ``input_token_logprobs``, triples of value, number and text.

Whatever a server sends is believed only behind :mod:`steelyard.models.echo_check`. The last two name no first token:
a tokeniser's sign for the beginning has no text, and through ``echo`` vLLM writes it out, so that nothing joins.
Fields as in the sources of vLLM (``entrypoints/openai/completion``, 0.20) and of SGLang
(``lang/backend/runtime_endpoint``, 0.5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from steelyard.models.echo_check import Echo, echo_of, read_echo
from steelyard.models.openai_wire import echo_body

__all__ = ["ECHO", "ECHO_AND_ONE", "SGLANG", "PromptDialect", "dialects_at", "read_prompt_logprobs", "read_sglang"]

SGLANG: Final = "sglang"  # the owner that SGLang names in its list of models
_VERSION: Final = "/v1"


@dataclass(frozen=True, slots=True)
class PromptDialect:
    """One way of asking: a path, a body of (model, prompt), and a reader of (payload, prompt).

    ``read`` raises ValueError, with the reason, for what is no echo. ``beside`` is True for a path that does not lie
    below the base URL but beside its ``/v1``; ``served_by`` is the server that has such a path. That an endpoint lacks
    one that ``is_rare`` is no reason to name.
    """

    path: str
    body: Callable[[str, str], dict[str, Any]]
    read: Callable[[Mapping[str, Any], str], Echo]
    beside: bool = False
    served_by: str = ""
    is_rare: bool = False


def _echo_body(max_tokens: int, model: str, prompt: str) -> dict[str, Any]:
    return echo_body(model, prompt, max_tokens)


def _prompt_logprobs_body(model: str, prompt: str) -> dict[str, Any]:
    # Zero alternatives: the prompt's own token alone, so that nothing has to be guessed. One token is the least.
    return {"model": model, "prompt": prompt, "max_tokens": 1, "temperature": 0.0, "prompt_logprobs": 0}


def _sglang_body(model: str, prompt: str) -> dict[str, Any]:
    return {
        "text": prompt,
        "sampling_params": {"max_new_tokens": 0, "temperature": 1.0},  # at 1 no scaling moves a value
        "return_logprob": True,
        "logprob_start_len": 0,
        "return_text_in_logprobs": True,
    }


def read_prompt_logprobs(payload: Mapping[str, Any], prompt: str) -> Echo:
    """Read vLLM's ``prompt_logprobs``; raises ValueError, with the reason."""
    match payload:
        case {"choices": [{"prompt_logprobs": [None, *places]}, *_]} if places:
            pairs = list(map(_sole, places))
        case _:
            raise ValueError("it gives no prompt_logprobs")
    return echo_of(*_columns(pairs), prompt)


def _sole(place: Any) -> tuple[Any, Any]:
    match list(place.values()) if isinstance(place, Mapping) else None:
        case [{"logprob": value, "decoded_token": text}]:
            return text, value
    raise ValueError("its prompt_logprobs have not one token at each place")


def read_sglang(payload: Mapping[str, Any], prompt: str) -> Echo:
    """Read what SGLang's ``/generate`` sends; raises ValueError, with the reason."""
    match payload:
        case {"meta_info": {"input_token_logprobs": [[None, *_], *places]}} if places:
            pairs = list(map(_triple, places))
        case _:
            raise ValueError("it gives no input_token_logprobs")
    return echo_of(*_columns(pairs), prompt)


def _triple(place: Any) -> tuple[Any, Any]:
    match place:
        case [value, _, text]:
            return text, value
    raise ValueError("its input_token_logprobs are not value, number and text")


def _columns(pairs: list[tuple[Any, Any]]) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    texts, values = zip(*pairs, strict=True)
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("its tokens are not text")
    return texts, values


ECHO: Final = PromptDialect("/completions", partial(_echo_body, 0), read_echo)
ECHO_AND_ONE: Final = PromptDialect("/completions", partial(_echo_body, 1), read_echo)
_DIALECTS: Final = (
    ECHO,
    ECHO_AND_ONE,
    PromptDialect("/completions", _prompt_logprobs_body, read_prompt_logprobs, is_rare=True),
    PromptDialect("/generate", _sglang_body, read_sglang, beside=True, served_by=SGLANG),
)


def dialects_at(base: str, owner: str) -> Iterator[PromptDialect]:
    """The dialects to try at a base URL, in order.

    ``owner`` is who owns the model as the server's own list says. A path beside the base URL is tried only where that
    server has it, and where the URL ends in ``/v1``: another address may belong to something else.
    """
    for each in _DIALECTS:
        if not each.beside or (each.served_by == owner and base.endswith(_VERSION)):
            yield each
