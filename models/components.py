"""Normal components of a mixture, their centres given, laid out by name, or learned from there."""

from collections.abc import Sequence

import numpy as np
import pyro.distributions as dist
import torch
from numpy.typing import NDArray
from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor, nn

from ..program import Program
from .layouts import Layout, laid_out

__all__ = ["NormalComponents", "Numbers"]

Numbers = Sequence[float] | Sequence[Sequence[float]] | Tensor


class NormalComponents(Program):
    r"""K Normals with diagonal covariances, no two of them in one place.

    Args:
        classes: K.
        dim: latent dimensions D.
        centres: ``[K, D]``, a tensor or a nested list; or a layout by name, neighbours four standard deviations apart:
            "circle", "simplex", "grid", or "one-hot", the unit vectors (:mod:`pellucid.models.layouts`).
        scale: standard deviation: a number, or ``[D]`` or ``[K, D]`` of them. Of several the largest one in the
            dimensions of a named layout counts.
        rest: standard deviation in the dimensions in which all centres agree; as ``scale`` if omitted.
        learned: whether centres and scales are parameters, which start at what is given.

    Raises:
        ValueError: if centres are of another shape, not finite, or coincide; if a scale is not positive or of another
            shape.

    Example:
        >>> NormalComponents(10, 2, "circle", scale=2.0)().mean[0].norm()
        tensor(12.9443)
    """

    loc: Tensor
    log_scale: Tensor

    def __init__(
        self,
        classes: int,
        dim: int,
        centres: Layout | Numbers,
        *,
        scale: float | Numbers = 1.0,
        rest: float | None = None,
        learned: bool = False,
    ):
        super().__init__()
        spread = scales("scale", scale, classes, dim)
        if isinstance(centres, str):
            loc = laid_out(centres, classes, dim)
            loc = loc if centres == "one-hot" else loc * torch.where(loc.any(0), spread, 0.0).amax()
        else:
            loc = positions(centres, classes, dim)
        if rest is not None:
            spread = torch.where((loc == loc[0]).all(0), scales("rest", rest, classes, dim), spread)
        if learned:
            self.loc, self.log_scale = nn.Parameter(loc), nn.Parameter(spread.log())
        else:
            self.register_buffer("loc", loc)
            self.register_buffer("log_scale", spread.log())

    def forward(self) -> TorchDistribution:
        """Batch ``[K]``, event ``[D]``."""
        return dist.Normal(self.loc, self.log_scale.exp()).to_event(1)


def scales(name: str, value: float | Numbers, classes: int, dim: int) -> Tensor:
    """Standard deviations ``[K, D]``."""
    spread = numbers(name, value)
    if spread.shape not in {(), (dim,), (classes, dim)}:
        raise ValueError(
            f"{name}: expected a number, [{dim}] or [{classes}, {dim}] of them; given the shape {list(spread.shape)}. "
            f"Try {name}=1.0."
        )
    if not (np.isfinite(spread) & (spread > 0)).all():
        raise ValueError(
            f"{name}: expected positive standard deviations; the smallest given is {spread.min():g}. Try {name}=1.0."
        )
    return tensor(np.broadcast_to(spread, (classes, dim)))


def positions(value: Numbers, classes: int, dim: int) -> Tensor:
    """Centres ``[K, D]``, all of them different."""
    loc = numbers("centres", value)
    if loc.shape != (classes, dim):
        raise ValueError(
            f"centres: expected [{classes}, {dim}], {dim} coordinates for each of {classes} classes; given the shape "
            f"{list(loc.shape)}.\nTry one of:\n- a row for each class and a column for each dimension\n"
            f"- centres='circle', which lays out any number of classes"
        )
    if not np.isfinite(loc).all():
        raise ValueError(
            f"centres: expected finite coordinates; class {int((~np.isfinite(loc)).any(1).argmax())} has one that is "
            "not. Try centres='circle'."
        )
    held = loc.astype(str(torch.get_default_dtype()).removeprefix("torch."))
    same = np.triu((held[:, None] == held).all(-1), 1)
    if same.any():
        first, second = np.argwhere(same)[0].tolist()
        raise ValueError(
            f"centres: expected one of its own for each class; classes {first} and {second} share "
            f"{loc[first].tolist()}, where nothing tells them apart.\nTry one of:\n- other coordinates for one of them"
            "\n- centres='circle'"
        )
    return tensor(loc)


def numbers(name: str, value: float | Numbers) -> NDArray[np.float64]:
    """What was given as an array: numbers are looked at before they stand on any device."""
    try:
        return np.asarray(value.detach().cpu() if isinstance(value, Tensor) else value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name}: expected numbers, in rows of one length; {error}.\nTry one of:\n- a tensor\n- a list of lists"
        ) from error


def tensor(value: NDArray[np.float64]) -> Tensor:
    """A tensor of its own, in torch's default dtype."""
    return torch.tensor(value, dtype=torch.get_default_dtype())
