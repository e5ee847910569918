"""Frames as PNG, written with zlib alone, and as data URIs that a page may show without the network."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["data_uri", "png"]


def png(frame: NDArray[np.uint8]) -> bytes:
    """Encode one frame (H, W, 3) as an 8-bit RGB PNG (W3C PNG, third edition, sections 5 and 11)."""
    height, width, _ = frame.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), frame.reshape(height, width * 3)], axis=1)  # filter: none
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def data_uri(frame: NDArray[np.uint8]) -> str:
    """Give a frame (H, W, 3) as ``data:image/png;base64,…``."""
    return "data:image/png;base64," + base64.b64encode(png(frame)).decode("ascii")
