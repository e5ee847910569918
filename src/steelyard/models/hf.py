"""``hf:FOLDER``, ``hf:FILE.gguf`` and ``hf:ORGANISATION/NAME``: a model of transformers in this process.

What the request says alone decides how an answer is drawn: the sampling defaults that a model brings along
(``generation_config.json``) are shown in its details and not used. On a processor the weights are computed in 32 bits,
whatever they are stored in; on a GPU in their own type, where the same request may give other bits.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from steelyard.errors import InputError, MissingDependency
from steelyard.models import Settings
from steelyard.models.in_process import CONTEXT_LIMIT, InProcessModel, check_no_effort, processor_name, threads_to_use
from steelyard.models.session import InferenceSession
from steelyard.models.transformers_decoder import BATCH, TransformersDecoder
from steelyard.models.transformers_files import ModelFiles, find_files
from steelyard.models.transformers_images import ProcessorReader
from steelyard.records import Capabilities, ModelIdentity
from steelyard.util.text import one_line

__all__ = ["TransformersModel", "open_hf"]

_SAMPLING: Final = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "no_repeat_ngram_size")


def open_hf(rest: str, settings: Settings) -> TransformersModel:
    """Open a model by its folder, GGUF file or name on the hub; raises InputError or MissingDependency."""
    check_no_effort(f"hf:{one_line(rest, 120)}", settings)
    if importlib.util.find_spec("transformers") is None or importlib.util.find_spec("torch") is None:
        raise MissingDependency("hf: runs in this process by transformers and torch: pip install 'steelyard[hf]'")
    files = find_files(rest)
    if files.gguf and importlib.util.find_spec("gguf") is None:
        raise MissingDependency("hf: reads GGUF files by the package gguf: pip install 'steelyard[hf]'")
    return TransformersModel(files, settings)


class TransformersModel(InProcessModel):
    """A model of transformers as a :class:`steelyard.plugins.Model`; the digest of its files is its identity.

    Raises InputError where the files are not those of a decoder-only language model that transformers knows.
    """

    def __init__(self, files: ModelFiles, settings: Settings) -> None:
        import torch

        threads = threads_to_use(settings)
        torch.set_num_threads(threads)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        with _quiet(), files.alone() as folder:
            model, tokenizer, processor = _load(files, folder, self._device)
        self._files, self._threads, self._images = files, threads, processor is not None
        self._details = _details(model)
        decoder = TransformersDecoder(model, tokenizer, context_limit=CONTEXT_LIMIT)
        self._context_tokens = decoder.context_tokens
        reader = ProcessorReader(processor, decoder, model.device) if processor is not None else None
        # torch's number of threads is each thread's own.
        super().__init__(
            f"hf:{files.name}",
            InferenceSession(decoder, reader=reader),
            decoder.close,
            start=lambda: torch.set_num_threads(threads),
        )

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        """Identify the files, the libraries and the processor; raises ModelUnavailable once closed."""
        import torch

        no_chat = await self._on_worker(lambda cancelled: self._session.chat_unavailable_reason())
        on_gpu = self._device == "cuda"
        identity = ModelIdentity(
            uri=self._uri,
            name=self._files.name,
            sha256=self._files.sha256,
            backend=f"transformers {version('transformers')} (torch {torch.__version__})",
            machine=one_line(torch.cuda.get_device_name(), 120) if on_gpu else processor_name(),
            details=self._details
            | {
                "context_tokens": str(self._context_tokens),
                "threads": str(self._threads),
                "batching": f"one sequence; prefix, context and each option apart, in pieces of at most {BATCH} tokens",
            }
            | ({"revision": self._files.revision} if self._files.revision else {}),
        )
        reasons = not no_chat and self._session.reasons
        capabilities = Capabilities(
            chat=not no_chat,
            loglikelihood=True,
            deterministic=not on_gpu,
            concurrency=1,
            reasons=reasons,
            output_tokens=self._context_tokens if reasons else 0,
            images=self._images and not no_chat,
            images_reason="" if self._images else "the model sees no images",
        )
        return identity, capabilities


def _details(model: Any) -> dict[str, str]:
    """What the model is, and the sampling defaults that it brings along and that are not used."""
    found = {
        "architecture": type(model).__name__,
        "parameters": str(model.num_parameters()),
        "computed_in": str(model.dtype).removeprefix("torch."),
        "attention": str(model.config._attn_implementation),  # it has no public name
    }
    brought = model.generation_config.to_diff_dict()
    ignored = {name: brought[name] for name in _SAMPLING if name in brought}
    if ignored:
        found["defaults_not_used"] = ", ".join(f"{name} {value}" for name, value in ignored.items())
    return found


# ── loading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from printing: what it would log is raised in one line."""
    logging = importlib.import_module("transformers").utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # where it unpacks a GGUF file it shows a bar all the same
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _load(files: ModelFiles, folder: Path, device: str) -> tuple[Any, Any, Any]:
    """The model in ``folder``, its tokenizer, and its processor where it sees images; raises InputError."""
    import torch

    hf: Any = importlib.import_module("transformers")
    options = files.load_options()
    try:
        config = hf.AutoConfig.from_pretrained(folder, **options)
        sees = type(config) in hf.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
        _check_kind(config, files, sees=sees)
        loader = hf.AutoModelForImageTextToText if sees else hf.AutoModelForCausalLM
        model, report = loader.from_pretrained(
            folder,
            dtype=torch.float32 if device == "cpu" else "auto",
            output_loading_info=True,
            **({} if files.gguf else {"use_safetensors": True}),
            **options,
        )
        processor: Any = hf.AutoProcessor.from_pretrained(folder, **options) if sees else None
        tokenizer = processor.tokenizer if sees else hf.AutoTokenizer.from_pretrained(folder, **options)
    except InputError:
        raise
    except Exception as error:  # transformers raises many kinds for files that it cannot read
        reason = one_line(str(error), 200) or type(error).__name__
        raise InputError(f"transformers cannot load it: {reason}", where=files.folder / files.gguf) from error
    _check_loaded(model, tokenizer, report, files)
    if sees and processor.chat_template:
        tokenizer.chat_template = processor.chat_template
    return model.to(device).eval(), tokenizer, processor


def _check_kind(config: Any, files: ModelFiles, *, sees: bool) -> None:
    hf: Any = importlib.import_module("transformers")
    kind = one_line(str(config.model_type), 60)
    if not sees and type(config) not in hf.MODEL_FOR_CAUSAL_LM_MAPPING:
        raise InputError(f"is a {kind}, which writes no text after a text", where=files.folder)
    if getattr(config, "is_encoder_decoder", False):
        raise InputError(f"is a {kind}, with an encoder: only decoder-only models can be rewound", where=files.folder)


def _check_loaded(model: Any, tokenizer: Any, report: Any, files: ModelFiles) -> None:
    layers = set(getattr(model.config.get_text_config(), "layer_types", None) or [])
    is_cached = getattr(model, "_supports_default_dynamic_cache", lambda: True)()
    if not is_cached or any("attention" not in each or "linear" in each for each in layers):
        raise InputError("keeps a state that cannot be rewound exactly: only attention can be", where=files.folder)
    if missing := sorted(report["missing_keys"]):
        raise InputError(
            f"{len(missing)} weights are missing, as {one_line(missing[0], 80)}: copy the model again",
            where=files.folder,
        )
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        raise InputError("has no fast tokenizer (tokenizer.json): convert it first", where=files.folder)
