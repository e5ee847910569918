"""The files of a model in Hugging Face's layout: found, named by one SHA-256, and refused where they would run code.

Weights are read from safetensors (or one GGUF file) alone: a pickle runs code when it is loaded, and so does a model
that brings its own Python files. transformers is shown a folder of the files in the digest and of no other: what its
settings name elsewhere would answer under the same digest.
"""

from __future__ import annotations

import importlib
import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from steelyard.errors import InputError, MissingDependency
from steelyard.models.embedded_file import sha256_of_file
from steelyard.util.text import one_line

__all__ = ["ModelFiles", "find_files"]

_HUB_ID: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(?:@[A-Za-z0-9][\w./-]*)?")
_COMMIT: Final = re.compile(r"/snapshots/([0-9a-f]{40})(?:/|$)")
_READ: Final = ("*.safetensors", "*.json", "*.jinja", "*.txt", "*.model")
_NOT_READ: Final = ("*/*", "README*", "LICENSE*")
_SHARD: Final = re.compile(r"[^/\\\0]+\.safetensors")
# Others are fetched from the hub, or are packages of their own.
_IMPLEMENTATIONS: Final = ("eager", "sdpa", "grouped_mm", "batched_mm")
_ELSEWHERE: Final = ("adapter_config.json", "adapter_model.bin", "additional_chat_templates", "*_tokenizer/")
# Settings by which transformers reads another file than the one that it reads without them.
_REDIRECTS: Final = (
    "transformers_weights",
    "configuration_files",
    "fast_tokenizer_files",
    "audio_tokenizer",
    "audio_tokenizer_name_or_path",
)
_SETTINGS: Final = ("config.json", "tokenizer_config.json", "processor_config.json", "preprocessor_config.json")
_MAX_JSON: Final = 64 * 1024 * 1024  # bytes of config.json, or of an index of weights


@dataclass(frozen=True)
class ModelFiles:
    """A folder in Hugging Face's layout, or one GGUF file in it (``gguf`` is its name, else empty).

    ``sha256`` is that of a GGUF file; of a folder it is the digest of all files that are read (``files``), by name.
    """

    folder: Path
    gguf: str
    sha256: str
    name: str
    files: tuple[Path, ...]
    revision: str = ""

    @contextmanager
    def alone(self) -> Iterator[Path]:
        """Show the files that the digest is over in a folder of their own, while the context is open.

        Raises InputError where no such folder can be made.
        """
        with tempfile.TemporaryDirectory(prefix="steelyard-hf-") as made:
            try:
                for file in self.files:
                    (Path(made) / file.name).symlink_to(file)
            except OSError as error:
                raise InputError(
                    f"no folder of links can be made ({error.strerror}): set TMPDIR to one that can hold links",
                    where=made,
                ) from error
            yield Path(made)

    def load_options(self) -> dict[str, Any]:
        """What every loader of transformers is told: these files and no other, no code, no network."""
        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        return options | {"gguf_file": self.gguf} if self.gguf else options


def find_files(rest: str) -> ModelFiles:
    """Find a folder, a ``.gguf`` file, or ``ORGANISATION/NAME[@REVISION]``: in the hub's cache, else downloaded.

    Raises InputError where there is none, its weights are pickled or it has code of its own; MissingDependency where
    the hub's client is not installed.
    """
    path = Path(rest).expanduser()
    if path.is_file():
        if path.suffix != ".gguf":
            raise InputError("is a file: give the folder of a model, or a file that ends in .gguf", where=path)
        path = path.absolute()
        return ModelFiles(path.parent, path.name, _digest_of(path), path.name, (path,))
    if path.is_dir():
        return _folder(path.absolute(), path.absolute().name)
    if _HUB_ID.fullmatch(rest) is None:
        raise InputError(
            f"hf:{one_line(rest, 120)} is no folder here, and no name on the hub such as hf:ORGANISATION/NAME"
        )
    name, _, revision = rest.partition("@")
    return _folder(_from_hub(name, revision), name)


