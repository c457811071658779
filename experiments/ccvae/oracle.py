"""A separate judge of images: trained on real ones with all their labels, the same for all runs on a data set."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from ...data import Batches, DataSet, Factors
from ...diagnostics.arrays import Array
from ...inference import Run
from ...inference.training import build
from .accuracy import of_logits

__all__ = ["Oracle", "label_loss", "oracle_of", "train_oracle"]

STEPS, BATCH, RATE = 600, 100, 3e-3


@dataclass(frozen=True)
class Oracle:
    """A network that tells labels, and of faces with known factors these too.

    Attributes:
        network: from images to logits of the labels, and standardised factors after them.
        attributes: the names of binary labels; () for classes.
        factors: ``[F]``, the names of the factors; () where they are not read.
        owner: ``[F]``, the attribute that each factor belongs to.
    """

    network: nn.Module
    attributes: tuple[str, ...]
    factors: tuple[str, ...] = ()
    owner: tuple[int, ...] = ()

    def log_prob(self, images: Array, y: Tensor) -> Tensor:
        """Log-probability of labels in nats: ``[N, L]`` of attributes, ``[N]`` of classes.

        Args:
            images: ``[N, C, H, W]``.
            y: ``[N, L]`` or ``[N]``.
        """
        logits = self(images)
        logits = logits[:, : len(self.attributes)] if self.attributes else logits
        index = y.reshape(len(y), -1, 1).long()
        found = of_logits(logits, attributes=bool(self.attributes)).gather(-1, index)[..., 0]
        return found if self.attributes else found[:, 0]

    def read(self, images: Array) -> Tensor:
        """The probability of each attribute, and each factor by how far it shows, ``[N, L + F]``.

        A factor is in standard deviations from its mean, times the probability of its attribute: where that is absent,
        its factors are 0.
        """
        found = self(images)
        present, value = found[:, : len(self.attributes)].sigmoid(), found[:, len(self.attributes) :]
        return torch.cat([present, value * present[:, list(self.owner)]], -1)

    @property
    def quantities(self) -> tuple[str, ...]:
        """The names of what is read."""
        return self.attributes + self.factors

    @property
    def own(self) -> list[int]:
        """The attribute that each of them belongs to."""
        return [*range(len(self.attributes)), *self.owner]

    @torch.no_grad()
    def __call__(self, images: Array) -> Tensor:
        """What the network says, ``[N, ...]``."""
        return torch.cat([self.network(part.float()) for part in torch.as_tensor(images).split(500)])


def oracle_of(run: Run) -> Oracle:
    """The judge of a run's data set: of any labels and seed, the one trained with all labels of seed 0."""
    recipe = run.data.recipe
    return train_oracle(run.data) if recipe is None else from_recipe(json.dumps(without_labels(recipe)))


def without_labels(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe of a data set with all labels, and of seed 0.

    Example:
        >>> without_labels({"class_path": "pellucid.data.smiley", "init_args": {"labels": 0.2, "rows": 9}})
        {'class_path': 'pellucid.data.smiley', 'init_args': {'labels': None, 'rows': 9, 'seed': 0}}
    """
    arguments = {**(recipe.get("init_args") or {}), "labels": None, "seed": 0}
    return {"class_path": recipe["class_path"], "init_args": dict(sorted(arguments.items()))}


@lru_cache(maxsize=8)
def from_recipe(recipe: str) -> Oracle:
    """The judge of a recipe, trained once a process."""
    return train_oracle(build(json.loads(recipe)))


def train_oracle(data: DataSet, steps: int = STEPS) -> Oracle:
    """Train a small convolutional network on the training rows; repeatable, and no global generator is moved.

    Args:
        data: with labels; with factors as well, if each carries its attribute's name in front.
        steps: of Adam, at a rate that falls to 0.
    """
    factors = data.factors["train"] if data.factors and data.name == "smiley" else None
    labels = len(data.classes)
    with torch.random.fork_rng([]), torch.enable_grad():
        torch.manual_seed(0)
        network = convolutional(data.shape, labels + (0 if factors is None else len(factors.names)))
        optimiser = torch.optim.Adam(network.parameters(), lr=RATE, fused=True)
        batches = Batches(data.train, min(BATCH, data.n_data), shuffle=True, drop_last=True)
        step = 0
        while step < steps:
            epoch = step // len(batches)
            for batch, rows in zip(batches.epoch(epoch), batches.order(epoch).split(batches.batch_size), strict=False):
                for group in optimiser.param_groups:
                    group["lr"] = RATE * (1 + math.cos(math.pi * min(step / steps, 1))) / 2
                optimiser.zero_grad()
                found = network(batch.x)
                loss = label_loss(found[:, :labels], batch.y, data.attributes)
                if factors is not None:
                    loss = loss + factor_loss(found[:, labels:], factors, rows)
                loss.backward()
                optimiser.step()
                step += 1
    names = () if factors is None else factors.names
    owner = tuple(next(i for i, each in enumerate(data.classes) if name.startswith(each)) for name in names)
    return Oracle(network.eval(), data.classes if data.attributes else (), names, owner)


def label_loss(logits: Tensor, y: Any, attributes: bool) -> Tensor:
    """Cross-entropy in nats a row."""
    if attributes:
        return binary_cross_entropy_with_logits(logits, y.float(), reduction="none").sum(-1).mean()
    return cross_entropy(logits, y)


def factor_loss(found: Tensor, factors: Factors, rows: Tensor) -> Tensor:
    """Squared error of standardised factors, over those that show."""
    wanted = (factors.values[rows] - factors.values.mean(0)) / factors.values.std(0)
    return (found - wanted)[factors.active[rows]].square().mean() * len(factors.names)


def convolutional(shape: tuple[int, ...], outputs: int) -> nn.Module:
    """Two convolutions 4 x 4 of stride 2, and a dense layer."""
    seen = nn.Sequential(
        nn.Conv2d(shape[0], 16, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
    )
    size = seen(torch.zeros(1, *shape)).shape[1]
    return nn.Sequential(seen, nn.Linear(size, 128), nn.ReLU(), nn.Linear(128, outputs))
