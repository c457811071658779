"""A site that is known in part: row by row, or label by label of a vector."""

from typing import Any, TypeVar

from pyro.distributions import Independent, TorchDistribution
from torch import Tensor

from .binary_vector import BinaryVector
from .observed import PartlyObserved

__all__ = ["elements", "known_part", "partly"]

Kind = TypeVar("Kind", bound=PartlyObserved)


def partly(kind: type[Kind], fn: TorchDistribution, value: Tensor, known: Tensor) -> TorchDistribution:
    """``kind(fn, value, known)``, taken apart into elements where the mask has one entry for each of them.

    Args:
        kind: :class:`PartlyObserved` or :class:`Clamped`.
        fn: distribution of the site.
        value: ``batch_shape + event_shape``.
        known: bool, one entry a row, or one an element of a vector of independent elements.

    Example:
        >>> from pyro.distributions import Bernoulli
        >>> fn, y = Bernoulli(torch.full((2, 3), 0.25)).to_event(1), torch.ones(2, 3)
        >>> one_label = torch.tensor([[True, False, False]] * 2)
        >>> partly(PartlyObserved, fn, y, one_label).log_prob(y).exp()
        tensor([0.0156, 0.0156])
    """
    if isinstance(fn, BinaryVector) and known.dim() > value.dim() - fn.event_dim:
        return BinaryVector.of(kind(fn.base_dist, value, known))  # its joint values stay listed
    if isinstance(fn, Independent) and known.dim() > value.dim() - fn.event_dim:
        return kind(fn.base_dist, value, known).to_event(fn.reinterpreted_batch_ndims)
    return kind(fn, value, known)


def known_part(fn: Any) -> PartlyObserved | None:
    """The :class:`PartlyObserved` that :func:`partly` made, whole or by element; None if it is neither.

    Example:
        >>> from pyro.distributions import Bernoulli
        >>> known_part(Bernoulli(0.5)) is None
        True
    """
    fn = fn if isinstance(fn, PartlyObserved) else getattr(fn, "base_dist", fn)
    return fn if isinstance(fn, PartlyObserved) else None


def elements(fn: Any) -> Any:
    """The distribution of single elements: nothing known, no dimension declared part of an event.

    Example:
        >>> from pyro.distributions import Bernoulli
        >>> fn, y = Bernoulli(torch.full((2, 3), 0.25)).to_event(1), torch.ones(2, 3)
        >>> elements(partly(PartlyObserved, fn, y, y > 0)).batch_shape
        torch.Size([2, 3])
    """
    while isinstance(fn, PartlyObserved | Independent):
        fn = fn.base if isinstance(fn, PartlyObserved) else fn.base_dist
    return fn