def _folder(path: Path, name: str) -> ModelFiles:
    config = _json_object(path / "config.json")
    if "auto_map" in config:
        raise InputError(
            "brings Python code of its own (auto_map in config.json), which is not run here: serve it in a process of "
            "its own and name it as openai:NAME@URL",
            where=path,
        )
    if reason := _names_code(config):
        raise InputError(f"config.json names {reason}, which may be code of somebody's: take that out", where=path)
    for other in _ELSEWHERE:
        if found := sorted(path.glob(other)):
            raise InputError(
                f"has {one_line(found[0].name, 80)}, which is not read here: merge it into the model, or take it out",
                where=path,
            )
    for settings in _SETTINGS:
        if (path / settings).exists() and (key := _redirects(_json_object(path / settings))):
            raise InputError(
                f"{settings} has {key}, by which other files would be read than those that the digest is over: take "
                f"that out, and keep the files under their usual names (model.safetensors, tokenizer.json)",
                where=path,
            )
    files = sorted({file for pattern in _READ for file in path.glob(pattern) if file.is_file()})
    if not any(file.suffix == ".safetensors" for file in files):
        pickled = any(path.glob("*.bin")) or any(path.glob("*.pt"))
        why = (
            "pickled weights alone, which are not read: they run code when they are loaded" if pickled else "no weights"
        )
        raise InputError(f"has {why}: convert the model to safetensors", where=path)
    _check_index(path / "model.safetensors.index.json")
    commit = _COMMIT.search(path.as_posix())
    return ModelFiles(path, "", _digest_of_all(files), name, tuple(files), commit[1] if commit else "")


def _check_index(path: Path) -> None:
    """Raise InputError where weights lie in several files that are not all safetensors of this very folder."""
    if not path.exists():
        return
    shards = _json_object(path).get("weight_map")
    if not isinstance(shards, dict):
        raise InputError("has no weight_map: copy it again", where=path)
    for name in shards.values():
        if not isinstance(name, str) or _SHARD.fullmatch(name) is None or not (path.parent / name).is_file():
            raise InputError(
                f"names {one_line(str(name), 80)!r}, which is no .safetensors file of this folder: copy it again",
                where=path,
            )


def _names_code(config: dict[str, Any]) -> str:
    """What a configuration names as the implementation of a layer and is not one of transformers' own; empty: none."""
    for key, value in _items(config):
        if "implementation" in key and value is not None:
            values = value.values() if isinstance(value, dict) else [value]
            if odd := [each for each in values if each is not None and each not in _IMPLEMENTATIONS]:
                return f"{one_line(key, 60)}: {one_line(str(odd[0]), 60)}"
    return ""


def _redirects(settings: dict[str, Any]) -> str:
    """Which key leads to another file; empty: none."""
    return next((key for key, value in _items(settings) if key in _REDIRECTS and value is not None), "")


def _items(tree: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every key of a JSON object with its value, at any depth."""
    left: list[Any] = [tree]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            yield from each.items()
            left.extend(each.values())
        elif isinstance(each, list):
            left.extend(each)


def _json_object(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_MAX_JSON))
    except FileNotFoundError:
        raise InputError(f"has no {path.name}: give the folder of a model", where=path.parent) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror}): check its permissions", where=path) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not a JSON object ({one_line(str(error), 120)}): copy it again", where=path) from error
    if not isinstance(found, dict):
        raise InputError("is not a JSON object: copy it again", where=path)
    return found


def _digest_of(path: Path) -> str:
    try:
        return sha256_of_file(path)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror}): check its permissions", where=path) from error


def _digest_of_all(files: Iterable[Path]) -> str:
    lines = "".join(f"{_digest_of(file)}  {file.name}\n" for file in files)
    return sha256(lines.encode()).hexdigest()


def _from_hub(name: str, revision: str) -> Path:
    try:
        hub: Any = importlib.import_module("huggingface_hub")
    except ImportError:
        raise MissingDependency(f"hf:{name} needs the hub's client: pip install 'steelyard[hf]'") from None
    hub.utils.logging.set_verbosity_error()  # it logs each retry
    asked = {"revision": revision or None, "allow_patterns": list(_READ), "ignore_patterns": list(_NOT_READ)}
    with suppress(Exception):  # not in the cache: the client has many words for it
        return Path(hub.snapshot_download(name, local_files_only=True, **asked))
    try:
        return Path(hub.snapshot_download(name, **asked))
    except Exception as error:  # the client raises dozens of types; each means that the hub gave no files
        reason = one_line(str(error).partition("\n")[0], 160) or type(error).__name__
        raise InputError(f"hf:{name} is no folder here, and the hub gave none ({reason}): give a folder") from error
