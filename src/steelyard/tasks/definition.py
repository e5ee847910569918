"""A benchmark's definition: the records of one YAML file in a ``tasks`` folder.

Prompts are data: every text in a :class:`PromptFormat` is a Jinja template in the file, and every value in
:class:`Fields` is a Jinja expression over a row's own keys. Rows are only ever *values* in them: text from a data set
is never a template.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from steelyard.records.images import ImageDetail

__all__ = [
    "Fields",
    "Generator",
    "Hub",
    "Items",
    "PromptFormat",
    "Refusal",
    "Release",
    "Shots",
    "Subset",
    "TaskDefinition",
]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of every part of a task file: frozen, and an unknown key is an error."""


class Hub(Part, frozen=True, kw_only=True):
    """Where the rows are: ``<path>/<config>/<split>.jsonl`` in a mirror, the same three names on the hub.

    With several ``configs`` each is a subtask: they follow one another in this order and name their samples' ``group``.
    ``files`` in place of both: JSONL files of a data set that the hub's client cannot load by configurations. They are
    read by their names, ``<path>/<file>``, one after the other. ``answers``: where the right answers are in files of
    their own, the name of one for each of ``files`` (empty: it has none). Row by row both have the same ``id``, and
    the row of the answers stands in the other as ``answer``.
    """

    path: str
    configs: tuple[str, ...] = ()
    split: str = ""
    files: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()


class Release(Part, frozen=True, kw_only=True):
    """A release of a benchmark that grows: all ``hub.files`` up to ``file``, which added ``rows`` items.

    ``until`` (YYYY-MM-DD) is the day to which its items reach: a window of dates that ends no later is this release's.
    """

    name: str
    file: str
    rows: int
    until: str


class Subset(Part, frozen=True, kw_only=True):
    """One of ``hub.configs``, or of ``hub.files``, with so many ``rows``, by which a benchmark is claimed.

    A claim means it by its ``name``, or by one phrase of each of its ``parts``, in any order.
    """

    name: str
    rows: int
    parts: tuple[tuple[str, ...], ...]


class Generator(Part, frozen=True, kw_only=True):
    """A seeded generator of rows. The public ``seed`` gives the benchmark; any other seed gives twins of it."""

    name: str
    count: int
    seed: str
    options: dict[str, Any] = {}


class Shots(Part, frozen=True, kw_only=True):
    """Where worked examples come from: the same ones for every sample (of a group), so that the prefix is shared.

    Exactly one source: ``split`` of the hub data set, ``seed`` of the task's own generator, or ``file`` beside the task
    file: a mapping from group (or ``every group``) to ``{shots: [row, …], …}`` whose other keys the prefix template may
    use too.
    ``pick`` lists row numbers (from 0) in the order shown; empty means the first ones. ``by_group`` keeps only
    rows of the sample's own group. ``count`` is the default number, ``most`` that of all there are, where they are few:
    a claim that states more is asked with these. ``usual``: other numbers that vendors show and often do not
    print (25 of ARC-Challenge): a claim that states none is asked with these, too.
    """

    split: str = ""
    seed: str = ""
    file: str = ""
    count: int = 0
    most: int = 0
    usual: tuple[int, ...] = ()
    pick: tuple[int, ...] = ()
    by_group: bool = False


class Items(Part, frozen=True, kw_only=True):
    """How many items the published benchmark has, and what pins their content (:mod:`steelyard.tasks.items`)."""

    count: int
    sha256: str = ""


class Fields(Part, frozen=True, kw_only=True):
    """Expressions over a row: the right answer (a choice's index for multiple choice), choices, and the group.

    ``choices`` may be ``none`` for some rows: open questions beside multiple choice.

    ``question`` is what the item asks, whatever the prompt format: it pins the items. ``history`` is the conversation
    before it, a list of ``{role, text}``; only prompt formats that write text by chat can ask it. ``context`` is the
    document that an answer must quote, for the scorer ``citation``; the prompt says whether the model sees it.
    ``date`` is the row's own date (ISO 8601), by which a claim may be about a window of a benchmark. ``tests`` are no
    expressions but the names of columns with the data set's own tests (texts), for a scorer that runs them. ``images``
    are the names of the columns that hold images (:mod:`steelyard.tasks.images`); a prompt prints those that it shows,
    where it shows them.
    """

    target: str
    question: str = ""
    choices: str = ""
    group: str = ""
    history: str = ""
    context: str = ""
    date: str = ""
    tests: tuple[str, ...] = ()
    images: tuple[str, ...] = ()


