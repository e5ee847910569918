"""Tensors on disk: safetensors, written whole or not at all, with a digest independent of the file's layout."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from steelyard.errors import InputError

__all__ = ["digest", "read_tensors", "write_tensors"]


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Write tensors by way of a temporary file, so that a kill leaves the old file or the new one."""
    owned = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    temporary = path.with_name(path.name + ".partial")
    save_file(owned, temporary, metadata=dict(metadata or {}))  # streams: a large model is not copied once more
    with temporary.open("rb") as written:
        os.fsync(written.fileno())
    temporary.replace(path)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Give tensors and metadata; raises InputError where the file is missing or not in safetensors' format."""
    if not path.is_file():
        raise InputError(
            "there is no such file: this is not a folder that `steelyard world train` finished", where=path
        )
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(f"not a whole safetensors file ({error}): copy or train it again", where=path) from error


def digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes, in the order of names."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        total.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()
