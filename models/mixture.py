"""A mixture of Normals, one component for each class, its centres laid out by hand, by name or by learning."""

from collections.abc import Sequence
from typing import Any, cast

import pyro
import pyro.distributions as dist
import torch
from pyro.distributions.torch_distribution import TorchDistribution
from torch import Tensor, nn

from ..distributions import Labels
from ..program import Program
from .components import NormalComponents, Numbers
from .label import label
from .label_logits import label_logits
from .layouts import Layout

__all__ = ["MixturePrior"]


class MixturePrior(Program):
    r"""Every class has a Normal of its own in the latent space.

    .. math:: y \sim \pi, \qquad z \mid y \sim N\big(\mu_y, \text{diag}(\sigma_y^2)\big)

    Where the classes lie is the user's to say, or is learned: with given centres this is the prior of EXoN, with
    learned ones that of VaDE, with pseudo-inputs a VampPrior. Centres are in the order of ``data.classes``.

    Args:
        classes: K.
        dim: latent dimensions D.
        centres: ``[K, D]``, a tensor or a nested list; or a layout by name, neighbours four standard deviations apart:
            "circle", "simplex", "grid", or "one-hot", the unit vectors (:mod:`pellucid.models.layouts`). Or a module
            that gives the components when it is called, as :class:`~pellucid.models.pseudo_centres.PseudoCentres` does;
            what is said of scales and learning is then its own affair.
        scale: standard deviation: a number, or ``[D]`` or ``[K, D]`` of them. Of several the largest one in the
            dimensions of a named layout counts.
        rest: standard deviation in the dimensions in which all centres agree; as ``scale`` if omitted.
        learned: whether centres, scales and frequencies are parameters, which start at what is given.
        frequency: ``[K]`` probabilities of the classes; equal ones if omitted.

    Raises:
        ValueError: if there are fewer than 2 classes; if centres are of another shape, not finite, or coincide; if a
            scale is not positive or of another shape; if frequencies are no probabilities of the classes.

    References:
        An, Choi, Jeon, "EXoN: EXplainable encoder Network" (arXiv 2105.10867); Jiang et al., "Variational Deep
        Embedding" (IJCAI 2017).

    Example:
        >>> prior = MixturePrior(3, 2, centres=[[0, 0], [4, 0], [0, 4]])
        >>> with pyro.plate("data", 2):
        ...     prior(torch.tensor([0, 2])).shape
        torch.Size([2, 2])
        >>> MixturePrior(10, 2, scale=2.0).components().mean[0].norm()  # the source's digits
        tensor(12.9443)
        >>> photos = MixturePrior(10, 256, "one-hot", scale=0.1**0.5, rest=1.0)  # the source's photos
        >>> photos.components().variance[0, 9:11]
        tensor([0.1000, 1.0000])
    """

    logits: Tensor

    def __init__(
        self,
        classes: int,
        dim: int,
        centres: Layout | Numbers | nn.Module = "circle",
        *,
        scale: float | Numbers = 1.0,
        rest: float | None = None,
        learned: bool = False,
        frequency: Sequence[float] | Tensor | None = None,
    ):
        super().__init__()
        if classes < 2:
            raise ValueError(
                f"classes: a mixture has 2 or more; given {classes}. Try NormalPrior for a single component."
            )
        self.dim = dim
        self.place = (
            centres
            if isinstance(centres, nn.Module)
            else NormalComponents(classes, dim, centres, scale=scale, rest=rest, learned=learned)
        )
        logits = label_logits(classes, None if frequency is None else torch.as_tensor(frequency), categorical=True)
        if learned:
            self.logits = nn.Parameter(logits)
        else:
            self.register_buffer("logits", logits)

    def label(self) -> TorchDistribution:
        """p(y), a class."""
        return dist.Categorical(logits=self.logits)

    def components(self) -> TorchDistribution:
        """p(z | y) of every class: batch ``[K]``, event ``[D]``."""
        p = self.place()
        if p.batch_shape + p.event_shape != (len(self.logits), self.dim):
            raise ValueError(
                f"centres: expected a module that gives {len(self.logits)} components of {self.dim} dimensions; "
                f"{type(self.place).__name__} gives {list(p.batch_shape)} of {list(p.event_shape)}.\n"
                "Try one of:\n- PseudoCentres on a posterior of as many classes\n- centres='circle'"
            )
        return p

    def conditional(self, y: Tensor) -> TorchDistribution:
        """p(z | y): event ``[D]``, batch ``[...]``, for classes ``[...]``."""
        p = cast(Any, self.components()).base_dist
        return dist.Normal(p.loc[y.long()], p.scale[y.long()]).to_event(1)

    def forward(self, y: Labels = None, labelled: Labels = None) -> Tensor:
        """Sample the label site "y" and then "z" ``[B, D]``."""
        return pyro.sample("z", self.conditional(label("y", self.label(), y, labelled)))
