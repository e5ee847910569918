"""What a claim says of its measure and is not known here, so that what is asked may be another measure.

A harness has hundreds of tasks with names like a benchmark's own: ``mgsm_native_cot_de`` is one language of eleven,
``mmlu_college_biology`` one subject of 57, ``gsm8k_platinum`` another set of questions. No list of them is ever
complete, so it is the other way round: a claim accuses only where each word of its variant, its metric and the names in
its harness or prompt is known here to mean what is asked. Whatever is not known may be confirmed, and accuses nobody.

The words of a prompt, a harness, the decoding and a judge are held to the same. A note, which holds the sheet's
footnotes by then, is held to the words that are known to change nothing (:mod:`steelyard.tasks.remarks`), and to the
lists of those that do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from steelyard.tasks.all_parts import without_all_parts, words_of_number
from steelyard.tasks.harmless_words import TOPICS
from steelyard.tasks.other_measures import OF_MODEL, WITHOUT_TOOLS, counted_parts, other_modes, said_in_notes
from steelyard.tasks.remarks import unknown_words
from steelyard.tasks.stated_shots import without_no_reasoning, without_shots
from steelyard.tasks.subset import subset_words, words_in
from steelyard.tasks.window import without_window

if TYPE_CHECKING:
    from steelyard.tasks.definition import TaskDefinition
    from steelyard.tasks.requested import RequestedProtocol

__all__ = ["NotUnderstood", "not_understood"]

# A name of a harness's own: words joined by underscores, colons, bars or slashes; and what stands in its parentheses.
_NAME: Final = re.compile(r"[A-Za-z0-9.+-]+(?:[_:|/,][A-Za-z0-9.+-]+)+")
_WORD: Final = re.compile(r"[^\W_]+|\+\+")  # of any script: a variant may be written in Chinese
# The 1 of pass@1, pass_at_1 and top-1, and passes that are averaged. "Average over 8" may be of languages.
_ONE_ANSWER: Final = re.compile(
    r"(?:(?<![a-z])maj[ _]?1?)?(?:@|\^|[ _]at[ _])\s?1(?![0-9])|(?<![a-z])top[-_ ]?1(?![0-9])"
    r"|(?<![a-z])(?:avg|average|mean|averaged)(?: ?@ ?|_)?[0-9]{1,4}(?!\w)"
    r"|(?<![a-z])(?:avg|average|mean|averaged)[ _](?:(?:of|over)[ _])?"
    r"(?:[0-9]{1,4}[ _](?:runs|seeds|trials|passes|generations|repetitions)|[0-9]{1,2}[ _]samples)(?!\w)",
    re.IGNORECASE,
)
_VERSION: Final = re.compile(r"(?<![\w.])v?[0-9]+(?:\.[0-9]+)+(?![\w.])")
_IN_PARENTHESES: Final = re.compile(r"[(\[]([^()\[\]]*)[)\]]")

_OF_METRICS: Final = frozenset(
    words_in(
        "acc accuracy accuracies exact match matches em score scores rate percent percentage correct correctness "
        "right of the on in a with and for over mean average avg averaged result results overall total success solved "
        "solve pass value values metric none task tasks answer answers question questions top "
        "durchschnitt mittel mittelwert genauigkeit"
    )
) | {"über"}
_OF_PARTS: Final = ("languages", "subtasks", "subjects", "categories")  # all of them are asked
_OF_COMPARERS: Final = frozenset(words_in("math verify"))
_OF_HARNESSES: Final = frozenset(
    words_in(
        "lm eval evals evaluation harness language model eleutherai lighteval inspect inspectevals "
        "huggingface steelyard tasks task"
    )
)
_OF_RUNNERS: Final = frozenset(
    words_in("v lmms vllm sglang hf transformers backend version commit main by of with from")
)
_OF_PROMPTS: Final = frozenset(
    words_in(
        "prompt prompts prompting prompted template format style chat message messages conversation instruction "
        "instructions zero n the a an of in with and or by for as is per to one each default standard plain usual "
        "completion completions generation generated generative free form text answer answers question questions "
        "model model's models own benchmark benchmark's official original few shot shots examples "
        "example single attempt"
    )
)
_OF_DECODING: Final = frozenset(
    words_in(
        "greedy decoding decoded sampling sampled sample samples temperature temp t top p k n min nucleus max "
        "maximum tokens token new output seed seeds repetition penalty presence frequency default settings setting "
        "the of at with and or for over in from each to no one single pass run runs answer answers mean average "
        "averaged deterministic argmax none recommended by is was set vllm sglang hf transformers bf16 fp16 fp8 "
        "bfloat16 float16"
    )
)
_FEW: Final = 4  # subtasks that a remark may name one by one
_NUMBERS: Final = re.compile(r"(?<![a-z0-9])[0-9]+(?:[.,][0-9]+)*[k%]?(?![a-z0-9])", re.IGNORECASE)
_NO_JUDGE: Final = re.compile(
    r"\s*(?:none|no judge|rules?|by rule|rule[- ]based|exact match|math[-_ ]verify|n/?a|-)?\s*", re.IGNORECASE
)
_OF_BASE_MODELS: Final = frozenset(words_in("base pretrained pre trained"))
_OF_VARIANTS: Final = _OF_METRICS | frozenset(
    words_in(
        "test set split whole full all complete public greedy decoding temperature sampling base pretrained pre "
        "trained post instruct instruction tuned chat model text only standard default bf16 fp16 fp8 bfloat16 float16"
    )
)


class NotUnderstood(NamedTuple):
    """The words of a claim that are not known: those of its measure, and those of its note and the footnotes."""

    of_measure: tuple[str, ...]
    of_note: tuple[str, ...]


def not_understood(definition: TaskDefinition, name: str, requested: RequestedProtocol) -> NotUnderstood:
    """The words of a claim that are not known to mean what this prompt format asks."""
    own = _own_words(definition, name)
    requested = _without_all_parts(definition, requested)
    variants = _OF_VARIANTS - _OF_BASE_MODELS if definition.prompts[name].chat else _OF_VARIANTS
    found = [
        *_left(
            _plain(without_shots(_without_dates(definition, without_no_reasoning(requested.variant)))), own | variants
        ),
        *_left(_plain(without_shots(requested.metric)), own | _OF_METRICS | _OF_COMPARERS | {requested.average}),
    ]
    of_harness, of_prompt = _OF_HARNESSES | _OF_RUNNERS | _OF_VARIANTS, _OF_PROMPTS | _OF_VARIANTS | _OF_METRICS
    for text, known in ((requested.harness, of_harness), (requested.prompt, of_prompt)):
        for named in _IN_PARENTHESES.findall(text):
            found += _left_of_name(definition, named, own)
        rest = _IN_PARENTHESES.sub(" ", text)
        for named in _NAME.findall(rest):
            if words_in(named) != words_in(name):  # a sheet may use our own names
                found += _left(without_shots(named), own | _OF_HARNESSES)
        if words_in(rest) != words_in(name):
            free = _VERSION.sub(" ", _plain(without_shots(without_no_reasoning(_NAME.sub(" ", rest)))))
            found += _left(_NUMBERS.sub(" ", free), own | known)
    found += _left(_NUMBERS.sub(" ", _plain(without_shots(requested.decoding))), _OF_DECODING)
    found += [] if _NO_JUDGE.fullmatch(requested.judge) else [requested.judge]
    for text in (requested.variant, requested.metric, requested.prompt, requested.harness, requested.decoding):
        found += [each for each in other_modes(text) if not set(words_in(each)) <= own]
        found += [each for many, each in counted_parts(_plain(without_shots(text))) if many not in own]
    return NotUnderstood(tuple(dict.fromkeys(found)), tuple(dict.fromkeys(_in_note(definition, requested.note, own))))


def _without_all_parts(definition: TaskDefinition, requested: RequestedProtocol) -> RequestedProtocol:
    """What a claim states, without the words that its number is over all parts, which are what is asked."""
    fields = ("variant", "metric", "prompt", "harness", "decoding", "note")
    texts = {field: without_all_parts(definition, getattr(requested, field)) for field in fields}
    return msgspec.structs.replace(requested, **texts)


def _in_note(definition: TaskDefinition, note: str, own: frozenset[str]) -> Iterator[str]:
    # A harness of code alone, and so the name of a benchmark beside other benchmarks.
    free = own if _is_of_code(definition) else own | {"evalplus"}
    yield from (each for each in (*other_modes(note), *said_in_notes(note)) if not set(words_in(each)) <= free)
    yield from (each for many, each in counted_parts(note) if many not in own)
    yield from OF_MODEL.findall(note)
    if definition.generator is not None:  # made here: what is said of a claim on it is the buyer's own
        return
    called = f"{definition.id} {definition.title}"
    for part in note.split("; "):
        topics = TOPICS if part.startswith("beside it: ") else frozenset()
        yield from unknown_words(part, called, own | _words_of_whole(definition, part), topics)


def _words_of_whole(definition: TaskDefinition, said: str) -> frozenset[str]:
    """The words of all subtasks, where a remark names each: *average of Standard and Vision tasks*, *zh, en, bn, ...*.

    Of a few a word of its name is enough.
    """
    configs = definition.hub.configs if definition.hub else ()
    words, each = set(words_in(said)), [set(words_in(config)) for config in configs]
    are_few = len(configs) <= _FEW
    if len(configs) < 2 or not all(words & config if are_few else words >= config for config in each):
        return frozenset()
    return frozenset().union(*each) | {"tasks", "settings", "subsets", "sets"}


def _plain(text: str) -> str:
    """A text without *pass@1*, *avg@64*, *average of 8 runs* and *no tools*: one answer without help is asked."""
    return WITHOUT_TOOLS.sub(" ", _ONE_ANSWER.sub(" ", text))


def _left_of_name(definition: TaskDefinition, named: str, own: frozenset[str]) -> list[str]:
    """What a harness's name for its task says beside this benchmark; all of it where it does not name this one."""
    words = _WORD.findall(_VERSION.sub(" ", without_shots(named)).casefold().replace("+", " plus "))
    left = [word for word in words if word not in own | _OF_HARNESSES | _OF_VARIANTS]
    if left or set(words) <= _OF_HARNESSES | _OF_VARIANTS:
        return left
    stated = f" {' '.join(words)} "
    called = (definition.id, "".join(words_in(definition.id)), definition.title, *definition.aliases)
    is_named = any(f" {' '.join(words_in(each.replace('+', ' plus ')))} " in stated for each in called)
    return [] if is_named else [" ".join(words)]


def _without_dates(definition: TaskDefinition, text: str) -> str:
    return without_window(text) if definition.releases else text


def _own_words(definition: TaskDefinition, name: str) -> frozenset[str]:
    hub, prompt_format = definition.hub, definition.prompts[name]
    texts = (
        definition.id, "".join(words_in(definition.id)), definition.title, definition.metric,
        *definition.aliases, *prompt_format.words, *((hub.path, hub.split) if hub else ()),
        *(hub.configs if hub and len(hub.configs) == 1 else ()),
        *(each.name for each in definition.releases),
    )  # fmt: skip
    parts = {*words_of_number(len(hub.configs)), *_OF_PARTS} if hub and len(hub.configs) > 1 else set()
    if _is_of_code(definition):  # whose answers are run everywhere
        parts |= {"code", "python", "executed", "execution", "execute"}
    parts |= {str(definition.items.count)} if definition.items else set()
    return frozenset(word for text in texts for word in words_in(text)).union(subset_words(definition.subsets), parts)


def _is_of_code(definition: TaskDefinition) -> bool:
    return definition.scorer.get("name") in ("code", "code_cases")


def _left(text: str, known: frozenset[str]) -> list[str]:
    return [word for word in _WORD.findall(text.casefold()) if word not in known]
