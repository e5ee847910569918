"""The prompt formats of a user's own questions, in English and German; ``asked`` is the template of the question."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from steelyard.tasks.definition import PromptFormat

__all__ = [
    "SHOWN_IMAGES",
    "choice_prompts",
    "citing_prompts",
    "free_prompts",
    "image_prompts",
    "label_prompts",
    "open_prompts",
]

SHOWN_IMAGES = "{{ images | join }}"  # before a question: all images of its row

# The lines that we put after a question.
_ALONE = {False: "Reply with the answer alone.", True: "Antworte nur mit der Antwort."}
_ONE_OF = {
    False: "Reply with exactly one of these, and nothing else:",
    True: "Antworte nur mit genau einem davon:",
}
_QUOTED = {
    False: 'Reply in two lines, and nothing else:\nAnswer: the answer alone\nQuote: "the words of the text above that '
    'show it, unchanged"',
    True: "Antworte in zwei Zeilen, und sonst nichts:\nAntwort: nur die Antwort\n"
    'Zitat: "die Worte des Textes oben, die sie zeigen, unverändert"',
}
_BY_LETTER = {
    False: "Reply with the letter of the right answer alone.",
    True: "Antworte nur mit dem Buchstaben der richtigen Antwort.",
}
LONG = 1024  # tokens of an answer that is more than a short text


def open_prompts(asked: str, *, is_german: bool) -> dict[str, PromptFormat]:
    """Questions that are answered in the model's own words."""
    completed = asked.removesuffix("{{ question }}") + "Question: {{ question }}\nAnswer:"
    return {
        "question": PromptFormat(
            title="the question, as a message", prompt=f"{asked}\n\n{_ALONE[is_german]}", chat=True
        ),
        "verbatim": PromptFormat(title="the text unchanged, as a message", prompt=asked, chat=True),
        "completion": PromptFormat(
            title="the question, completed", prompt=completed, stop=("\n", "Question:"), max_tokens=64
        ),
    }


def free_prompts(asked: str) -> dict[str, PromptFormat]:
    """Questions that say themselves what the answer is to look like: JSON, or a text of some length."""
    title = "the text unchanged, as a message"
    return {"verbatim": PromptFormat(title=title, prompt=asked, chat=True, max_tokens=LONG)}


def citing_prompts(asked: str, *, is_german: bool) -> dict[str, PromptFormat]:
    """Questions whose answers quote the text that stands before them."""
    return {
        "cited": PromptFormat(
            title="the question and how to quote, as a message",
            prompt=f"{asked}\n\n{_QUOTED[is_german]}",
            chat=True,
            max_tokens=LONG,
        ),
        **free_prompts(asked),
    }


def label_prompts(asked: str, *, is_german: bool) -> dict[str, PromptFormat]:
    """Questions whose answers are labels that the model is shown."""
    line = f"{_ONE_OF[is_german]} {{{{ choices | join(', ') }}}}"
    labels = {
        "label": PromptFormat(title="the question and the labels, as a message", prompt=f"{asked}\n\n{line}", chat=True)
    }
    return labels | choice_prompts(asked)


def choice_prompts(question: str) -> dict[str, PromptFormat]:
    """Multiple choice, answered by letter."""
    asked = f"{question}\n{{{{ choices | lettered }}}}Answer:"
    return {
        "letter": PromptFormat(
            title="the letter, written", prompt=asked, stop=("\n",), max_tokens=16, scorer={"name": "letter"}
        ),
        "letter_loglikelihood": PromptFormat(
            title="the letter, by log-likelihood",
            context=asked,
            continuations="choices | letters_of | map('prefixed', ' ')",
            scorer={"name": "choice"},
        ),
    }


def image_prompts(prompts: Mapping[str, PromptFormat], *, is_german: bool) -> dict[str, PromptFormat]:
    """Those of our formats that can show images, which are chats that ask for text; a letter is asked for in words."""
    found = {name: each for name, each in prompts.items() if each.chat and each.generates}
    if letter := prompts.get("letter"):
        found["letter"] = replace(
            letter,
            title="the letter, as a message",
            prompt=f"{letter.prompt.removesuffix('Answer:')}{_BY_LETTER[is_german]}",
            chat=True,
            stop=(),
            max_tokens=256,
        )
    return found
