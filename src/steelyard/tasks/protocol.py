"""Chooses one of a task's prompt formats for a claim, and lists the differences from the vendor's description."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from steelyard.claims.decoding import not_sent
from steelyard.tasks.all_parts import ALL_PARTS, says_all_parts, without_all_parts
from steelyard.tasks.definition import PromptFormat, Refusal, TaskDefinition
from steelyard.tasks.requested import RequestedProtocol
from steelyard.tasks.several_answers import several_answers
from steelyard.tasks.shots import shots_in
from steelyard.tasks.stated_shots import StatedShots, without_no_reasoning
from steelyard.tasks.subset import named_in, subset_words, words_in
from steelyard.tasks.window import HOW, Ambiguous, window_in, without_window

__all__ = ["ChosenProtocol", "choose_protocol", "possible_formats", "usual_shots"]


_LM_EVAL = ("lm eval", "lm evaluation harness", "language model evaluation harness", "lighteval")
_WHOLE = frozenset(
    ("the", "whole", "overall", "full", "all", "complete", "set", "split", "samples", "questions", "items")
)
_TOGETHER = frozenset(("and", "of", "average", "mean", "both", "tasks", "subtasks", "settings"))
_OF_A_WINDOW = frozenset(("problems", "contests", "contest", "dates", "date", "window", "from", "between", "release"))


class ChosenProtocol(msgspec.Struct, frozen=True):
    """The prompt format, the number of shots, and the differences from the vendor's protocol, in sentences.

    ``refused`` is the reason why no prompt format can test the claim; empty if the claim can be tested. ``window`` is
    the part of a benchmark with releases that the claim is about (:attr:`~steelyard.tasks.window.Window.sealed`), or
    the name of its subset. ``confirms_only`` is why this may confirm the claim and never accuse: it is asked with
    another number of worked examples, or by another measure, than the vendor states.
    """

    prompt: str
    shots: int
    differences: tuple[str, ...] = ()
    refused: str = ""
    window: str = ""
    confirms_only: str = ""


def choose_protocol(
    definition: TaskDefinition, requested: RequestedProtocol, chosen: str = "", usual: int | None = None
) -> ChosenProtocol:
    """Choose by the stated prompt, metric and harness, in this order of weight, then by the number of worked examples.

    Where these choose none it is the task's default.

    ``chosen`` is one of :func:`possible_formats`, and ``usual`` one of :func:`usual_shots`, to be asked although the
    vendor does not state it.
    """
    if usual is not None:
        requested = msgspec.structs.replace(requested, shots=usual)
    named = _by_name(definition, requested)
    name = chosen or next(iter(_stated(definition, requested)), definition.default_prompt)
    prompt_format = definition.prompts[name]
    differences = list(prompt_format.differences)
    if requested.unsourced:
        differences.append(f"Not on the vendor's page, so the auditor's: {', '.join(requested.unsourced)}.")
    if _is_more_than_shots(requested.prompt) and not named and not _matches(requested.prompt, name, prompt_format):
        differences.append(
            f"The vendor's prompt ({requested.prompt[:80]!r}) is not a declared prompt format: asked as {name!r}."
        )
    if unsent := not_sent(requested.decoding, requested.note):
        differences.append(f"Stated, and not sent: {', '.join(unsent)[:200]}.")
    shots, remark = _shots(definition, prompt_format, requested)
    differences += [remark] if remark else []
    if usual is not None:
        differences.append(f"The vendor states no number of worked examples: {usual} are shown here, as is usual.")
    why = _why_confirms_only(definition, name, requested, shots) if requested.task else ""
    differences += [f"This may confirm the claim, and accuses nobody: {why}."] if why else []
    refused, window = _refused(definition, requested.typed or requested, bool(named)), ""
    if not refused and requested.unsourced:
        part = {name: "" for name in ("subset", "variant") if name in requested.unsourced}
        why = _refused(definition, msgspec.structs.replace(requested, **part), bool(named))
        refused = why and f"{why} (the sheet's own {' and '.join(part)} is not on the vendor's page)"
    if definition.releases and not refused:
        window, said = _window(definition, requested)
        differences += [said] if said else []
    if definition.subsets and not refused:
        window = next(iter(named_in(_naming(requested), definition.subsets)), "")
        differences += [f"Of {definition.title} the subset {window} is asked."] if window else []
    if requested.first and requested.samples and not refused:
        if definition.releases or definition.subsets:
            refused = f"which items of {definition.title} are its first {requested.samples:,} is not known"
        else:
            window = f"first {requested.samples}"
            differences.append(f"The first {requested.samples:,} items of the file are asked, in random order.")
    return ChosenProtocol(name, shots, tuple(differences), refused, window, why)


def possible_formats(definition: TaskDefinition, requested: RequestedProtocol) -> tuple[str, ...]:
    """The prompt formats that a claim may mean, in the task's order: one where the vendor states its format.

    All of a public benchmark's formats for text, where nothing that the vendor states chooses one; several where it
    chooses several equally. The formats of world models are measures of their own, and a user's own task has no vendor:
    these have their default. The format that a sheet alone chooses, and no page, comes first and keeps no other out.
    """
    first = possible_formats(definition, requested.typed) if requested.typed else ()
    return tuple(dict.fromkeys((*first, *_possible(definition, requested))))


def _possible(definition: TaskDefinition, requested: RequestedProtocol) -> tuple[str, ...]:
    stated = _stated(definition, requested)
    own = definition.prompts[definition.default_prompt]
    if not definition.public or own.needs or _refused(definition, requested, named=False):
        return stated[:1] or (definition.default_prompt,)
    return stated or tuple(name for name, each in definition.prompts.items() if not each.needs and not each.when_stated)


def usual_shots(
    definition: TaskDefinition, requested: RequestedProtocol, formats: Iterable[str]
) -> tuple[tuple[str, int], ...]:
    """Formats with other numbers of worked examples than their own, which a claim may mean that states no number."""
    if requested.stated_shots != StatedShots():
        return ()
    showing = ((name, definition.prompts[name]) for name in formats if "shots" in definition.prompts[name].prefix)
    return tuple(
        (name, number)
        for name, prompt_format in showing
        for number in definition.shots.usual
        if number != shots_in(definition, prompt_format)
    )


def _stated(definition: TaskDefinition, requested: RequestedProtocol) -> tuple[str, ...]:
    """The prompt formats that the stated prompt, metric or harness chooses: none, one, or those it chooses equally.

    Of several, those that show as many worked examples as are stated.
    """
    texts = requested.prompt, requested.metric, requested.harness
    named = _by_name(definition, requested)
    chosen = (named,) if named else _best(definition, texts)
    if not chosen and requested.task:  # "IFEval strict-prompt"
        chosen = _best(definition, (_added(definition, requested), "", ""))
    as_stated = tuple(name for name in chosen if _shows_stated(definition, definition.prompts[name], requested))
    return as_stated or chosen


def _added(definition: TaskDefinition, requested: RequestedProtocol) -> str:
    """What a claim's task says beside the benchmark's name, and beside the kind of model."""
    words = " ".join(words_in(requested.task))
    names = sorted((definition.title, definition.id, *definition.aliases), key=len, reverse=True)
    first = next((key for name in names if (key := " ".join(words_in(name))) and words.startswith(f"{key} ")), None)
    return "" if first is None else re.sub(r"\b(?:chat|instruct|instruction tuned)\b", " ", words.removeprefix(first))


def _shows_stated(definition: TaskDefinition, prompt_format: PromptFormat, requested: RequestedProtocol) -> bool:
    """Whether a prompt format shows as many worked examples as are stated."""
    shots, _ = _shots(definition, prompt_format, requested)
    return requested.stated_shots.are(_counted(prompt_format, shots))


def _counted(prompt_format: PromptFormat, shots: int) -> set[int]:
    """The numbers by which vendors count a prompt's worked examples: those of its own text count or do not."""
    return {shots, shots + prompt_format.own_shots}


