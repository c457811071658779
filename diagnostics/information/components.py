"""One view of every posterior: an atom at zero, and a weighted sum of Normals, in each row and dimension."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, MixtureSameFamily, Normal

from ...distributions import SpikeAndSlab
from ..arrays import Array, as_tensor

__all__ = ["Components", "Posterior", "batches", "marginal", "prior_components"]

Posterior = Distribution | Array | Iterable[Any]
"""q(z | x): a distribution with batch ``[N]`` and event ``[D]``, or batch ``[N, D]``; an array of locations, with their
scales beside it; or an iterable of such batches, or of pairs ``(loc, scale)``."""

FARTHEST = 2.0**48
"""The most that a location may be, in units of its scale: a float64 tells hardly more places apart."""
NARROWEST, WIDEST = 1e-40, 1e40
"""Scales that are taken: those of float32."""


@dataclass(frozen=True)
class Components:
    r"""N rows of D one-dimensional posteriors of K Normals each, in float64.

    .. math:: q(z_j | x_n) = (1 - \textstyle\sum_k w_{njk}) \, \delta_0 + \sum_k w_{njk} \, N(\mu_{njk}, \sigma_{njk}^2)

    Attributes:
        weight, loc, scale: ``[N, D, K]``.
        atom: ``[N, D]``, the probability of the atom; None where there is none.
    """

    weight: Tensor
    loc: Tensor
    scale: Tensor
    atom: Tensor | None

    def __len__(self) -> int:
        return len(self.loc)

    def __getitem__(self, rows: Any) -> "Components":
        """Some rows; or rows and dimensions, by a pair."""
        atom = None if self.atom is None else self.atom[rows]
        return Components(self.weight[rows], self.loc[rows], self.scale[rows], atom)

    @property
    def dimensions(self) -> int:
        """D."""
        return self.loc.shape[1]

    def to(self, device: torch.device | str) -> "Components":
        """The same on a device."""
        weight, loc, scale = (each.to(device) for each in (self.weight, self.loc, self.scale))
        return Components(weight, loc, scale, None if self.atom is None else self.atom.to(device))

    def __add__(self, other: "Components") -> "Components":
        """The rows of both, one after the other.

        Raises:
            ValueError: if they differ in dimensions, in the number of Normals, or in that only one has atoms.
        """
        if self.loc.shape[1:] != other.loc.shape[1:] or (self.atom is None) != (other.atom is None):
            raise ValueError(
                "posterior: expected batches of one family and one shape; given "
                + " and then ".join(f"{q.dimensions} dimensions of {q.kind}" for q in (self, other))
                + ".\nTry one of:\n- one call for each latent site\n- the whole last batch, with all its dimensions"
            )
        atom = None if self.atom is None or other.atom is None else torch.cat([self.atom, other.atom])
        weight, loc, scale = (
            torch.cat([getattr(q, name) for q in (self, other)]) for name in ("weight", "loc", "scale")
        )
        return Components(weight, loc, scale, atom)

    @property
    def kind(self) -> str:
        """The family, in words."""
        parts = self.loc.shape[2]
        normals = "a Normal" if parts == 1 else f"{parts} Normals"
        return normals if self.atom is None else f"{normals} and an atom at 0"


def batches(posterior: Posterior, scale: Array | None = None) -> Iterator[Components]:
    """The posterior's batches, checked, one at a time.

    Raises:
        ValueError: for what is no posterior, has no row, or holds parameters that are not finite or out of range.
    """
    if isinstance(posterior, Distribution):
        yield components(posterior)
    elif hasattr(posterior, "shape"):
        yield located(posterior, scale)
    elif isinstance(posterior, Iterable) and scale is None:
        found = 0
        for found, batch in enumerate(posterior, 1):  # noqa: B007
            pair = isinstance(batch, (tuple, list)) and len(batch) == 2
            yield located(*batch) if pair else components(batch)
        if not found:
            raise ValueError(
                "posterior: expected at least one batch; the iterable given is empty.\n"
                "Try one of:\n- a list in place of a generator that was already read\n- a split that has rows"
            )
    else:
        raise ValueError(
            f"posterior: expected a distribution, an array of locations with scale=, or an iterable of batches; "
            f"given {type(posterior).__name__}{'' if scale is None else ' with scale='}.\n"
            'Try one of:\n- run.posterior("train")["z"]\n- mutual_information(loc, scale) for arrays [N, D]'
        )


def located(loc: Any, scale: Any) -> Components:
    """Normals from arrays ``[N, D]``."""
    if scale is None:
        raise ValueError(
            "scale: expected an array beside the locations, for they alone do not say how well a row is told from "
            "another; given None.\nTry one of:\n- mutual_information(loc, scale)\n"
            "- (0.5 * log_variance).exp() where an encoder gives log-variances"
        )
    loc, scale = as_tensor(loc), as_tensor(scale).to(as_tensor(loc).device)
    if loc.ndim != 2 or loc.numel() == 0 or scale.shape not in (loc.shape, loc.shape[1:], torch.Size()):
        raise ValueError(
            "scale: expected the shape of loc, [rows, dimensions], none of them empty; given "
            f"{list(scale.shape)} beside {list(loc.shape)}.\nTry one of:\n- loc[:, None] for a single dimension\n"
            "- torch.diagonal(covariance, dim1=-2, dim2=-1).sqrt() for full covariances"
        )
    return checked(loc.new_ones(()), loc[..., None], scale.expand(loc.shape)[..., None])


def components(q: Any) -> Components:
    """The components of a distribution."""
    q = marginal(q)
    if isinstance(q, MixtureSameFamily):
        return mixture(q)
    if isinstance(q, SpikeAndSlab):
        return checked(q.gate[..., None], q.loc[..., None], q.scale[..., None], atom=True)
    if isinstance(q, Normal):
        return checked(q.loc.new_ones(()), q.loc[..., None], q.scale[..., None])
    raise unknown(q)


def marginal(q: Any) -> Any:
    """A posterior with batch ``[N, D]``, or a mixture of such: what it is within ``Independent``."""
    base = getattr(q, "base_dist", None)
    whole = q
    if isinstance(q, torch.distributions.Independent) and base is not None:
        q = base
    shape = (*getattr(q, "batch_shape", ()), *getattr(q, "event_shape", ()))
    if len(shape) != 2 or 0 in shape:
        raise ValueError(
            f"posterior: expected batch [rows] and event [dimensions], or batch [rows, dimensions]; given "
            f"{type(whole).__name__}"
            + (f" of batch {list(whole.batch_shape)} and event {list(whole.event_shape)}" if shape else "")
            + ".\nTry one of:\n- q.to_event(1), or torch.distributions.Independent(q, 1), over one latent vector\n"
            "- one call for each latent site"
        )
    return q


def mixture(q: MixtureSameFamily) -> Components:
    """A mixture over whole vectors, or one in each dimension."""
    part, choice = q.component_distribution, q.mixture_distribution
    if isinstance(part, torch.distributions.Independent):
        part = part.base_dist
    if not isinstance(part, Normal) or not isinstance(choice, Categorical):
        raise unknown(q)
    weight = choice.probs.double()
    weight = weight / weight.sum(-1, keepdim=True)
    weight = weight.expand(*q.batch_shape, weight.shape[-1])  # torch lets all rows share one choice
    if q.event_shape:  # [N, K, D], one choice for the vector: each dimension has the same weights
        return checked(weight[:, None], part.loc.movedim(-2, -1), part.scale.movedim(-2, -1))
    return checked(weight, part.loc, part.scale)


def checked(weight: Tensor, loc: Tensor, scale: Tensor, *, atom: bool = False) -> Components:
    """Parameters in float64, or a ValueError that says where one is out of range; an atom is what the weight leaves."""
    weight, loc, scale = torch.broadcast_tensors(*(each.detach().double() for each in (weight, loc, scale)))
    found = {
        "location": (loc, loc.isfinite(), "finite", "look for NaN in the encoder's output: the run may have diverged"),
        "scale": (
            scale,
            (scale > NARROWEST) & (scale < WIDEST),
            f"positive, from {NARROWEST:g} to {WIDEST:g}",
            "scale.clamp(min=1e-6), for a scale that underflowed\n- (0.5 * log_variance).exp() where an encoder gives "
            "log-variances\n- loc / loc.std(0) and scale / loc.std(0): information does not change with the unit",
        ),
        "weight": (
            weight,
            (weight >= 0) & (weight <= 1 + 1e-6),
            "a probability",
            "gate.clamp(0, 1), for one that rounding put outside\n- gate.sigmoid() when these are logits",
        ),
    }
    for name, (value, good, wanted, remedy) in found.items():
        if not good.all():
            row, dimension, part = (~good).nonzero()[0].tolist()
            raise ValueError(
                f"posterior: expected every {name} to be {wanted}; {int((~good).sum())} of {good.numel()} are not, the "
                f"first is {value[row, dimension, part].item():.3g} in row {row}, dimension {dimension}.\n"
                f"Try one of:\n- {remedy}"
            )
    far = loc.abs() > FARTHEST * scale
    if far.any():
        row, dimension, part = far.nonzero()[0].tolist()
        raise ValueError(
            f"posterior: expected locations that a float64 tells apart to within their scale; row {row}, dimension "
            f"{dimension} has scale {scale[row, dimension, part].item():.3g} at {loc[row, dimension, part].item():.3g}"
            ".\nTry one of:\n- loc - loc.mean(0): information does not change when a dimension is shifted\n"
            "- scale.clamp(min=1e-9 * loc.std(0))"
        )
    weight = weight.clamp(max=1)
    return Components(weight, loc, scale, 1 - weight[..., 0] if atom else None)


def unknown(q: Any) -> ValueError:
    """The error for a family without an exact form."""
    inner = f" of {type(q.component_distribution).__name__}" if isinstance(q, MixtureSameFamily) else ""
    return ValueError(
        f"posterior: expected Normal, SpikeAndSlab, or a MixtureSameFamily of Normals; given {type(q).__name__}{inner}"
        ".\nTry one of:\n- information_bounds(posterior), which takes any distribution with sample and log_prob\n"
        "- q.base_dist of a masked or transformed one: information does not change by a one-to-one map"
    )


def prior_components(prior: Distribution | None, q: Components) -> Components:
    """The one component of a prior in each dimension, ``[1, D, 1]``, for posteriors q.

    Raises:
        ValueError: for another family or shape, or without an atom where the posteriors have one.
    """
    if prior is None:
        prior = Normal(q.loc.new_zeros(()), q.loc.new_ones(()))
    base = prior.base_dist if isinstance(prior, torch.distributions.Independent) else prior
    shape = (*prior.batch_shape, *prior.event_shape)
    wanted = SpikeAndSlab if q.atom is not None else (Normal, SpikeAndSlab)
    if not isinstance(base, wanted) or shape not in ((), (q.dimensions,)):
        family = "SpikeAndSlab, for the posterior has an atom at 0," if q.atom is not None else "Normal or SpikeAndSlab"
        raise ValueError(
            f"prior: expected {family} of batch [] or [{q.dimensions}]; given {type(base).__name__} of shape "
            f"{list(shape)}.\nTry one of:\n- prior=SpikeAndSlab(alpha, 0.0, 1.0)\n- prior=None, a standard Normal, for "
            "posteriors without an atom"
        )
    return components(base.expand((1, q.dimensions))).to(q.loc.device)
