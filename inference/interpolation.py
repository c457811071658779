"""Consistency between mixed images and mixed labels, as a loss factor of any guide that tells classes."""

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from pyro.distributions import TorchDistribution
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ..data import Augmentation, Batch
from ..distributions import Labels, at_site, elements
from ..schedules import Schedule, ends, scheduled
from .across import across
from .factor import Factor
from .mixing import among_their_own, nearest, symmetric_beta
from .objective import all_known
from .teacher import Teacher

__all__ = ["Interpolation", "soft_cross_entropy"]


class Interpolation(Factor):
    r"""Mixed images are to be told as the mixture of their labels: those known, or those that a teacher gives.

    .. math:: \tilde x = (1 - w)\, x + w\, x', \qquad
        -\sum_k \big((1 - w)\, t_k + w\, t'_k\big) \log q(y = k \mid \tilde x)

    A labelled row meets a labelled row, with its one-hot label t and w from Beta(.1, .1), nearly 0 or 1; a row without
    a label one of its own kind, with the soft label that the guide's earlier weights give to the clean image
    (:class:`~pellucid.inference.teacher.Teacher`) and w from Beta(2, 2). The value is the mean over labelled rows plus
    ``taught`` times that over the others. No gradient goes through labels or images. The guide reads mixed and clean
    images with common batch statistics (:meth:`~pellucid.inference.Factor.own_rows`).

    With ``codes`` the posterior of the code is drawn to the mixture as well, as in SHOT-VAE: means and standard
    deviations of the mixed image to the mixed ones, by their squared distance.

    Args:
        weight: of the whole, in nats.
        taught: of the rows without label, against 1 for those with; 0 for none.
        labelled_mixing: parameter a of Beta(a, a) for labelled rows; 0 mixes nothing: w = 0, plain cross-entropy.
        taught_mixing: the same for the others.
        augmentation: changes images and keeps their labels, such as :class:`~pellucid.data.Augmentation`; applied
            before they are mixed, never to what the teacher is shown. None for none.
        lag: of the teacher; 0 for the weights that the step before has left.
        nearest: whether a row without label meets the one with the nearest code in place of a random one.
        codes: weight of the squared distance of codes, beside 1 for the labels.
        site: label site, of classes.
        code: site of the code.
        name: the factor's name.

    Raises:
        ValueError: if a number is negative or the lag not in [0, 1); when it is run, if the guide has no such site, or
            it is not of classes.

    References:
        An, Choi, Jeon (arXiv 2105.10867): soft-label consistency interpolation. Feng et al., "SHOT-VAE" (AAAI 2021):
        codes and nearest rows. Zhang et al., "mixup" (arXiv 1710.09412); Verma et al., "Interpolation consistency
        training" (arXiv 1903.03825).

    Example:
        >>> from pellucid import data, zoo
        >>> pair = zoo.m2(data.digits(labels=100), dim=4, factors=[Interpolation(10.0)])
        >>> sorted(pair(torch.rand(6, 1, 8, 8)).factors)
        ['interpolation', 'supervision']
    """

    taught: Tensor

    def __init__(
        self,
        weight: float | Schedule = 1.0,
        *,
        taught: float | Schedule = 1.0,
        labelled_mixing: float = 0.1,
        taught_mixing: float = 2.0,
        augmentation: Augmentation | Callable[[Tensor], Tensor] | None = None,
        lag: float = 0.0,
        nearest: bool = False,
        codes: float = 0.0,
        site: str = "y",
        code: str = "z",
        name: str = "interpolation",
    ):
        super().__init__(name, weight)
        numbers = {"taught": taught, "labelled_mixing": labelled_mixing, "taught_mixing": taught_mixing, "codes": codes}
        for key, value in numbers.items():
            if not all(0 <= number < math.inf for number in ends(value)):
                raise ValueError(f"{key}: expected 0 or more for factor '{name}'; given {value}. Try 0 for none.")
        scheduled(self, "taught", taught)
        self.mixing, self.augmentation = (labelled_mixing, taught_mixing), augmentation
        self.nearest, self.codes, self.site, self.code = nearest, codes, site, code
        self.teacher = Teacher(lag)

    def attach(self, guide: nn.Module) -> None:
        """Let the teacher copy the guide's weights."""
        self.teacher.attach(guide)

    @torch.no_grad()
    def own_rows(self, guide: nn.Module, x: Tensor, y: Labels, labelled: Labels) -> Batch:
        """The mixed images, their soft labels ``[B, K]`` (and codes, by name), and which are mixtures of known ones."""
        told = self.teacher(guide, x)
        belief = probabilities(told, self.site, self.name)
        given, mask = at_site(self.site, y), at_site(self.site, all_known(self.site, y, labelled))
        known = torch.zeros(len(x), dtype=torch.bool, device=x.device) if given is None or mask is None else mask
        if given is not None:
            belief = torch.where(known[:, None], one_hot(given.long(), belief.shape[1]).to(belief.dtype), belief)
        if (self.nearest or self.codes) and self.code not in told:
            raise ValueError(
                f"factor '{self.name}': the guide has no code '{self.code}'; its sites are {sorted(told)}.\n"
                "Try one of:\n- code=... naming the site of the code\n- nearest=False and codes=0.0"
            )
        partner = among_their_own(known)
        if self.nearest:
            partner = torch.where(known, partner, nearest(told[self.code], known))
        w = torch.where(known, *(symmetric_beta(a, x) for a in self.mixing))
        shown = x if self.augmentation is None else self.augmentation(x)
        targets = {self.site: belief}
        if self.codes:
            targets |= {"mean": told[self.code].mean, "deviation": told[self.code].stddev}
        mixed = {name: mixture(each, partner, w) for name, each in targets.items()}
        return Batch(mixture(shown, partner, w), mixed, known)

    def forward(self, posterior: Mapping[str, TorchDistribution], y: Labels, labelled: Labels) -> Tensor:
        """The mean over labelled rows and that over the others, from what :meth:`own_rows` gave."""
        target, known = cast(dict[str, Tensor], y), cast(Tensor, labelled)
        cost = soft_cross_entropy(posterior[self.site], target[self.site])
        if self.codes:
            code = posterior[self.code]
            squares = (code.mean - target["mean"]).square() + (code.stddev - target["deviation"]).square()
            cost = cost + self.codes * squares.sum(-1)
        if self.training:
            cost, known = across(cost), across(known)
        return mean_over(cost, known) + self.taught * mean_over(cost, ~known)


