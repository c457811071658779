"""Posterior arrays into ArviZ, whichever generation is installed: 0.x (``InferenceData``) or 1.x (``DataTree``)."""

from collections.abc import Mapping, Sequence
from inspect import signature
from typing import Any

import numpy as np

__all__ = ["to_arviz"]

Arrays = Mapping[str, Any]

NOT_LEFT_OUT = (
    "Not for arviz.loo or arviz.waic: each row has latents of its own, of which nothing is known once the row is left "
    "out. Held-out evidence and the weights it is made from: pellucid.diagnostics.log_evidence, psis_k, "
    "compare_evidence."
)


def to_arviz(
    posterior: Arrays,
    *,
    posterior_predictive: Arrays | None = None,
    prior: Arrays | None = None,
    log_likelihood: Arrays | None = None,
    observed_data: Arrays | None = None,
    constant_data: Arrays | None = None,
    sample_stats: Arrays | None = None,
    coords: Mapping[str, Any] | None = None,
    dims: Mapping[str, Sequence[str]] | None = None,
    chains: bool = False,
) -> Any:
    """Arrays of draws, as ArviZ wants them.

    An amortised posterior has independent draws and no chains, so arrays begin with the draws, ``[draw, ...]``, and
    become one chain; ``chains=True`` takes arrays ``[chain, draw, ...]``. Data have neither axis. What
    comes after is named by ``dims``, one name for each axis, and its positions by ``coords``. A run has all of it:
    ``to_arviz(**run.draws())``.

    **Not for** ``arviz.loo``. In a regression a row that is left out is foretold by what it shares with the others. A
    latent of the row alone has then its prior left, which importance weights made from its posterior do not reach:
    with an *exact* posterior the elpd is far above the evidence, its Pareto k above 0.7 nearly everywhere. Where a
    site of the posterior and one of ``log_likelihood`` have an axis of one name, such as "row", the group
    ``log_likelihood`` says so in its attribute ``note``. Rows that training has not seen answer what leave-one-out is
    asked: :func:`~pellucid.diagnostics.log_evidence` estimates their evidence, :func:`~pellucid.diagnostics.psis_k` of
    log p(x, z) - log q(z | x) tells row by row whether to trust it, :func:`~pellucid.diagnostics.compare_evidence`
    compares runs.

    Args:
        posterior: name of a site to its draws, numpy or torch.
        posterior_predictive: draws of observed sites.
        prior: draws of sites from the prior, of a number of their own.
        log_likelihood: name of an observed site to its log-density, ``[draw, row]``, in nats.
        observed_data: name of an observed site to its values; others, such as labels that were withheld, belong in
            ``constant_data``, for plots of predictions go through the names here.
        constant_data: what else is known of the rows.
        sample_stats: what else is known of each draw.
        coords: name of a dimension to its labels, such as ``{"class": ["Sandal", "Boot"], "dimension": ["z0", "z1"]}``;
            or name of a second coordinate to the dimension that it is along and its labels there, as xarray has them:
            ``{"role": ("dimension", ["global", "shared"])}``.
        dims: name of a site to the names of its axes after the draws, such as ``{"z": ["row", "dimension"]}``.
        chains: whether arrays begin with ``[chain, draw]``.

    Returns:
        ``arviz.InferenceData`` under ArviZ 0.x, ``xarray.DataTree`` under ArviZ 1.x: both hold the groups as
        ``data["posterior"]``, and both are written by :func:`~pellucid.diagnostics.save_arviz`, to NetCDF or Zarr.

    Raises:
        ValueError: an empty posterior; an array with too few axes; ``dims`` or ``coords`` that do not fit an array's
            shape; groups of one sampling (posterior, its predictive, likelihood and statistics) with unequal draws.

    References:
        Vehtari, Gelman, Gabry, "Practical Bayesian model evaluation using leave-one-out cross-validation and WAIC"
        (2017), for what ``arviz.loo`` is right for.

    Example:
        >>> z, labels = np.zeros((50, 3, 2)), {"dimension": ["z0", "z1"], "role": ("dimension", ["global", "specific"])}
        >>> data = to_arviz({"z": z}, dims={"z": ["row", "dimension"]}, coords=labels)
        >>> data["posterior"]["z"].sel(dimension="z1").shape
        (1, 50, 3)
        >>> data["posterior"]["role"].sel(dimension="z1").item()
        'specific'
    """
    import arviz

    axes = {site: list(names) for site, names in (dims or {}).items()}
    second = {name: values for name, values in (coords or {}).items() if along(values)}
    labels = {name: np.asarray(values) for name, values in (coords or {}).items() if name not in second}
    given = {
        "posterior": posterior,
        "posterior_predictive": posterior_predictive,
        "log_likelihood": log_likelihood,
        "sample_stats": sample_stats,
        "prior": prior,
        "observed_data": observed_data,
        "constant_data": constant_data,
    }
    groups: dict[str, dict[str, np.ndarray]] = {}
    for group, arrays in given.items():
        if arrays is not None:
            leading = () if group.endswith("_data") else ("chain", "draw") if chains else ("draw",)
            checked = {site: fitting(group, site, array, leading, axes, labels) for site, array in arrays.items()}
            groups[group] = {site: array[None] if leading == ("draw",) else array for site, array in checked.items()}
    if not groups["posterior"]:
        raise ValueError(
            "posterior: expected draws of at least one site; got none.\n"
            "Try one of:\n"
            "- {'z': draws} with draws of shape [draw, row, dimension]"
        )
    equal_draws({group: groups[group] for group in list(given)[:4] if group in groups})
    named = {"coords": labels, "dims": axes}
    equal_draws({"prior": groups.get("prior", {})})

    # not hasattr(arviz, "InferenceData"): ArviZ 1.x answers that name with a warning
    from_dict: Any = arviz.from_dict
    one_by_one = "posterior" in signature(from_dict).parameters
    data = from_dict(**groups, **named) if one_by_one else from_dict(groups, **named)
    for group in groups:
        for name, (axis, values) in second.items():
            if axis in data[group].dims:
                data[group].coords[name] = (axis, labels_along(name, axis, values, data[group].sizes[axis]))
    own = {axis for site in groups["posterior"] for axis in axes.get(site, ())}
    if any(own & set(axes.get(site, ())) for site in groups.get("log_likelihood", ())):
        data["log_likelihood"].attrs["note"] = NOT_LEFT_OUT
    return data


