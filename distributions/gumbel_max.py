"""One draw of a class, hard forward and soft backward."""

import torch
from torch import Tensor
from torch.distributions.utils import clamp_probs
from torch.nn.functional import one_hot

__all__ = ["gumbel_max"]


def gumbel_max(logits: Tensor, temperature: Tensor | float = 1.0) -> Tensor:
    r"""One-hot draws of classes, with the gradient of a softmax: the straight-through Gumbel-max draw.

    .. math:: k^* = \arg\max_k (l_k + g_k), \qquad g_k = -\log(-\log u_k), \quad u_k \sim \mathcal{U}(0, 1), \qquad
        \frac{\partial v}{\partial l} := \frac{\partial}{\partial l}\, \text{softmax}\Big(\frac{l + g}{T}\Big)

    The draw is exact: class k has the probability :math:`\text{softmax}(l)_k`. Its gradient is not, and the bias falls
    with the temperature as the variance rises.

    Args:
        logits: ``[..., K]``, up to a constant in each row; minus infinity is a class that is never drawn.
        temperature: T of the backward pass, positive.

    Returns:
        ``[..., K]`` of 0 and 1.

    References:
        Jang, Gu, Poole, "Categorical reparameterization with Gumbel-softmax" (ICLR 2017), section 2.2.

    Example:
        >>> gumbel_max(torch.tensor([0.0, -torch.inf, -torch.inf]))
        tensor([1., 0., 0.])
    """
    uniform = clamp_probs(torch.rand_like(logits))
    score = logits - (-uniform.log()).log()
    soft = (score / temperature).softmax(-1)
    return one_hot(score.argmax(-1), logits.shape[-1]) + (soft - soft.detach())
