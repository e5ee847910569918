"""One thread: small networks gain nothing from more, and tests run beside each other."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
