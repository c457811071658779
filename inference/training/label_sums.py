"""What a guide's labels tell of the images of a split: nothing, where it says the same of every one."""

from collections.abc import Iterable

from torch import Tensor
from torch.special import entr

__all__ = ["LabelSums"]


class LabelSums:
    """Sums of q(y | x) of one site over a split; the rows themselves are not kept.

    Example:
        >>> sure, uniform = LabelSums(), LabelSums()
        >>> sure.add(torch.eye(2).repeat(3, 1))
        >>> uniform.add(torch.full((6, 2), 0.5))
        >>> {name: round(value, 3) for name, value in sure.figures("y").items()}
        {'information(y)': 0.693, 'entropy(y)': 0.693}
        >>> {name: round(value, 3) for name, value in uniform.figures("y").items()}
        {'information(y)': 0.0, 'entropy(y)': 0.693}
    """

    def __init__(self) -> None:
        self.rows = 0
        self.mass: Tensor | None = None
        self.doubt: Tensor | None = None

    def add(self, p: Tensor) -> None:
        """Add a batch.

        Args:
            p: probabilities of the V values, ``[B, V]``, or ``[B, L, V]`` of L labels a row.
        """
        self.grow(len(p), p.double().sum(0), entr(p.double()).sum(-1).sum(0))

    def grow(self, rows: int, mass: Tensor, doubt: Tensor) -> None:
        """Add so many rows, their probabilities summed ``[..., V]`` and their entropies ``[...]``."""
        self.rows += rows
        self.mass = mass if self.mass is None else self.mass + mass.to(self.mass)
        self.doubt = doubt if self.doubt is None else self.doubt + doubt.to(self.doubt)

    @classmethod
    def joined(cls, parts: Iterable["LabelSums"]) -> "LabelSums":
        """The sums of all rows that several have added up."""
        whole = cls()
        for each in parts:
            if each.mass is not None and each.doubt is not None:
                whole.grow(each.rows, each.mass, each.doubt)
        return whole

    def __getstate__(self) -> dict[str, object]:
        """What reaches another process: all on the CPU."""
        mass, doubt = (None if t is None else t.cpu() for t in (self.mass, self.doubt))
        return {"rows": self.rows, "mass": mass, "doubt": doubt}

    def figures(self, site: str) -> dict[str, float]:
        r"""The figures by name, in nats.

        - ``entropy``: of the mean of q(y | x) over the rows, :math:`H(\bar q)`, at most log V;
        - ``information``: what the label tells of which image it is of, by the guide alone,

          .. math:: I(x; y) = H(\bar q) - \frac1N \sum_n H\big(q(y \mid x_n)\big):

          0 if q(y | x) is the same for every row, whether uniform or certain of one class;

        of several labels a row, those of the label that tells most.
        """
        if self.mass is None or self.doubt is None:
            return {}
        entropy = entr(self.mass / self.rows).sum(-1)
        information = (entropy - self.doubt / self.rows).clamp(min=0)
        best = information.argmax()
        return {
            f"information({site})": float(information.flatten()[best]),
            f"entropy({site})": float(entropy.flatten()[best]),
        }
