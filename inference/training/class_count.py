"""Label sites have as many values as the data have classes."""

from typing import Any

from pyro.poutine.messenger import Messenger
from torch import Tensor

from ...data import DataSet
from ...data.kept import kept_labels
from ...distributions import elements, known_part

__all__ = ["ClassCount"]


class ClassCount(Messenger):
    """Notes how many values the class sites have that labels are given to, while a pair runs.

    Example:
        >>> import pyro.distributions as dist
        >>> import torch
        >>> from pellucid.guides import classify
        >>> with ClassCount() as count:
        ...     _ = classify("y", dist.Categorical(torch.ones(1, 5)), torch.tensor([3]), torch.tensor([True]))
        >>> count.values
        {'y': 5}
    """

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, int] = {}
        self.sites: set[str] = set()

    def _pyro_post_sample(self, msg: Any) -> None:
        q: Any = elements(msg["fn"])
        if known_part(msg["fn"]) is not None:
            self.sites.add(msg["name"])
        if known_part(msg["fn"]) is not None and q.has_enumerate_support and not q.event_shape:
            self.values[msg["name"]] = len(q.enumerate_support(expand=False))

    def require(self, data: DataSet) -> None:
        """Raise a ValueError if a site has another number of values than the data have classes.

        Where no training row has a label the values are clusters, and may be more.
        """
        kept = kept_labels(data.train)
        y, known = (None, None) if kept is None else kept
        if data.attributes or not isinstance(y, Tensor) or y.dim() != 1:
            return
        clusters = isinstance(known, Tensor) and not bool(known.any())
        for name, count in self.values.items():
            if count < len(data.classes) or (count > len(data.classes) and not clusters):
                raise ValueError(
                    f"site '{name}': expected {len(data.classes)} classes, as {data.name} has; the pair has {count}.\n"
                    f"Try one of:\n- classes={len(data.classes)} in prior and posterior\n"
                    "- labels=0 of the data set, for more clusters than classes"
                )

    def require_taken(self, data: DataSet) -> None:
        """Raise a ValueError if labels come by the names of their sites, and no site has such a name."""
        kept = kept_labels(data.train)
        if kept is not None and isinstance(kept[0], dict) and not self.sites & set(kept[0]):
            raise ValueError(
                f"{data.name}: has labels for {', '.join(map(repr, kept[0]))}, and no label site of the pair has such "
                f"a name; its label sites are {', '.join(map(repr, sorted(self.sites))) or 'none'}.\n"
                f"Try one of:\n- label('{next(iter(kept[0]))}', ..., y, labelled) in the prior\n"
                "- named=False, or a Batch without y, to train without labels"
            )
