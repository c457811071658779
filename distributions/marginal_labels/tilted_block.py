"""The posterior of a block of Normal latent dimensions, given the label that a linear classifier drew from it."""

import torch
from torch import Tensor

from .tilted_noise import tilted_noise

__all__ = ["tilted_normal"]

FLAT = 1e-12  # a classifier's slope in noise below which its label says nothing


def tilted_normal(
    y: Tensor, loc: Tensor, scale: Tensor, weight: Tensor, bias: Tensor, known: Tensor | None = None
) -> Tensor:
    r"""One draw of each block ``c`` of ``K`` independent Normals given its label, with exact pathwise gradients.

    .. math:: p(c \mid y) \propto \mathcal{N}(c; \mu, \sigma) \, S(\pm (w \cdot c + b)), \qquad
        c = \mu + \sigma \odot \eta, \qquad t = w \cdot \mu + b + g \cdot \eta, \quad g = w \odot \sigma

    **Draw.** The label sees the noise :math:`\eta` along :math:`u = g / |g|` only, so a standard Normal draw
    :math:`\eta_0` keeps all but that component, which ``tilted_noise`` draws given the label:

    .. math:: \eta = \eta_0 + u \, (\varepsilon - u \cdot \eta_0)

    **Gradient.** A change of :math:`g` along :math:`u`, and of the mean of the logit, moves :math:`\varepsilon`. For a
    change across it no rotation is needed, whose angle would grow as :math:`1 / |g|`:

    .. math:: d\eta = (y - S(t)) \, (dg - u \, (u \cdot dg))

    makes up for the change of :math:`S(\pm t)` exactly, because the noise across :math:`u` is a standard Normal still;
    and at :math:`w = 0` it is the whole gradient.

    Args:
        y: labels ``[..., L]``, 0 or 1, of any type; ``nan`` is allowed where the label is not known.
        loc: means ``[..., L, K]``.
        scale: standard deviations ``[..., L, K]``; may be 0.
        weight: of the classifier ``[L, K]``; may be 0.
        bias: of the classifier ``[L]``.
        known: boolean ``[..., L]``: where ``False``, the draw is from the Normal alone. ``None``: all are known.

    Returns:
        ``[..., L, K]``, of the type of ``loc``; differentiable once, in all but ``y``.

    References:
        Joy et al., arXiv 2006.10102: ``q(z | x, y)`` of a labelled row;
        Journel and Huijbregts, *Mining Geostatistics* (1978): a draw is conditioned by correcting it.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> loc, weight = torch.zeros(100_000, 1, 2), torch.tensor([[10.0, 0.0]])
        >>> c = tilted_normal(torch.ones(100_000, 1), loc, torch.ones(2), weight, torch.zeros(1))
        >>> c.mean((0, 1)).abs().round(decimals=1)  # nearly a half-Normal, and a Normal
        tensor([0.8000, 0.0000])
    """
    slope = weight * scale
    mean = (weight * loc).sum(-1) + bias
    start = torch.randn_like(loc + slope)
    size = slope.detach().norm(dim=-1, keepdim=True)
    along = torch.where(size > FLAT, slope.detach() / size.clamp(min=FLAT), 0)
    deviation = (along * slope).sum(-1)
    noise = tilted_noise(y, mean, deviation).to(loc.dtype)
    pull = torch.where(y > 0.5, 1.0, 0.0).to(loc.dtype) - torch.sigmoid(mean + deviation * noise).detach()
    across = slope - slope.detach() - along * (deviation - deviation.detach())[..., None]
    eta = start + along * (noise - (along * start).sum(-1))[..., None] + pull[..., None] * across
    return loc + scale * (eta if known is None else torch.where(known[..., None], eta, start))
