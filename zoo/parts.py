"""What the pairs share: what they need to know of a data set, networks and likelihoods by name."""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from torch import Tensor, nn

from ..data import DataSet, label_frequencies
from ..models import Bernoulli, Laplace, Likelihood, Normal
from ..networks import ConvDecoder, ConvEncoder, MLPDecoder, MLPEncoder, RecurrentDecoder, RecurrentEncoder

__all__ = ["Labelled", "LikelihoodName", "Network", "Shape", "Shaped", "frequencies", "named_likelihood", "networks"]

Shape = tuple[int, ...]
Network = Literal["mlp", "conv", "recurrent"]
LikelihoodName = Literal["bernoulli", "normal", "normal-per-pixel", "normal-real", "laplace"]


class Shaped(Protocol):
    """What a pair needs to know of a data set."""

    @property
    def shape(self) -> Shape:
        """Of a row: (C, H, W) of an image, (T, ...) of a sequence."""
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


def frequencies(data: Labelled) -> Tensor | None:
    """How often each label occurs among the labelled rows; None for a description that holds no rows."""
    return label_frequencies(data) if isinstance(data, DataSet) else None


def networks(
    kind: Network, shape: Shape, dim: int, hidden: Sequence[int], channels: Sequence[int] | None = None
) -> tuple[nn.Module, nn.Module]:
    """Encoder and decoder of one kind."""
    if channels is not None and kind != "conv":
        raise ValueError(
            f"channels: expected None beside network={kind!r}, which has no convolutions; given {channels}.\n"
            "Try one of:\n- network='conv'\n- hidden=, the widths of an 'mlp'"
        )
    if kind == "conv":
        return ConvEncoder(shape, channels), ConvDecoder(dim, shape, channels)
    if kind == "mlp":
        return MLPEncoder(shape, tuple(hidden)), MLPDecoder(dim, shape, tuple(reversed(hidden)))
    if kind == "recurrent":
        return RecurrentEncoder(shape, *hidden[-1:]), RecurrentDecoder(dim, shape, *hidden[-1:])
    raise ValueError(f"network: expected 'mlp', 'conv' or 'recurrent'; given {kind!r}.")


def named_likelihood(name: LikelihoodName, shape: Shape) -> Likelihood:
    """The likelihood of that name."""
    makers: dict[str, Callable[[], Likelihood]] = {
        "bernoulli": Bernoulli,
        "normal": Normal,
        "normal-per-pixel": lambda: Normal(shape),
        "normal-real": lambda: Normal(link="identity"),
        "laplace": lambda: Laplace(learn=False),
    }
    if name not in makers:
        raise ValueError(
            f"likelihood: expected one of {', '.join(makers)}; given {name!r}. Try zoo.compose for one of your own."
        )
    return makers[name]()
