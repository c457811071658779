"""Classes of a batch and their means, without knowing how many classes there are."""

import torch
from torch import Tensor, nn

__all__ = ["classes_of", "mean_within", "own_class_mean", "side_by_side"]


def side_by_side(labels: Tensor, known: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """An order in which rows of one class stand side by side.

    Shapes follow from those of the arguments and never from their values: the function can be exported and compiled.

    Args:
        labels: ``[B]`` classes, of any names.
        known: boolean ``[B]``. A row outside it is a class of its own, as is a row whose label is NaN.

    Returns:
        The order ``[B]``, and of the row in each place the place ``[B]`` where its class begins and the number ``[B]``
        of its rows.

    Example:
        >>> side_by_side(torch.tensor([7, 3, 7, 7]), torch.tensor([True, True, True, False]))
        (tensor([3, 1, 0, 2]), tensor([0, 1, 2, 2]), tensor([1, 1, 2, 2]))
    """
    order = (labels.byte() if labels.dtype == torch.bool else labels).argsort(stable=True)
    order = order[known[order].byte().argsort(stable=True)]  # those without a class first
    value, has, place = labels[order], known[order], torch.arange(len(order), device=order.device)
    same = (value[1:] == value[:-1]) & has[:-1]  # as the row before
    begin = nn.functional.pad(torch.where(same, 0, place[1:]), (1, 0)).cummax(0).values
    size = torch.zeros_like(begin).index_add(0, begin, torch.ones_like(begin))
    return order, begin, size[begin]


def classes_of(labels: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """The class of every row, named by its first row, and its size.

    Args:
        labels: ``[B]`` classes, of any names.
        known: boolean ``[B]``, as :func:`side_by_side` has it.

    Returns:
        Index ``[B]`` of the first row of one's class, and number ``[B]`` of its rows.

    Example:
        >>> classes_of(torch.tensor([7, 3, 7, 7]), torch.tensor([True, True, True, False]))
        (tensor([0, 1, 0, 3]), tensor([2, 1, 2, 1]))
    """
    order, begin, size = side_by_side(labels, known)
    return torch.empty_like(order).scatter(0, order, order[begin]), torch.empty_like(size).scatter(0, order, size)


def mean_within(x: Tensor, first: Tensor, size: Tensor) -> Tensor:
    """The mean of ``x`` ``[B, F]`` over every row's own class, ``[B, F]``; classes as :func:`classes_of` has them.

    Example:
        >>> mean_within(torch.tensor([[1.0], [3.0]]), torch.tensor([0, 0]), torch.tensor([2, 2])).squeeze(1)
        tensor([2., 2.])
    """
    total = torch.zeros_like(x).index_add(0, first, x)
    return total.index_select(0, first) / size[:, None]


def own_class_mean(gate: Tensor, labels: Tensor, known: Tensor) -> Tensor:
    r"""The mean gate of every row's own class.

    .. math:: \bar\gamma_n = \frac{1}{|C_n|} \sum_{m \in C_n} \gamma_m, \qquad C_n = \{m : y_m = y_n\}

    Time O(B log B + B D), differentiable in ``gate``, of static shapes.

    Args:
        gate: ``[B, D]``.
        labels: ``[B]`` classes, of any names.
        known: boolean ``[B]``. A row outside it belongs to no class and gets its own gate back, as does a row whose
            label is NaN.

    Returns:
        ``[B, D]``.

    Example:
        >>> gate = torch.tensor([[0.0], [1.0], [0.5], [0.25]])
        >>> own_class_mean(gate, torch.tensor([7, 7, 3, 7]), torch.tensor([True, True, True, False])).squeeze(1)
        tensor([0.5000, 0.5000, 0.5000, 0.2500])
    """
    return mean_within(gate, *classes_of(labels, known))
