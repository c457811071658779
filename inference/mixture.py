"""The bound of a mixture: its divergences exact over the classes, its image decoded once or once a class."""

import math
from typing import Any, Literal

from pyro import poutine
from pyro.poutine import Trace
from pyro.poutine.messenger import Messenger
from pyro.poutine.util import site_is_subsample
from torch import Tensor, nn

from ..distributions import Labels, known_part
from ..distributions.gumbel_max import gumbel_max
from ..schedules import Schedule, ends, scheduled
from .objective import ELBO, Terms, all_known, log_prob

__all__ = ["Draw", "MixtureBound"]

Draw = Literal["straight-through", "enumerated"]
TINY = 1e-30  # below it single precision has nothing


class MixtureBound(ELBO):
    r"""Evidence bound of a latent mixture whose image depends on the class through the code alone.

    .. math:: \mathcal{L} = E_{\pi_k}\, E_{q(z | x, k)} \log p(x \mid z) - \sum_k \pi_k \log\frac{\pi_k}{p(k)}
        - \sum_k \pi_k\, \mathrm{KL}\big(q(z \mid x, k) \,\|\, p(z \mid k)\big), \qquad \pi_k = q(y = k \mid x)

    The two divergences, ``kl(y)`` and ``kl(z)`` in the metrics, are sums over the classes, in closed form and never
    sampled; together they are the divergence of the pair (y, z), no less than that of the mixtures of z. The first
    term is found in one of two ways:

    - **straight-through**: the code of one class, a Gumbel-max draw from :math:`\pi`, is decoded. The value is
      unbiased; the gradient in :math:`\pi` is that of the softmax, which is not.
    - **enumerated**: the codes of all classes are decoded, in one batch of K as many images. Value and gradient are
      unbiased and vary less: with labels clamped this is :class:`ELBO` itself.

    Args:
        draw: one of the two.
        clamp: whether :math:`\pi` is certain of a label that is known, so that the row's bound is one on log p(x, y).
            Without it every row has the bound on log p(x), as in the source, and labels serve the loss factors only.
        temperature: of the softmax behind a straight-through draw.
        label: the label site, one that the guide sums out.
        kl_weight: as in :class:`ELBO`.
        num_particles: as in :class:`ELBO`.

    Raises:
        ValueError: if ``draw`` is neither, or the temperature not positive; when it is run, if the image depends on the
            class by another way than the code.

    References:
        An, Choi, Jeon, "EXoN: EXplainable encoder Network" (arXiv 2105.10867): the bound, one decode a row, labels not
        clamped.

    Example:
        >>> from pellucid import data
        >>> from pellucid.zoo.exon import exon
        >>> pair = exon(data.digits(labels=0.1))
        >>> terms = MixtureBound("enumerated", clamp=True).terms(pair.model, pair.guide, torch.rand(3, 1, 8, 8))
        >>> sorted(terms.kl), sorted(terms.likelihood)
        (['y', 'z'], ['x'])
    """

    temperature: Tensor

    def __init__(
        self,
        draw: Draw = "straight-through",
        *,
        clamp: bool = True,
        temperature: float | Schedule = 1.0,
        label: str = "y",
        kl_weight: float | Schedule = 1.0,
        num_particles: int = 1,
    ):
        super().__init__(kl_weight, num_particles=num_particles)
        if draw not in ("straight-through", "enumerated"):
            raise ValueError(f"draw: expected 'straight-through' or 'enumerated'; given {draw!r}.")
        if not all(TINY <= number < math.inf for number in ends(temperature)):
            raise ValueError(f"temperature: expected a positive number; given {temperature}. Try temperature=1.0.")
        self.draw, self.clamp, self.label = draw, clamp, label
        scheduled(self, "temperature", temperature)

    def particle(self, model: nn.Module, guide: nn.Module, args: tuple[Tensor, Labels, Labels]) -> Terms:
        """The terms of one draw from the guide."""
        x, y, labelled = args
        return super().particle(model, guide, (x, y, labelled if self.clamp else all_known(self.label, y, labelled)))

    def _get_trace(
        self, model: nn.Module, guide: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Trace, Trace]:
        """Run the guide, its classes side by side, and the model on all of them or on the code of one that is drawn."""
        enumerated = poutine.enum(guide, first_available_dim=-1 - self.nesting)
        guide_trace = poutine.trace(enumerated).get_trace(*args, **kwargs)
        if not self.clamp:
            self.forget(guide_trace)
        program: Any = model
        site: Any = guide_trace.nodes.get(self.label)
        if self.draw == "straight-through" and site is not None and site["infer"].get("_enumerate_dim") is not None:
            logits = log_prob(site).movedim(0, -1).contiguous()
            choice = gumbel_max(logits, self.temperature).movedim(-1, 0).contiguous()
            program = Chosen(choice, self.label)(model)
        model_trace = poutine.trace(poutine.replay(program, trace=guide_trace)).get_trace(*args, **kwargs)
        if not self.clamp:
            self.forget(model_trace)
        return model_trace, guide_trace

    def forget(self, trace: Trace) -> None:
        """Take the known labels out of the label site: loss factors have seen them, and the bound must not."""
        site: Any = trace.nodes.get(self.label)
        if site is not None and (part := known_part(site["fn"])) is not None:
            site["fn"] = part.base


class Chosen(Messenger):
    """Goes on with the codes of the chosen classes, after the trace has seen those of all classes.

    Args:
        choice: ``[K, B]`` of 0 and 1, one 1 in each column.
        label: the label site, which keeps all its values: codes hang on it.
    """

    def __init__(self, choice: Tensor, label: str):
        super().__init__()
        self.choice, self.label = choice, label

    def _pyro_post_sample(self, msg: Any) -> None:
        name, fn, value = msg["name"], msg["fn"], msg["value"]
        if name == self.label or site_is_subsample(msg):
            return
        if msg["is_observed"] and len(fn.batch_shape) > 1:
            raise ValueError(
                f"site '{name}': its density hangs on the class itself, batch {list(fn.batch_shape)}, where it may on "
                "the code alone: one decode cannot give it.\nTry one of:\n- draw='enumerated'\n"
                "- a prior that returns the code alone"
            )
        if not msg["is_observed"] and value.dim() - fn.event_dim > 1:
            msg["value"] = (self.choice.reshape(*self.choice.shape, *[1] * fn.event_dim) * value).sum(0)
