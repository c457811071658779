"""Networks in bfloat16, programs in float32: mixed precision where it is harmless."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from pyro.poutine.messenger import Messenger
from torch import Tensor, nn
from torch.distributions import Distribution
from torch.utils import _pytree as pytree

from .factor import without_factors
from .networks_below import networks_below
from .pair import Pair

__all__ = ["DTYPES", "Precision", "networks", "networks_in"]

Precision = Literal["32-true", "bf16-mixed"]
DTYPES: dict[Precision, torch.dtype] = {"32-true": torch.float32, "bf16-mixed": torch.bfloat16}
"""What networks run in."""


@contextmanager
def networks_in(pair: Pair, dtype: torch.dtype) -> Iterator[None]:
    """Run the matrix products and convolutions of a pair's networks in ``dtype`` while it trains.

    A network is a plain module that a program (a ``PyroModule``) calls: encoders, decoders, heads. It runs under
    autocast, its convolutions in channels-last order, and what it returns is float32 again. So is all that the programs
    make of it: every log-probability, every KL, every loss factor. In evaluation mode nothing changes.

    Args:
        pair: whose networks; parameters stay float32.
        dtype: ``torch.bfloat16``; ``torch.float32`` changes nothing.

    Raises:
        ValueError: at the first call, if a network holds a sample statement or gives a distribution.

    Example:
        >>> from pellucid import data, zoo
        >>> pair = zoo.vae(data.digits(), dim=4)
        >>> with networks_in(pair, torch.bfloat16):
        ...     pair(torch.rand(8, 1, 8, 8)).kl["z"].dtype
        torch.float32
    """
    casts = [Cast(network, dtype) for network in networks(pair) if dtype != torch.float32]
    try:
        yield
    finally:
        for cast in casts:
            cast.remove()


def networks(pair: Pair) -> list[nn.Module]:
    """The networks of a pair: the largest plain modules below its programs; loss factors are none.

    Example:
        >>> from pellucid import data, zoo
        >>> [type(network).__name__ for network in networks(zoo.vae(data.digits(), dim=4))]
        ['MLPDecoder', 'MLPEncoder', 'Linear', 'Linear']
    """
    likelihood = getattr(pair.model, "likelihood", None)
    opened = () if likelihood is None else (likelihood,)
    programs = pair.model, without_factors(pair.guide)
    return list(dict.fromkeys(network for each in programs for network in networks_below(each, *opened)))


class Cast:
    """Hooks that run one network under autocast and return float32."""

    def __init__(self, network: nn.Module, dtype: torch.dtype):
        self.dtype, self.entered = dtype, list[tuple[torch.autocast, NoSites]]()
        self.hooks = [
            network.register_forward_pre_hook(self.before),
            network.register_forward_hook(self.after, always_call=True),
        ]

    def before(self, network: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Enter."""
        if not network.training:
            return args
        kind = next((parameter.device.type for parameter in network.parameters()), "cpu")
        # A weight is used once a step: keeping its cast would only hold memory.
        region = torch.autocast(kind, self.dtype, cache_enabled=False), NoSites(type(network).__name__)
        for context in region:
            context.__enter__()
        self.entered.append(region)
        return tuple(channels_last(arg) for arg in args)

    def after(self, network: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
        """Leave."""
        if not self.entered:
            return output
        for context in reversed(self.entered.pop()):
            context.__exit__(None, None, None)
        if isinstance(output, Distribution):
            name = type(network).__name__
            raise ValueError(
                f"{name}: a plain module that gives a {type(output).__name__}, whose parameters would be bfloat16 "
                "under precision='bf16-mixed', and its log-probabilities with them.\n"
                f"Try one of:\n- class {name}(PyroModule): its layers are then the networks\n- precision='32-true'"
            )
        return pytree.tree_map_only(Tensor, lambda out: out.float() if out.dtype == self.dtype else out, output)

    def remove(self) -> None:
        """As it was before."""
        for hook in self.hooks:
            hook.remove()


def channels_last(x: Any) -> Any:
    """Images in the order in which convolutions of low precision are fast."""
    image = isinstance(x, Tensor) and x.dim() == 4 and x.is_floating_point()
    return x.contiguous(memory_format=torch.channels_last) if image else x


class NoSites(Messenger):
    """Refuses sample statements."""

    def __init__(self, network: str):
        super().__init__()
        self.network = network

    def _pyro_sample(self, msg: Any) -> None:
        raise ValueError(
            f"site '{msg['name']}': sampled inside {self.network}, a plain module, which precision='bf16-mixed' takes "
            "for a network and runs in bfloat16; log-probabilities would follow.\n"
            f"Try one of:\n- class {self.network}(PyroModule): its layers are then the networks\n"
            "- precision='32-true'"
        )
