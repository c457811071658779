"""Entropy and Jensen-Shannon divergence of Bernoulli probabilities: what two gates disagree about, in nats."""

from torch import Tensor

__all__ = ["EPS", "entropy", "jensen_shannon"]

EPS = 1e-6
"""Distance kept from 0 and 1, where the slope of the entropy is infinite."""


def entropy(p: Tensor) -> Tensor:
    r"""Entropy of a Bernoulli variable, elementwise, in nats.

    .. math:: H(p) = -p \log p - (1 - p) \log(1 - p)

    Args:
        p: probabilities ``[...]``, clamped to ``[EPS, 1 - EPS]``; the gradient beyond the clamp is 0.

    Returns:
        ``[...]``, between 0 and ``log 2``, largest at ``p = 1/2``.

    References:
        Cover and Thomas, *Elements of Information Theory*, eq. 2.5.

    Example:
        >>> import torch
        >>> entropy(torch.tensor([0.0, 0.5, 1.0])).exp().round()
        tensor([1., 2., 1.])
    """
    p = p.clamp(EPS, 1 - EPS)
    return -p * p.log() - (1 - p) * (-p).log1p()


def jensen_shannon(p: Tensor, q: Tensor) -> Tensor:
    r"""How far two Bernoulli variables are apart, elementwise, in nats.

    .. math:: \mathrm{JSD}(p, q) = H\big(\tfrac{p+q}{2}\big) - \tfrac12 H(p) - \tfrac12 H(q)

    This is the information that one draw carries about which of the two variables it came from.

    Args:
        p: probabilities ``[...]``, clamped to ``[EPS, 1 - EPS]``.
        q: probabilities of a shape that broadcasts with that of ``p``, clamped alike.

    Returns:
        ``[...]``, between 0 (equal) and ``log 2`` (0 against 1), symmetric in its arguments.

    References:
        Lin, "Divergence measures based on the Shannon entropy" (1991), eq. 4.1;
        Sangari Abiz et al., arXiv 2505.14476: the consistency term between two rows of one class.

    Example:
        >>> import torch
        >>> jensen_shannon(torch.tensor([0.3, 0.0]), torch.tensor([0.3, 1.0])).exp().round()
        tensor([1., 2.])
    """
    p, q = p.clamp(EPS, 1 - EPS), q.clamp(EPS, 1 - EPS)
    return entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2
