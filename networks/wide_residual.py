"""Wide residual networks: few layers, many channels, and a sum past every two of them."""

from collections.abc import Sequence

from torch import Tensor, nn

from .conv import _in_order
from .shapes import check_sizes, leading

__all__ = ["WideResidualEncoder"]


class WideResidualEncoder(nn.Module):
    r"""One convolution, three groups of residual blocks, and the mean over all places.

    The groups have 16, 32 and 64 times ``width`` channels; the second and the third begin by halving the image. A group
    has n blocks of two convolutions 3 x 3, where the depth is :math:`6 n + 4` (the first convolution, and one for the
    change of channels in each group, are counted). ``WideResidualEncoder(shape)`` is WRN-28-2. Call ``eval()`` before
    reading it: batch statistics are of training.

    Args:
        shape: ``(C, H, W)`` of one image.
        depth: 6 n + 4, such as 10, 16, 28 or 40.
        width: how many times as wide as a plain residual network.
        dropout: probability with which a value between the two convolutions of a block is left out.
        slope: of the LeakyReLU below 0; 0 for the original's ReLU.

    Attributes:
        out_features: size of the features, ``64 * width``.

    Shapes:
        ``[..., C, H, W]`` to ``[..., out_features]``.

    Raises:
        ValueError: if a size is not positive, depth is not 6 n + 4, dropout is not in ``[0, 1)``, or the input does not
            end in ``shape``.

    References:
        Zagoruyko and Komodakis, "Wide residual networks" (arXiv 1605.07146). Oliver et al., arXiv 1804.09170: WRN-28-2
        with LeakyReLU 0.1 for semi-supervised learning.

    Example:
        >>> import torch
        >>> WideResidualEncoder((3, 32, 32), depth=10)(torch.rand(2, 3, 32, 32)).shape
        torch.Size([2, 128])
    """

    def __init__(
        self, shape: Sequence[int], depth: int = 28, width: int = 2, dropout: float = 0.0, slope: float = 0.1
    ) -> None:
        check_sizes(shape=shape, depth=depth, width=width)
        _check_plan(shape, depth, dropout)
        super().__init__()
        self.shape = tuple(shape)
        self.out_features = 64 * width
        layers: list[nn.Module] = [nn.Conv2d(shape[0], 16, 3, padding=1, bias=False)]
        channels = 16
        for group in range(3):
            for block in range((depth - 4) // 6):
                stride = 2 if group and not block else 1
                layers.append(_Block(channels, 16 * 2**group * width, stride, dropout, slope))
                channels = 16 * 2**group * width
        self.layers = nn.Sequential(*layers, nn.BatchNorm2d(channels), nn.LeakyReLU(slope))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, slope)
        _in_order(self)

    def forward(self, x: Tensor) -> Tensor:
        """Features ``[..., out_features]`` of ``x`` ``[..., C, H, W]``."""
        rows = leading(x, self.shape)
        return self.layers(x.reshape(-1, *self.shape)).mean((-2, -1)).reshape(*rows, self.out_features)


class _Block(nn.Module):
    """Two convolutions, normalised and activated before each, added to their input.

    Where channels or the side change, a convolution 1 x 1 of the activated input takes the input's place.
    """

    def __init__(self, channels: int, out: int, stride: int, dropout: float, slope: float) -> None:
        super().__init__()
        self.activated = nn.Sequential(nn.BatchNorm2d(channels), nn.LeakyReLU(slope))
        self.change = nn.Sequential(
            nn.Conv2d(channels, out, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.LeakyReLU(slope),
            nn.Dropout(dropout),
            nn.Conv2d(out, out, 3, padding=1, bias=False),
        )
        same = channels == out and stride == 1
        self.passed = None if same else nn.Conv2d(channels, out, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``x`` ``[B, channels, H, W]`` to ``[B, out, H / stride, W / stride]``, halves rounded up."""
        activated = self.activated(x)
        return (x if self.passed is None else self.passed(activated)) + self.change(activated)


def _check_plan(shape: Sequence[int], depth: int, dropout: float) -> None:
    """Refuse what is no image, no depth of whole blocks, or no probability."""
    if len(shape) != 3:
        raise ValueError(
            f"shape: expected (C, H, W) of one image; given {tuple(shape)}.\n"
            "Try one of:\n"
            "- (1, H, W) for images without an axis of channels\n"
            "- MLPEncoder, which takes any shape"
        )
    if depth < 10 or (depth - 4) % 6:
        near = max(10, 6 * round((depth - 4) / 6) + 4)
        raise ValueError(
            f"depth: expected 6 n + 4 layers, n blocks in each of three groups; given {depth}.\n"
            "Try one of:\n"
            f"- depth={near}, the nearest\n"
            "- depth=28, width=2: WRN-28-2, the default"
        )
    if not 0 <= dropout < 1:
        raise ValueError(
            f"dropout: expected a probability from 0 to below 1; given {dropout!r}.\n"
            "Try one of:\n"
            "- dropout=0.0, the default, for none\n"
            "- dropout=0.3, as the original for CIFAR"
        )
