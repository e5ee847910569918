"""What the servers that people run are like: how each says what it is, its quirks, and how to start it for an audit.

A profile decides nothing: what an endpoint can do is asked of it (:mod:`steelyard.models.openai`, ``next_token``,
``image_check``, ``cache_check``). It says whom one talks to, and what to change where something is missing. Where each
statement is from, and of which version, is its ``source``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["GREEDY", "IMAGES", "LOGLIKELIHOOD", "NEXT_TOKENS", "PROFILES", "REASONING", "SEED", "Profile"]

LOGLIKELIHOOD: Final = "log-likelihoods"
NEXT_TOKENS: Final = "next tokens"
IMAGES: Final = "images"
SEED: Final = "seed"
REASONING: Final = "reasoning"
GREEDY: Final = "temperature"

_SAME_FILE: Final = "it sends none; the same file in this process does: --model gguf:PATH (extra local)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A server: its ``owner`` in the list of models, its own ``paths`` beside ``/v1``, quirks, and fixes by ability.

    ``posts`` are asked by POST with the model's name alone, and only where the first path answers. ``start`` is a
    command.
    """

    name: str
    source: str
    owner: str = ""
    paths: tuple[str, ...] = ()
    posts: tuple[str, ...] = ()
    start: str = ""
    quirks: tuple[str, ...] = ()
    fixes: Mapping[str, str] = field(default_factory=dict)


VLLM: Final = Profile(
    name="vLLM",
    source="vLLM 0.20, entrypoints/openai and serve/instrumentator",
    owner="vllm",
    paths=("/version",),
    start="vllm serve MODEL --generation-config vllm --max-logprobs 20",
    quirks=(
        "what a request leaves open (such as a repetition penalty) is the model's generation_config.json, unless it "
        "was started with --generation-config vllm",
        "where the tokeniser begins a text with a sign of its own, echo cannot be read: prompt_logprobs is asked",
        "a base model has no chat template: its claims are asked as completions",
    ),
    fixes={
        LOGLIKELIHOOD: "give the server's own URL, which ends in /v1: a proxy in front may drop prompt_logprobs",
        NEXT_TOKENS: "start it with --max-logprobs 20, and without --return-tokens-as-token-ids",
        IMAGES: "serve a model with vision, and allow several: --limit-mm-per-prompt '{\"image\": 8}'",
        REASONING: "start it with --reasoning-parser NAME, so that reasoning comes apart from the answer",
    },
)
SGLANG: Final = Profile(
    name="SGLang",
    source="SGLang 0.5, srt/entrypoints/http_server and docs/basic_usage",
    owner="sglang",
    paths=("/get_model_info", "/get_server_info"),
    start="python -m sglang.launch_server --model-path MODEL --sampling-defaults openai",
    quirks=(
        "what a request leaves open is the model's generation_config.json, unless it was started with "
        "--sampling-defaults openai",
        "where its echo cannot be read, /generate beside /v1 is asked, with logprob_start_len 0",
        "answers at one seed may differ under load, unless it was started with --enable-deterministic-inference",
    ),
    fixes={
        LOGLIKELIHOOD: "give the server's own URL, which ends in /v1, so that /generate beside it can be asked",
        SEED: "start it with --enable-deterministic-inference",
        REASONING: "start it with --reasoning-parser NAME, so that reasoning comes apart from the answer",
        IMAGES: "serve a model with vision",
    },
)
LLAMA_CPP: Final = Profile(
    name="llama.cpp",
    source="llama.cpp, tools/server/README.md (2026)",
    owner="llamacpp",
    paths=("/props",),
    start="llama-server -m FILE.gguf -c TOKENS --parallel SLOTS",
    quirks=(
        "it ignores echo, so log-likelihoods are asked of the file itself: gguf:PATH",
        "its own sampler cuts the tail off (top-k 40, min-p .05) where a request does not switch that off",
        "the context is that of one slot: more slots, shorter prompts",
    ),
    fixes={
        LOGLIKELIHOOD: _SAME_FILE,
        IMAGES: "start it with the model's projector: --mmproj FILE",
        REASONING: "--reasoning-format deepseek makes reasoning come apart from the answer",
    },
)
OLLAMA: Final = Profile(
    name="Ollama",
    source="Ollama, docs/api/openai-compatibility and docs/context-length (2026)",
    owner="library",
    paths=("/api/version",),
    posts=("/api/show",),
    start="OLLAMA_CONTEXT_LENGTH=32768 ollama serve",
    quirks=(
        "a context of 4,096 tokens is usual on small machines, and what is longer may be cut without an error",
        "a Modelfile may add a system prompt, a template and sampling settings: ollama show --modelfile NAME",
        "a tag such as name:latest is often a quantisation of what the card measured",
    ),
    fixes={
        LOGLIKELIHOOD: _SAME_FILE,
        NEXT_TOKENS: "Ollama gives log-probabilities in chats alone; hold the file itself: --model gguf:PATH",
        IMAGES: "pull a model with vision",
    },
)
LM_STUDIO: Final = Profile(
    name="LM Studio",
    source="LM Studio, REST API v0 (0.3.6 and later)",
    paths=("/api/v0/models",),
    start="lms load NAME --context-length TOKENS; lms server start",
    quirks=(
        "it loads a model with the context that its window or lms load says, which may be shorter than the model's",
        "several quantisations of one model may be here under similar names",
    ),
    fixes={
        LOGLIKELIHOOD: _SAME_FILE,
        NEXT_TOKENS: "its documentation shows none; hold the file itself: --model gguf:PATH",
        IMAGES: "load a model of the type vlm",
    },
)
TGI: Final = Profile(
    name="TGI",
    source="text-generation-inference 3, router (GET /info)",
    paths=("/info",),
    start="text-generation-launcher --model-id MODEL --max-input-tokens N --max-total-tokens M",
    quirks=(
        "a prompt longer than max_input_tokens is refused, and counts as a missing answer",
        "it gives no echo through /v1",
    ),
    fixes={
        LOGLIKELIHOOD: "serve the model with vLLM or SGLang, or read it in this process: --model gguf:PATH",
        IMAGES: "serve a model with vision",
    },
)
LITELLM: Final = Profile(
    name="LiteLLM",
    source="LiteLLM proxy, docs/proxy/health and response_headers (2026)",
    paths=("/health/readiness",),
    quirks=(
        "it is a proxy: which server and model answer is in its config.yaml, and fallbacks may change that in a run",
        "with drop_params it leaves out what the model behind it does not know, such as a seed, without an error",
        "its cache repeats answers where one is on",
    ),
    fixes={
        LOGLIKELIHOOD: "give the URL of the server behind it",
        NEXT_TOKENS: "give the URL of the server behind it",
        SEED: "take drop_params out of its config.yaml: a seed that is dropped is then an error",
    },
)
OPENROUTER: Final = Profile(
    name="OpenRouter",
    source="OpenRouter, docs/models and docs/provider-routing (2026)",
    quirks=(
        "requests are spread over providers, whose quantisations, contexts and settings differ: what is measured is "
        "that mix, and no one provider may be accused of it",
        "a provider that does not know a setting is asked all the same, without that setting",
    ),
    fixes={
        LOGLIKELIHOOD: "ask one provider, or a server of your own",
        NEXT_TOKENS: "ask one provider, or a server of your own",
        SEED: "ask one provider that honours it",
    },
)

PROFILES: Final = (VLLM, SGLANG, LLAMA_CPP, OLLAMA, LM_STUDIO, TGI, LITELLM, OPENROUTER)
