"""Classifiers by name: from an image to a logit for each class."""

from collections.abc import Sequence
from typing import Literal, cast, get_args

from torch import nn

from ..networks.classifier import ClassifierEncoder
from ..networks.conv import CHANNELS, ConvEncoder
from ..networks.deep_classifier import DeepClassifierEncoder
from ..networks.wide_residual import WideResidualEncoder
from .parts import Network, Shape, networks

__all__ = ["Classifier", "named_classifier"]

Classifier = Literal["network", "small", "conv", "deep", "wide"]


def named_classifier(
    kind: Classifier | nn.Module,
    shape: Shape,
    classes: int,
    *,
    network: Network = "mlp",
    hidden: Sequence[int] = (400,),
    channels: Sequence[int] | None = None,
) -> nn.Module:
    """A classifier that shares no weights with an autoencoder.

    - **network**: one more encoder of the autoencoder's kind;
    - **small**: as "conv", with half the channels and no dropout, for runs of some hundred steps;
    - **conv**: three convolutions, each pooled and with dropout, as
      :class:`~pellucid.networks.ClassifierEncoder`; two or one where the image cannot be halved as often;
    - **deep**: the nine convolutions of :class:`~pellucid.networks.DeepClassifierEncoder`;
    - **wide**: the residual network WRN-28-2, :class:`~pellucid.networks.WideResidualEncoder`.

    A linear layer follows each of them.

    Args:
        kind: one of the names, or a module of one's own, which is handed back.
        shape: ``(C, H, W)`` of one image.
        classes: K.
        network: of what kind "network" is.
        hidden: widths of that, if an "mlp", or of a recurrent state last.
        channels: of that, if a "conv".

    Returns:
        A module from ``[B, C, H, W]`` to logits ``[B, K]``.

    Raises:
        ValueError: if the name is none of these, or the images are too small for its layers.

    Example:
        >>> import torch
        >>> named_classifier("conv", (1, 8, 8), 10)(torch.rand(3, 1, 8, 8)).shape
        torch.Size([3, 10])
    """
    if isinstance(kind, nn.Module):
        return kind
    if kind == "network":
        features, _ = networks(network, shape, 1, hidden, channels)
    elif kind == "small" and shape[1] == shape[2] and shape[1] in CHANNELS:
        features = ConvEncoder(shape, batch_norm=True)
    elif kind in ("conv", "small"):
        layers = max(1, min(3, min(shape[1:], default=1).bit_length() - 1))
        wide, dropout = ((32, 64, 128), 0.5) if kind == "conv" else ((16, 32, 64), 0.0)
        features = ClassifierEncoder(shape, wide[:layers], (5, 3, 3)[:layers], dropout=dropout)
    elif kind == "deep":
        features = DeepClassifierEncoder(shape)
    elif kind == "wide":
        features = WideResidualEncoder(shape)
    else:
        names = ", ".join(map(repr, get_args(Classifier)))
        raise ValueError(
            f"classifier: expected one of {names}, or a module from images to logits; given {kind!r}.\n"
            "Try one of:\n- classifier='network', one of the encoder's kind\n"
            "- classifier='head', a layer on the encoder itself, where there is one"
        )
    return nn.Sequential(features, nn.Linear(cast(int, features.out_features), classes))
