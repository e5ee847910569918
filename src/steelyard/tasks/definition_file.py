"""Reads a task file strictly: an error is one line with the file, the line and the nearest known key."""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from steelyard.errors import InputError
from steelyard.tasks.definition import Hub, PromptFormat, Shots, TaskDefinition
from steelyard.tasks.window import is_day
from steelyard.util.yaml_tree import Branch, Items, Leaf, Node, quoted, read_tree

__all__ = ["check_shows_images", "read_definition", "read_plain_yaml", "read_strictly", "resolved_prompts"]

MAX_BYTES = 4_000_000
MAX_GENERATED = 100_000  # items of a generator: all are made before the first is asked
MOST_NEXT_TOKENS = 20  # what common servers give
_INTEGER = re.compile(r"-?(0|[1-9]\d{0,17})", re.ASCII)
_LACKS = re.compile(r"Object missing required field `(\w+)`")
_DATA_SET = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)
_CONFIG = re.compile(r"[A-Za-z0-9_]([\w.+() -]*[\w.+)-])?", re.ASCII)  # such as "standard (10 options)"
_PART = re.compile(r"[A-Za-z0-9_][\w.+-]*", re.ASCII)
P = TypeVar("P", bound=msgspec.Struct)
_DECIMAL = re.compile(r"-?\d{1,18}\.\d{1,18}", re.ASCII)


def read_definition(path: Path) -> TaskDefinition:
    """Read and check one task file; raises InputError with file and line."""
    tree = _with_new_keys(_tree(path))
    if tree is None:
        raise InputError("the file is empty: a task needs at least id, fields, scorer and prompts", where=path)
    definition: TaskDefinition = _built(tree, TaskDefinition, path)
    return _checked(definition, path)


def read_strictly(path: Path, kind: type[P]) -> P:
    """Read a YAML file into a record; raises InputError with file and line."""
    tree = _tree(path)
    if tree is None:
        raise InputError(f"the file is empty; its keys are {', '.join(get_type_hints(kind))}", where=path)
    found: P = _built(tree, kind, path)
    return found


def _with_new_keys(tree: Node | None) -> Node | None:
    """Accept the key ``cells`` of format 1 for ``prompts``."""
    if not isinstance(tree, Branch):
        return tree
    for old, new in (("cells", "prompts"), ("default_cell", "default_prompt")):
        if old in tree.entries and new not in tree.entries:
            tree.entries[new], tree.key_lines[new] = tree.entries.pop(old), tree.key_lines.pop(old)
    return tree


def read_plain_yaml(path: Path) -> Any:
    """Read a YAML data file (such as worked examples) into lists and mappings of texts; raises InputError."""
    tree = _tree(path)
    return None if tree is None else _texts(tree)


def _tree(path: Path) -> Node | None:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path) from None
    if len(data) > MAX_BYTES:
        raise InputError(f"larger than {MAX_BYTES:,} bytes: not a task file", where=path)
    try:
        return read_tree(data.decode(), str(path))
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", where=path) from None


def _texts(node: Node) -> Any:
    match node:
        case Leaf(text=text):
            return text
        case Items(items=items):
            return [_texts(item) for item in items]
        case Branch(entries=entries):
            return {key: _texts(value) for key, value in entries.items()}


def _guessed(node: Node) -> Any:
    """A value of unknown type, such as a scorer's option: a plain true, false or number, otherwise text."""
    match node:
        case Items(items=items):
            return [_guessed(item) for item in items]
        case Branch(entries=entries):
            return {key: _guessed(value) for key, value in entries.items()}
        case Leaf(text=text, plain=True) if text in ("true", "false"):
            return text == "true"
        case Leaf(text=text, plain=True) if _INTEGER.fullmatch(text):
            return int(text)
        case Leaf(text=text, plain=True) if _DECIMAL.fullmatch(text):
            return float(text)
    return node.text


def _built(node: Node, kind: Any, path: Path) -> Any:
    """Turn a node into ``kind``, bottom up, so that every error has its own line."""
    kind = _without_none(kind)
    if kind is Any:
        return _guessed(node)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _built_struct(node, kind, path)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is types.UnionType and isinstance(node, Items):
        lists = [each for each in arguments if get_origin(each) is tuple]
        return _built(node, lists[0] if lists else arguments[0], path)
    if origin is dict and isinstance(node, Branch):
        return {key: _built(value, arguments[1], path) for key, value in node.entries.items()}
    if origin is tuple and isinstance(node, Items):
        return tuple(_built(item, arguments[0], path) for item in node.items)
    if isinstance(node, Leaf) and origin not in (dict, tuple):
        return _converted(node.text, kind, node.line, path)
    expected = {dict: "keys and values", tuple: "a list"}.get(origin, "one value")
    raise InputError(f"expected {expected} here", where=path, line=node.line)


