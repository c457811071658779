"""The rows of all processes as one batch, for loss factors that relate rows to each other."""

from typing import Any

import torch
from torch import Tensor, distributed

__all__ = ["across"]


def across(tensor: Tensor) -> Tensor:
    r"""The rows of all processes, in rank order; the tensor itself where there is one process.

    Data-parallel training averages the gradients of R processes. That is the gradient of the joined batch for a mean
    over rows, and for nothing else: a term :math:`F(g)` that relates rows needs all of them, :math:`g = (g_1, \dots,
    g_R)`. With ``across`` every process computes the same :math:`F` of the joined :math:`g`; the backward pass sums the
    R upstream gradients, which are equal, and hands back this process's rows. Averaged over processes,

    .. math:: \frac1R \sum_r \Big(\frac{\partial g_r}{\partial\theta}\Big)^{\!\top} R\, \frac{\partial F}{\partial g_r}
        = \frac{\partial F}{\partial\theta},

    is the gradient of one process with the joined batch.

    Every process calls it in the same order, with as many rows. Not for validation, where processes are not in step: a
    factor gathers while ``self.training``. First derivatives only.

    Args:
        tensor: ``[B, ...]``: numbers, labels or a mask.

    Returns:
        ``[R B, ...]``.

    Example:
        >>> gate = torch.rand(4, 2)
        >>> across(gate) is gate  # one process
        True
    """
    if not (distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1):
        return tensor
    return joined(tensor, distributed.get_world_size(), distributed.get_rank())


@torch.library.custom_op("pellucid::across", mutates_args=())
def joined(tensor: Tensor, processes: int, rank: int) -> Tensor:
    """The rows of all processes."""
    rows = tensor.new_empty(processes * len(tensor), *tensor.shape[1:])
    distributed.all_gather(list(rows.chunk(processes)), tensor.contiguous())
    return rows


@joined.register_fake
def rows_of_all(tensor: Tensor, processes: int, rank: int) -> Tensor:
    """As many rows, for tensors without numbers."""
    return tensor.new_empty(processes * len(tensor), *tensor.shape[1:])


@torch.library.custom_op("pellucid::across_backward", mutates_args=())
def shared_out(of_rows: Tensor, processes: int, rank: int) -> Tensor:
    """The sum over processes of the gradient of all rows, those of this process."""
    total = of_rows.clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(total)
    return total.chunk(processes)[rank].clone()


@shared_out.register_fake
def own_rows(of_rows: Tensor, processes: int, rank: int) -> Tensor:
    """As many rows, for tensors without numbers."""
    return of_rows.new_empty(len(of_rows) // processes, *of_rows.shape[1:])


def keep_place(ctx: Any, inputs: tuple[Tensor, int, int], output: Tensor) -> None:
    """Which rows are this process's."""
    _, ctx.processes, ctx.rank = inputs


def share_out(ctx: Any, of_rows: Tensor) -> tuple[Tensor, None, None]:
    """This process's rows of the summed gradient."""
    return shared_out(of_rows, ctx.processes, ctx.rank), None, None


joined.register_autograd(share_out, setup_context=keep_place)
