"""The marginal of a label under an encoder and a diagonal classifier: exact by quadrature, or the mean of draws."""

import math

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from .gumbel_normal import log_expected_softmax
from .logistic_normal import log_expected_sigmoid

__all__ = ["binary_label_marginal", "categorical_label_marginal", "marginal_logit"]


def binary_label_marginal(y: Tensor, loc: Tensor, scale: Tensor, *, draws: int | None = None) -> Tensor:
    r"""``log q(y | x)`` of binary labels whose logits are Normal, elementwise, in nats.

    .. math:: q(y | x) = \mathbb{E}_{t \sim \mathcal{N}(m, a)} \, S(t)^y \, S(-t)^{1 - y}

    With draws :math:`t_i` it is the paper's estimate :math:`\log \frac1n \sum_i S(\pm t_i)`, too low on average
    (Jensen's inequality) by about :math:`\mathrm{Var}[S] / 2 n q^2`, and by far more where fewer than one draw in ``n``
    finds the label.

    Args:
        y: labels, 0 or 1, of any type; a label that is not known (``nan``) reads as 0, and carries no gradient.
        loc: mean of the logit, of a shape that broadcasts with that of ``y``: :math:`w \mu + b` for a classifier
            :math:`S(w z + b)` and an encoder :math:`z \sim \mathcal{N}(\mu, \sigma)`.
        scale: its standard deviation :math:`|w| \sigma`, likewise.
        draws: ``None`` for the quadrature of :func:`log_expected_sigmoid`; else the number ``n`` of draws.

    Returns:
        Of the broadcast shape, not positive.

    Raises:
        ValueError: if ``draws`` is less than 1.

    References:
        Joy et al., arXiv 2006.10102: the bound on ``log p(x, y)``, and its estimate of ``q(y | x)``.

    Example:
        >>> loc, scale = torch.tensor([-2.0, -2.0]), torch.tensor([3.0, 0.0])
        >>> binary_label_marginal(torch.tensor([1.0, 0.0]), loc, scale).exp()
        tensor([0.2826, 0.8808])
        >>> binary_label_marginal(torch.tensor([1.0, 0.0]), loc, scale, draws=100_000).exp().round(decimals=1)
        tensor([0.3000, 0.9000])
    """
    sign = torch.where(y > 0.5, 1, -1)
    if draws is None:
        return log_expected_sigmoid(sign * loc, scale)
    return _log_mean_exp(logsigmoid(sign * _logits(loc, scale, draws)))


def marginal_logit(loc: Tensor, scale: Tensor) -> Tensor:
    """Log-odds of binary labels whose logits are Normal, elementwise, the logits integrated out.

    Args:
        loc: mean of the logit.
        scale: its standard deviation, of a shape that broadcasts with that of ``loc``.

    Example:
        >>> marginal_logit(torch.tensor([0.0, 2.0]), torch.tensor([30.0, 0.0]))
        tensor([0., 2.])
    """
    return log_expected_sigmoid(loc, scale) - log_expected_sigmoid(-loc, scale)


def categorical_label_marginal(loc: Tensor, scale: Tensor, *, draws: int | None = None) -> Tensor:
    r"""``log q(y = k | x)`` for all classes of a label whose logits are independent Normals, in nats.

    .. math:: q(y = k | x) = \mathbb{E}_{l_j \sim \mathcal{N}(m_j, a_j)} \Big[ e^{l_k} \Big/ \sum_j e^{l_j} \Big]

    The mean of draws is normalised too, and its logarithm too low on average, as in :func:`binary_label_marginal`.

    Args:
        loc: means of the logits ``[..., classes]``.
        scale: their standard deviations, of a shape that broadcasts with that of ``loc``.
        draws: ``None`` for the quadrature of :func:`log_expected_softmax`; else the number of draws, which cost one
            softmax each.

    Returns:
        ``[..., classes]``, not positive.

    Raises:
        ValueError: if ``draws`` is less than 1.

    References:
        Joy et al., arXiv 2006.10102: the bound on ``log p(x, y)``, and its estimate of ``q(y | x)``.

    Example:
        >>> categorical_label_marginal(torch.zeros(4), torch.full((4,), 3.0)).exp()
        tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    if draws is None:
        return log_expected_softmax(loc, scale)
    return _log_mean_exp(_logits(loc, scale, draws).log_softmax(-1))


def _logits(loc: Tensor, scale: Tensor, draws: int) -> Tensor:
    """Draws of the logits ``[draws, ...]``, differentiable."""
    if draws < 1:
        raise ValueError(
            f"draws: expected a positive number of draws, got {draws}.\n"
            "Try one of:\n- draws=100, the number of the paper\n- draws=None for the exact quadrature"
        )
    loc, scale = torch.broadcast_tensors(loc, scale)
    return loc + scale * torch.randn(draws, *loc.shape, dtype=loc.dtype, device=loc.device)


def _log_mean_exp(log_p: Tensor) -> Tensor:
    return torch.logsumexp(log_p, 0) - math.log(len(log_p))
