"""Likelihoods: from a decoder's output to the distribution of an image."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Literal

import pyro.distributions as dist
import torch
from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor, nn

__all__ = ["Bernoulli", "Laplace", "Likelihood", "Normal"]

Link = Literal["identity", "sigmoid", "tanh"]
LINKS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda out: out,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}


class Likelihood(nn.Module):
    """Maps decoder output ``[..., C, H, W]`` to a distribution with batch ``[...]`` and event ``[C, H, W]``.

    Example:
        >>> class Binomial(Likelihood):
        ...     '''Grey levels from 0 to 16 as counts.'''
        ...     def forward(self, output):
        ...         return dist.Binomial(16, logits=output).to_event(3)
        >>> Binomial()(torch.zeros(2, 1, 4, 4)).mean[0, 0, 0, 0]
        tensor(8.)
    """

    @abstractmethod
    def forward(self, output: Tensor) -> TorchDistribution:
        """The distribution of x given the decoder's output."""

    def check(self, x: Tensor) -> None:
        """Raise a ValueError that says what is wrong if ``x`` ``[B, C, H, W]`` has no density here."""
        if not x.isfinite().all():
            bad = (~x.isfinite()).flatten(1).any(1)
            raise ValueError(
                f"site 'x': {type(self).__name__} likelihood needs finite pixels; {int(bad.sum())} of "
                f"{len(x)} rows hold NaN or infinity, "
                f"the first is row {int(bad.nonzero()[0])}.\nTry one of:\n- drop those rows\n"
                "- torch.nan_to_num(x), if 0 is right for a missing pixel"
            )


class Bernoulli(Likelihood):
    r"""Pixels in [0, 1] with log-density x log p + (1 - x) log(1 - p), p the sigmoid of the decoder's output.

    A pixel between 0 and 1 is read as the mean of a binary one (the convention of the papers reproduced here); values
    outside are an error.

    Example:
        >>> Bernoulli()(torch.zeros(2, 1, 4, 4)).log_prob(torch.ones(2, 1, 4, 4)).exp().mul(2**16)
        tensor([1.0000, 1.0000])
    """

    def forward(self, output: Tensor) -> TorchDistribution:
        """Bernoulli with the output as logits."""
        return dist.Bernoulli(logits=output, validate_args=False).to_event(3)

    def check(self, x: Tensor) -> None:
        """Finite pixels in [0, 1]."""
        super().check(x)
        low, high = float(x.min()), float(x.max())
        if low < 0 or high > 1:
            raise ValueError(
                "site 'x': Bernoulli likelihood needs pixels in [0, 1]; this batch holds values from "
                f"{low:.2f} to {high:.2f}.\n"
                "Try one of:\n- the loaders of pellucid.data, whose batches hold pixels in [0, 1]: pass them "
                "unchanged\n"
                "- x / 255 for bytes\n- likelihood=Normal() for real-valued images"
            )


class LocationScale(Likelihood):
    """What Normal and Laplace share: a mean by a link, and one scale for all pixels or one for each.

    Args:
        shape: ``(C, H, W)`` for one scale per pixel; None for a single one.
        scale: its value, or where learning starts.
        learn: whether the scale is a parameter.
        link: from the decoder's output to the mean: "identity", "sigmoid" for pixels in [0, 1], "tanh" for [-1, 1].

    Raises:
        ValueError: if the scale is not positive or the link unknown.
    """

    def __init__(
        self, shape: tuple[int, ...] | None = None, *, scale: float = 1.0, learn: bool = True, link: Link = "sigmoid"
    ):
        super().__init__()
        if scale <= 0:
            raise ValueError(f"scale: expected a positive number; given {scale}. Try scale=1.0.")
        if link not in LINKS:
            raise ValueError(f"link: expected one of {', '.join(LINKS)}; given {link!r}.")
        log_scale = torch.full(shape or (), scale).log()
        if learn:
            self.log_scale = nn.Parameter(log_scale)
        else:
            self.register_buffer("log_scale", log_scale)
        self.link: Link = link

    def parameters_of(self, output: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and scale, both shaped like the output."""
        return LINKS[self.link](output), self.log_scale.exp().expand(output.shape)


class Normal(LocationScale):
    r"""Independent Normal pixels with a learned scale.

    .. math:: x_i \sim N(\text{link}(o_i), \sigma^2) \quad\text{or}\quad N(\text{link}(o_i), \sigma_i^2)

    Example:
        >>> Normal((1, 4, 4), scale=0.5)(torch.zeros(2, 1, 4, 4)).stddev[0, 0, 0, 0]
        tensor(0.5000, grad_fn=<SelectBackward0>)
    """

    def forward(self, output: Tensor) -> TorchDistribution:
        """Normal around the linked output."""
        return dist.Normal(*self.parameters_of(output)).to_event(3)


class Laplace(LocationScale):
    r"""Independent Laplace pixels; with ``learn=False`` the fixed unit scale of Joy et al. (arXiv 2006.10102).

    Example:
        >>> Laplace(learn=False)(torch.zeros(2, 1, 4, 4)).mean[0, 0, 0, 0]
        tensor(0.5000)
    """

    def forward(self, output: Tensor) -> TorchDistribution:
        """Laplace around the linked output."""
        return dist.Laplace(*self.parameters_of(output)).to_event(3)
