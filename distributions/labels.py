"""Labels as programs receive them: one tensor, or one per label site."""

from torch import Tensor

__all__ = ["Labels", "at_site"]

Labels = Tensor | dict[str, Tensor] | None


def at_site(name: str, labels: Labels) -> Tensor | None:
    """The labels (or the mask) of the label site ``name``.

    Args:
        name: the site.
        labels: one tensor that serves every label site, a dict from site to tensor, or None.

    Example:
        >>> at_site("hat", {"bow_tie": Tensor([1])}) is None
        True
    """
    return labels.get(name) if isinstance(labels, dict) else labels
