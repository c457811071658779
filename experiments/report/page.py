"""The page: readings and pictures, through a template, to one HTML file that needs nothing else."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ...inference import Run
from .characteristics import Characteristics
from .classified import Classified
from .collapse import collapse_lines
from .configured import Difference, as_yaml, commands, leaves, versions
from .dimension_rows import dimension_groups
from .drawn_code import DRAWS
from .factors import read_factors
from .headline import headline, question, role_rule
from .mixture import Mixture, class_lines, mixture_quantities, read_variation
from .picture import Picture
from .quantities import paired, quantities, written
from .reading import Reading
from .told_lines import told_lines

__all__ = ["headings", "render"]


def headings(runs: Sequence[Run], differs: Sequence[Difference]) -> list[str]:
    """Short, different names of the runs: by what they differ in if that is one short thing, else by their folders."""
    if len(differs) == 1 and max(map(len, (differs[0][0], *differs[0][1]))) < 30:
        names = [f"{differs[0][0].rpartition('.')[2]} {value}" for value in differs[0][1]]
    else:
        names = [run.folder.name for run in runs]
    alike = len(set(names)) < len(names)
    return [f"{name} ({number})" for number, name in enumerate(names, 1)] if alike else names


def render(
    readings: Mapping[str, Reading],
    pictures: Sequence[Picture],
    labels: Sequence[Classified],
    characteristics: Characteristics | None,
    mixtures: Sequence[Mixture | None],
    differs: Sequence[Difference],
) -> str:
    """The HTML.

    Args:
        readings: heading -> run: the run first, and those beside it.
        pictures: as drawn.
        labels: how the run's label sites do.
        characteristics: of a run that draws labels through blocks.
        mixtures: of those of the runs whose classes are components of the prior.
        differs: what the runs were configured differently in.
    """
    names, all_readings = list(readings), list(readings.values())
    reading, mixture = all_readings[0], mixtures[0]
    run, space = reading.run, reading.space
    by_section: dict[str, list[Picture]] = {}
    for picture in pictures:
        by_section.setdefault(picture.section, []).append(picture)
    settings, groups = leaves(run.config), dimension_groups(space) if space else []
    view: dict[str, Any] = {
        "data": run.data,
        "kind": settings.get("pair", "–").rpartition(".")[2],
        "epochs": len(reading.history),
        "rows": reading.batch.rows,
        "names": names,
        "question": question(space),
        "attributes": space is not None and space.meaning.attributes,
        "gates": any(each.space is not None and each.space.code.gate is not None for each in all_readings),
        "headline": headline(space),
        "headlines": [(name, headline(each.space, most=0)) for name, each in list(readings.items())[1:]],
        "collapse": [(name, *line) for name, each in readings.items() for line in collapse_lines(each.history)],
        "rule": role_rule(space) if space else "",
        "gated": any(each.space is not None and each.space.agreement is not None for each in all_readings),
        "sparse": space is not None and space.code.gate is not None,
        "quantities": quantities(all_readings),
        "differs": differs,
        "beside": len(names) > 1,
        "paired": paired(all_readings),
        "by_hand": any(each.run.config["pair"] is None or each.run.config["data"] is None for each in all_readings),
        "groups": groups,
        "listed": sum(len(group.rows) for group in groups),
        "bars": next(([name for name, _, _ in row.gates] for each in groups for row in each.rows if row.gates), []),
        "used": int(space.used.sum()) if space else 0,
        "told": told_lines(space) if space else [],
        "exact": space is not None and space.told.exact,
        "drawn": space is not None and space.code.draws is not None,
        "made": space is not None and space.code.family == "drawn",
        "draws": DRAWS,
        "site_lines": reading.site_lines,
        "factors": read_factors(run, reading.history),
        "of_class": space is not None and space.told.of_class is not None,
        "undecoded": reading.undecoded,
        "sites": space.code.each if space else (),
        "labels": labels,
        "characteristics": characteristics,
        "mixture": mixture,
        "places": mixture_quantities(mixtures) if mixture else [],
        "class_lines": class_lines(mixture) if mixture else [],
        "variations": read_variation(reading, mixture) if mixture else [],
        "pictures": by_section,
        "config": as_yaml(run),
        "commands": commands([each.run for each in all_readings]),
        "versions": versions(),
    }
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"written": written, "base64": lambda data: b64encode(data).decode()}
    return environment.get_template("page.html.j2").render(view)
