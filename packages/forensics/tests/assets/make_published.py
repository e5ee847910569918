"""Outputs of the embedded file, for tests of published outputs.

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
from steelyard_forensics.identity.transcripts import TranscriptReader

PUBLISHED = Path(__file__).parent / "published.jsonl"
TEXTS, TOKENS = 72, 40


def main() -> None:
    """Write a line a text: the prompt, and what the file goes on with; only texts that can be read."""
    llama = Llama(ensure_smollm2(), threads=1, context_limit=512)
    session, reader, lines = InferenceSession(llama), TranscriptReader(llama, {}), list[str]()
    for row in generate("published", 4 * TEXTS):
        request = GenerateRequest(prompt=row["question"], max_tokens=TOKENS)
        text = session.generate(request, lambda: False).text
        session = InferenceSession(llama)  # the reader has used the context
        if reader.gaps(request, text) is not None:
            lines.append(json.dumps([row["question"], text]))
        if len(lines) == TEXTS:
            break
    PUBLISHED.write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
