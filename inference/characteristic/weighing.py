"""How the terms of a draw are weighed by the labels that its row is known to have."""

from typing import NamedTuple

import torch
from torch import Tensor

from .reading import LabelTerms

__all__ = ["Weighed", "summed_out", "weigh", "weigh_all"]


class Weighed(NamedTuple):
    """Terms ``[B]`` in nats, and what weighs the others.

    Attributes:
        code: divergence of the characteristic code.
        label: of the labels.
        likelihood: weight of log p(x | z); None is 1.
        style: weight of the divergences of all other sites; None is 1.
    """

    code: Tensor
    label: Tensor
    likelihood: Tensor | None = None
    style: Tensor | None = None


def summed_out(terms: LabelTerms) -> tuple[Tensor, Tensor]:
    r"""Divergences of code and label ``[B, G]`` where the label is not known: its values, each with its probability.

    .. math:: \log q(c_g | x) - \sum_v q(v | c_g) \log p(c_g | v), \qquad
        \sum_v q(v | c_g) \big[ \log q(v | c_g) - \log p(v) \big]
    """
    belief = terms.classified.exp()
    code = terms.code - (belief * terms.prior).sum(0)
    return code, (belief * (terms.classified - terms.label)).sum(0)


def weigh(terms: LabelTerms, marginal: Tensor, log_w: Tensor | None) -> Weighed:
    r"""Every label's terms under its own weight.

    .. math:: E_q\Big[ w_g \log \frac{w_g\, q(c_g | x)}{p(c_g | y_g)} \Big] - \log p(y_g)

    Args:
        terms: of the draw.
        marginal: log q(y_g | x), ``[B, G]``.
        log_w: logarithms of the weights ``[B, G]``; None for draws of the tilted posterior, which need none.
    """
    code, label = summed_out(terms)
    own = terms.at_label(terms.classified) - marginal + terms.code - terms.at_label(terms.prior)
    known = terms.labels.known
    own = own if log_w is None else torch.where(known, log_w, 0.0).exp() * own
    return Weighed(
        code=torch.where(known, own, code).sum(-1),
        label=torch.where(known, -terms.at_label(terms.label), label).sum(-1),
        likelihood=None if log_w is None else joint(log_w, known),
    )


def weigh_all(terms: LabelTerms, marginal: Tensor, log_w: Tensor) -> Weighed:
    """Every term of a row under the weight of all its known labels together, as the authors' code has it."""
    code, label = summed_out(terms)
    known = terms.labels.known
    weight = joint(log_w, known)
    own = terms.at_label(terms.classified) + terms.code - terms.at_label(terms.prior)
    return Weighed(
        code=weight * torch.where(known, own, code).sum(-1) - torch.where(known, marginal, 0.0).sum(-1),
        label=torch.where(known, -terms.at_label(terms.label), weight[:, None] * label).sum(-1),
        likelihood=weight,
        style=weight,
    )


def joint(log_w: Tensor, known: Tensor) -> Tensor:
    """The product of the weights of a row's known labels, ``[B]``."""
    return torch.where(known, log_w, 0.0).sum(-1).exp()
