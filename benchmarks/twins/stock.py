"""The variational autoencoder in stock Pyro, as its tutorial writes it."""

from typing import Any

import pyro
import pyro.distributions as dist
from pyro.infer import TraceMeanField_ELBO
from pyro.nn import PyroModule
from torch import Tensor, nn
from torch.nn.functional import softplus

from .networks import Shape, network

__all__ = ["StockGuide", "StockModel", "stock"]


class StockModel(PyroModule):
    """A standard Normal code and Bernoulli pixels, whose own check refuses those between 0 and 1 and is off."""

    def __init__(self, decoder: nn.Module, dim: int):
        super().__init__()
        self.decoder, self.dim = decoder, dim

    def forward(self, x: Tensor, y: Any = None, labelled: Any = None) -> None:
        """Condition on images ``[B, C, H, W]``."""
        with pyro.plate("data", len(x)):
            z = pyro.sample("z", dist.Normal(x.new_zeros(self.dim), x.new_ones(self.dim)).to_event(1))
            pixels = dist.Bernoulli(logits=self.decoder(z), validate_args=False)
            pyro.sample("x", pixels.to_event(1), obs=x.flatten(1))


class StockGuide(PyroModule):
    """A diagonal Normal posterior."""

    def __init__(self, encoder: nn.Module, features: int, dim: int):
        super().__init__()
        self.encoder = encoder
        self.loc, self.scale = nn.Linear(features, dim), nn.Linear(features, dim)

    def forward(self, x: Tensor, y: Any = None, labelled: Any = None) -> None:
        """Sample the codes of images ``[B, C, H, W]``."""
        with pyro.plate("data", len(x)):
            h = self.encoder(x)
            pyro.sample("z", dist.Normal(self.loc(h), softplus(self.scale(h)) + 1e-6).to_event(1))


def stock(shape: Shape, dim: int, kind: str = "mlp") -> nn.Module:
    """Pyro's own objective for the two: called with a batch, gives the loss in nats, **summed** over rows."""
    encoder, features, decoder = network(kind, shape, dim)
    return TraceMeanField_ELBO()(StockModel(decoder, dim), StockGuide(encoder, features, dim))
