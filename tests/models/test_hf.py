"""``hf:``: small random models that transformers saved, and the embedded file beside llama.cpp."""

from __future__ import annotations

import asyncio
import importlib
import io
import json
import math
from collections.abc import Callable, Coroutine
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import pytest

from steelyard.cli import execute
from steelyard.errors import InputError, ModelUnavailable
from steelyard.models import Settings, open_model
from steelyard.models.hf import TransformersModel
from steelyard.plugins import Model
from steelyard.records import (
    Capabilities,
    GenerateRequest,
    Image,
    LoglikelihoodRequest,
    ModelIdentity,
    ModelOutput,
    NextTokenRequest,
    Outcome,
)
from testkit.tiny_transformers import save_text_model, save_vision_model

T = TypeVar("T")
SHOTS = "What is the height? 7\nWhat is the height? 12\n"


@pytest.fixture(scope="module")
def text_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_text_model(tmp_path_factory.mktemp("hf") / "tiny")


@pytest.fixture(scope="module")
def vision_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_vision_model(tmp_path_factory.mktemp("hf") / "seeing")


def with_model(uri: str, use: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
    async def main() -> T:
        model: Model = open_model(uri)
        try:
            return await use(model)
        finally:
            await model.close()

    return asyncio.run(main())


def generated(path: Path, *requests: GenerateRequest) -> list[ModelOutput]:
    return with_model(f"hf:{path}", lambda model: _each(model, requests))


async def _each(model: Model, requests: tuple[GenerateRequest, ...]) -> list[ModelOutput]:
    return [await model.generate(request) for request in requests]


def identified(path: Path) -> tuple[ModelIdentity, Capabilities]:
    found: tuple[ModelIdentity, Capabilities] = with_model(f"hf:{path}", lambda model: model.identify())
    return found


def picture(color: str, at: int = 0) -> Image:
    from PIL import Image as Pillow

    file = io.BytesIO()
    Pillow.new("RGB", (40, 30), color).save(file, "PNG")
    return Image(sha256=sha256(file.getvalue()).hexdigest(), media_type="image/png", at=at, data=file.getvalue())


# ── text ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_says_what_it_is(text_model: Path) -> None:
    identity, capabilities = identified(text_model)
    assert identity.uri == "hf:tiny"
    assert identity.details["architecture"] == "LlamaForCausalLM"
    assert identity.details["computed_in"] == "float32"
    assert identity.backend.startswith("transformers ")
    assert str(text_model.parent) not in str(identity)
    assert capabilities.chat
    assert capabilities.loglikelihood
    assert not capabilities.images
    assert capabilities.images_reason == "the model sees no images"


def test_the_same_request_gives_the_same_bits(text_model: Path) -> None:
    asked = GenerateRequest(prefix=SHOTS, prompt="What is the bar?", max_tokens=12)
    drawn = GenerateRequest(prompt="Say it.", chat=True, max_tokens=12, temperature=0.8, seed=3)
    first = generated(text_model, asked, drawn, asked)
    assert first[0] == first[2]
    assert generated(text_model, drawn, asked) == [first[1], first[0]]
    assert first[0].completion_tokens == 12


def test_log_likelihoods_are_those_of_one_pass(text_model: Path) -> None:
    import torch

    transformers: Any = importlib.import_module("transformers")
    request = LoglikelihoodRequest(prefix=SHOTS, context="What is the height?", continuations=(" 7", " 12 and more"))
    found = with_model(f"hf:{text_model}", lambda model: model.loglikelihood(request))
    tokenizer = transformers.AutoTokenizer.from_pretrained(text_model)
    model = transformers.AutoModelForCausalLM.from_pretrained(text_model)
    for continuation, logprob in zip(request.continuations, found.logprobs, strict=True):
        context = tokenizer(SHOTS + request.context).input_ids
        whole = tokenizer(SHOTS + request.context + continuation).input_ids
        assert whole[: len(context)] == context
        with torch.inference_mode():
            logs = model(torch.tensor([whole])).logits[0].log_softmax(-1)
        expected = sum(float(logs[n - 1, whole[n]]) for n in range(len(context), len(whole)))
        assert math.isclose(logprob, expected, abs_tol=1e-3)


def test_sampling_defaults_of_the_model_are_shown_and_not_used(text_model: Path, tmp_path: Path) -> None:
    other = save_text_model(tmp_path / "tiny")
    made = json.loads((other / "generation_config.json").read_text())
    made |= {"do_sample": True, "temperature": 0.6, "top_p": 0.9, "repetition_penalty": 5.0}
    (other / "generation_config.json").write_text(json.dumps(made))
    asked = GenerateRequest(prefix=SHOTS, prompt="What is the bar?", max_tokens=12)
    assert generated(other, asked) == generated(text_model, asked)
    details = identified(other)[0].details
    assert details["defaults_not_used"] == "temperature 0.6, top_p 0.9, repetition_penalty 5.0"
    assert identified(other)[0].sha256 != identified(text_model)[0].sha256


def test_the_likeliest_next_tokens(text_model: Path) -> None:
    output = with_model(f"hf:{text_model}", lambda model: model.next_token(NextTokenRequest(context="The bar", top=5)))
    assert len(output.logprobs) == 5
    assert list(output.logprobs) == sorted(output.logprobs, reverse=True)
    assert sum(map(math.exp, output.logprobs)) <= 1


def test_closed_means_closed(text_model: Path) -> None:
    async def use(model: Model) -> None:
        await model.close()
        await model.close()
        with pytest.raises(ModelUnavailable, match="is closed"):
            await model.generate(GenerateRequest(prompt="x"))

    with_model(f"hf:{text_model}", use)


def test_a_window_of_attention_is_rewound(tmp_path: Path) -> None:
    import torch

    transformers: Any = importlib.import_module("transformers")
    path = save_text_model(tmp_path / "m")
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    torch.manual_seed(1)
    config = transformers.MistralConfig(
        **sizes, num_key_value_heads=2, vocab_size=400, sliding_window=8, initializer_range=0.5, eos_token_id=2
    )
    transformers.MistralForCausalLM(config).save_pretrained(path)
    options = (" 7", " 12 and more", " Paris")
    request = LoglikelihoodRequest(prefix=SHOTS, context="What is the height?", continuations=options)
    singles = [LoglikelihoodRequest(prefix=SHOTS, context=request.context, continuations=(each,)) for each in options]

    async def use(model: Model) -> list[float]:
        return [(await model.loglikelihood(each)).logprobs[0] for each in singles]

    alone = with_model(f"hf:{path}", use)
    assert list(with_model(f"hf:{path}", lambda model: model.loglikelihood(request)).logprobs) == alone


# ── images ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_model_that_sees(vision_model: Path) -> None:
    _, capabilities = identified(vision_model)
    assert capabilities.images
    assert capabilities.chat
    red, again, blue, without, two = generated(
        vision_model,
        GenerateRequest(prompt="See  it", chat=True, max_tokens=12, images=(picture("red", 4),)),
        GenerateRequest(prompt="See  it", chat=True, max_tokens=12, images=(picture("red", 4),)),
        GenerateRequest(prompt="See  it", chat=True, max_tokens=12, images=(picture("blue", 4),)),
        GenerateRequest(prompt="See  it", chat=True, max_tokens=12),
        GenerateRequest(prompt="See  it", chat=True, max_tokens=12, images=(picture("red", 0), picture("red", 4))),
    )
    assert red == again
    assert red.text != blue.text
    assert (red.prompt_tokens - without.prompt_tokens) == 4  # a square of 28 pixels has four patches
    assert (two.prompt_tokens - without.prompt_tokens) == 8


def test_what_cannot_be_shown_is_said(vision_model: Path, text_model: Path) -> None:
    broken = Image(sha256="0" * 64, media_type="image/png", data=b"\x89PNG\r\n\x1a\nnothing")
    outputs = generated(
        vision_model,
        GenerateRequest(prompt="See", max_tokens=2, images=(picture("red"),)),
        GenerateRequest(prompt="See <image> it", chat=True, max_tokens=2, images=(picture("red"),)),
        GenerateRequest(prompt="See", system="<|im_end|>", chat=True, max_tokens=2, images=(picture("red"),)),
        GenerateRequest(prompt="See", chat=True, max_tokens=2, images=(broken,)),
    )
    outputs += generated(text_model, GenerateRequest(prompt="See", chat=True, max_tokens=2, images=(picture("red"),)))
    assert {each.outcome for each in outputs} == {Outcome.CLIENT_ERROR}
    assert [each.detail for each in outputs[:3]] == [
        "this model shows images in a chat alone",
        "the text names one of the model's control tokens, which beside images cannot be asked",
        "the text names one of the model's control tokens, which beside images cannot be asked",
    ]
    assert outputs[3].detail.startswith("an image cannot be read")
    assert outputs[4].detail == "this model takes no images"


# ── what is refused ─────────────────────────────────────────────────────────────────────────────────────────────────


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        open_model(f"hf:{path}")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_other_kinds_of_models_are_refused(text_model: Path, tmp_path: Path) -> None:
    config = json.loads((text_model / "config.json").read_text())
    for kind, said in (
        ({"model_type": "t5", "is_encoder_decoder": True}, "is a t5, which writes no text after a text"),
        ({"model_type": "nobody-knows"}, "transformers cannot load it"),
        ({"hidden_size": 48}, "transformers cannot load it"),
        ({"num_hidden_layers": 3}, "weights are missing"),
    ):
        other = save_text_model(tmp_path / "other")
        (other / "config.json").write_text(json.dumps(config | kind))
        assert said in refused(other)
    other = save_text_model(tmp_path / "other")
    (other / "tokenizer.json").write_text("{")
    assert "transformers cannot load it" in refused(other)


def test_a_state_that_cannot_be_rewound_is_refused(tmp_path: Path) -> None:
    transformers: Any = importlib.import_module("transformers")
    path, small = save_text_model(tmp_path / "m"), {"vocab_size": 400, "hidden_size": 16, "num_hidden_layers": 2}
    for kind, more in (("Mamba", {"state_size": 4}), ("Rwkv", {})):
        config = getattr(transformers, f"{kind}Config")(**small, **more)
        getattr(transformers, f"{kind}ForCausalLM")(config).save_pretrained(path)
        assert "keeps a state that cannot be rewound exactly" in refused(path)


def test_no_reasoning_effort(text_model: Path) -> None:
    with pytest.raises(InputError, match="takes no reasoning effort"):
        open_model(f"hf:{text_model}", Settings(reasoning_effort="low"))


# ── a run, and the embedded file ────────────────────────────────────────────────────────────────────────────────────


def test_a_run_is_sealed_and_verified(
    text_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = ('{"question": "What is 1 + 1?", "answer": "2"}', '{"question": "2 + 2?", "answer": "4"}')
    (tmp_path / "q.jsonl").write_text("\n".join(lines))
    # A random model's answers may be such that no number stands in them: open.
    assert execute(["run", "q.jsonl", "--model", f"hf:{text_model}", "--out", "r"]) in (0, 3)
    capsys.readouterr()
    assert execute(["verify", "r"]) == 0
    assert "recomputed from the model outputs" in capsys.readouterr().out


@pytest.mark.model
@pytest.mark.slow
def test_the_embedded_file_reads_as_in_llama_cpp(smollm2: Path) -> None:
    pytest.importorskip("gguf")
    pytest.importorskip("accelerate")
    from steelyard.models.embedded import open_embedded
    from steelyard.models.hf import open_hf

    ours, theirs = open_hf(str(smollm2), Settings()), open_embedded("smollm2", Settings())
    assert isinstance(ours, TransformersModel)
    left, right = ours._session._decoder, theirs._session._decoder
    for text in ("Say hello <|im_end|>.", " été 🌟\n\n  x", "<|endoftext|>"):
        assert left.tokenise(text) == right.tokenise(text)
        assert left.tokenise(text, control=True) == right.tokenise(text, control=True)
    assert [left.piece(n) for n in range(0, 49152, 7)] == [right.piece(n) for n in range(0, 49152, 7)]

    async def main() -> None:
        request = LoglikelihoodRequest(context="The capital of France is", continuations=(" Paris", " Berlin"))
        first, second = await ours.loglikelihood(request), await theirs.loglikelihood(request)
        for one, other in zip(first.logprobs, second.logprobs, strict=True):
            assert abs(one - other) < 0.5
        await ours.close()
        await theirs.close()

    asyncio.run(main())