def _built_struct(node: Node, kind: type[msgspec.Struct], path: Path) -> Any:
    hints = get_type_hints(kind)
    if not isinstance(node, Branch):
        raise InputError(f"expected keys and values ({', '.join(hints)})", where=path, line=node.line)
    for key, line in node.key_lines.items():
        if key not in hints:
            nearest = get_close_matches(key, hints, n=1)
            hint = f"did you mean {nearest[0]!r}?" if nearest else f"known keys: {', '.join(hints)}"
            raise InputError(f"unknown key {quoted(key)}: {hint}", where=path, line=line)
    values = {key: _built(value, hints[key], path) for key, value in node.entries.items()}
    return _converted(values, kind, node.line, path)


def _converted(value: Any, kind: Any, line: int, path: Path) -> Any:
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        lacks = _LACKS.match(str(error))
        raise InputError(f"the key '{lacks[1]}' is missing" if lacks else str(error), where=path, line=line) from None


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        others = [part for part in get_args(kind) if part is not type(None)]
        if len(others) == 1 and isinstance(others[0], type) and issubclass(others[0], msgspec.Struct):
            return others[0]
    return kind


def _checked(definition: TaskDefinition, path: Path) -> TaskDefinition:
    """Check what concerns several parts, and resolve ``like``."""
    if [definition.hub is not None, definition.generator is not None, bool(definition.file)].count(True) != 1:
        raise InputError("a task needs exactly one of 'hub', 'generator' and 'file'", where=path)
    if definition.hub is not None:
        _check_hub(definition.hub, definition.shots, path)
    if definition.releases:
        _check_releases(definition, path)
    if definition.subsets:
        _check_subsets(definition, path)
    shots = definition.shots
    if sum(map(bool, (shots.split, shots.seed, shots.file))) > 1:
        raise InputError("shots need one of 'split', 'seed' and 'file'", where=path)
    if not definition.prompts:
        raise InputError("a task needs at least one prompt format", where=path)
    if not all(refusal.words or refusal.unless for refusal in definition.refused):
        raise InputError("each entry of 'refused' needs 'words', 'unless' or both", where=path)
    if not all(refusal.words for refusal in definition.confirms_only):
        raise InputError("each entry of 'confirms_only' needs 'words'", where=path)
    prompts = resolved_prompts(definition.prompts, path)
    default = definition.default_prompt or next(iter(prompts))
    if default not in prompts:
        raise InputError(f"default_prompt {default!r} is not one of: {', '.join(prompts)}", where=path)
    if definition.withheld is not None and (definition.hub is None or not definition.hub.split):
        raise InputError("withheld needs hub.split, the split that is asked in its place", where=path)
    if definition.generator is not None and not 1 <= definition.generator.count <= MAX_GENERATED:
        raise InputError(f"generator.count must be from 1 to {MAX_GENERATED:,}", where=path)
    if definition.items is not None and definition.items.count < 1:
        raise InputError("items.count must be at least 1", where=path)
    if definition.items is not None and definition.items.sha256 and not definition.fields.question:
        raise InputError("items.sha256 needs fields.question, which says what an item asks", where=path)
    if definition.fields.images:
        check_shows_images(prompts, path)
    if not 0 <= definition.chance < 1:
        raise InputError("chance is a fraction from 0 to below 1", where=path)
    return msgspec.structs.replace(
        definition, title=definition.title or definition.id, prompts=prompts, default_prompt=default
    )


def check_shows_images(prompts: Mapping[str, PromptFormat], path: Path) -> None:
    """Raise InputError for a prompt format that cannot show images."""
    for name, each in prompts.items():
        if not each.chat or not each.generates:
            raise InputError(f"prompts.{name}: images are shown in a chat that asks for text: chat: true", where=path)
        if "shots" in each.prefix:
            raise InputError(f"prompts.{name}: worked examples are not shown beside images: no prefix", where=path)


def _check_hub(hub: Hub, shots: Shots, path: Path) -> None:
    """A task file may come from a stranger: what it names is a data set of the hub, and never a folder of this machine.

    Its rows become prompts, which are sent to the endpoint.
    """
    if hub.files and (hub.configs or hub.split or shots.split):
        raise InputError("hub.files stand in place of hub.configs, hub.split and shots.split", where=path)
    if not hub.files and not hub.configs:
        raise InputError("hub.configs must name at least one configuration", where=path)
    if not hub.files and not hub.split:
        raise InputError("hub.split is missing: name the split whose rows are asked", where=path)
    if not _DATA_SET.fullmatch(hub.path) or ".." in hub.path:
        raise InputError(f"hub.path {hub.path[:80]!r} is no data set of the hub: write OWNER/NAME", where=path)
    if hub.answers and len(hub.answers) != len(hub.files):
        raise InputError("hub.answers name a file for each of hub.files, in their order (or '': none)", where=path)
    named = {"hub.configs": hub.configs, "hub.files": hub.files, "hub.split": (hub.split,) if hub.split else ()}
    named["hub.answers"] = tuple(part for each in filter(None, hub.answers) for part in each.split("/"))
    for key, name in ((key, each) for key, names in named.items() for each in names):
        pattern = _CONFIG if key == "hub.configs" else _PART
        if not pattern.fullmatch(name) or ".." in name:
            raise InputError(f"{key}: {name[:80]!r} is no name of the hub's: letters, digits, . _ + -", where=path)
    if shots.split and (not _PART.fullmatch(shots.split) or ".." in shots.split):
        raise InputError(f"shots.split: {shots.split[:80]!r} is no name of the hub's", where=path)


