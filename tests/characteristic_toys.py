"""Small models of characteristic latents, and their bound by dense quadrature in code of its own."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false, reportIndexIssue=false

import math

import torch
from torch.distributions import Normal as Gaussian
from torch.nn.functional import log_softmax, logsigmoid, softplus

from pellucid.guides import CharacteristicPosterior, Guide, NormalPosterior
from pellucid.inference import CharacteristicBound, Pair
from pellucid.models import CharacteristicPrior, LatentModel, Normal, NormalPrior
from pellucid.networks import MLPDecoder, MLPEncoder

SHAPE = (1, 1, 3)


def toy(*, categorical=False, seed=0, likelihood=None, objective=CharacteristicBound, **options) -> Pair:
    """Two binary labels and a style dimension, or a label of three classes without style; weights in double."""
    torch.manual_seed(seed)
    labels, style = (3, 0) if categorical else (2, 1)
    frequency = torch.tensor([0.2, 0.5, 0.3]) if categorical else torch.tensor([0.3, 0.6])
    prior = CharacteristicPrior(
        labels, NormalPrior(style) if style else None, frequency=frequency, categorical=categorical
    )
    make_style = (lambda features: NormalPosterior(features, style)) if style else None
    posterior = CharacteristicPosterior(
        MLPEncoder(SHAPE, (5,), torch.nn.Tanh), labels, make_style, categorical=categorical
    )
    decoder = MLPDecoder(labels + style, SHAPE, (4,), torch.nn.Tanh)
    model = LatentModel(prior, decoder, likelihood or Normal(scale=0.7, link="identity"), n_data=10)
    pair = Pair(model, Guide(posterior, 10), [], objective(posterior.classifier, **options)).double()
    with torch.no_grad():  # nothing at a symmetric start
        prior.loc += 0.3 * torch.randn_like(prior.loc)
        prior.spread += 0.4 * torch.randn_like(prior.spread)
        posterior.classifier.weight.copy_(torch.tensor([[1.4], [-0.8], [2.0]])[:labels])
        posterior.classifier.bias.copy_(torch.tensor([0.3, -0.5, 0.1])[:labels])
    return pair


def nodes(dim: int, number: int = 49, reach: float = 7.0):
    """Standard Normal noise on a grid ``[M, dim]``, and its weights ``[M]``."""
    line = torch.linspace(-reach, reach, number, dtype=torch.float64)
    weight = torch.exp(-(line**2) / 2)
    weight = weight / weight.sum()
    noise = torch.cartesian_prod(*[line] * dim).reshape(-1, dim)
    weights = torch.stack([w.reshape(-1) for w in torch.meshgrid(*[weight] * dim, indexing="ij")]).prod(0)
    return noise, weights


def density(pair: Pair, x, z):
    """log p(x | z) for one x and codes ``[M, D]``."""
    return pair.model.decode(z).log_prob(x)


def encoded(pair: Pair, x):
    """Locations and scales of c and z for one x."""
    posterior = pair.guide.posterior
    h = posterior.encoder(x[None])[0]
    loc, scale = posterior.loc(h), softplus(posterior.scale(h)) + 1e-6
    if posterior.style is None:
        return loc, scale, loc[:0], scale[:0]
    return loc, scale, posterior.style.loc(h), softplus(posterior.style.scale(h)) + 1e-6


def log_classified(pair: Pair, c):
    """log q(y_g = v | c): ``[V, M, G]``."""
    logits = pair.guide.posterior.classifier.weight[:, 0] * c + pair.guide.posterior.classifier.bias
    if pair.guide.posterior.categorical:
        return log_softmax(logits, -1).T[:, :, None]
    return torch.stack([logsigmoid(-logits), logsigmoid(logits)])


def log_conditional(pair: Pair, c):
    """log p(c_g | y_g = v): ``[V, M, G]``."""
    prior = pair.model.prior
    loc, scale = prior.loc[..., 0], softplus(prior.spread[..., 0]) + 1e-3  # [2, labels]
    each = Gaussian(loc[:, None], scale[:, None]).log_prob(c)  # [2, M, labels]
    if not prior.categorical:
        return each
    rows = [sum(each[1 if j == k else 0][:, j] for j in range(c.shape[1])) for k in range(c.shape[1])]
    return torch.stack(rows)[:, :, None]


def log_label(pair: Pair):
    """log p(y_g = v): ``[V, 1, G]``."""
    logits = pair.model.prior.logits
    if pair.model.prior.categorical:
        return log_softmax(logits, -1)[:, None, None]
    return torch.stack([logsigmoid(-logits), logsigmoid(logits)])[:, None]


def bound(pair: Pair, x, y, known, mode="exact", number=49):
    """The bound of one row, by quadrature over the noise; its gradient is the expected one of the mode.

    Args:
        y: G labels.
        known: G booleans.
        mode: where the gradient is cut.
    """
    loc, scale, style_loc, style_scale = encoded(pair, x)
    noise, weight = nodes(len(loc) + len(style_loc), number)
    c = loc + scale * noise[:, : len(loc)]
    s = style_loc + style_scale * noise[:, len(loc) :]
    log_q = log_classified(pair, c)
    cut = log_classified(pair, c.detach()) if mode == "official" else log_q
    log_qc = Gaussian(loc, scale).log_prob(c)
    log_qc = log_qc.sum(-1, keepdim=True) if pair.model.prior.categorical else log_qc
    log_pc, log_py = log_conditional(pair, c), log_label(pair)
    log_w, term, outside = torch.zeros_like(weight), torch.zeros_like(weight), 0.0
    for g, (value, there) in enumerate(zip(y, known, strict=True)):
        if there:
            marginal = (weight * log_q[value, :, g].exp()).sum().log()
            log_w = log_w + cut[value, :, g] - marginal
            term = term + log_pc[value, :, g] - log_q[value, :, g] - log_qc[:, g]
            outside = outside + marginal + log_py[value, 0, g]
        else:
            belief = log_q[:, :, g].exp()
            term = term + (belief * (log_pc[:, :, g] + log_py[:, :, g] - log_q[:, :, g])).sum(0) - log_qc[:, g]
    standard = Gaussian(torch.zeros_like(style_loc), torch.ones_like(style_loc))
    term = term + (standard.log_prob(s) - Gaussian(style_loc, style_scale).log_prob(s)).sum(-1)
    w = log_w.exp().detach() if mode == "detached" else log_w.exp()
    return (weight * w * (density(pair, x, torch.cat([c, s], -1)) + term)).sum() + outside


def evidence(pair: Pair, x, y, known, number=81, reach=9.0):
    """log p(x, known labels), by quadrature over the prior's code."""
    prior = pair.model.prior
    dim = len(prior.blocks)
    style = 0 if prior.style is None else 1
    grid = torch.linspace(-reach, reach, number, dtype=torch.float64)
    step = grid[1] - grid[0]
    z = torch.cartesian_prod(*[grid] * (dim + style)).reshape(-1, dim + style)
    c, s = z[:, :dim], z[:, dim:]
    joint = log_conditional(pair, c) + log_label(pair)  # [V, M, G]
    parts = [
        joint[v, :, g] if there else joint[:, :, g].logsumexp(0)
        for g, (v, there) in enumerate(zip(y, known, strict=True))
    ]
    log_p = density(pair, x, z) + sum(parts) + (-0.5 * s**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
    return log_p.logsumexp(0) + (dim + style) * step.log()