def _why_confirms_only(definition: TaskDefinition, name: str, requested: RequestedProtocol, shots: int) -> str:
    """Why what is asked may confirm a claim and never accuse; empty where it may do both."""
    stated, prompt_format = requested.stated_shots, definition.prompts[name]
    if not stated.are(_counted(prompt_format, shots)):
        return f"the vendor shows {stated.in_words} worked examples, and {shots or 'none'} are shown here"
    if why := _of_strict_filter(definition, prompt_format, requested):
        return why
    if why := _meant(definition.confirms_only, requested, stated=_figures(definition, requested)):
        return why
    if several := several_answers((requested.harness, *requested.said)):
        return f"the vendor's number may come from several answers to a sample ({several})"
    return ""


def _of_strict_filter(definition: TaskDefinition, prompt_format: PromptFormat, requested: RequestedProtocol) -> str:
    """Why a stated filter that counts one way to end an answer may be stricter here than the vendor's; else empty.

    The way is learnt from the worked examples. Harnesses show them to a model that chats as turns of its own, and
    lm-eval's tasks of another number (``gsm8k_cot_llama``, 8) end them otherwise.
    """
    is_strict = "shots" in prompt_format.prefix and (prompt_format.scorer or definition.scorer).get("strict")
    if not is_strict or not _stated(definition, requested):
        return ""
    if prompt_format.chat:
        return "a strict filter counts answers that end as the worked examples do, which are no turns of the model here"
    own, stated = definition.shots.count, requested.stated_shots.number
    if stated in (None, own):
        return ""
    return f"a strict filter of a task with {stated} worked examples may count other endings than that with {own}"


