"""A module on a CUDA device that need not be there."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.symbolic_shapes import ShapeEnv

__all__ = ["on_fake_device"]

Kind = TypeVar("Kind", bound=nn.Module)


@contextmanager
def on_fake_device(module: Kind, device: str = "cuda") -> Iterator[Kind]:
    """A copy of a module whose parameters and buffers are on a device, as tensors without numbers.

    Inside, operations check shapes, dtypes and devices as real ones do. A tensor that the module keeps outside its
    parameters and buffers stays on the CPU, here as on a real device, and is refused where it meets the others.

    Args:
        module: left as it is.
        device: any; none of its kind is needed.

    Example:
        >>> with on_fake_device(nn.Linear(3, 2)) as layer:
        ...     layer(torch.empty(5, 3, device="cuda")).device.type
        'cuda'
    """
    other, made = copy.deepcopy(module), dict[int, Tensor]()
    with FakeTensorMode(shape_env=ShapeEnv(allow_dynamic_output_shape_ops=True)):

        def moved(tensor: Tensor) -> Tensor:
            """One fake for one tensor, so that what is shared stays so."""
            if id(tensor) not in made:
                new = torch.empty(tensor.shape, dtype=tensor.dtype, device=device)
                made[id(tensor)] = nn.Parameter(new, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else new
            return made[id(tensor)]

        for each in other.modules():
            for table in cast(list[dict[str, Tensor | None]], [each._parameters, each._buffers]):
                table.update({name: moved(tensor) for name, tensor in table.items() if tensor is not None})
        yield other
