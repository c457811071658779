"""What the traces of a model and its guide must be for the objective to be right, and what to say when they are not."""

from pyro.poutine import Trace

from ...distributions import Clamped, known_part
from .sites import Site, data_frame, random_sites

__all__ = ["require_clamped", "require_nesting", "require_rows", "require_same_sites"]


def require_nesting(trace: Trace, nesting: int) -> None:
    """Raise a ValueError if a plate stands where enumerated dimensions go, or the data plate is not the rightmost."""
    for name, site in random_sites(trace):
        frame, deepest = data_frame(site), max((-f.dim for f in site["cond_indep_stack"] if f.vectorized), default=0)
        if deepest > nesting:
            raise ValueError(
                f"site '{name}': stands in a plate at dimension -{deepest}; the objective was built for {nesting} "
                "nested plates.\n"
                f"Try one of:\n- ELBO(max_plate_nesting={deepest})\n- .to_event(...) in place of the inner plate"
            )
        if frame is not None and frame.dim != -1:
            raise ValueError(
                f"site '{name}': the plate 'data' stands at dimension {frame.dim}; rows are expected at -1.\n"
                "Try one of:\n- pyro.plate('data', ..., dim=-1), and inner plates at dim=-2 and to its left\n"
                "- LatentModel and Guide, which open it"
            )


def require_clamped(model: dict[str, Site], guide: dict[str, Site]) -> None:
    """Raise a ValueError if the guide draws a label that the model knows: the draw would stand in the label's place."""
    for name, site in model.items():
        if known_part(site["fn"]) and name in guide and not isinstance(known_part(guide[name]["fn"]), Clamped):
            raise ValueError(
                f"site '{name}': known for some rows in the model, and drawn for all of them by pyro.sample in the "
                f"guide.\nTry one of:\n- classify('{name}', ..., y, labelled) in the guide"
            )


def require_rows(drawn: dict[str, Site]) -> None:
    """Raise a ValueError if a site without a reparameterised draw belongs to no row.

    Its score function would need every row's cost.
    """
    for name, site in drawn.items():
        if data_frame(site) is None:
            raise ValueError(
                f"site '{name}': {type(site['fn']).__name__} has no reparameterised draw, and the site lies "
                "outside the plate 'data'.\n"
                "Try one of:\n- infer={'enumerate': 'parallel'} in the guide, for a discrete site\n"
                "- a reparameterised family in the guide"
            )


def require_same_sites(model: dict[str, Site], guide: dict[str, Site]) -> None:
    """Raise a ValueError that names a site only one of the two programs has."""
    for name in model.keys() - guide.keys():
        raise ValueError(
            f"site '{name}' is latent in the model and missing from the guide, whose sites are {sorted(guide)}.\n"
            f"Try one of:\n- pyro.sample('{name}', ...) in the guide\n"
            f"- for a label: label('{name}', ..., y, labelled) in the prior, "
            f"classify('{name}', ..., y, labelled) in the guide, and y passed to both"
        )
    for name in guide.keys() - model.keys():
        raise ValueError(
            f"site '{name}' is sampled in the guide and not latent in the model, whose latent sites are "
            f"{sorted(model)}.\n"
            "Try one of:\n- the same site in both programs\n"
            f"- for a label: label('{name}', ..., y, labelled) in the prior\n"
            "- a Factor for a loss term that belongs to no site"
        )