def _is_more_than_shots(text: str) -> bool:
    """Whether a prompt is described at all: "5-shot" only repeats the number of worked examples."""
    return bool(words_in(re.sub(r"\b\w+[- ]shots?\b", "", text)))


def _by_name(definition: TaskDefinition, requested: RequestedProtocol) -> str:
    """A prompt format given by its name: a sheet may use Steelyard's own names.

    In a claim a name that is also a word for another format is a vendor's word: "CoT" is no choice of ``cot``.
    """
    text = words_in(requested.prompt)
    named = next((name for name in definition.prompts if words_in(name) == text), "")
    others = (each for name, each in definition.prompts.items() if name != named)
    is_word = bool(requested.task) and any(words_in(word) == text for each in others for word in each.words)
    return "" if is_word else named


def _matches(text: str, name: str, prompt_format: PromptFormat) -> int:
    """The length, in words, of the longest of the format's phrases that the text contains; 0 without one."""
    return _longest(text, (name, *prompt_format.words))


def _longest(text: str, phrases: Iterable[str]) -> int:
    words = f" {' '.join(words_in(text))} "
    plain = [" ".join(words_in(phrase)) for phrase in phrases]
    return max((len(phrase.split()) for phrase in plain if phrase and f" {phrase} " in words), default=0)


def _refused(definition: TaskDefinition, requested: RequestedProtocol, named: bool) -> str:
    """Why no prompt format can test this claim; empty if one can. A ``named`` prompt format settles ``unless``."""
    texts = (requested.task, requested.variant, requested.metric, requested.prompt)
    if chosen := several_answers(texts):
        return f"the metric {chosen} needs several answers to a sample; an audit takes one"
    if definition.withheld is not None and requested.task and not _names_split(definition, requested):
        return definition.withheld.why
    subset = without_window(requested.subset) if definition.releases else requested.subset
    if definition.public and not _is_whole(definition, subset):
        return (
            f"the claim is about a part of the benchmark ({requested.subset[:80]!r}), and the whole is asked here: "
            "give a task file for that part with --task"
        )
    if why := _meant(definition.refused, requested, named):
        return why
    if definition.subsets and requested.task:
        return _no_subset(definition, requested)
    return _no_window(definition, requested) if definition.releases else ""


def _figures(definition: TaskDefinition, requested: RequestedProtocol) -> tuple[str, ...]:
    """What a claim states beside its words and settles which set of questions is meant: a subset, and numbers."""
    shots = requested.stated_shots.number
    texts = (requested.task, requested.variant, requested.metric, requested.prompt, requested.harness, *requested.said)
    return (
        requested.subset,
        str(requested.samples or ""),
        "" if shots is None else f"{shots} shot",
        ALL_PARTS if says_all_parts(definition, texts) else "",
    )


def _meant(
    refusals: Iterable[Refusal], requested: RequestedProtocol, named: bool = False, stated: tuple[str, ...] = ()
) -> str:
    """The reason of the first of these entries that a claim's words mean; empty where they mean none.

    ``stated`` is looked at for the words that make an exception, too.
    """
    texts = (requested.task, requested.variant, requested.metric, requested.prompt)
    of_claim = (*texts, requested.average, requested.harness)
    for refusal in refusals:
        meant = any(_longest(text, refusal.words) for text in of_claim) if refusal.words else not named
        if meant and not any(_longest(text, refusal.unless) for text in (*of_claim, *stated)):
            return refusal.why
    return ""


def _no_subset(definition: TaskDefinition, requested: RequestedProtocol) -> str:
    """Why a claim about a benchmark with subsets names none of them, or several; empty where it names one."""
    found = named_in(_naming(requested), definition.subsets)
    if len(found) == 1:
        return ""
    example = " ".join(part[0] for part in definition.subsets[0].parts)
    named = f"names {len(found)} of its subsets ({', '.join(found)})" if found else "names none of its subsets"
    return f"{definition.title} is claimed by its subsets, and the claim {named}: write one, such as subset: {example}"


