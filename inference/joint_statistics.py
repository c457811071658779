"""Batch normalisation over several sets of images at once: whatever is computed of one shares its statistics."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from .networks_below import networks_below

__all__ = ["joint_statistics"]


@contextmanager
def joint_statistics(program: nn.Module, x: Tensor, further: Sequence[Tensor]) -> Iterator[None]:
    """Networks with batch normalisation that are shown ``x`` read the further images in the same pass.

    A classifier that is trained on augmented images, normalised by their statistics, says nothing of clean ones that
    are normalised by others: q(y | x) in the bound then goes uniform while the classifier learns. Here a network that
    is called on ``x`` itself (the very tensor) runs once on all images together; when it is called on a further set
    its result is there already. Networks without batch normalisation, or in evaluation mode, run as ever; so does one
    that is called on anything else, as a head on features is.

    Args:
        program: a program; the outermost plain modules below it count as its networks.
        x: ``[B, ...]``.
        further: sets ``[M, ...]`` of images, shown after ``x``.

    Example:
        >>> from pyro.nn import PyroModule
        >>> class Reader(PyroModule):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.network = nn.BatchNorm1d(1, affine=False)
        >>> reader, x, further = Reader(), torch.zeros(2, 1), torch.ones(2, 1)
        >>> with joint_statistics(reader, x, [further]):
        ...     reader.network(x).T.round(), reader.network(further).T.round()
        (tensor([[-1., -1.]]), tensor([[1., 1.]]))
    """
    with ExitStack() as stack:
        for network in networks_below(program) if further else ():
            if any(isinstance(each, _BatchNorm) and each.training for each in network.modules()):
                stack.enter_context(reading_together(network, x, further))
        yield


@contextmanager
def reading_together(network: nn.Module, x: Tensor, further: Sequence[Tensor]) -> Iterator[None]:
    """One network, its passes joined."""
    alone: Callable[..., Tensor] = network.forward
    results: dict[int, Tensor] = {}
    asked: list[Any] = []

    def before(_: nn.Module, args: tuple[Any, ...]) -> None:
        asked[:] = args  # what the program gave: hooks of others hand on a copy, as those of mixed precision do

    def forward(images: Tensor) -> Tensor:
        (given,) = asked
        if given is x:
            parts = alone(torch.cat([images, *further])).split([len(x), *map(len, further)])
            results.update(zip(map(id, further), parts[1:], strict=True))
            return parts[0]
        return results.pop(id(given)) if id(given) in results else alone(images)

    hook = network.register_forward_pre_hook(before, prepend=True)
    network.forward = forward
    try:
        yield
    finally:
        hook.remove()
        del network.forward
