"""The loss factors of a run: how they were weighed and what they came to."""

from dataclasses import dataclass

from ...inference import Run
from ...schedules import given

__all__ = ["FactorLine", "read_factors"]


@dataclass(frozen=True)
class FactorLine:
    """A loss factor.

    Attributes:
        name: in the record.
        kind: its class, with the module if that is not the library's.
        weight: a number, or the schedule of it.
        now: the weight at the last epoch.
        train: weighted, mean of the training rows of the last epoch, nats a row; None without a record.
        validation: alike, of validation rows.
    """

    name: str
    kind: str
    weight: str
    now: float
    train: float | None
    validation: float | None


def read_factors(run: Run, history: list[dict[str, float]]) -> list[FactorLine]:
    """The factors in their order.

    Args:
        run: the run.
        history: one dict an epoch.
    """
    last = history[-1] if history else {}
    lines = []
    for factor in run.pair.factors:
        kind, weight = type(factor), given(factor, "weight")
        name = kind.__name__ if kind.__module__.startswith("pellucid.") else f"{kind.__module__}.{kind.__qualname__}"
        lines.append(
            FactorLine(
                factor.name,
                name,
                f"{weight:g}" if isinstance(weight, float) else repr(weight),
                last.get(f"weight/{factor.name}", float(factor.weight)),
                last.get(f"train/{factor.name}"),
                last.get(f"validation/{factor.name}"),
            )
        )
    return lines
