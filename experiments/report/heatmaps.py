"""The answer as pictures: what each dimension is in each class."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from ...diagnostics import Roles
from ...diagnostics.figures import gate_heatmap
from .column_heatmap import column_heatmap
from .dense_space import dense_space
from .headline import role_rule
from .picture import Drawn
from .reading import Reading, Space

__all__ = ["heatmaps"]


def heatmaps(readings: Mapping[str, Reading]) -> Drawn:
    """Class by dimension: runs with the same kind of code and the same classes in one figure, on one scale."""
    spaces = {heading: reading.space for heading, reading in readings.items() if reading.space is not None}
    main = next(iter(spaces.values()), None)
    together = {
        heading: space
        for heading, space in spaces.items()
        if main and main.meaning.roles and space.meaning.roles and space.meaning.rows == main.meaning.rows
    }
    without = {heading: dense_space(space, readings[heading].parts) for heading, space in together.items()}
    mixed = {heading: space for heading, space in without.items() if space is not None}
    if together and main:
        attributes = main.meaning.attributes
        by = "with and without each attribute" if attributes else "class by class"
        rule = role_rule(main).replace(". ", ".\n", 1)
        figure = gate_heatmap(
            {heading: space.meaning.mean[:, space.code.gated] for heading, space in together.items()},
            main.meaning.rows,
            {heading: gated_roles(space) for heading, space in together.items()},
            {heading: space.drawn[space.code.gated] for heading, space in together.items()},
            title=f"Mean gate of each dimension, {by}",
            legend=f"{rule}\nsmall pictures: what the dimension draws (red adds ink, blue removes it)"
            if attributes
            else None,
        )
        caption = (
            "Averages over test rows. Columns are the used dimensions, by number; under each, how an image changes "
            "when the dimension is switched on." + (" Those without a gate are below." if mixed else "")
        )
        if any(space.used[space.code.gated].any() for space in together.values()) or not mixed:
            yield "answer", "heatmap", figure, caption
    for number, (heading, space) in enumerate(mixed.items()):
        caption = "The dimensions without a gate: class means of the code over test rows, the most informative first."
        title = f"Class means of the dimensions without a gate: {heading}"
        yield "answer", f"means-{number + 1}" if number else "means", column_heatmap(space, title), caption
    for number, (heading, space) in enumerate(spaces.items()):
        if heading not in together:
            name = "heatmap" if not together and number == 0 else f"heatmap-{number + 1}"
            what = "Class means of the code" if space.code.gate is None else "Mean gate"
            caption = f"{what} over test rows; columns are used dimensions, the most informative first."
            yield "answer", name, column_heatmap(space, f"{what}: {heading}"), caption


def gated_roles(space: Space) -> Roles:
    """The roles of the dimensions that have a gate."""
    roles, gated = cast(Roles, space.meaning.roles), space.code.gated
    return replace(roles, role=roles.role[gated], active=roles.active[:, gated])
