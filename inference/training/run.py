"""A run: a trained pair with its data, its history and its folder."""

from math import prod
from pathlib import Path
from typing import Any

import torch
from pyro.distributions import TorchDistribution
from torch import Tensor

from ...data import Batch, Batches, DataSet, rows_of
from ..codes import codes
from ..importance import log_weight
from ..pair import Pair
from .build import build
from .checkpoint import read_best, read_weights
from .draws import Draws, joint_draws
from .encode import encode
from .folder import read_config
from .metrics import read_metrics

__all__ = ["Run", "load"]

ROWS, VALUES = 200, 2**23  # at most so many pixels in all drawn images together


class Run:
    """What ``fit`` returns and :func:`load` gives back.

    Args:
        folder: where it is kept.
        pair: the trained pair, in evaluation mode.
        data: the data set it was trained on.
        stopped: number of the signal that ended the run early; 0 if it went to its end.

    Example:
        >>> import tempfile
        >>> from pellucid import data, fit, load, zoo
        >>> digits = data.digits()
        >>> run = fit(zoo.vsc(digits, dim=4), digits, epochs=1, folder=tempfile.mkdtemp() + "/run", progress=False)
        >>> load(run.folder).posterior("test")["z"].base_dist.gate.shape[1]
        4
    """

    def __init__(self, folder: Path, pair: Pair, data: DataSet, *, stopped: int = 0):
        self.folder, self.pair, self.data, self.stopped = folder, pair.eval(), data, stopped

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}, {self.data.name}, {len(self.history)} epochs)"

    @property
    def config(self) -> dict[str, Any]:
        """The configuration: recipes of pair and data, arguments of ``fit``."""
        return read_config(self.folder)

    @property
    def history(self) -> list[dict[str, float]]:
        """One dict an epoch: the rows of ``metrics.csv``."""
        return read_metrics(self.folder / "metrics.csv")

    def split(self, name: str = "test", rows: int | None = None) -> Batch:
        """The rows of a split as one batch of floats on the CPU.

        Args:
            name: "train", "validation" or "test".
            rows: only the first ones.
        """
        split = self.data.splits[name]
        return next(Batches(split, min(rows or rows_of(split), rows_of(split))).epoch(0))

    def posterior(self, name: str = "test", rows: int | None = None) -> dict[str, TorchDistribution]:
        """q(site | x) for the rows of a split: latent site -> distribution with batch ``[N]``, on the CPU.

        Args:
            name: "train", "validation" or "test".
            rows: only the first ones.
        """
        split = self.data.splits[name] if rows is None else self.split(name, rows)
        return encode(self.pair, Batches(split, 1000, device=self.pair.device))

    def codes(self, name: str = "test", rows: int | None = None, draws: int = 1) -> Tensor:
        """Draws of what the decoder takes, ``[S, N, D]`` on the CPU: see :func:`pellucid.inference.codes`.

        Args:
            name: "train", "validation" or "test".
            rows: only the first ones.
            draws: S, for each row.
        """
        split = self.data.splits[name] if rows is None else self.split(name, rows)
        batches = Batches(split, 1000, device=self.pair.device)
        return torch.cat([codes(self.pair, batch.x, draws).cpu() for batch in batches.epoch(0)], 1)

    def draws(self, name: str = "test", rows: int | None = None, draws: int = 50) -> Draws:
        """Joint draws of all that the run says of rows, for ArviZ: ``to_arviz(**run.draws())``.

        Args:
            name: "train", "validation" or "test".
            rows: only the first ones; if omitted, at most 200, and fewer of large images, which are drawn as well.
            draws: S, for each row.

        Example:
            >>> import tempfile
            >>> from pellucid import data, fit, zoo
            >>> from pellucid.diagnostics import to_arviz
            >>> digits, folder = data.digits(labels=100), tempfile.mkdtemp() + "/run"
            >>> run = fit(zoo.m2(digits, dim=4), digits, epochs=1, folder=folder, progress=False)
            >>> to_arviz(**run.draws(rows=20))["sample_stats"]["probability_y"].sel({"class": "3"}).shape
            (1, 50, 20)
        """
        few = min(ROWS, max(4, VALUES // (max(draws, 1) * prod(self.data.shape))))
        return joint_draws(self.pair, self.split(name, few if rows is None else rows), draws, self.data.classes)

    @torch.no_grad()
    def decode(self, z: Tensor, batch_size: int = 1000) -> Tensor:
        """Mean image of each code: ``[..., D]`` to ``[..., C, H, W]``, on the CPU."""
        flat = z.reshape(-1, z.shape[-1]).split(batch_size)
        images = torch.cat([self.pair.model.decode(part.to(self.pair.device)).mean.cpu() for part in flat])
        return images.reshape(*z.shape[:-1], *images.shape[1:])

    @torch.no_grad()
    def reconstruction(self, z: Tensor, x: Tensor, batch_size: int = 1000) -> Tensor:
        """-log p(x | z) of each row, ``[N]`` in nats, on the CPU, for ``z`` ``[N, D]`` and ``x`` ``[N, C, H, W]``."""
        device, parts = self.pair.device, zip(z.split(batch_size), x.split(batch_size), strict=True)
        return torch.cat(
            [-self.pair.model.decode(code.to(device)).log_prob(image.to(device)).cpu() for code, image in parts]
        )

    def log_weight(self, x: Tensor) -> Tensor:
        """One importance weight per row, ``[N]`` in nats: see :func:`pellucid.inference.log_weight`."""
        return torch.cat([log_weight(self.pair, part.to(self.pair.device)).cpu() for part in x.split(1000)])


def load(folder: str | Path, *, pair: Pair | None = None, data: DataSet | None = None) -> Run:
    """A run from its folder.

    Args:
        folder: as ``fit`` left it.
        pair: the pair, freshly built, if it was put together by hand; the configuration says how to build the others.
        data: the data set, if it was made by hand.

    Returns:
        The run; if it was trained with ``patience``, with the weights of its best epoch.

    Raises:
        FileNotFoundError: if the folder is no run.
        ValueError: if the checkpoint is damaged or belongs to another architecture, or pair or data cannot be rebuilt.

    Example:
        >>> from pellucid import data, fit, zoo
        >>> digits = data.digits(rows=200)
        >>> run = fit(zoo.vae(digits, dim=2), digits, epochs=1, folder="run", progress=False)
        >>> load("run").history == run.history
        True
    """
    path = Path(folder)
    config = read_config(path)
    for name, value in (("pair", pair), ("data", data)):
        if value is None and config[name] is None:
            raise ValueError(
                f"load: the {name} of {path} was put together by hand, so {path / 'config.yaml'} cannot say how.\n"
                f"Try one of:\n- load(folder, {name}=...) with it built anew\n"
                "- a function of your own as pellucid.zoo has them, which config.yaml can name"
            )
    rows: DataSet = data or build(config["data"])
    trained: Pair = pair or build(config["pair"], data=rows)
    read_weights(path, trained)
    if (best := read_best(path)) is not None:
        trained.load_state_dict(best)
    return Run(path, trained, rows)
