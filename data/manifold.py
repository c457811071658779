"""Images drawn from a known number of known factors by a fixed smooth map: the truth for methods that count them."""

import torch
from torch import Tensor

from .batch import Batch
from .dataset import DataSet, Factors
from .recipe import recorded
from .streams import stream

__all__ = ["manifold", "surface"]

SIDE, UNITS, WAVES = 16, 64, 3


@recorded
def manifold(
    dim: int = 4,
    signs: int = 0,
    rows: int = 4_000,
    noise: float = 0.05,
    seed: int = 0,
    validation: int = 500,
    test: int = 1_000,
) -> DataSet:
    r"""Images of exactly ``dim`` independent factors, ``x`` floats ``[N, 1, 16, 16]``, without labels.

    .. math:: x = g(f) + \epsilon, \qquad f_j \sim N(0, 1), \quad \epsilon_p \sim N(0, \text{noise}^2)

    with g the fixed map of ``surface``. The first ``signs`` factors are not Normal but -1 or 1, with probability
    1/2 each: what anything tells of one of them is at most log 2 nats, however far apart the two kinds of images are.
    All factors have mean 0 and variance 1 and act on every row; ``data.factors[split]`` holds their values
    ``[N, dim]``. The noise takes pixels a little beyond [0, 1]: ``likelihood="normal"`` is the right one.

    Args:
        dim: the number of factors, 1 to 64.
        signs: how many of them have two values only.
        rows: training rows.
        noise: standard deviation of the noise of a pixel.
        seed: of the map, the factors and the noise.
        validation: rows.
        test: rows.

    Raises:
        ValueError: if a split is empty, or ``dim``, ``signs`` or ``noise`` is out of range.

    Example:
        >>> data = manifold(dim=3, signs=1, rows=100, validation=10, test=10)
        >>> data.shape, data.factors["train"].names
        ((1, 16, 16), ('sign 0', 'factor 1', 'factor 2'))
    """
    sizes = {"rows": rows, "validation": validation, "test": test}
    _require(dim, signs, noise, sizes)
    names = tuple(f"{'sign' if j < signs else 'factor'} {j}" for j in range(dim))
    splits, factors = {}, {}
    for split, size in zip(("train", "validation", "test"), sizes.values(), strict=True):
        generator = stream(seed, "manifold", split)
        values = torch.randn(size, dim, generator=generator)
        values[:, :signs] = torch.where(values[:, :signs] < 0, -1.0, 1.0)
        clean = surface(values, seed)
        splits[split] = Batch(clean + noise * torch.randn(clean.shape, generator=generator))
        factors[split] = Factors(values, torch.ones_like(values, dtype=torch.bool), names)
    return DataSet("manifold", **splits, classes=(), source="drawn by pellucid.data.manifold", factors=factors)


def surface(factors: Tensor, seed: int = 0) -> Tensor:
    r"""The images of a :func:`manifold` before noise: a smooth surface of as many dimensions as there are factors.

    .. math:: g(f) = \sigma\big(V \tanh(U f)\big), \qquad U_{uj} \sim N(0, 1 / F), \quad
        V_{pu} = \tfrac{2}{8} \sqrt{\tfrac{2}{K}} \sum_k a_{uk} \cos(w_k \cdot p + \phi_{uk}), \quad a_{uk} \sim N(0, 1)

    64 units u, each a smooth field over the pixels p: K waves of up to three half turns across and down the image, with
    random phases. The map is fixed by F and the seed.

    Args:
        factors: ``[N, F]``.
        seed: of U and V.

    Returns:
        ``[N, 1, 16, 16]`` in (0, 1).

    Example:
        >>> surface(torch.zeros(1, 4)).unique()
        tensor([0.5000])
    """
    generator = stream(seed, "manifold", "map")
    inner = torch.randn(UNITS, factors.shape[1], generator=generator) / factors.shape[1] ** 0.5
    down, across = torch.meshgrid(*[torch.linspace(0, torch.pi, SIDE)] * 2, indexing="ij")
    waves = torch.cartesian_prod(torch.arange(WAVES + 1), torch.arange(-WAVES, WAVES + 1)).float()
    size = (UNITS, len(waves), 1, 1)
    amplitude, phase = torch.randn(size, generator=generator), 2 * torch.pi * torch.rand(size, generator=generator)
    angle = waves[:, 0, None, None] * down + waves[:, 1, None, None] * across
    field = (amplitude * torch.cos(angle + phase)).sum(1) * (2 / len(waves)) ** 0.5 * 2 / UNITS**0.5
    units = torch.tanh(factors @ inner.T.to(factors))
    return torch.sigmoid(units @ field.flatten(1).to(factors)).reshape(-1, 1, SIDE, SIDE)


def _require(dim: int, signs: int, noise: float, sizes: dict[str, int]) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(
                f"{name}: expected 1 image or more; {size} was given.\n"
                "Try one of:\n- rows=1000, validation=100, test=100 for a quick look"
            )
    if not 1 <= dim <= UNITS or not 0 <= signs <= dim or not 0 <= noise < float("inf"):
        raise ValueError(
            f"dim, signs, noise: expected 1 to {UNITS} factors, 0 to dim of them signs, and noise of 0 or more; given "
            f"dim={dim}, signs={signs}, noise={noise}.\nTry one of:\n- dim=4, signs=0, noise=0.05"
        )
