"""Files of a model in Hugging Face's layout: one digest, no pickles, no code, one line for what is no model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.models.transformers_files import find_files


def folder(path: Path, **config: object) -> Path:
    path.mkdir()
    (path / "config.json").write_text(json.dumps({"model_type": "llama"} | config))
    (path / "model.safetensors").write_bytes(b"weights")
    (path / "tokenizer.json").write_text("{}")
    return path


def test_the_digest_names_every_file_that_is_read(tmp_path: Path) -> None:
    found = find_files(str(folder(tmp_path / "m")))
    assert (found.name, found.gguf, found.revision) == ("m", "", "")
    (tmp_path / "m" / "README.md").write_text("said")
    assert find_files(str(tmp_path / "m")) == found
    for changed in ("config.json", "model.safetensors", "tokenizer.json"):
        held = (tmp_path / "m" / changed).read_bytes()
        (tmp_path / "m" / changed).write_bytes(held + b" ")
        assert find_files(str(tmp_path / "m")).sha256 != found.sha256
        (tmp_path / "m" / changed).write_bytes(held)
    (tmp_path / "m" / "chat_template.jinja").write_text("{{ x }}")
    assert find_files(str(tmp_path / "m")).sha256 != found.sha256


def test_a_file_that_was_renamed_is_another_model(tmp_path: Path) -> None:
    first = find_files(str(folder(tmp_path / "m"))).sha256
    (tmp_path / "m" / "tokenizer.json").rename(tmp_path / "m" / "vocab.json")
    assert find_files(str(tmp_path / "m")).sha256 != first


def test_a_snapshot_of_the_hub_has_its_commit(tmp_path: Path) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    snapshots = tmp_path / "models--a--b" / "snapshots"
    snapshots.mkdir(parents=True)
    assert find_files(str(folder(snapshots / commit))).revision == commit


def test_a_gguf_file_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"GGUF")
    found = find_files(str(path))
    assert (found.folder, found.gguf, found.name) == (tmp_path, "m.gguf", "m.gguf")
    assert found.load_options()["gguf_file"] == "m.gguf"
    assert found.load_options()["trust_remote_code"] is False


def refused(rest: object) -> str:
    with pytest.raises(InputError) as caught:
        find_files(str(rest))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_no_model_is_refused_in_one_line(tmp_path: Path) -> None:
    assert "no folder here, and no name on the hub" in refused(tmp_path / "absent folder")
    assert "no folder here, and no name on the hub" in refused("../../etc/passwd/x y")
    (tmp_path / "weights.bin").write_bytes(b"x")
    assert "give the folder of a model, or a file that ends in .gguf" in refused(tmp_path / "weights.bin")
    (tmp_path / "empty").mkdir()
    assert "has no config.json" in refused(tmp_path / "empty")
    for wrong in ("{", "[]", "[" * 100_000, '"text"'):
        (tmp_path / "empty" / "config.json").write_text(wrong)
        assert "is not a JSON object" in refused(tmp_path / "empty")


def test_pickles_and_code_are_never_read(tmp_path: Path) -> None:
    path = folder(tmp_path / "m")
    (path / "model.safetensors").unlink()
    assert "has no weights" in refused(path)
    (path / "pytorch_model.bin").write_bytes(b"\x80\x02cos\nsystem\n")
    assert "has pickled weights alone, which are not read" in refused(path)
    assert "brings Python code of its own" in refused(folder(tmp_path / "code", auto_map={"AutoModel": "m.Model"}))


@pytest.mark.parametrize("name", ["../w.safetensors", "sub/w.safetensors", "w.bin", "absent.safetensors", "", 7, None])
def test_an_index_names_files_of_the_folder_alone(tmp_path: Path, name: object) -> None:
    path = folder(tmp_path / "m")
    (tmp_path / "w.safetensors").write_bytes(b"others")
    (path / "sub").mkdir()
    for other in ("sub/w.safetensors", "w.bin", "good.safetensors"):
        (path / other).write_bytes(b"others")
    index = path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "good.safetensors"}}))
    find_files(str(path))
    index.write_text(json.dumps({"weight_map": {"a": "good.safetensors", "b": name}}))
    assert "no .safetensors file of this folder" in refused(path)
    index.write_text("{}")
    assert "has no weight_map" in refused(path)


@pytest.mark.parametrize(
    "config",
    [
        {"_attn_implementation": "somebody/kernel"},
        {"attn_implementation": "flash_attention_2"},
        {"text_config": {"_attn_implementation_internal": "somebody/kernel"}},
        {"_attn_implementation": {"text": "sdpa", "vision": "somebody/kernel"}},
        {"parts": [{"_experts_implementation": ["odd"]}]},
    ],
)
def test_a_configuration_names_no_code(tmp_path: Path, config: dict[str, object]) -> None:
    assert "which may be code of somebody's" in refused(folder(tmp_path / "m", **config))
    find_files(str(folder(tmp_path / "n", _attn_implementation="sdpa", text_config={"attn_implementation": None})))


@pytest.mark.parametrize(
    ("file", "settings"),
    [
        ("config.json", {"transformers_weights": "real/model.safetensors"}),
        ("config.json", {"transformers_weights": "adapter_model.bin"}),
        ("config.json", {"text_config": {"transformers_weights": "real/model.safetensors"}}),
        ("config.json", {"configuration_files": ["real/config.4.0.0.json"]}),
        ("tokenizer_config.json", {"fast_tokenizer_files": ["../tokenizer.4.0.0.json"]}),
        ("processor_config.json", {"audio_tokenizer": {"audio_tokenizer_name_or_path": "../other"}}),
    ],
)
def test_no_setting_leads_to_another_file(tmp_path: Path, file: str, settings: dict[str, object]) -> None:
    path = folder(tmp_path / "m")
    (path / file).write_text(json.dumps({"model_type": "llama"} | settings))
    assert f"{file} has {next(iter(settings))}" in refused(path) or "has transformers_weights" in refused(path)
    (path / file).write_text(json.dumps({"model_type": "llama", next(iter(settings)): None}))
    find_files(str(path))


def test_settings_may_be_as_deep_as_json_is_read(tmp_path: Path) -> None:
    path = folder(tmp_path / "m")
    depth = 900
    (path / "config.json").write_text('{"a": ' * depth + '{"auto_implementation": "odd"}' + "}" * depth)
    assert "auto_implementation" in refused(path)


def test_transformers_is_shown_the_files_of_the_digest_alone(tmp_path: Path) -> None:
    path = folder(tmp_path / "m")
    (path / "real").mkdir()
    for other in ("real/model.safetensors", "vocab.bin", "model.py"):
        (path / other).write_bytes(b"others")
    with find_files(str(path)).alone() as shown:
        assert sorted(each.name for each in shown.iterdir()) == ["config.json", "model.safetensors", "tokenizer.json"]
        assert (shown / "model.safetensors").read_bytes() == b"weights"
    (path / "m.gguf").write_bytes(b"GGUF")
    with find_files(str(path / "m.gguf")).alone() as shown:
        assert [each.name for each in shown.iterdir()] == ["m.gguf"]
    assert not shown.exists()


@pytest.mark.parametrize(
    "name", ["adapter_config.json", "adapter_model.bin", "additional_chat_templates", "qformer_tokenizer"]
)
def test_what_would_be_read_beside_the_digest_is_refused(tmp_path: Path, name: str) -> None:
    path = folder(tmp_path / "m")
    (path / name).mkdir()
    assert f"has {name}, which is not read here" in refused(path)


def test_the_hub_is_asked_for_what_is_read_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    asked: list[dict[str, object]] = []

    def download(name: str, **options: object) -> str:
        asked.append({"name": name} | options)
        if options.get("local_files_only"):
            raise FileNotFoundError("not in the cache")
        return str(folder(tmp_path / "m"))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    found = find_files("some/model@v1")
    assert found.name == "some/model"
    assert [each.get("local_files_only", False) for each in asked] == [True, False]
    assert asked[1]["revision"] == "v1"
    assert "*.bin" not in asked[1]["allow_patterns"]  # type: ignore[operator]
    assert "*.py" not in asked[1]["allow_patterns"]  # type: ignore[operator]

    def offline(name: str, **options: object) -> str:
        raise OSError("no network\nat all")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    assert "the hub gave none (no network): give a folder" in refused("some/model")
