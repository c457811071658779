"""Images turned, moved and mirrored by chance, a draw for each row, on the device they stand on."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Augmentation", "augmentation_named"]


class Augmentation:
    r"""Turns, moves and mirrors images, every row by a draw of its own.

    A row is mirrored left to right with probability 1/2 (if ``flip``), turned about its centre by an angle, uniform in
    :math:`\pm` ``rotation``, and moved by a whole number of pixels, uniform from ``-shift`` to ``shift``, down and to
    the right: what padding with ``shift`` zeros on each side and cropping at random does. All is done in one reading of
    the image, bilinear when it is turned and exact when it is not. What comes from beyond the border is 0, so pixels
    stay in the range of the row's own and 0. Draws are from torch's global generator on the images' device; no
    gradient passes. Nothing of Python depends on the pixels: the call can be traced and compiled.

    Args:
        rotation: degrees, 0 to 180.
        shift: pixels, 0 or more; fewer than the sides of the images.
        flip: mirror half of the rows.

    Raises:
        ValueError: if an argument is out of its range; at the call, if ``x`` is no batch of float images or its sides
            are no longer than ``shift``.

    References:
        An, Choi, Jeon, "EXoN: EXplainable encoder Network", arXiv 2105.10867: these, for soft-label interpolation.

    Example:
        >>> images = torch.rand(5, 1, 28, 28)
        >>> Augmentation(rotation=25, shift=4)(images).shape
        torch.Size([5, 1, 28, 28])
        >>> Augmentation(rotation=0, shift=0)(images).equal(images)
        True
    """

    def __init__(self, rotation: float = 25.0, shift: int = 4, flip: bool = False):
        if not 0 <= rotation <= 180:
            raise ValueError(
                f"rotation: expected degrees from 0 to 180, to either side; {rotation} was given.\nTry one of:\n"
                "- rotation=25 for digits\n- rotation=0 for images that never lean"
            )
        if isinstance(shift, bool) or not isinstance(shift, int) or shift < 0:
            raise ValueError(
                f"shift: expected a whole number of pixels, 0 or more; {shift!r} was given.\nTry one of:\n"
                "- shift=4 for images of 28 or 32 pixels\n- shift=0 for images that stay in place"
            )
        self.rotation, self.shift, self.flip = float(rotation), shift, bool(flip)

    def __call__(self, x: Tensor) -> Tensor:
        """Images augmented.

        Args:
            x: floats ``[B, C, H, W]``.

        Returns:
            The same shape, on the same device.
        """
        self._check(x)
        with torch.no_grad():
            down, right = torch.randint(-self.shift, self.shift + 1, (2, len(x), 1), device=x.device)
            mirror = torch.rand(len(x), 1, device=x.device) < self.flip / 2
            if self.rotation == 0:
                return moved(x, down, right, mirror, self.shift)
            angle = math.radians(self.rotation) * (2 * torch.rand(len(x), 1, device=x.device, dtype=x.dtype) - 1)
            return turned(x, angle, down, right, mirror)

    @property
    def recipe(self) -> dict[str, Any]:
        """How to build it again, as configurations hold it."""
        return {"class_path": f"{type(self).__module__}.{type(self).__qualname__}", "init_args": dict(vars(self))}

    def __repr__(self) -> str:
        return f"Augmentation(rotation={self.rotation:g}, shift={self.shift}, flip={self.flip})"

    def _check(self, x: Tensor) -> None:
        if x.ndim != 4 or not x.is_floating_point():
            raise ValueError(
                f"x: expected float images [B, C, H, W] to augment; {x.dtype} {list(x.shape)} was given.\n"
                "Try one of:\n- x.unflatten(1, (1, 28, 28)) for rows of 784 grey pixels\n- augmentation='none'"
            )
        if self.shift >= min(x.shape[-2:]):
            raise ValueError(
                f"shift: expected fewer pixels than the sides of the images, {x.shape[-2]} x {x.shape[-1]}; "
                f"{self.shift} was given, which can move all of them out of sight.\nTry one of:\n"
                f"- shift={min(x.shape[-2:]) // 8}"
            )


def augmentation_named(name: Literal["none", "digits", "photos", "moves"], shape: Sequence[int]) -> Augmentation | None:
    """The augmentation that a kind of images bears without changing its classes.

    ====== ======== ======================= ========
    name   rotation shift                   mirrored
    ====== ======== ======================= ========
    none   0        0                       no
    digits 25       the shorter side over 7 no
    photos 0        the shorter side over 8 yes
    moves  0        the shorter side over 8 no
    ====== ======== ======================= ========

    Args:
        name: of the kind.
        shape: of a row, (channels, height, width).

    Returns:
        The augmentation; None for "none".

    Raises:
        ValueError: if there is no such name, or rows of this shape are no images.

    Example:
        >>> augmentation_named("digits", (1, 28, 28)), augmentation_named("photos", (3, 32, 32))
        (Augmentation(rotation=25, shift=4, flip=False), Augmentation(rotation=0, shift=4, flip=True))
    """
    if name not in ("none", "digits", "photos", "moves"):
        raise ValueError(
            f"augmentation: expected one of 'none', 'digits', 'photos', 'moves'; {name!r} was given.\nTry one of:\n"
            "- augmentation='digits' for what is written: turned and moved\n"
            "- augmentation='photos' for what is photographed: moved and mirrored\n"
            "- augmentation='moves' for photographs of what is written, as house numbers"
        )
    if name == "none":
        return None
    if len(shape) != 3:
        raise ValueError(
            f"augmentation: {name!r} is for rows that are images (channels, height, width); this data set has rows of "
            f"shape {tuple(shape)}.\nTry one of:\n- augmentation='none'"
        )
    side = min(shape[1:])
    if name == "digits":
        return Augmentation(rotation=25.0, shift=round(side / 7))
    return Augmentation(rotation=0.0, shift=round(side / 8), flip=name == "photos")


def moved(x: Tensor, down: Tensor, right: Tensor, mirror: Tensor, shift: int) -> Tensor:
    """Images mirrored where ``mirror`` is true, then moved by ``down`` and ``right``, at most ``shift``; all [B, 1]."""
    i, j = sources(x, down, right)
    j = torch.where(mirror, x.shape[-1] - 1 - j, j)
    b, c = torch.arange(len(x), device=x.device), torch.arange(x.shape[1], device=x.device)
    padded = functional.pad(x, 4 * (shift,))
    return padded[b[:, None, None, None], c[:, None, None], i[:, None, :, None] + shift, j[:, None, None, :] + shift]


def turned(x: Tensor, angle: Tensor, down: Tensor, right: Tensor, mirror: Tensor) -> Tensor:
    """Images mirrored where ``mirror`` is true, turned counter-clockwise by radians, then moved; all [B, 1]."""
    height, width = x.shape[-2:]
    i, j = sources(x, down, right)
    u, v = (j - (width - 1) / 2)[:, None, :], (i - (height - 1) / 2)[:, :, None]  # pixels from the centre
    cos, sin = angle.cos()[..., None], angle.sin()[..., None]
    across, along = cos * u - sin * v, sin * u + cos * v
    across = torch.where(mirror[..., None], -across, across)
    seen = functional.grid_sample(x, torch.stack([across * 2 / width, along * 2 / height], -1), align_corners=False)
    # Bilinear weights add up to one only to rounding.
    pixels = functional.pad(x.flatten(1), (0, 1))[..., None, None]
    return seen.clamp(pixels.amin(1, keepdim=True), pixels.amax(1, keepdim=True))


def sources(x: Tensor, down: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """The rows [B, H] and columns [B, W] of an image that are seen where 0 ... H - 1 and 0 ... W - 1 were."""
    height, width = x.shape[-2:]
    return torch.arange(height, device=x.device) - down, torch.arange(width, device=x.device) - right
