"""``python -m tests.assets.make_published``: outputs of the embedded file, for tests of published outputs.

They are made once, so that tests need not generate them: another processor gives other last bits and, now and then,
another text, which is then as much the file's own.
"""

from __future__ import annotations

import json
from pathlib import Path

from steelyard.models.embedded_file import ensure_smollm2
from steelyard.models.llama import Llama
from steelyard.models.session import InferenceSession
from steelyard.records import GenerateRequest
from steelyard.tasks.generators.neutral_prompts import generate

PUBLISHED = Path(__file__).parent / "published.jsonl"
TEXTS, TOKENS = 90, 40


def main() -> None:
    """Write a line a text: the prompt, and what the file goes on with."""
    session = InferenceSession(Llama(ensure_smollm2(), threads=1, context_limit=512))
    prompts = [row["question"] for row in generate("published", TEXTS)]
    lines = [
        json.dumps([prompt, session.generate(GenerateRequest(prompt=prompt, max_tokens=TOKENS), lambda: False).text])
        for prompt in prompts
    ]
    PUBLISHED.write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
