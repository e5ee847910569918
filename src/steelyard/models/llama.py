"""A thin, safe wrapper around the raw llama.cpp calls of ``llama-cpp-py-sync`` (its cffi bindings; no wrapper classes).

Everything that llama.cpp answers with a C assertion (a batch that is too large, a position outside the context, a
model without a decoder) is checked here first, so that no input can abort the process.

Two choices make numbers reproducible, both measured on SmolLM2-135M (x86-64, build b11739):

* Flash attention is off. With it, decoding one token after more than 512 others splits the keys between the threads,
  so that 1 and 2 threads give different bits; without it they are equal, and decoding at 1,500 tokens is 1.7 times
  as fast (91 against 52 tokens/s) for 5 % of the prefill.
* One sequence at a time, in pieces of at most :data:`BATCH` tokens that start where the caller's batch starts:
  packing several sequences together moves a token's log-probability by up to 0.4 nat.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.errors import InputError, MissingDependency

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BATCH", "Llama", "backend_version", "check_gguf", "check_installed", "quantisation_types", "quantise"]

BATCH = 512
OUTPUTS = 128
_FLASH_ATTENTION_OFF = 0
_messages: list[str] = []
# Types that need an importance matrix, and words that are no type.
_NOT_WRITTEN = re.compile(r"IQ1_|IQ2_|Q2_K_S$|LLAMA_")


def check_installed(uri: str) -> None:
    """Raise MissingDependency, naming ``uri``, where what runs a model in the process is not installed."""
    if importlib.util.find_spec("llama_cpp_py_sync") is None:
        raise MissingDependency(
            f"{uri} runs in this process by llama.cpp, which is not installed here: pip install 'steelyard[local]'"
        )


@cache
def _library() -> tuple[Any, Any]:
    """Load and initialise the library once per process, without log output on the terminal."""
    try:
        bindings: Any = importlib.import_module("llama_cpp_py_sync._cffi_bindings")
        ffi, lib = bindings.get_ffi(), bindings.get_lib()
    except (ImportError, RuntimeError, OSError) as error:
        raise MissingDependency(
            f"the in-process backend does not load ({error}): pip install 'steelyard[local]'"
        ) from error

    def log(level: int, text: Any, _: Any) -> None:
        if level == lib.GGML_LOG_LEVEL_ERROR:
            _messages.append(ffi.string(text).decode("utf-8", "replace").strip())

    callback = ffi.callback("void(enum ggml_log_level, const char *, void *)")(log)
    lib.llama_log_set(callback, ffi.NULL)
    lib.llama_backend_init()
    _library.callback = callback  # type: ignore[attr-defined]  # C keeps the pointer: it must outlive us
    return ffi, lib


def backend_version() -> str:
    """Name the package and the build under it: ``llama-cpp-py-sync 0.11739 (llama.cpp b11739 0ce8cd114)``."""
    from llama_cpp_py_sync import _version as version

    build = f"llama.cpp {version.__llama_cpp_tag__} {version.__llama_cpp_commit__}"
    return f"llama-cpp-py-sync {version.__version__} ({build})"


def _last_message() -> str:
    return " ".join(_messages[-1].split()) if _messages else "no reason given"


def check_gguf(path: Path) -> None:
    """Raise InputError where a file cannot be read, or does not begin as a GGUF file does."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror}): give the path of a GGUF file", where=path) from error
    if magic != b"GGUF":
        raise InputError("is not a GGUF file (it does not begin with GGUF): convert the model first", where=path)


def quantisation_types() -> dict[str, int]:
    """The types that this build of llama.cpp writes without an importance matrix, by name, with their numbers."""
    ffi, _ = _library()
    numbers: dict[str, int] = ffi.typeof("enum llama_ftype").relements
    names = {re.sub(r"^LLAMA_FTYPE_(MOSTLY|ALL)_", "", name): number for name, number in numbers.items()}
    return {name: number for name, number in sorted(names.items()) if not _NOT_WRITTEN.match(name)}


def quantise(source: Path, target: Path, kind: int, *, threads: int) -> None:
    """Write the weights of the GGUF file ``source`` to ``target`` in another type, also where they are quantised.

    Raises InputError, with llama.cpp's reason, where it cannot; what it wrote of ``target`` is left.
    """
    ffi, lib = _library()
    parameters = ffi.new("llama_model_quantize_params *", lib.llama_model_quantize_default_params())
    parameters.ftype, parameters.nthread, parameters.allow_requantize = kind, threads, True
    _messages.clear()
    if lib.llama_model_quantize(os.fsencode(source), os.fsencode(target), parameters) != 0:
        raise InputError(f"llama.cpp cannot requantise it: {_last_message()}", where=source)