class PromptFormat(Part, frozen=True, kw_only=True):
    """One named prompt format of a task.

    A prompt format that generates has ``prompt`` (with ``stop`` and ``max_tokens``); one that reads log-likelihoods has
    ``context`` and ``continuations`` (an expression that gives a list of texts). ``prefix`` is rendered once per
    group, with ``shots`` and ``group``. ``lm_eval_metrics`` are names of metrics that mean this prompt format where
    lm-eval or lighteval printed them, and anything elsewhere (``acc``). ``like`` names another prompt format, from
    which every part that is not given is copied, but no stop strings of a completion into a message. ``words`` are
    phrases of a claim's protocol that mean this prompt format; ``differences`` state how the prompt differs from the
    vendor's. ``needs`` is what a model must offer (``world two-room``); empty means language. ``untruncated``: an
    endpoint draws from the whole distribution.
    ``next_tokens``: not a text is asked for after the ``prompt``, but so many of the likeliest next tokens.
    ``system_template`` is a template in place of ``system``, for messages that differ between samples.
    ``image_detail`` is the endpoint's setting for the images that it shows, where the vendor states one. ``group`` is
    an expression in place of :attr:`Fields.group`, for a scorer that weighs its samples by it. ``own_shots`` is the
    number of worked examples in the prompt's own text, which are always shown; vendors count them or do not.
    ``when_stated``: it is asked only for a claim whose words choose it, and for none that states no prompt format.
    """

    like: str = ""
    title: str = ""
    words: tuple[str, ...] = ()
    lm_eval_metrics: tuple[str, ...] = ()
    prefix: str = ""
    prompt: str = ""
    context: str = ""
    continuations: str = ""
    stop: tuple[str, ...] = ()
    max_tokens: int = 256
    chat: bool = False
    untruncated: bool = False
    next_tokens: int = 0
    system: str = ""
    system_template: str = ""
    scorer: dict[str, Any] = {}
    shots: int | None = None
    own_shots: int = 0
    when_stated: bool = False
    differences: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    image_detail: ImageDetail = ""
    group: str = ""

    @property
    def generates(self) -> bool:
        """Whether the model writes text here (or else gives log-likelihoods, of options or of the next tokens)."""
        return not self.continuations and not self.next_tokens


class Refusal(Part, frozen=True, kw_only=True):
    """Claims about another measure of the same answers, which no prompt format can test (or only confirm).

    A claim is meant if its task, variant, metric, prompt or harness contains one of ``words`` and none of
    ``unless``. If ``unless`` is given alone, a claim that contains none of these is meant, since its measure is
    ambiguous. In ``confirms_only`` the words of ``unless`` may stand in its subset, too, or be its number of samples
    (``"500"``) or of worked examples (``3 shot``); ``all parts`` is said by a claim over all subtasks, however it says
    so. ``why`` is the reason, with the fix.
    """

    why: str
    words: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


class Withheld(Part, frozen=True, kw_only=True):
    """A ``split`` whose right answers nobody else has, and which claims are usually about: another one is asked here.

    A claim is tested only where it names the split that is asked (``hub.split``), or where its harness is named by one
    of ``unless``, which ask that split alone. ``why`` is the reason otherwise.
    """

    split: str
    why: str
    unless: tuple[str, ...] = ()


class TaskDefinition(Part, frozen=True, kw_only=True):
    """One benchmark, whose ``title`` is its id where none is given.

    ``chance`` is the chance score, a fraction; ``public`` samples may be in training corpora. The rows come from
    exactly one of ``hub``, ``generator`` and ``file``: questions in a file beside the task file. ``random_order``: why
    the order in which they are published is known to be random, as a sentence; empty where it is not. A benchmark with
    ``releases``, the oldest first, is claimed by a window of dates (``fields.date``) or by a release, and one with
    ``subsets`` by one of these. ``average: macro``: its score is the mean of the scores of its subtasks, where a claim
    says nothing else. ``confirms_only`` lists claims about another measure than is asked here: reaching one here
    confirms it, and missing it shows nothing.
    """

    id: str
    title: str = ""
    fields: Fields
    scorer: dict[str, Any]
    prompts: dict[str, PromptFormat]
    aliases: tuple[str, ...] = ()
    hub: Hub | None = None
    items: Items | None = None
    generator: Generator | None = None
    file: str = ""
    shots: Shots = msgspec.field(default_factory=Shots)
    refused: tuple[Refusal, ...] = ()
    confirms_only: tuple[Refusal, ...] = ()
    default_prompt: str = ""
    metric: str = "accuracy"
    chance: float = 0.0
    licence: str = ""
    source: str = ""
    public: bool = True
    random_order: str = ""
    releases: tuple[Release, ...] = ()
    subsets: tuple[Subset, ...] = ()
    withheld: Withheld | None = None
    average: Literal["", "macro"] = ""
