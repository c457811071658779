"""The posterior of a Normal logit, given the label that was drawn from it."""

from torch import Tensor

from .tilted_noise import tilted_noise

__all__ = ["tilted_logit"]


def tilted_logit(y: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    r"""One draw of each logit ``t`` given its binary label ``y``, with exact pathwise gradients.

    .. math:: p(t \mid y) = \frac{\mathcal{N}(t; m, a) \, S(t)^y \, S(-t)^{1 - y}}{q(y)}, \qquad
        \log q(y) = \texttt{binary\_label\_marginal}(y, m, a)

    The law is right within the 2e-10 of :func:`log_expected_sigmoid`, saturated or not; no weight, no rejection. The
    gradient of the mean of any :math:`f(t)` over draws is an unbiased estimate of that of its expectation: a draw
    moves with ``loc`` by between 0 and 1 times as much. The way of both is that of ``tilted_noise``.

    Args:
        y: labels, 0 or 1, of any type; a label that is not known (``nan``) reads as 0.
        loc: mean of the logit, of a shape that broadcasts with that of ``y``; any finite value.
        scale: standard deviation of the logit, likewise; may be 0, and the draw is ``loc`` then.

    Returns:
        Draws of the broadcast shape, of the type of ``loc``; differentiable once, in ``loc`` and ``scale``.

    References:
        Joy et al., arXiv 2006.10102: the bound of a labelled row is that of the encoder given the label;
        Figurnov, Mohamed, Mnih, "Implicit reparameterization gradients" (2018).

    Example:
        >>> _ = torch.manual_seed(0)
        >>> loc = torch.zeros(100_000, requires_grad=True)
        >>> t = tilted_logit(torch.ones(100_000), loc, torch.tensor(100.0))
        >>> t.min() > -20, t.mean().round(decimals=-1)
        (tensor(True), tensor(80., grad_fn=<RoundBackward1>))
    """
    return (loc + scale * tilted_noise(y, loc, scale)).to(loc.dtype)
