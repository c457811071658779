"""The estimators of the bound's gradient side by side, on one batch of labelled rows."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ...distributions import elements
from ...inference import CharacteristicBound, Pair, Run
from ...inference.characteristic.marginal import log_marginal
from ...inference.factor import without_factors
from ...inference.training import build

__all__ = ["MODES", "WithoutBaseline", "compare", "estimators", "measure_gradients"]

MODES = ("exact", "no baseline", "tilted", "official", "detached")
ROWS, DRAWS, REFERENCE = 50, 64, 256


class WithoutBaseline(CharacteristicBound):
    """The exact gradient with nothing taken off the log-likelihood that the weights multiply."""

    def baseline(self, density: Tensor) -> Tensor:
        """0 for each row, ``[B]``."""
        return torch.zeros_like(density)


def measure_gradients(run: Run) -> dict[str, Any]:
    """What :func:`compare` finds on test rows, with the weights that the run began with ("start") and those it has.

    Args:
        run: of ``zoo.ccvae`` with binary labels, whose pair has a recipe.
    """
    batch = run.split("test", ROWS).to(run.pair.device)
    torch.manual_seed(run.config["fit"]["seed"])
    begun = build(run.config["pair"], data=run.data).to(run.pair.device).eval()
    return {name: compare(pair, batch.x, batch.y) for name, pair in (("start", begun), ("end", run.pair))}


def compare(pair: Pair, x: Tensor, y: Any, draws: int = DRAWS, reference: int = REFERENCE) -> dict[str, Any]:
    r"""The gradient of the loss in the encoder's parameters, by every estimator.

    With :math:`g` an estimate from one draw of the code a row, :math:`\bar g` its mean over draws, :math:`g_0` the true
    gradient (the mean of "tilted", the quietest that is unbiased, over more draws), and :math:`h` the gradient of
    :math:`-\log q(y | x)`, mean over rows:

    Args:
        pair: of ``zoo.ccvae``.
        x: ``[B, C, H, W]``.
        y: ``[B, L]``, all known.
        draws: over which a mean is taken.
        reference: over which the true one is, from draws of its own.

    Returns:
        By estimator, "noise": :math:`\sqrt{E |g - \bar g|^2} / |g_0|`; "cosine" of :math:`\bar g` and h, and
        "coefficient" :math:`\bar g \cdot h / |h|^2`; "distance" :math:`|\bar g - g_0| / |g_0|`, beside the "floor" that
        noise alone would make of it.
    """
    guide = without_factors(pair.guide)
    posterior = guide.posterior
    classifier, encoder = posterior.classifier, list(posterior.encoder.parameters())
    known = torch.ones(len(x), dtype=torch.bool, device=x.device)

    def gradient(loss: Tensor) -> Tensor:
        found = torch.autograd.grad(loss, encoder, allow_unused=True, materialize_grads=True)
        return torch.cat([each.flatten() for each in found])

    def sample(bound: CharacteristicBound, times: int) -> Tensor:
        losses = (bound.terms(pair.model, guide, x, y, known).loss for _ in range(times))
        return torch.stack([gradient(loss) for loss in losses])

    with torch.enable_grad():
        q = elements(posterior.from_features(posterior.encoder(x)))
        told = gradient(-log_marginal(classifier, q, y.long(), None, classes=False).sum(-1).mean())
        bounds = estimators(classifier)
        true = sample(bounds["tilted"], reference)
        return {name: read(sample(bound, draws), true, told) for name, bound in bounds.items()}


def estimators(classifier: Any) -> Mapping[str, CharacteristicBound]:
    """The bound with each of the estimators."""
    return {
        mode: WithoutBaseline(classifier) if mode == "no baseline" else CharacteristicBound(classifier, mode)
        for mode in MODES
    }


def read(found: Tensor, true: Tensor, told: Tensor) -> dict[str, float]:
    """The figures of one estimator.

    Args:
        found: ``[draws, P]``.
        true: ``[reference, P]``.
        told: ``[P]``.
    """
    (mean, scatter), (aim, rest) = spread(found), spread(true)
    floor = (scatter.square() / len(found) + rest.square() / len(true)).sqrt()
    along = mean @ told
    figures = {
        "noise": scatter / aim.norm(),
        "cosine": along / (mean.norm() * told.norm()),
        "coefficient": along / told.square().sum(),
        "distance": (mean - aim).norm() / aim.norm(),
        "floor": floor / aim.norm(),
    }
    return {name: float(value) for name, value in figures.items()}


def spread(found: Tensor) -> tuple[Tensor, Tensor]:
    """The mean ``[P]`` of gradients ``[draws, P]``, and the root mean square of their distance from it."""
    mean = found.mean(0)
    return mean, ((found - mean).square().sum() / (len(found) - 1)).sqrt()
