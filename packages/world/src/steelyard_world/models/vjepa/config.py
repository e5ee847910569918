"""The settings of a V-JEPA, and the named sizes."""

from __future__ import annotations

import msgspec

from steelyard.errors import InputError

__all__ = ["SIZES", "VJepaConfig", "config_of_size"]


class VJepaConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Clips of ``frames`` × ``side`` × ``side`` pixels in tubelets of ``tubelet`` frames × ``patch`` × ``patch``.

    ``momentum`` is of the EMA copy that gives the targets, fixed as in V-JEPA 2. ``anti_collapse_weight`` is of SIGReg
    on the latents of visible tokens: 0, as in the paper, trusts the copy alone. The sizes of masks are fractions of a
    frame's patches. Raises InputError where the numbers do not fit together.
    """

    frames: int = 16
    side: int = 64
    tubelet: int = 2
    patch: int = 8
    width: int = 96
    depth: int = 3
    heads: int = 4
    predictor_width: int = 48
    predictor_depth: int = 2
    predictor_heads: int = 2
    momentum: float = 0.99925
    anti_collapse_weight: float = 0.0
    short_blocks: int = 8
    short_scale: float = 0.15
    long_blocks: int = 2
    long_scale: float = 0.7

    def __post_init__(self) -> None:
        """Check that clips cut evenly and that widths take their heads and positions."""
        if self.frames < 2 * self.tubelet or self.frames % self.tubelet or self.side % self.patch:
            raise InputError(
                f"clips of {self.frames} frames × {self.side} pixels do not cut into two or more tubelets of "
                f"{self.tubelet} frames × {self.patch} pixels: choose multiples"
            )
        if not 0 <= self.momentum <= 1 or self.anti_collapse_weight < 0:
            raise InputError(
                f"a momentum of {self.momentum:g} and a weight of {self.anti_collapse_weight:g}: the first must lie in "
                "[0, 1], the second must be at least 0"
            )
        if self.side < 2 * self.patch:
            raise InputError(f"a side of {self.side} pixels is only one patch of {self.patch}: nothing could be masked")
        for width, heads in ((self.width, self.heads), (self.predictor_width, self.predictor_heads)):
            if width % heads or width < 6:
                raise InputError(
                    f"a width of {width} does not divide among {heads} heads: choose a multiple, at least 6"
                )

    @property
    def grid(self) -> tuple[int, int, int]:
        """Tubelets in time, down and across."""
        return self.frames // self.tubelet, self.side // self.patch, self.side // self.patch


_LARGE = {"side": 224, "patch": 16, "predictor_width": 384, "predictor_depth": 12, "predictor_heads": 12}
SIZES: dict[str, VJepaConfig] = {
    # 0.4 M; for trainings so short that a slow copy would stay close to its random initial weights
    "tiny": VJepaConfig(momentum=0.99, anti_collapse_weight=4.0),
    "small": VJepaConfig(
        width=192, depth=6, heads=6, predictor_width=96, predictor_depth=4, predictor_heads=4
    ),  # 2.8 M
    "vit-s": VJepaConfig(width=384, depth=12, heads=6, **_LARGE),
    "vit-b": VJepaConfig(width=768, depth=12, heads=12, **_LARGE),
    "vit-l": VJepaConfig(width=1024, depth=24, heads=16, **_LARGE),
}


def config_of_size(size: str) -> VJepaConfig:
    """Give the configuration of a named size; raises InputError naming what there is."""
    if size not in SIZES:
        raise InputError(f"no V-JEPA of size {size!r}: choose one of {', '.join(SIZES)}")
    return SIZES[size]
