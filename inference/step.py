"""What a training step evaluates: a batch in, the loss out, its terms beside it."""

import torch
from torch import Tensor, nn

from ..data import Batch
from .pair import Pair

__all__ = ["Step"]


class Step(nn.Module):
    """The loss of a pair, evaluated by Pyro at every call.

    Args:
        pair: model, guide, factors and objective.

    Attributes:
        names: the terms of the last loss.
        means: ``[T]``, their means, detached, in nats per row. Kept here, for Fabric looks at every tensor that is
            returned.

    Example:
        >>> from pellucid import data, zoo
        >>> from pellucid.data import Batch
        >>> step = Step(zoo.vae(data.digits(), dim=4))
        >>> loss = step(Batch(torch.rand(16, 1, 8, 8)))
        >>> list(step.terms)
        ['loss', 'bound', 'log p(x)', 'kl(z)']
    """

    def __init__(self, pair: Pair):
        super().__init__()
        self.pair = pair
        self.names, self.means = list[str](), torch.empty(0)

    @property
    def terms(self) -> dict[str, Tensor]:
        """The means by name, 0-d."""
        return dict(zip(self.names, self.means.unbind(), strict=True))

    def forward(self, batch: Batch) -> Tensor:
        """The loss, 0-d."""
        terms = self.pair(*batch)
        summary = terms.summary()
        self.names, self.means = list(summary), torch.stack(list(summary.values()))
        return terms.loss
