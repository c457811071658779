"""Smiley faces with known generative factors: the ground truth for methods that claim to find them."""

import torch
from torch import Tensor

from .batch import Batch
from .dataset import DataSet, Factors
from .faces import FACTORS, draw_faces, factor_names
from .labels import label_mask
from .named import named_labels
from .recipe import recorded
from .streams import stream

__all__ = ["smiley"]

CHUNK = 512  # faces drawn at once: few enough for the arrays to stay in the processor's cache


@recorded
def smiley(
    rows: int = 20_000,
    labels: int | float | None = None,
    seed: int = 0,
    validation: int = 2_000,
    test: int = 2_000,
    named: bool = False,
) -> DataSet:
    """Synthetic faces with optional attributes, ``x`` bytes ``[N, 1, 32, 32]``, ``y`` the four attributes ``[N, 4]``.

    A grey head of radius 10 on black. Each face has a bow tie, a hat, eyes and a mouth with probability 1/2 each,
    independently. An attribute that is present is drawn with 4, 6, 3 and 5 factors, all independent and uniform:

    ======== ============================================ ==============================================
    bow tie  width 3.5 to 9.0, height 1.3 to 3.0,         of a wing: length; half the height of its end
             knot 0.6 to 2.2, shade 0.25 to 0.75          radius; grey of the wings
    hat      width 3.5 to 6.5, height 3.5 to 7.0,         of the crown: half its width; its height
             brim 0.5 to 3.5, tilt -0.25 to 0.25,         overhang on either side; radians, clockwise
             shift -2.5 to 2.5, shade 0.2 to 0.55         to the right; grey
    eyes     separation 2.6 to 5.2, size 0.9 to 1.9,      of each from the middle; radius
             height 2.0 to 4.0                            above the centre of the head
    mouth    width 2.5 to 5.5, curvature -2.0 to 2.0,     half the width; corners to middle, smile positive
             height -6.0 to -3.8,                         above the centre of the head
             thickness 0.5 to 1.1, openness 0.0 to 1.6    of a lip, half; of the gap between the lips, half
    ======== ============================================ ==============================================

    Lengths are in pixels. ``data.factors[split]`` holds the values ``[N, 18]`` and which are active: those of the
    attributes that are present. The value of an absent attribute's factor is a draw that left no mark on the image.

    Args:
        rows: training faces.
        labels: how many training rows keep their attributes: a count, a fraction, or None for all; see `label_mask`.
        seed: of the faces and of the labels.
        validation: faces.
        test: faces.
        named: labels by the name of their site, for a prior with a label site of each: see `named_labels`.

    Raises:
        ValueError: if a split is empty or the labels cannot be served.

    References:
        Tonolini, Jensen, Murray-Smith, "Variational Sparse Coding", UAI 2019; what the factors are is our choice.

    Example:
        >>> data = smiley(rows=100, validation=10, test=10)
        >>> data.classes, data.factors["train"].values.shape
        (('bow tie', 'hat', 'eyes', 'mouth'), torch.Size([100, 18]))
    """
    splits, factors = {}, {}
    for split, size in {"train": rows, "validation": validation, "test": test}.items():
        if size < 1:
            raise ValueError(
                f"{'rows' if split == 'train' else split}: expected 1 face or more; {size} was given.\n"
                "Try one of:\n- rows=1000, validation=100, test=100 for a quick look"
            )
        present, factors[split] = _draw_causes(size, stream(seed, "smiley", split))
        splits[split] = Batch(_photograph(present, factors[split].values), present.long())
    if labels is not None:
        mask = label_mask(splits["train"].y, labels, seed, tuple(FACTORS))
        splits["train"] = splits["train"]._replace(labelled=mask)
    names = tuple(FACTORS)
    faces = DataSet("smiley", **splits, classes=names, source="drawn by pellucid.data.smiley", factors=factors)
    return named_labels(faces) if named else faces


def _draw_causes(size: int, generator: torch.Generator) -> tuple[Tensor, Factors]:
    present = torch.rand(size, len(FACTORS), generator=generator) < 0.5
    low, high = (torch.tensor([f[end] for factors in FACTORS.values() for f in factors]) for end in (1, 2))
    values = low + (high - low) * torch.rand(size, len(low), generator=generator)
    counts = torch.tensor([len(factors) for factors in FACTORS.values()])
    return present, Factors(values, present.repeat_interleave(counts, 1), factor_names())


def _photograph(present: Tensor, values: Tensor) -> Tensor:
    parts = zip(present.split(CHUNK), values.split(CHUNK), strict=True)
    return torch.cat([draw_faces(*part).mul(255).round().to(torch.uint8) for part in parts])
