"""What one evaluation of an objective yields: the loss and what it is made of."""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Terms"]


class Terms(NamedTuple):
    """A loss and its terms, all in nats per row of the data.

    Attributes:
        loss: 0-d, differentiable.
        likelihood: site -> ``[B]`` expected log-density of an observed site.
        kl: site -> ``[B]`` expected log q - log p of a latent site (``[1]`` for a latent of the whole data set).
        factors: name -> 0-d weighted loss factor.
    """

    loss: Tensor
    likelihood: dict[str, Tensor]
    kl: dict[str, Tensor]
    factors: dict[str, Tensor]

    @classmethod
    def average(cls, draws: "list[Terms]") -> "Terms":
        """The mean of several draws."""
        if len(draws) == 1:
            return draws[0]

        def mean(values: list[Tensor]) -> Tensor:
            return torch.stack(values).mean(0)

        def by_name(tables: list[dict[str, Tensor]]) -> dict[str, Tensor]:
            return {name: mean([table[name] for table in tables]) for name in tables[0]}

        losses, *tables = (list(field) for field in zip(*draws, strict=True))
        return cls(mean(losses), *map(by_name, tables))

    @property
    def bound(self) -> Tensor:
        """Evidence bound per row, ``[B]``: every KL at weight 1, no factor. Differentiable."""
        return sum(self.likelihood.values()) - sum(self.kl.values())  # pyright: ignore[reportReturnType]

    def summary(self) -> dict[str, Tensor]:
        """Batch means by name, 0-d and detached: loss, bound, each site's term, each factor."""
        likelihood = {f"log p({name})": term.detach().mean() for name, term in self.likelihood.items()}
        kl = {f"kl({name})": term.detach().mean() for name, term in self.kl.items()}
        bound = torch.as_tensor(sum(likelihood.values()) - sum(kl.values()))
        factors = {name: term.detach() for name, term in self.factors.items()}
        return {"loss": self.loss.detach(), "bound": bound} | likelihood | kl | factors
