"""Four priors of kinds that the library has not seen, as a user would write them."""

# pyright: reportOptionalSubscript=false

import math

import pyro
import pyro.distributions as dist
import torch
from pyro.nn import PyroModule
from torch import nn

from pellucid.models import label

__all__ = ["Circle", "Families", "HatAndEyes", "Horseshoe"]


class Horseshoe(PyroModule):
    """Few dimensions far from zero: each has a spread of its own with heavy tails."""

    def __init__(self, dim: int = 12):
        super().__init__()
        self.register_buffer("one", torch.ones(dim))

    def forward(self, y=None, labelled=None):
        spread = pyro.sample("spread", dist.HalfCauchy(self.one).to_event(1))
        return pyro.sample("z", dist.Normal(0 * self.one, spread).to_event(1))


class Circle(PyroModule):
    """A class is a direction, its distance from the middle free."""

    def __init__(self, classes: int = 10, tightness: float = 10.0):
        super().__init__()
        self.tightness = tightness
        self.register_buffer("hour", torch.arange(classes) * 2 * math.pi / classes - math.pi)

    def forward(self, y=None, labelled=None):
        y = label("y", dist.Categorical(logits=0 * self.hour), y, labelled)
        turn = pyro.sample("turn", dist.VonMises(self.hour[y], self.hour.new_tensor(self.tightness)))
        reach = pyro.sample("reach", dist.LogNormal(self.hour.new_zeros(()), 0.3))
        return torch.stack([turn.cos(), turn.sin()], -1) * reach.unsqueeze(-1)


class Families(PyroModule):
    """Classes in families: centres of classes are drawn around those of families, once for the data set."""

    def __init__(self, classes: int = 10, families: int = 2, dim: int = 8):
        super().__init__()
        self.register_buffer("family", torch.arange(classes) % families)
        self.register_buffer("zero", torch.zeros(families, dim))
        self.log_spread = nn.Parameter(torch.zeros(dim))

    def shared(self):
        family = pyro.sample("family", dist.Normal(self.zero, 3.0).to_event(2))
        return pyro.sample("centre", dist.Normal(family[self.family], 1.0).to_event(2))

    def forward(self, y=None, labelled=None, centre=None):
        y = label("y", dist.Categorical(logits=self.zero.new_zeros(len(self.family))), y, labelled)
        return pyro.sample("z", dist.Normal(centre[y], self.log_spread.exp()).to_event(1))


class HatAndEyes(PyroModule):
    """Two labels at once, each with a place of its own for yes and for no."""

    def __init__(self, dim: int = 8):
        super().__init__()
        self.hat, self.eyes = nn.Parameter(torch.randn(2, dim)), nn.Parameter(torch.randn(2, dim))

    def forward(self, y=None, labelled=None):
        half = self.hat.new_tensor(0.5)
        hat = label("hat", dist.Bernoulli(half), y, labelled).long()
        eyes = label("eyes", dist.Bernoulli(half), y, labelled).long()
        return pyro.sample("z", dist.Normal(self.hat[hat] + self.eyes[eyes], 1.0).to_event(1))
