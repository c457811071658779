"""A mixture run on test rows: where the classes lie, where their rows lie, and what the latent space draws."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.distributions import Categorical, Normal, kl_divergence

from ....data import DataSet, label_counts
from ....diagnostics import ActivatedSubspace, Plane, VNat, activated_subspace, generation_diversity, v_nat
from ..classified import probabilities
from ..exemplars import has_images
from ..reading import Reading
from .components import mixture_components, prior_of
from .decoded import decoded_plane
from .pixels import to_unit
from .view import View, find_view

__all__ = ["Mixture", "read_mixture"]

SITE, DRAWS, WINDOW = "y", 144, 11  # of the classes; images compared with one another; of structural similarity


@dataclass(frozen=True)
class Mixture:
    """K classes in D dimensions, over N rows.

    Attributes:
        names: of the classes; "cluster 0" where no label ties a class to its centre.
        told: whether the classes are those of the data.
        y: ``[N]``, class of each row; where it is not known, the most probable one.
        known: ``[N]``, whether it is.
        label: p(y).
        p: ``[N, K]``, q(y | x).
        prior: p(z | y), batch ``[K, D]``.
        posterior: q(z | x, y), batch ``[N, K, D]``.
        v_nat: of the classes.
        activated: the dimensions whose V-nat is above 1.
        view: the plane that is shown; None of a single dimension.
        plane: what is drawn over it, pixels in [0, 1]; None also for rows that are no images.
        diversity: of generated images; None alike.
    """

    names: tuple[str, ...]
    told: bool
    y: Tensor
    known: Tensor
    label: Categorical
    p: Tensor
    prior: Normal
    posterior: Normal
    v_nat: VNat
    activated: ActivatedSubspace
    view: View | None
    plane: Plane | None
    diversity: float | None

    @property
    def numbered(self) -> bool:
        """Whether the names are the numbers of the classes."""
        return self.names == tuple(map(str, range(len(self.names))))

    @cached_property
    def guess(self) -> Tensor:
        """``[N]``, the most probable class."""
        return self.p.argmax(1)

    @cached_property
    def code(self) -> Tensor:
        """``[N, D]``, the posterior mean given the most probable class."""
        return self.posterior.loc[torch.arange(len(self.p)), self.guess]

    @cached_property
    def nearest(self) -> Tensor:
        """``[N]``, the class whose centre is nearest to the code, in standard deviations of its component."""
        distance = ((self.code[:, None] - self.prior.loc) / self.prior.scale).square().sum(-1)
        return distance.argmin(1)

    @cached_property
    def kl_label(self) -> Tensor:
        """``[N]``, KL of q(y | x) from p(y), nats."""
        return kl_divergence(Categorical(probs=self.p), self.label)

    @cached_property
    def kl_code(self) -> Tensor:
        """``[N]``, KL of q(z | x, y) from p(z | y), mean over the classes by q(y | x), nats."""
        return (self.p * kl_divergence(self.posterior, self.prior).sum(-1)).sum(-1)

    @cached_property
    def entropy(self) -> Tensor:
        """``[N]``, of q(y | x), nats."""
        return Categorical(probs=self.p).entropy()


@torch.no_grad()
def read_mixture(reading: Reading) -> Mixture | None:
    """Measure a mixture run, the same draws each time; None for other runs.

    Codes are those of the posterior's components, never of a drawn class.

    Args:
        reading: of the run.
    """
    run, x = reading.run, reading.batch.x
    found, prior, q = mixture_components(run, x), prior_of(run), reading.posterior.get(SITE)
    if found is None or prior is None or q is None or probabilities(q).shape[1:] != found[0].loc.shape[:1]:
        return None
    p_z, q_z = found
    p = probabilities(q)
    part = next((part for part in reading.parts if part.name == "class"), None) if taught(run.data, len(p.T)) else None
    guess, none = p.argmax(1), torch.zeros(len(p), dtype=torch.bool)
    known = none if part is None else part.known
    y = guess if part is None else torch.where(known, part.y, guess)
    names = tuple(f"cluster {k}" for k in range(len(p.T))) if part is None else part.classes
    found_v = v_nat(q_z.variance, y, p_z.variance, classes=names)
    code = q_z.loc[torch.arange(len(p)), guess]
    view, plane, diversity = find_view(p_z.loc, code, y, names), None, None
    if view is not None and has_images(reading):
        unit = to_unit(x)
        plane = decoded_plane(lambda z: unit(run.decode(z)), view, p_z, code, x.shape[-2] / x.shape[-1])
        generated = unit(run.decode(draws(p_z, prior.label()))) if p_z.loc.shape[1] > 2 else plane.images[::2, ::2]
        window = min(WINDOW, *((side - 1) // 2 * 2 + 1 for side in x.shape[-2:]))
        diversity = generation_diversity(generated, window=window)
    return Mixture(
        names=names,
        told=part is not None,
        y=y,
        known=known,
        label=Categorical(logits=prior.label().logits.cpu()),
        p=p,
        prior=p_z,
        posterior=q_z,
        v_nat=found_v,
        activated=activated_subspace(found_v),
        view=view,
        plane=plane,
        diversity=diversity,
    )


def taught(data: DataSet, classes: int) -> bool:
    """Whether labels of training rows tie the classes of the data to those of the mixture."""
    if data.attributes or len(data.classes) != classes:
        return False
    counts = label_counts(data)
    return counts is None or bool(counts.any())


def draws(prior: Normal, label: Categorical) -> Tensor:
    """Codes drawn from the mixture, ``[144, D]``."""
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        y = label.sample((DRAWS,)).cpu()
        return torch.normal(prior.loc[y], prior.scale[y])
