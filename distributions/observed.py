"""Sites of which some rows are known: the generative site, and the posterior that is certain of the known values."""

import math
from collections.abc import Sequence
from typing import ClassVar, cast

import torch
from pyro.distributions import TorchDistribution
from torch import Tensor
from torch.distributions import Independent, transform_to
from torch.distributions.constraints import Constraint

__all__ = ["Clamped", "PartlyObserved"]


class PartlyObserved(TorchDistribution):
    r"""A generative site some of whose rows are known: draws return the known values, the density is that of ``base``.

    .. math:: v_n = \begin{cases} \text{value}_n & \text{known}_n \\ \sim \text{base}_n & \text{otherwise} \end{cases}
        \qquad \log p(v) = \log \text{base}(v)

    A known row thus counts with its log-probability, as an observed site does, and the site keeps one name and one
    shape whatever the mask. To sum the unknown rows out, enumerate the guide's site, a :class:`Clamped`: enumerating
    this one would sum over known rows too.

    Args:
        base: distribution of the site, ``batch_shape`` and ``event_shape``.
        value: known values, of a shape that broadcasts to ``batch_shape + event_shape``. Slots of unknown rows may hold
            anything, NaN included: they are replaced by a fixed point of the support.
        known: bool, of a shape that broadcasts with ``batch_shape``. A mask per element of a vector needs a base whose
            elements are batch: ``PartlyObserved(Bernoulli(p), y, known).to_event(1)``.
        validate_args: whether to check values; Pyro's setting if ``None``.

    Shapes:
        ``batch_shape`` is that of ``base`` broadcast with ``known``; ``event_shape`` that of ``base``. Enumerated
        values ``[K, 1, ...]`` broadcast against it from the left.

    Raises:
        ValueError: if ``known`` is not boolean, or shapes do not broadcast.

    References:
        Kingma et al., "Semi-supervised learning with deep generative models" (2014), eq. 6: labelled rows of the bound.

    Example:
        >>> from pyro.distributions import Categorical
        >>> known = torch.tensor([True, False])
        >>> y = PartlyObserved(Categorical(torch.ones(4)), torch.tensor([3.0, math.nan]), known)
        >>> y.sample()[0], y.log_prob(torch.tensor([3, 0])).exp()
        (tensor(3), tensor([0.2500, 0.2500]))
    """

    arg_constraints: ClassVar[dict] = {}

    def __init__(
        self, base: TorchDistribution, value: Tensor, known: Tensor, *, validate_args: bool | None = None
    ) -> None:
        batch_shape = _batch_shape(base, value, known)
        self.base = base.expand(batch_shape)
        self.known = known.expand(batch_shape)
        filler = _filler(self.base, value)
        self.value = torch.where(self._known(), value, filler).to(filler.dtype)
        super().__init__(batch_shape, base.event_shape, validate_args=validate_args)

    def _known(self) -> Tensor:
        return self.known.reshape(self.known.shape + (1,) * len(self.base.event_shape))

    def expand(self, batch_shape, _instance=None) -> "PartlyObserved":
        """The same distribution over a larger ``batch_shape``; known values repeat."""
        new = cast(PartlyObserved, self._get_checked_instance(PartlyObserved, _instance))
        batch_shape = torch.Size(batch_shape)
        new.base = self.base.expand(batch_shape)
        new.known = self.known.expand(batch_shape)
        new.value = self.value.expand(batch_shape + self.event_shape)
        super(PartlyObserved, new).__init__(batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def has_rsample(self) -> bool:
        """Whether the base distribution has reparameterised draws."""
        return self.base.has_rsample

    @property
    def has_enumerate_support(self) -> bool:
        """Whether the base distribution can be enumerated."""
        return self.base.has_enumerate_support

    @property
    def support(self):
        """Support of the base distribution."""
        return self.base.support

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values of the base distribution, ``[K] + batch_shape`` (or ``[K, 1, ...]``) ``+ event_shape``."""
        return self.base.enumerate_support(expand)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Known values where known, draws of the base elsewhere: ``sample_shape + batch_shape + event_shape``."""
        with torch.no_grad():
            return torch.where(self._known(), self.value, self.base.sample(torch.Size(sample_shape)))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """As :meth:`sample`, with the gradients of the base's draws."""
        return torch.where(self._known(), self.value, self.base.rsample(torch.Size(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density of the base at ``value``, known rows included, in nats; of ``batch_shape``, broadcast."""
        return self.base.log_prob(value)


class Clamped(PartlyObserved):
    r"""A posterior conditioned on its known rows: certain there, ``base`` elsewhere.

    .. math::
        \log q(v) = \begin{cases}
            0 & \text{known}, v = \text{value} \\
            -\infty & \text{known}, v \ne \text{value} \\
            \log \text{base}(v) & \text{otherwise}
        \end{cases}

    Draws are those of :class:`PartlyObserved`. Parameters of ``base`` get no gradient from known rows. Its
    divergence from a prior is registered: :math:`-\log p(\text{value})` on known rows.

    Args:
        base: posterior of the rows that are not known.
        value: known values; slots of unknown rows may hold anything, NaN included.
        known: bool, of a shape that broadcasts with ``base.batch_shape``.
        validate_args: whether to check values; Pyro's setting if ``None``.

    Shapes:
        As :class:`PartlyObserved`.

    Raises:
        ValueError: if ``known`` is not boolean, or shapes do not broadcast.

    References:
        Kingma et al., "Semi-supervised learning with deep generative models" (2014), eqs. 6-8: the two kinds of row.

    Example:
        >>> from pyro.distributions import Categorical
        >>> known = torch.tensor([True, False])
        >>> y = Clamped(Categorical(torch.ones(2)), torch.tensor([1, 0]), known)
        >>> y.log_prob(y.enumerate_support()).exp()
        tensor([[0.0000, 0.5000],
                [1.0000, 0.5000]])
    """

    def log_prob(self, value: Tensor) -> Tensor:
        """0 or ``-inf`` on known rows, the base's log-density elsewhere, in nats; of ``batch_shape``, broadcast."""
        log_prob = self.base.log_prob(value)
        same = value == self.value
        if self.event_shape:
            same = same.flatten(-len(self.event_shape)).all(-1)
        certain = torch.where(same, torch.zeros_like(log_prob), -math.inf)
        return torch.where(self.known, certain, log_prob)


def _batch_shape(base: TorchDistribution, value: Tensor, known: Tensor) -> torch.Size:
    if known.dtype != torch.bool:
        raise ValueError(
            f"known: expected a boolean mask, True where the value is known; this one has dtype {known.dtype}.\n"
            "Try one of:\n"
            "- known.bool() for a mask of zeros and ones\n"
            "- torch.ones(batch_shape, dtype=torch.bool) if every row is known"
        )
    try:
        batch_shape = torch.broadcast_shapes(base.batch_shape, known.shape)
        value.expand(batch_shape + base.event_shape)
    except RuntimeError as error:
        raise ValueError(
            f"value, known: shapes {list(value.shape)} and {list(known.shape)} do not fit a distribution with "
            f"batch shape {list(base.batch_shape)} and event shape {list(base.event_shape)}.\n"
            "Try one of:\n"
            "- value of batch shape + event shape, known of batch shape: one mask entry a row\n"
            "- for a mask per element of a vector, pass the base before .to_event(1); call it on the result"
        ) from error
    return batch_shape


def _filler(base: TorchDistribution, value: Tensor) -> Tensor:
    """A point of the base's support, in the dtype of its draws, that broadcasts to ``batch_shape + event_shape``.

    It stands in unknown slots, where log-densities are computed and thrown away: it must keep their gradients finite,
    and must cost no random draw.
    """
    if isinstance(base, Independent):
        return _filler(base.base_dist, value)
    if base.has_enumerate_support:
        return base.enumerate_support(expand=False)[0]
    dtype = value.dtype if value.is_floating_point() else torch.get_default_dtype()
    support = cast(Constraint, base.support)
    if support.is_discrete:
        return torch.zeros(base.batch_shape + base.event_shape, dtype=dtype, device=value.device)
    transform = transform_to(support)
    shape = transform.inverse_shape(base.batch_shape + base.event_shape)
    return transform(torch.zeros(shape, dtype=dtype, device=value.device))
