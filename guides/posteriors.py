"""Posteriors over one latent site "z": diagonal Normal, and spike-and-slab."""

from typing import Literal, cast

import pyro
import pyro.distributions as dist
from torch import Tensor, nn
from torch.nn.functional import softplus

from ..distributions import EPS, Labels, RelaxedSpikeAndSlab, SpikeAndSlab
from ..program import Program
from ..schedules import Ramp, Schedule, scheduled

__all__ = ["NormalPosterior", "SpikeAndSlabPosterior"]


class NormalPosterior(Program):
    r"""q(z | x) = N(loc(x), scale(x)^2), a diagonal Normal: one encoder, two heads.

    Args:
        encoder: maps ``[B, C, H, W]`` to features ``[B, F]``; has the attribute ``out_features`` F.
        dim: latent dimensions D.

    References:
        Kingma, Welling, Auto-Encoding Variational Bayes (arXiv 1312.6114), eq. 9.

    Example:
        >>> from pellucid.networks import MLPEncoder
        >>> NormalPosterior(MLPEncoder((1, 8, 8)), dim=4).encode(torch.rand(3, 1, 8, 8)).event_shape
        torch.Size([4])
    """

    def __init__(self, encoder: nn.Module, dim: int):
        super().__init__()
        features = cast(int, encoder.out_features)
        self.encoder = encoder
        self.loc, self.scale = nn.Linear(features, dim), nn.Linear(features, dim)

    def encode(self, x: Tensor) -> dist.TorchDistribution:
        """q(z | x): batch ``[B]``, event ``[D]``."""
        return self.from_features(self.encoder(x))

    def from_features(self, h: Tensor) -> dist.TorchDistribution:
        """The same from the encoder's features ``[B, F]``."""
        return dist.Normal(self.loc(h), softplus(self.scale(h)) + EPS).to_event(1)

    def forward(self, x: Tensor, y: Labels = None, labelled: Labels = None) -> Tensor:
        """Sample site "z" ``[B, D]``."""
        return pyro.sample("z", self.encode(x))


class SpikeAndSlabPosterior(Program):
    r"""q(z | x) = prod_j [ gate_j N(loc_j, scale_j^2) + (1 - gate_j) delta_0 ]: one encoder, three heads.

    In training the draw is relaxed, so that it has a gradient; **in evaluation mode gates are hard**: codes, counts of
    dimensions and reported bounds are those of the true posterior.

    Args:
        encoder: maps ``[B, C, H, W]`` to features ``[B, F]``; has the attribute ``out_features`` F.
        dim: latent dimensions D.
        sharpness: c of the relaxed gate sigmoid(c (eta - 1 + gate)); by default from 50 to 200 over training.
        slab: weight lambda_w of the slab's warm-up: the slab is N(lambda_w loc, lambda_w scale^2 + 1 - lambda_w). 1 is
            none; the source ramps it from 0 once most of the reconstruction is learned. It applies to the draw and to
            the KL alike (our reading), and in training only.
        relaxed: False draws hard gates in training as well; the gradient is then the score function's.
        gate: "sigmoid", or the "log-relu" of the first paper, log gate = -relu(-v), whose half-line v > 0 is dead to
            every loss.

    References:
        Tonolini, Jensen, Murray-Smith, Variational Sparse Coding (UAI 2019), section 3.2 and supplement.

    Example:
        >>> from pellucid.networks import MLPEncoder
        >>> posterior = SpikeAndSlabPosterior(MLPEncoder((1, 8, 8)), dim=4).eval()
        >>> posterior.encode(torch.rand(3, 1, 8, 8)).base_dist.gate.shape
        torch.Size([3, 4])
    """

    def __init__(
        self,
        encoder: nn.Module,
        dim: int,
        *,
        sharpness: float | Schedule | None = None,
        slab: float | Schedule = 1.0,
        relaxed: bool = True,
        gate: Literal["sigmoid", "log-relu"] = "sigmoid",
    ):
        super().__init__()
        if gate not in ("sigmoid", "log-relu"):
            raise ValueError(f"gate: expected 'sigmoid' or 'log-relu'; given {gate!r}.")
        features = cast(int, encoder.out_features)
        self.encoder, self.relaxed, self.gate_form = encoder, relaxed, gate
        self.gate, self.loc, self.scale = (nn.Linear(features, dim) for _ in range(3))
        scheduled(self, "sharpness", Ramp(50, 200) if sharpness is None else sharpness)
        scheduled(self, "slab", slab)

    def encode(self, x: Tensor) -> dist.TorchDistribution:
        """q(z | x): batch ``[B]``, event ``[D]``; relaxed in training mode, hard in evaluation mode."""
        return self.from_features(self.encoder(x))

    def from_features(self, h: Tensor) -> dist.TorchDistribution:
        """The same from the encoder's features ``[B, F]``."""
        v = self.gate(h)
        # Infinite slopes at 0 and 1: the KL's and the consistency term's.
        gate = (v.sigmoid() if self.gate_form == "sigmoid" else (-(-v).relu()).exp()).clamp(EPS, 1 - EPS)
        loc, scale = self.loc(h), softplus(self.scale(h)) + EPS
        if not self.training:
            return SpikeAndSlab(gate, loc, scale).to_event(1)
        loc, scale = self.slab * loc, (self.slab * scale.square() + (1 - self.slab)).sqrt()
        q = RelaxedSpikeAndSlab(gate, loc, scale, self.sharpness) if self.relaxed else SpikeAndSlab(gate, loc, scale)
        return q.to_event(1)

    def forward(self, x: Tensor, y: Labels = None, labelled: Labels = None) -> Tensor:
        """Sample site "z" ``[B, D]``."""
        return pyro.sample("z", self.encode(x))
