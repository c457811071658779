"""A small convolutional trunk that ends in the mean over all places, for classifiers that share no weights."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from .conv import _in_order
from .shapes import check_sizes, leading

__all__ = ["ClassifierEncoder"]


class ClassifierEncoder(nn.Module):
    """Convolutions, each normalised and pooled, then the mean over all places and one dense layer.

    It keeps what an image shows and forgets where: made for a classifier, not for an autoencoder. A layer is a
    convolution that keeps the side, batch normalisation, LeakyReLU, maximum over 2 x 2 pixels, and dropout of whole
    channels. Call ``eval()`` before reading it: dropout and batch statistics are of training.

    Args:
        shape: ``(C, H, W)`` of one image, large enough to be halved once a layer.
        channels: channels of every convolution, from the image inwards.
        kernels: odd side of each kernel.
        hidden: width of the dense layer.
        dropout: probability with which a channel is left out.
        slope: of the LeakyReLU below 0.

    Attributes:
        out_features: size of the features, ``hidden``.

    Shapes:
        ``[..., C, H, W]`` to ``[..., out_features]``.

    Raises:
        ValueError: if a size is not positive, the image cannot be halved once a layer, kernels are not odd and as many
            as channels, dropout is not in ``[0, 1)``, or the input does not end in ``shape``.

    References:
        An, Choi, Jeon, "EXoN: EXplainable encoder Network" (arXiv 2105.10867): the classifier for MNIST. Tompson et
        al., arXiv 1411.4280: dropout of whole channels.

    Example:
        >>> import torch
        >>> ClassifierEncoder((1, 28, 28))(torch.rand(10, 4, 1, 28, 28)).shape
        torch.Size([10, 4, 64])
    """

    def __init__(
        self,
        shape: Sequence[int],
        channels: Sequence[int] = (32, 64, 128),
        kernels: Sequence[int] = (5, 3, 3),
        hidden: int = 64,
        dropout: float = 0.5,
        slope: float = 0.1,
    ) -> None:
        check_sizes(shape=shape, channels=channels, kernels=kernels, hidden=hidden)
        _check_layers(shape, channels, kernels, dropout)
        super().__init__()
        self.shape = tuple(shape)
        self.out_features = hidden
        layers = []
        for (a, b), kernel in zip(pairwise((shape[0], *channels)), kernels, strict=True):
            layers += [nn.Conv2d(a, b, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(slope)]
            layers += [nn.MaxPool2d(2), nn.Dropout2d(dropout)]
        self.layers = nn.Sequential(*layers)
        self.dense = nn.Sequential(nn.Linear(channels[-1], hidden), nn.LeakyReLU(slope))
        _in_order(self)

    def forward(self, x: Tensor) -> Tensor:
        """Features ``[..., out_features]`` of ``x`` ``[..., C, H, W]``."""
        rows = leading(x, self.shape)
        places = self.layers(x.reshape(-1, *self.shape))
        return self.dense(places.mean((-2, -1))).reshape(*rows, self.out_features)


def _check_layers(shape: Sequence[int], channels: Sequence[int], kernels: Sequence[int], dropout: float) -> None:
    """Refuse layers that do not fit one another or the image."""
    if len(shape) != 3 or not channels or min(shape[1:]) < 2 ** len(channels):
        raise ValueError(
            f"shape: expected (C, H, W) of an image with {2 ** len(channels)} pixels or more a side, for one layer or "
            f"more, {len(channels)} of them, each of which halves it; given {tuple(shape)}.\n"
            "Try one of:\n"
            "- channels=(32, 64), kernels=(5, 3) for smaller images\n"
            "- MLPEncoder, which takes any shape"
        )
    if len(kernels) != len(channels) or any(kernel % 2 == 0 for kernel in kernels):
        raise ValueError(
            f"kernels: expected an odd side for each of the {len(channels)} convolutions; given {tuple(kernels)}.\n"
            "Try one of:\n"
            f"- kernels={(5, *[3] * (len(channels) - 1))}"
        )
    if not 0 <= dropout < 1:
        raise ValueError(
            f"dropout: expected a probability from 0 to below 1; given {dropout!r}.\n"
            "Try one of:\n"
            "- dropout=0.5, the default\n"
            "- dropout=0.0 for none"
        )