def _check_releases(definition: TaskDefinition, path: Path) -> None:
    """The releases are the hub's files, in their order, and each reaches further than the one before."""
    releases = definition.releases
    if definition.hub is None or not definition.fields.date:
        raise InputError("releases need hub.files and fields.date", where=path)
    if tuple(each.file for each in releases) != definition.hub.files:
        raise InputError("releases name each of hub.files once, in their order", where=path)
    if not all(is_day(each.until) for each in releases):
        raise InputError("releases: until is a day, such as 2025-02-01", where=path)
    if sorted({each.until for each in releases}) != [each.until for each in releases]:
        raise InputError("releases: each reaches further (until) than the one before", where=path)
    if not all(each.rows > 0 and re.fullmatch(r"release_v[1-9][0-9]?", each.name, re.ASCII) for each in releases):
        raise InputError("releases: a name is release_v1, release_v2, …, and rows at least 1", where=path)


def _check_subsets(definition: TaskDefinition, path: Path) -> None:
    """The subsets are the hub's configurations or files, and each can be named."""
    hub, items, subsets = definition.hub, definition.items, definition.subsets
    names = [each.name for each in subsets]
    if hub is None or (hub.configs and tuple(names) != hub.configs):
        raise InputError("subsets name each of hub.configs once, in their order", where=path)
    if len(names) != len(hub.files or hub.configs) or len(set(names)) != len(names) or definition.releases:
        raise InputError("subsets are one for each of hub.files, in their order, without releases", where=path)
    if not all(each.rows > 0 and each.parts and all(each.parts) for each in subsets):
        raise InputError("subsets: each has rows (at least 1) and parts, with a phrase in each part", where=path)
    if items is not None and (items.sha256 or items.count != sum(each.rows for each in subsets)):
        raise InputError("items of a benchmark with subsets: count is the sum of their rows, sha256 none", where=path)


def resolved_prompts(prompts: Mapping[str, PromptFormat], path: Path) -> dict[str, PromptFormat]:
    """The prompt formats with what each takes over from another one (``like``); raises InputError."""
    return {name: _resolved(name, prompts, path) for name in prompts}


def _resolved(name: str, prompts: Mapping[str, PromptFormat], path: Path) -> PromptFormat:
    prompt_format = prompts[name]
    if prompt_format.like:
        if prompt_format.like not in prompts or prompts[prompt_format.like].like:
            raise InputError(f"prompts.{name}: like must name a prompt format without 'like'", where=path)
        prompt_format = _inherited(prompt_format, prompts[prompt_format.like])
    asks = bool(prompt_format.prompt), bool(prompt_format.context and prompt_format.continuations)
    if sum(asks) != 1:
        raise InputError(f"prompts.{name}: needs either 'prompt' or both 'context' and 'continuations'", where=path)
    if prompt_format.next_tokens and not (prompt_format.prompt and 1 <= prompt_format.next_tokens <= MOST_NEXT_TOKENS):
        raise InputError(
            f"prompts.{name}: next_tokens is a number from 1 to {MOST_NEXT_TOKENS}, beside a 'prompt'", where=path
        )
    if prompt_format.max_tokens < 1:
        raise InputError(f"prompts.{name}: max_tokens must be at least 1", where=path)
    return prompt_format


def _inherited(prompt_format: PromptFormat, parent: PromptFormat) -> PromptFormat:
    """Copy every field with its default value from the parent, except words and title, which name one format only.

    A message takes over no stop strings from a completion: what a base model writes behind its answer, one that chats
    writes before it ("Question: …").
    """
    own = {"like", "words", "lm_eval_metrics", "title"}
    if prompt_format.chat and not parent.chat:
        own.add("stop")
    taken = {}
    for field in msgspec.structs.fields(PromptFormat):
        value = getattr(prompt_format, field.name)
        default = {} if field.default_factory is dict else field.default
        if field.name not in own and value == default:
            taken[field.name] = getattr(parent, field.name)
    return msgspec.structs.replace(prompt_format, **taken)