def soft_cross_entropy(q: Any, target: Tensor) -> Tensor:
    r""":math:`-\sum_k t_k \log q(k)` of each row, in nats.

    Args:
        q: over classes, batch ``[B]``.
        target: ``[B, K]``, rows that sum to 1.

    Example:
        >>> from pyro.distributions import Categorical
        >>> q = Categorical(torch.tensor([[0.5, 0.5], [0.25, 0.75]]))
        >>> soft_cross_entropy(q, torch.tensor([[0.5, 0.5], [1.0, 0.0]])).exp()
        tensor([2., 4.])
    """
    return -(target * elements(q).logits.log_softmax(-1)).sum(-1)


def probabilities(posterior: Mapping[str, Any], site: str, name: str) -> Tensor:
    """The probabilities ``[B, K]`` of a class site."""
    q = elements(posterior.get(site))
    if q is None or not hasattr(q, "logits") or not q.has_enumerate_support or q.logits.shape == q.batch_shape:
        what = "no such site" if q is None else f"{type(q).__name__} there"
        raise ValueError(
            f"factor '{name}': expected classes at the label site '{site}', given images alone; the guide has {what}. "
            f"Its sites are {sorted(posterior)}.\nTry one of:\n- classify('{site}', Categorical(...), y, labelled) in "
            "the guide\n- site=... naming the label site\n- a data set with classes in place of attributes"
        )
    return q.logits.softmax(-1)


def mixture(each: Tensor, partner: Tensor, w: Tensor) -> Tensor:
    """``(1 - w) each + w each[partner]``, by rows."""
    return torch.lerp(each, each[partner], w.reshape(-1, *(1 for _ in each.shape[1:])).to(each.dtype))


def mean_over(cost: Tensor, chosen: Tensor) -> Tensor:
    """The mean of the chosen rows, 0 where there are none."""
    return torch.where(chosen, cost, 0.0).sum() / chosen.sum().clamp(min=1)
