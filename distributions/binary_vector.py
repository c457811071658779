"""Several binary attributes as one site whose joint values can be listed."""

import pyro.distributions as dist
import torch
from pyro.distributions import TorchDistribution
from torch import Tensor

__all__ = ["BinaryVector"]

MOST = 12


class BinaryVector(dist.Independent):
    r"""L independent binary attributes, event shape ``[L]``, summed out together: all :math:`2^L` joint values.

    A prior in which attributes act together, :math:`p(z | y_1 \dots y_L)`, needs the sum over their joint values; for
    that the vector is one site. Joint values are listed in binary order, the first attribute the highest digit.

    Args:
        logits: ``[..., L]``, of each attribute being present; L is at most 12.
        validate_args: whether to check values; Pyro's setting if None.

    Raises:
        ValueError: if L is larger than 12, 4096 joint values.

    Example:
        >>> BinaryVector(torch.zeros(2)).enumerate_support()
        tensor([[0., 0.],
                [0., 1.],
                [1., 0.],
                [1., 1.]])
    """

    def __init__(self, logits: Tensor, validate_args: bool | None = None):
        if logits.shape[-1] > MOST:
            raise ValueError(
                f"logits: {logits.shape[-1]} binary attributes have {2 ** logits.shape[-1]} joint values, too many to "
                f"sum out; at most {MOST} attributes are.\nTry one of:\n- fewer columns of y\n"
                "- one Bernoulli site for each attribute, where the prior does not join them"
            )
        super().__init__(dist.Bernoulli(logits=logits), 1, validate_args=validate_args)

    @classmethod
    def of(cls, elements: TorchDistribution) -> "BinaryVector":
        """The same of elements that are there already, batch ``[..., L]``: some of them known, maybe.

        Args:
            elements: Bernoulli variables, or what :func:`~pellucid.distributions.partly` makes of them.

        Example:
            >>> from pellucid.distributions import Clamped
            >>> known = Clamped(dist.Bernoulli(torch.tensor([0.5, 0.5])), torch.ones(2), torch.tensor([True, False]))
            >>> vector = BinaryVector.of(known)
            >>> vector.log_prob(vector.enumerate_support()).exp()
            tensor([0.0000, 0.0000, 0.5000, 0.5000])
        """
        new = cls.__new__(cls)
        dist.Independent.__init__(new, elements, 1)
        return new

    @property
    def logits(self) -> Tensor:
        """Of each attribute, ``[..., L]``."""
        return getattr(self.base_dist, "base", self.base_dist).logits

    @property
    def has_enumerate_support(self) -> bool:
        """Whether the values can be listed: always."""
        return True

    def expand(self, batch_shape, _instance=None) -> "BinaryVector":
        """The same over a larger ``batch_shape``."""
        return BinaryVector.of(self.base_dist.expand(torch.Size(batch_shape) + self.event_shape))

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All joint values: ``[2^L] + batch_shape + [L]``, the batch dimensions of size 1 unless ``expand``."""
        (length,) = self.event_shape
        digit = torch.arange(length - 1, -1, -1, device=self.logits.device)
        number = torch.arange(2**length, device=self.logits.device)
        values = (number[:, None] >> digit & 1).to(self.logits.dtype)
        values = values.reshape((-1,) + (1,) * len(self.batch_shape) + (length,))
        return values.expand((-1, *self.batch_shape, length)) if expand else values
