"""What a prior of one's own must keep to, as tests to inherit. Needs pytest."""

from .contract import PriorContract
from .fake_device import on_fake_device
from .points import Points

__all__ = ["Points", "PriorContract", "on_fake_device"]
