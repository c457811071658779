"""Nine convolutions that end in the mean over all places, the usual classifier of semi-supervised learning."""

from collections.abc import Sequence

from torch import Tensor, nn

from .conv import _in_order
from .shapes import check_sizes, leading

__all__ = ["DeepClassifierEncoder"]


class DeepClassifierEncoder(nn.Module):
    """Three convolutions, three of twice as many channels, three that narrow again, and the mean over all places.

    The first six are 3 x 3 and keep the side; after the third and the sixth come the maximum over 2 x 2 pixels and
    dropout. The seventh is 3 x 3 without padding, of four times as many channels, and the last two are 1 x 1. Each is
    followed by batch normalisation and LeakyReLU. Call ``eval()`` before reading it: dropout and batch statistics are
    of training.

    Args:
        shape: ``(C, H, W)`` of one image, 12 pixels or more a side.
        width: channels of the first convolutions; there are then 2, 4, 2 and 1 times as many.
        dropout: probability with which a value is left out.
        slope: of the LeakyReLU below 0.

    Attributes:
        out_features: size of the features, ``width``.

    Shapes:
        ``[..., C, H, W]`` to ``[..., out_features]``.

    Raises:
        ValueError: if a size is not positive, the image is smaller than 12 pixels a side, dropout is not in ``[0, 1)``,
            or the input does not end in ``shape``.

    References:
        Laine and Aila, "Temporal ensembling for semi-supervised learning" (arXiv 1610.02242), table 5, there with noise
        on the image and normalised weights. An, Choi, Jeon, "EXoN: EXplainable encoder Network" (arXiv 2105.10867): the
        classifier for CIFAR-10.

    Example:
        >>> import torch
        >>> DeepClassifierEncoder((3, 32, 32), width=8)(torch.rand(10, 4, 3, 32, 32)).shape
        torch.Size([10, 4, 8])
    """

    def __init__(self, shape: Sequence[int], width: int = 128, dropout: float = 0.5, slope: float = 0.1) -> None:
        check_sizes(shape=shape, width=width)
        _check_image(shape, dropout)
        super().__init__()
        self.shape = tuple(shape)
        self.out_features = width
        plan = [(width, 3, 1)] * 3 + [(2 * width, 3, 1)] * 3 + [(4 * width, 3, 0), (2 * width, 1, 0), (width, 1, 0)]
        layers: list[nn.Module] = []
        inside = shape[0]
        for place, (out, kernel, padding) in enumerate(plan):
            layers += [nn.Conv2d(inside, out, kernel, padding=padding, bias=False), nn.BatchNorm2d(out)]
            layers.append(nn.LeakyReLU(slope))
            if place in (2, 5):
                layers += [nn.MaxPool2d(2), nn.Dropout(dropout)]
            inside = out
        self.layers = nn.Sequential(*layers)
        _in_order(self)

    def forward(self, x: Tensor) -> Tensor:
        """Features ``[..., out_features]`` of ``x`` ``[..., C, H, W]``."""
        rows = leading(x, self.shape)
        return self.layers(x.reshape(-1, *self.shape)).mean((-2, -1)).reshape(*rows, self.out_features)


def _check_image(shape: Sequence[int], dropout: float) -> None:
    """Refuse what is no image, one of which nothing is left, or no probability."""
    if len(shape) != 3 or min(shape[1:]) < 12:
        raise ValueError(
            f"shape: expected (C, H, W) of an image of 12 pixels or more a side; given {tuple(shape)}.\n"
            "Try one of:\n"
            "- ClassifierEncoder, for images from 2 pixels a side\n"
            "- MLPEncoder, which takes any shape"
        )
    if not 0 <= dropout < 1:
        raise ValueError(
            f"dropout: expected a probability from 0 to below 1; given {dropout!r}.\n"
            "Try one of:\n"
            "- dropout=0.5, the default\n"
            "- dropout=0.0 for none"
        )
