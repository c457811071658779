"""Labels by the name of their site, for priors that have several."""

from dataclasses import replace
from typing import cast

from torch import Tensor

from .batch import Batch
from .dataset import DataSet, Split

__all__ = ["named_labels"]


def named_labels(data: DataSet) -> DataSet:
    """The same rows with a dict of labels, one ``[N]`` for each attribute, in place of a matrix ``[N, L]``.

    A prior with several label sites, ``label("hat", ...)`` and ``label("eyes", ...)``, is handed the labels of each by
    its name. Spaces in names become underscores: "bow tie" is site "bow_tie". A mask ``[N]`` serves every site, one
    ``[N, L]`` each its own.

    Args:
        data: attributes ``[N, L]`` in memory; left as it is.

    Raises:
        ValueError: if the labels are no attributes, or a split is not in memory.

    Example:
        >>> from pellucid.data import smiley
        >>> faces = named_labels(smiley(rows=100, labels=20, validation=10, test=10))
        >>> list(faces.train.y), faces.train.labelled["hat"].sum()
        (['bow_tie', 'hat', 'eyes', 'mouth'], tensor(20))
    """
    if not data.attributes or not all(isinstance(split, Batch) for split in data.splits.values()):
        raise ValueError(
            f"data: expected binary attributes [N, L] in memory, which have names; {data.name} has other labels.\n"
            "Try one of:\n- the set as it is: its one label serves every label site\n"
            "- Batch(x, {'site': y}, {'site': labelled}) by hand"
        )
    sites = [name.replace(" ", "_") for name in data.classes]
    splits = {name: by_site(split, sites) for name, split in data.splits.items()}
    return replace(data, **splits, classes=tuple(sites), recipe=None)


def by_site(rows: Split, sites: list[str]) -> Batch:
    """A batch whose columns of labels have names."""
    x, y, labelled = cast(tuple[Tensor, Tensor, Tensor | None], rows)

    def columns(values: Tensor) -> dict[str, Tensor]:
        return dict(zip(sites, values.reshape(len(values), -1).expand(y.shape).unbind(1), strict=True))

    return Batch(x, columns(y), None if labelled is None else columns(labelled))
