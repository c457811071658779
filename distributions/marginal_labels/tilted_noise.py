"""The noise of a Normal logit, given the label that was drawn from it: exact draws with exact gradients."""

import math

import torch
from torch import Tensor

from .kolmogorov import logistic_scales
from .logistic_normal import DIRECT, NEGLIGIBLE
from .mills import mills_ratio
from .normal_below import normal_below

__all__ = ["tilted_noise"]

DEVIATION, LOG_WEIGHT = logistic_scales()


def tilted_noise(y: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    r"""The noise :math:`\varepsilon` of a logit :math:`t = m + a \varepsilon`, given its label ``y``.

    .. math:: p(\varepsilon \mid y) \propto \phi(\varepsilon) \, S(\pm (m + a \varepsilon))

    **Draw.** A label is 1 if :math:`v = t - u > 0`, where :math:`u` is logistic: Normal of deviation :math:`s_k` with
    probability :math:`w_k` (:func:`logistic_scales`). With :math:`S_k^2 = s_k^2 + a^2`, draw

    .. math:: k \sim w_k \, \Phi(m / S_k), \qquad v \mid k \sim \mathcal{N}(m, S_k) \text{ above } 0, \qquad
        \varepsilon \mid v, k \sim \mathcal{N}\Big( \frac{a (v - m)}{S_k^2}, \frac{s_k}{S_k} \Big)

    Label 0 is label 1 of :math:`-t`. Deep in the lower tail, where the largest :math:`s_k` would matter,
    :math:`S(t) = e^t S(-t)`: label 1 at :math:`m` is label 0 at :math:`m + a^2`.

    **Gradient.** The component is discrete, so the draw is no smooth function of ``loc`` and ``scale``; but given the
    label :math:`v`, and then :math:`\varepsilon` given :math:`v`, have laws with closed distribution functions
    :math:`F`, mixtures of the 22 components. Moving either so that its :math:`F` keeps its value is exact:

    .. math:: \frac{dv}{d\theta} = -\frac{\partial_\theta F(v)}{\partial_v F(v)}, \qquad
        \frac{d\varepsilon}{d\theta} = -\frac{\partial_\theta F(\varepsilon \mid v)
        + \partial_v F(\varepsilon \mid v) \, dv / d\theta}{\partial_\varepsilon F(\varepsilon \mid v)}

    The distribution function of :math:`\varepsilon` alone is not closed. It would give the gradient of least variance;
    the second moments of ours are at most 1.15 times as large in ``loc``, and 1.25 times in ``scale``. Computed in
    float64 whatever the input: depths of tails are differences of squares.

    Args:
        y: labels, 0 or 1, of any type; ``nan`` reads as 0.
        loc: mean ``m`` of the logit, of a shape that broadcasts with that of ``y``; any finite value.
        scale: its standard deviation ``a``, likewise; may be 0.

    Returns:
        Of the broadcast shape, in float64, differentiable once.

    References:
        Andrews and Mallows, "Scale mixtures of Normal distributions" (1974);
        Figurnov, Mohamed, Mnih, "Implicit reparameterization gradients" (2018), section 3.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> noise = tilted_noise(torch.ones(100_000), torch.tensor(0.0), torch.tensor(2.0))
        >>> noise.mean().round(decimals=1)
        tensor(0.6000, dtype=torch.float64)
    """
    sign = torch.where(y > 0.5, 1.0, -1.0)
    m, a = torch.broadcast_tensors(sign * loc.double(), scale.double())
    tilt = m < -(DIRECT + a.square() / 2)
    m = torch.where(tilt, -m - a.square(), m)
    noise, by_m, by_a = _draw(m.detach(), a.detach())
    noise = noise + by_m * (m - m.detach()) + by_a * (a - a.detach())
    return sign * torch.where(tilt, a - noise, noise)


def _draw(m: Tensor, a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Noise for label 1, and its slopes in ``m`` and ``a``. Components are on the first axis; ``rise`` is ``v - m``."""
    deviation, weight = m.new_tensor(DEVIATION), m.new_tensor(LOG_WEIGHT).exp()
    s, w = (part.view(-1, *[1] * m.dim()) for part in (deviation, weight))
    precision = 1 / (s * s + a * a)
    root = precision.sqrt()

    edge, mass, unit = _tail(m * root, w)
    chosen = (mass.cumsum(0) < mass.sum(0) * torch.rand_like(m)).sum(0).clamp(max=len(deviation) - 1)
    width = deviation[chosen]
    spread = (width * width + a * a).sqrt()
    rise = -spread * normal_below(m / spread)
    noise = a * rise / spread**2 + width / spread * torch.randn_like(m)

    p, above, unit_here = _tail(rise * -root, w)
    edge, p = edge * root, p * root
    height = p.sum(0)
    p = p / height
    survival = above.sum(0) / (unit_here * height) * unit / mass.sum(0)
    rise_by_m = -survival * edge.sum(0)
    rise_by_a = a * (rise * (p * precision).sum(0) + m * survival * (edge * precision).sum(0))

    x = (noise - a * rise * precision) / (s * root)
    below = torch.erfc(x * -math.sqrt(0.5)) / 2
    excess = p * precision * (below - (p * below).sum(0))
    density = p * (x * x / -2).clamp(min=-NEGLIGIBLE).exp() / (s * root * math.sqrt(2 * math.pi))
    bent = density * precision
    shift, bend, total = excess.sum(0), bent.sum(0), density.sum(0)
    by_rise = rise * shift + a * bend
    by_a = a * shift - (a * noise - rise) * bend - a * rise * (rise * excess + a * bent).mul(precision).sum(0)
    return noise, rise_by_m * by_rise / total, (rise_by_a * by_rise + by_a) / total


def _tail(z: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Weighted Normal densities and distribution functions at ``z``, all of one sign, and the unit of the former.

    Of positive ``z`` the distribution functions are themselves; else they are in the same unit, the widest density.
    """
    exponent = z * z / 2
    least = exponent[-1]
    density = weight * (least - exponent).clamp(min=-NEGLIGIBLE).exp() / math.sqrt(2 * math.pi)
    unit = torch.where(z[-1] > 0, -least, 0).exp()
    tail = density * mills_ratio(z.abs())
    return density, torch.where(z > 0, weight - unit * tail, tail), unit
