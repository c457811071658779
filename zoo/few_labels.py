"""What pairs for a few labelled rows share: a label for every class, images that are mixed, a variance of pixels."""

import math
from collections.abc import Sequence
from typing import Literal

from ..data import DataSet, label_counts
from ..data.augmentation import augmentation_named
from ..inference import Interpolation
from ..models import Normal
from ..models.likelihood import Link
from ..schedules import Gaussian, Schedule
from .parts import Labelled

__all__ = ["AugmentationName", "interpolating", "pixels", "require_classes"]

AugmentationName = Literal["none", "digits", "photos", "moves"]


def require_classes(data: Labelled, *, learned: bool = False) -> None:
    """Raise a ValueError if there are attributes in place of classes, or a class without any labelled row.

    Args:
        data: the data set, or a description that holds no rows.
        learned: whether classes may be found without any label at all, as clusters.

    Example:
        >>> from pellucid import data
        >>> require_classes(data.digits(labels=100))
    """
    if data.attributes:
        raise ValueError(
            f"data: expected classes, of which a row has one; {len(data.classes)} attributes were given.\nTry one of:\n"
            "- zoo.m2, zoo.ccvae or zoo.diva, for attributes\n- a data set with classes"
        )
    counts = label_counts(data) if isinstance(data, DataSet) else None
    if counts is None or bool(counts.all()) or (learned and not bool(counts.any())):
        return
    missing = [data.classes[k] for k in (counts == 0).nonzero()[:, 0].tolist()]
    raise ValueError(
        f"data: no training row is labelled as {', '.join(missing)}: nothing ties a class to its name that is never "
        f"shown.\nTry one of:\n- labels={10 * len(data.classes)}, drawn evenly from the classes\n"
        "- labels=None for all\n- learned=True of zoo.exon without any label, for clusters"
    )


def interpolating(
    weight: float | Schedule,
    shape: Sequence[int],
    *,
    taught: float | Schedule | None,
    end: float,
    augmentation: AugmentationName,
    lag: float,
    nearest: bool = False,
    codes: float = 0.0,
) -> list[Interpolation]:
    """The factor that mixes rows, in a list; an empty one for weight 0.

    Args:
        weight: of the factor.
        shape: of an image.
        taught: weight of rows without label beside 1 for those with; None for the sources' ramp.
        end: of the ramp, as a fraction of training.
        augmentation: by name.
        lag: of the teacher.
        nearest: as in the factor.
        codes: as in the factor.

    Example:
        >>> (factor,) = interpolating(5.0, (1, 8, 8), taught=None, end=0.4, augmentation="none", lag=0.0)
        >>> factor.taught
        tensor(0.0067)
    """
    shown = augmentation_named(augmentation, shape)
    ramp = Gaussian(0.0, 1.0, end=end) if taught is None else taught
    options = {"taught": ramp, "augmentation": shown, "lag": lag, "nearest": nearest, "codes": codes}
    return [Interpolation(weight, **options)] if weight else []


def pixels(beta: float, link: Link) -> Normal:
    """A Normal of fixed variance for pixels.

    Args:
        beta: the variance, positive.
        link: from the decoder's output to means.

    Example:
        >>> pixels(0.25, "sigmoid").log_scale.exp()
        tensor(0.5000)
    """
    if not (isinstance(beta, int | float) and 0 < beta < math.inf):
        raise ValueError(f"beta: expected a positive variance of pixels; given {beta}. Try beta=0.25.")
    return Normal(scale=beta**0.5, learn=False, link=link)