class Llama:
    """One decoder-only GGUF file with one context of one sequence. Not thread-safe: its owner calls from one thread.

    ``context_limit`` caps the context; it is the model's own training context where that is shorter.
    Raises InputError where the file is not GGUF, cannot be loaded, or is not a plain decoder.
    """

    def __init__(self, path: Path, *, threads: int, context_limit: int) -> None:
        self._ffi, self._lib = _library()
        self._context: Any = None
        self._model: Any = self._load(path)
        self._vocabulary = self._lib.llama_model_get_vocab(self._model)
        self.vocabulary_size: int = self._lib.llama_vocab_n_tokens(self._vocabulary)
        self.context_tokens = min(int(self._lib.llama_model_n_ctx_train(self._model)), context_limit)
        self.threads = threads
        try:
            self._check_kind(path)
            self._context = self._open_context()
        except InputError:
            self.close()
            raise
        self._memory = self._lib.llama_get_memory(self._context)

    def _load(self, path: Path) -> Any:
        check_gguf(path)
        parameters = self._lib.llama_model_default_params()
        parameters.n_gpu_layers = 0
        _messages.clear()
        model = self._lib.llama_model_load_from_file(os.fsencode(path), parameters)
        if model == self._ffi.NULL:
            raise InputError(f"llama.cpp cannot load it: {_last_message()}", where=path)
        return model

    def _check_kind(self, path: Path) -> None:
        lib, model = self._lib, self._model
        plain = lib.llama_model_has_decoder(model) and not lib.llama_model_has_encoder(model)
        if not plain or lib.llama_model_is_recurrent(model) or lib.llama_model_is_hybrid(model):
            raise InputError("is not a decoder-only transformer, the only kind that can be rewound exactly", where=path)
        pieces = self.metadata("split.count")
        if pieces not in ("", "0", "1"):
            raise InputError(f"is one piece of {pieces}: merge them, so that one SHA-256 names the model", where=path)

    def _open_context(self) -> Any:
        parameters = self._lib.llama_context_default_params()
        parameters.n_ctx = self.context_tokens
        parameters.n_batch = parameters.n_ubatch = BATCH
        parameters.n_seq_max = 1
        parameters.n_outputs_max = parameters.n_outputs_max_per_seq = OUTPUTS
        parameters.n_threads = parameters.n_threads_batch = self.threads
        parameters.flash_attn_type = _FLASH_ATTENTION_OFF
        parameters.kv_unified = True
        context = self._lib.llama_init_from_model(self._model, parameters)
        if context == self._ffi.NULL:
            raise InputError(
                f"llama.cpp cannot make a context of {self.context_tokens} tokens: is there enough memory?"
            )
        return context

    # ── text and tokens ─────────────────────────────────────────────────────────────────────────────────────────────

    def tokenise(self, text: str, *, control: bool = False) -> list[int]:
        """Give the tokens of ``text``, without any added by the model.

        Names of control tokens inside it stay plain text unless ``control``: text from datasets must not end a turn.
        """
        data = text.encode("utf-8", "surrogatepass")
        room = len(data) + 8
        buffer = self._ffi.new("llama_token[]", room)
        count = self._lib.llama_tokenize(self._vocabulary, data, len(data), buffer, room, False, control)
        return list(buffer[0:count])

    def piece(self, token: int) -> bytes:
        """Give the bytes of one token: possibly a part of a character, nothing for a control token."""
        buffer = self._ffi.new("char[]", 256)
        count = self._lib.llama_token_to_piece(self._vocabulary, token, buffer, 256, 0, False)
        return bytes(self._ffi.buffer(buffer, max(count, 0)))

    def is_end(self, token: int) -> bool:
        """Whether this token ends an answer."""
        return bool(self._lib.llama_vocab_is_eog(self._vocabulary, token))

    def is_control(self, token: int) -> bool:
        """Whether this token has a meaning of its own and no text."""
        return bool(self._lib.llama_vocab_is_control(self._vocabulary, token))

    def opening(self) -> list[int]:
        """Give what the model wants before any text: its beginning-of-sequence token, or nothing."""
        if self._lib.llama_vocab_get_add_bos(self._vocabulary):
            return [int(self._lib.llama_vocab_bos(self._vocabulary))]
        return []

    def token_text(self, which: str) -> str:
        """Give the written form of the ``"bos"`` or ``"eos"`` token, as chat templates want it."""
        token = {"bos": self._lib.llama_vocab_bos, "eos": self._lib.llama_vocab_eos}[which](self._vocabulary)
        return (
            "" if token < 0 else str(self._ffi.string(self._lib.llama_vocab_get_text(self._vocabulary, token)).decode())
        )

    def chat_template(self) -> str:
        """Give the file's chat template, empty where it carries none."""
        return self.metadata("tokenizer.chat_template")

    # ── decoding ────────────────────────────────────────────────────────────────────────────────────────────────────

    def decode(self, tokens: Sequence[int], position: int, *, every: bool = False) -> NDArray[np.float32]:
        """Decode ``tokens`` from ``position`` on; give the logits after the last one, or after ``every`` one.

        Shape (1 or len(tokens), vocabulary). Pieces are cut from the start of this batch, so the same call gives the
        same bits. Raises ValueError where it does not fit into the context, which callers check first.
        """
        import numpy as np

        if not tokens or position + len(tokens) > self.context_tokens:
            raise ValueError(f"{len(tokens)} tokens at {position} do not fit into {self.context_tokens}")
        size = OUTPUTS if every else BATCH
        rows: list[NDArray[np.float32]] = []
        for start in range(0, len(tokens), size):
            piece = tokens[start : start + size]
            wanted = range(len(piece)) if every else [len(piece) - 1] if start + size >= len(tokens) else []
            rows += self._decode_piece(piece, position + start, wanted)
        return np.stack(rows)

    def _decode_piece(self, tokens: Sequence[int], position: int, wanted: Sequence[int]) -> list[NDArray[np.float32]]:
        import numpy as np

        ffi, lib = self._ffi, self._lib
        batch = lib.llama_batch_init(len(tokens), 0, 1)
        try:
            for index, token in enumerate(tokens):
                batch.token[index] = token
                batch.pos[index] = position + index
                batch.n_seq_id[index] = 1
                batch.seq_id[index][0] = 0
                batch.logits[index] = False
            for index in wanted:
                batch.logits[index] = True
            batch.n_tokens = len(tokens)
            code = lib.llama_decode(self._context, batch)
        finally:
            lib.llama_batch_free(batch)
        if code != 0:
            raise RuntimeError(f"llama_decode gave {code} for {len(tokens)} tokens at {position}")
        size = self.vocabulary_size * 4
        return [
            np.frombuffer(ffi.buffer(lib.llama_get_logits_ith(self._context, index), size), dtype=np.float32).copy()
            for index in wanted
        ]

    def rewind(self, position: int) -> None:
        """Forget everything from ``position`` on; what stays is as if the rest had never been decoded."""
        if not self._lib.llama_memory_seq_rm(self._memory, 0, position, -1):
            raise RuntimeError(f"llama.cpp could not rewind to {position}")

    def clear(self) -> None:
        """Forget everything."""
        self._lib.llama_memory_clear(self._memory, False)

    def save(self) -> Any:
        """Copy the decoder's state: an opaque buffer with ``len()`` in bytes, for :meth:`restore`."""
        size = self._lib.llama_state_seq_get_size(self._context, 0)
        state = self._ffi.new("uint8_t[]", size)
        self._lib.llama_state_seq_get_data(self._context, state, size, 0)
        return state

    def restore(self, state: Any) -> None:
        """Restore a saved state, bit for bit."""
        self.clear()
        if self._lib.llama_state_seq_set_data(self._context, state, len(state), 0) == 0:
            raise RuntimeError("llama.cpp could not restore a state that it saved")

    # ── what it is ──────────────────────────────────────────────────────────────────────────────────────────────────

    def metadata(self, key: str) -> str:
        """Give one value of the file's metadata as text, empty where there is none."""
        room = 1 << 16
        buffer = self._ffi.new("char[]", room)
        count = self._lib.llama_model_meta_val_str(self._model, key.encode(), buffer, room)
        return "" if count < 0 else str(self._ffi.string(buffer).decode("utf-8", "replace"))

    def description(self) -> str:
        """Give llama.cpp's own short words for it, such as ``llama 135M Q4_1``."""
        buffer = self._ffi.new("char[]", 256)
        self._lib.llama_model_desc(self._model, buffer, 256)
        return str(self._ffi.string(buffer).decode("utf-8", "replace"))

    def parameters(self) -> int:
        """Count the model's parameters."""
        return int(self._lib.llama_model_n_params(self._model))

    def processor_features(self) -> str:
        """Give the processor features in use, such as ``AVX2 FMA``: they change the last bits of every number."""
        text = self._ffi.string(self._lib.llama_print_system_info()).decode()
        pairs = (part.rpartition(":")[2].split("=") for part in text.split("|") if "=" in part)
        return " ".join(name.strip() for name, value in pairs if value.strip() != "0")

    def close(self) -> None:
        """Free the context and the model; safe to call twice."""
        if self._context is not None:
            self._lib.llama_free(self._context)
        if self._model is not None:
            self._lib.llama_model_free(self._model)
        self._context = self._model = None
