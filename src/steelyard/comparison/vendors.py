"""Vendor and family of a model by its name, for those who do not give them; a guess, and called so."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["UNKNOWN", "vendor_and_family"]

UNKNOWN: Final = "unknown"

# The first that is found in a name: what begins a name of models that a vendor trained.
_FAMILIES: Final = (
    ("gpt|chatgpt|o[1-9]", "OpenAI", "GPT"),
    ("claude", "Anthropic", "Claude"),
    ("gemini", "Google", "Gemini"),
    ("gemma", "Google", "Gemma"),
    ("smollm", "Hugging Face", "SmolLM"),
    ("llama|codellama", "Meta", "Llama"),
    ("qwen|qwq", "Alibaba", "Qwen"),
    ("mistral|mixtral|ministral|codestral|magistral", "Mistral AI", "Mistral"),
    ("deepseek", "DeepSeek", "DeepSeek"),
    ("phi", "Microsoft", "Phi"),
    ("grok", "xAI", "Grok"),
    ("command|aya", "Cohere", "Command"),
    ("granite", "IBM", "Granite"),
    ("nova", "Amazon", "Nova"),
    ("falcon", "TII", "Falcon"),
    ("yi", "01.AI", "Yi"),
    ("glm|chatglm", "Zhipu AI", "GLM"),
    ("kimi", "Moonshot AI", "Kimi"),
    ("olmo", "Ai2", "OLMo"),
    ("nemotron", "NVIDIA", "Nemotron"),
    ("pythia|gpt-neo|gpt-j", "EleutherAI", "Pythia"),
)
_PATTERNS: Final = [
    (re.compile(rf"(?:^|[^a-z])(?:{names})(?![a-z])", re.IGNORECASE), vendor, family)
    for names, vendor, family in _FAMILIES
]


def vendor_and_family(name: str) -> tuple[str, str]:
    """Who trained a model and what it descends from, as its name says; (unknown, unknown) for a name that says nothing.

    A fine-tune that keeps its base's name counts as its base's: what was learned there fails there too.
    """
    for pattern, vendor, family in _PATTERNS:
        if pattern.search(name):
            return vendor, family
    return UNKNOWN, UNKNOWN