def _no_window(definition: TaskDefinition, requested: RequestedProtocol) -> str:
    """Why a claim about a benchmark with releases names no window of it; empty where it does, or there is no claim."""
    known = {word for text in (definition.id, definition.title, *definition.aliases) for word in words_in(text)}
    named = re.sub(r"(?i)\bpass\s?@\s?1\b|\bcot\b|[- ]shot\b", " ", without_window(requested.task))
    if left := [word for word in words_in(named) if word not in known | _OF_A_WINDOW]:
        return f"which problems its name means by {left[0][:40]!r} is not known here: {HOW}"
    try:
        if not requested.task or window_in(_stating(requested), definition.releases) is not None:
            return ""
    except Ambiguous as error:
        return f"the window of dates is not clear: {error}"
    return f"{definition.title} grows, and the claim states no window of it: {HOW}"


def _window(definition: TaskDefinition, requested: RequestedProtocol) -> tuple[str, str]:
    """The window that is asked, as a plan seals it, and the sentence on it; empty for the whole, without a claim."""
    found = window_in(_stating(requested), definition.releases)
    return ("", "") if found is None else (found[0].sealed, found[1])


def _stating(requested: RequestedProtocol) -> tuple[str, ...]:
    return requested.subset, requested.variant, requested.task


def _naming(requested: RequestedProtocol) -> tuple[str, ...]:
    """Where a subset may be named: *BFCL v3 (Prompting, Non-Live Multiple AST)* has it in its prompt."""
    return *_stating(requested), requested.prompt, requested.metric


def _is_whole(definition: TaskDefinition, subset: str) -> bool:
    """Whether a claim's subset is all that a task asks: its name, its split, the whole, or all subtasks by name."""
    hub, said = definition.hub, set(words_in(without_all_parts(definition, subset)))
    files = " ".join(name.partition(".")[0] for name in hub.files) if hub else ""
    split = _split_words(definition).union(words_in(files), subset_words(definition.subsets))
    whole = _WHOLE | _OF_A_WINDOW if definition.releases else _WHOLE
    left = said - whole.union(split, words_in(definition.id), words_in(definition.title))
    subtasks = [set(words_in(name)) for name in hub.configs] if hub and len(hub.configs) > 1 else []
    if not left or not subtasks:
        return not left
    return left <= _TOGETHER.union(*subtasks) and all(left & subtask for subtask in subtasks)


def _split_words(definition: TaskDefinition) -> set[str]:
    """The words that name the split that is asked."""
    words = set(words_in(definition.hub.split)) if definition.hub else set()
    return words | {"val"} if "validation" in words else words


def _names_split(definition: TaskDefinition, requested: RequestedProtocol) -> bool:
    """Whether a claim, or its harness, names the split that is asked here, and not the one that is withheld."""
    withheld = definition.withheld
    assert withheld is not None
    stated = requested.task, requested.variant, requested.metric, requested.prompt, requested.subset
    said = {word for text in stated for word in words_in(text)}
    by_harness = said.union(words_in(requested.harness))
    names = bool(by_harness & _split_words(definition)) or bool(_longest(requested.harness, withheld.unless))
    return names and not said & set(words_in(withheld.split))


def _best(definition: TaskDefinition, texts: tuple[str, str, str]) -> tuple[str, ...]:
    """The best matches: a longer phrase outweighs a shorter one, the prompt outweighs metric and harness."""
    _, metric, harness = texts
    of_lm_eval = bool(_longest(harness, _LM_EVAL))
    scores = {}
    for name, prompt_format in definition.prompts.items():
        by_prompt, by_metric, by_harness = (_matches(without_no_reasoning(text), name, prompt_format) for text in texts)
        named = _longest(metric, prompt_format.lm_eval_metrics) if of_lm_eval else 0
        scores[name] = by_prompt, max(by_metric, named), by_harness
    best = max(scores.values())
    return tuple(name for name, score in scores.items() if score == best) if any(best) else ()


def _shots(definition: TaskDefinition, prompt_format: PromptFormat, requested: RequestedProtocol) -> tuple[int, str]:
    own = definition.shots.count if prompt_format.shots is None else prompt_format.shots
    wanted, stated = requested.stated_shots.number, requested.stated_shots.in_words
    if "shots" not in prompt_format.prefix:  # the format shows none, whatever the task declares
        own, remark = prompt_format.own_shots, f"The vendor showed {stated} worked examples; this prompt format shows"
        told = wanted not in (None, 0, own)
        return 0, f"{remark} {f'{own} of its own' if own else 'none'}." if told else ""
    if wanted is None or wanted == own:
        return own, ""
    shots = definition.shots
    most = shots.most or len(shots.pick)
    if requested.task and most and wanted > most:
        return most, f"The vendor showed {wanted} worked examples; there are {most} here."
    if wanted == 0 or shots.split or shots.seed or shots.file:
        return wanted, ""
    return own, f"The vendor showed {wanted} worked examples; this task declares none, so {own} are shown."
