"""What the pairs share: what they need to know of a data set, networks and likelihoods by name."""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from torch import nn

from ..models import Bernoulli, Laplace, Likelihood, Normal
from ..networks import ConvDecoder, ConvEncoder, MLPDecoder, MLPEncoder

__all__ = ["Labelled", "LikelihoodName", "Network", "Shape", "Shaped", "named_likelihood", "networks"]

Shape = tuple[int, ...]
Network = Literal["mlp", "conv"]
LikelihoodName = Literal["bernoulli", "normal", "normal-per-pixel", "laplace"]


class Shaped(Protocol):
    """What a pair needs to know of a data set."""

    @property
    def shape(self) -> Shape:
        """(C, H, W)."""
        ...

    @property
    def n_data(self) -> int:
        """Rows in the training split."""
        ...


class Labelled(Shaped, Protocol):
    """What a pair with label sites needs to know besides."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, or of the attributes."""
        ...

    @property
    def attributes(self) -> bool:
        """Whether labels are binary attributes of a row."""
        ...


def networks(kind: Network, shape: Shape, dim: int, hidden: Sequence[int]) -> tuple[nn.Module, nn.Module]:
    """Encoder and decoder of one kind."""
    if kind == "conv":
        return ConvEncoder(shape), ConvDecoder(dim, shape)
    if kind == "mlp":
        return MLPEncoder(shape, tuple(hidden)), MLPDecoder(dim, shape, tuple(reversed(hidden)))
    raise ValueError(f"network: expected 'mlp' or 'conv'; given {kind!r}.")


def named_likelihood(name: LikelihoodName, shape: Shape) -> Likelihood:
    """The likelihood of that name."""
    makers: dict[str, Callable[[], Likelihood]] = {
        "bernoulli": Bernoulli,
        "normal": Normal,
        "normal-per-pixel": lambda: Normal(shape),
        "laplace": lambda: Laplace(learn=False),
    }
    if name not in makers:
        raise ValueError(
            f"likelihood: expected one of {', '.join(makers)}; given {name!r}. Try zoo.compose for one of your own."
        )
    return makers[name]()
