"""A claim sheet from a Hugging Face model card: the ``model-index`` of README.md's front matter, or of a YAML file.

Values stay as printed. A benchmark that is known here gets its id, any other keeps its own name. Whether a value is a
percentage or a fraction is not stated in a card, so each row notes how it was read.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from steelyard.adapters.benchmark_names import MAX_PERCENT, infer_unit, known_task, names_a_share, shots_in_name
from steelyard.adapters.sheet_file import decimal_text
from steelyard.adapters.untrusted_json import read_bytes
from steelyard.errors import InputError
from steelyard.records import Claim, ClaimSheet
from steelyard.util.yaml_tree import Branch, Items, Leaf, Node, read_tree

__all__ = ["has_model_index", "read_model_card"]

MAX_BYTES = 8 * 2**20
MAX_SHOTS = 1000
FENCE = re.compile(r"---[ \t]*\r?\n")
END = re.compile(r"^(---|\.\.\.)[ \t]*\r?$", re.MULTILINE)
PERCENT = re.compile(r"(?P<number>[^%]+?)\s*%")
MARGIN = re.compile(r"(?P<number>[^±]+?)\s*(?:±|\+/-)\s*(?P<margin>[0-9.]{1,12})\s*(?P<percent>%?)")
VERIFIED = {"true", "True", "yes"}


def has_model_index(text: str) -> bool:
    """Whether a text is a card or metadata with results: cheap, before anything is parsed."""
    return re.search(r"^model-index[ \t]*:", text, re.MULTILINE) is not None


def read_model_card(path: Path) -> ClaimSheet:
    """The sheet of a card's first model with results; raises InputError, with the line, where there is none.

    Results without a plain number are left out, and a footnote counts them.
    """
    root = read_tree(_metadata(path), str(path))
    index = _get(root, "model-index")
    models = [model for model in _items(index) if _items(_get(model, "results"))]
    if not models:
        raise InputError("there is no model-index with results in it, so there are no claims", where=path)
    model = models[0]
    metrics = [metric for result in _items(_get(model, "results")) for metric in _metrics(result)]
    in_percent = _percent_sources(metrics)
    claims = tuple(claim for metric in metrics if (claim := _claim(metric, in_percent)) is not None)
    if not claims:
        raise InputError("none of its results holds a plain number", where=path, line=_line(index))
    name = _text(model, "name") or _text(root, "base_model") or path.stem
    origin = ["Taken from the card's model-index. Units and decoding are not stated there."]
    if left_out := len(metrics) - len(claims):
        origin.append(f"{left_out} of {len(metrics)} results hold no plain number and are left out.")
    if len(models) > 1:
        origin.append(f"The card has results of {len(models)} models; these are the first one's.")
    sources = {metric.source for metric in metrics if metric.source}
    return ClaimSheet(
        model=name,
        source=sources.pop() if len(sources) == 1 else path.name,
        origin=tuple(origin),
        claims=claims,
    )


def _metadata(path: Path) -> str:
    """The card's front matter, on its own lines so that errors name them; of a YAML file the whole."""
    try:
        text = read_bytes(path, MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("not text in UTF-8", where=path) from None
    fence = FENCE.match(text)
    if fence is None:
        if path.suffix.lower() == ".md":
            raise InputError("has no front matter (--- … ---) with a model-index, so there are no results", where=path)
        return text
    end = END.search(text, fence.end())
    if end is None and path.suffix.lower() == ".md":
        raise InputError("its front matter has no end: a line of three hyphens", where=path, line=1)
    return "\n" + text[fence.end() : end.start() if end else len(text)]


# ── the results ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Metric:
    """One metric of one result, with the result around it. ``printed`` is the value as written."""

    result: Node
    metric: Node
    printed: str
    margin: str
    percent: bool
    source: str

    @property
    def kind(self) -> str:
        return _text(self.metric, "type") or _text(self.metric, "name")

    @property
    def number(self) -> float | None:
        text = decimal_text(self.printed)
        return None if text is None else float(text)


def _metrics(result: Node) -> Iterator[_Metric]:
    source = _text(_get(result, "source"), "url")
    for metric in _items(_get(result, "metrics")):
        printed, margin, percent = _printed(_text(metric, "value").strip())
        yield _Metric(result, metric, printed, margin, percent, source)


def _printed(value: str) -> tuple[str, str, bool]:
    """(number, margin, whether there is a percent sign) of 69.80, 85.3%, or 85.3 ± 0.2."""
    if found := MARGIN.fullmatch(value):
        return found["number"].rstrip("% "), found["margin"], bool(found["percent"]) or "%" in found["number"]
    if found := PERCENT.fullmatch(value):
        return found["number"], "", True
    return value, "", False


def _claim(metric: _Metric, in_percent: Container[str]) -> Claim | None:
    value = decimal_text(metric.printed)
    if value is None:
        return None
    dataset = _get(metric.result, "dataset")
    name, hub, config = _text(dataset, "name"), _text(dataset, "type"), _text(dataset, "config")
    config = config or _text(metric.metric, "config")
    part = "" if config in ("default", "main", "all") else config
    task = known_task((config, name, f"{hub.rpartition('/')[2]} {config}", hub.rpartition("/")[2]), hub)
    unit, unit_note = infer_unit(metric.kind, float(value), beside_percent=metric.source in in_percent)
    if metric.percent:
        unit, unit_note = "percent", ""
    split = _text(dataset, "split")
    origin = [
        f"called {name or hub} there" if task else "",
        f"data set {'/'.join(part for part in (hub, config, split) if part)}",
        unit_note,
        f"printed with ± {metric.margin}" if metric.margin else "",
        "cut after twelve decimals" if len(metric.printed.partition(".")[2]) > len(value.partition(".")[2]) else "",
        "verified by the hub" if _text(metric.metric, "verified") in VERIFIED else "",
        f"source {metric.source}" if metric.source else "",
    ]
    return Claim(
        task=task or name or hub or "unnamed",
        value=value,
        unit=unit,
        metric=metric.kind,
        shots=_shots(metric, name),
        note="; ".join(filter(None, (name if task else "", hub.rpartition("/")[2], part, split))),
        origin="; ".join(filter(None, origin)),
    )


def _percent_sources(metrics: Sequence[_Metric]) -> set[str]:
    """The sources, each one table, that state a share above 1, so in percent."""
    return {
        metric.source
        for metric in metrics
        if metric.number is not None and 1 < metric.number <= MAX_PERCENT and names_a_share(metric.kind)
    }


def _shots(metric: _Metric, name: str) -> int | None:
    places = (_get(_get(metric.result, "dataset"), "args"), _get(metric.metric, "args"))
    for place in places:
        for key in ("num_few_shot", "num_fewshot", "n_shot", "n-shot"):
            stated = _text(place, key)
            if stated.isascii() and stated.isdigit() and len(stated) < 5 and int(stated) <= MAX_SHOTS:
                return int(stated)
    return shots_in_name(name)


# ── the tree ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _get(node: Node | None, key: str) -> Node | None:
    return node.entries.get(key) if isinstance(node, Branch) else None


def _items(node: Node | None) -> list[Node]:
    return node.items if isinstance(node, Items) else []


def _text(node: Node | None, key: str) -> str:
    value = _get(node, key)
    return value.text if isinstance(value, Leaf) and not value.is_null else ""


def _line(node: Node | None) -> int | None:
    return None if node is None else node.line
