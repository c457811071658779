"""What each dimension of a code tells, by every indicator at hand."""

from typing import Any

import torch

from ...diagnostics import INFORMATIVE, active_units, mutual_information

__all__ = ["measure_dimensions"]


def measure_dimensions(marginal: Any) -> dict[str, Any]:
    """The indicators of influence, each ``[D]``.

    Args:
        marginal: the posterior of each dimension in each row, batch ``[N, D]``.

    Returns:
        "information", exact, with its "standard_error"; of a Normal code also by the paper's estimator ("gaussian") and
        by the one of the same variance about the aggregate's own mean ("matched"); "kl" to the prior N(0, 1), the mean
        over rows, of a Normal code; "mean_variance", of the posterior mean over the rows (an active unit has more than
        .01); and "variance", of the aggregate. "informative" is the number of dimensions above .05 nats.

    Example:
        >>> far_apart = torch.distributions.Normal(torch.tensor([[-9.0, 0.0], [9.0, 0.0]]), 1.0)
        >>> found = measure_dimensions(far_apart)
        >>> found["informative"], found["information"].round(2).tolist()
        (1, [0.69, 0.0])
    """
    exact = mutual_information(marginal)
    means = marginal.mean.double()
    figures: dict[str, Any] = {
        "information": exact.value,
        "standard_error": exact.standard_error,
        "informative": int((exact.value > INFORMATIVE).sum()),
        "mean_variance": active_units(marginal).variance,
        "variance": (marginal.variance.double().mean(0) + means.var(0, correction=0)).numpy(),
    }
    if isinstance(marginal, torch.distributions.Normal):
        figures |= {method: mutual_information(marginal, method=method).value for method in ("gaussian", "matched")}
        prior = torch.distributions.Normal(torch.zeros(()), torch.ones(()))
        figures["kl"] = torch.distributions.kl_divergence(marginal, prior).double().mean(0).numpy()
    return figures