def along(values: Any) -> bool:
    """Whether this is a dimension and labels along it, and not labels alone."""
    return isinstance(values, tuple) and len(values) == 2 and isinstance(values[0], str) and np.ndim(values[1]) == 1


def labels_along(name: str, axis: str, values: Sequence, length: int) -> np.ndarray:
    """The labels of a second coordinate, once they are as many as the dimension is long."""
    if len(values) != length:
        raise ValueError(
            f"coords[{name!r}]: expected {length} labels along {axis!r}; got {len(values)}.\n"
            "Try one of:\n- a label for each position, '' where there is none\n- another dimension"
        )
    return np.asarray(values)


def fitting(
    group: str,
    site: str,
    value: Any,
    leading: tuple[str, ...],
    dims: dict[str, list[str]],
    coords: dict[str, np.ndarray],
) -> np.ndarray:
    """The array as numpy, once its axes agree with the names and labels given for them."""
    array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    names = dims.get(site)
    short = array.ndim < len(leading) or 0 in array.shape[: len(leading)]
    # a log-likelihood has the observed site's batch axes only: ArviZ matches as many names as there are axes
    after = array.ndim - len(leading)
    if short or (names is not None and (after > len(names) if group == "log_likelihood" else after != len(names))):
        axes = [*leading, *(names if names is not None else ["..."])]
        raise ValueError(
            f"{group}[{site!r}]: expected axes [{', '.join(axes)}]; got shape {list(array.shape)}.\n"
            "Try one of:\n"
            f"- chains={len(leading) < 2} when arrays begin with {'draw' if len(leading) > 1 else 'chain, draw'}\n"
            f"- dims={{{site!r}: [...]}} with a name for each axis after the draws"
        )
    for name, length in zip(names or (), array.shape[len(leading) :], strict=False):
        if name in coords and len(coords[name]) != length:
            raise ValueError(
                f"coords[{name!r}]: expected {length} labels, as {group}[{site!r}] of shape {list(array.shape)} has; "
                f"got {len(coords[name])}.\n"
                "Try one of:\n"
                "- labels for the rows and dimensions that were kept, and no others\n"
                "- another name in dims for an axis of another length"
            )
    return array


def equal_draws(groups: dict[str, dict[str, np.ndarray]]) -> None:
    """Refuse groups of one sampling whose arrays differ in chains or draws."""
    shapes = {
        f"{group}[{site!r}]": array.shape[:2] for group, arrays in groups.items() for site, array in arrays.items()
    }
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{name} {chain} x {draw}" for name, (chain, draw) in shapes.items())
        raise ValueError(
            f"draws: expected the same chains x draws for all sites of one sampling; got {listed}.\n"
            "Try one of:\n"
            "- array[:draws] to the shortest\n"
            "- one call of the sampler for all sites"
        )
