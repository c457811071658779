"""A posterior that stands beside known values and takes none of them."""

from collections.abc import Sequence

import torch
from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor
from torch.distributions import Distribution, kl_divergence, register_kl

from .observed import Clamped, PartlyObserved

__all__ = ["Shown"]


class Shown(Clamped):
    r"""The distribution ``base``, on known rows as on the others; the known values are there to be read.

    For a label that is never observed itself, of which something else is: loss factors and figures that need the label
    find it where a :class:`Clamped` has it. Density, draws and divergence are those of ``base``.

    Args:
        base: posterior of every row.
        value: known values; slots of unknown rows may hold anything, NaN included.
        known: bool, of a shape that broadcasts with ``base.batch_shape``.
        validate_args: whether to check values; Pyro's setting if ``None``.

    Shapes:
        As :class:`PartlyObserved`.

    Raises:
        ValueError: if ``known`` is not boolean, or shapes do not broadcast.

    Example:
        >>> from pyro.distributions import Categorical
        >>> y = Shown(Categorical(torch.ones(2)), torch.tensor([1, 0]), torch.tensor([True, False]))
        >>> y.log_prob(y.enumerate_support()).exp()
        tensor([[0.5000, 0.5000],
                [0.5000, 0.5000]])
    """

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws of the base: ``sample_shape + batch_shape + event_shape``."""
        with torch.no_grad():
            return self.base.sample(torch.Size(sample_shape))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """As :meth:`sample`, with the gradients of the base's draws."""
        return self.base.rsample(torch.Size(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density of the base, in nats; of ``batch_shape``, broadcast."""
        return self.base.log_prob(value)


@register_kl(Shown, Distribution)
def kl_shown(q: Shown, p: TorchDistribution) -> Tensor:
    """The divergence of the base distributions, in nats."""
    return kl_divergence(q.base, p.base if isinstance(p, PartlyObserved) else p)
