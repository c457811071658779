"""Two dimensions of the code as a plane: the codes of the rows, and a place to click."""

from collections.abc import Callable
from typing import Any

import panel as pn
from bokeh.events import Tap
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from ...diagnostics.figures.latent_plane import CLASSES
from .explorer import Explorer
from .looks import SERIF, TEXT, WIDGET

__all__ = ["Plane"]

SIZE = 430  # CSS pixels
TOLD = "Codes of the test rows. Click to decode a place: the cross. Ring: the row's own code."
MIDDLES = "Boxes: the centres of the prior."


class Plane:
    """The plane of two dimensions; a click moves the edited code there, and the other dimensions stay.

    Args:
        explorer: with at least two dimensions.
        moved: called after each click.
    """

    def __init__(self, explorer: Explorer, moved: Callable[[], None]):
        self.explorer, self.moved = explorer, moved
        total = explorer.z.shape[1]
        order = explorer.dims + [j for j in range(total) if j not in explorer.dims]
        order = sorted(order) if total == 2 else order
        choices = {explorer.space.code.name(j): j for j in order}
        look = {"width": 120, "stylesheets": [WIDGET], "margin": 5}
        self.across = pn.widgets.Select(label="across", options=choices, value=order[0], **look)
        self.up = pn.widgets.Select(label="up", options=choices, value=order[1], **look)
        parts = {part.name: part for part in explorer.reading.parts}
        self.colour = pn.widgets.Select(label="colour", options=list(parts), **look)
        self.parts = parts
        self.codes = ColumnDataSource({"x": [], "y": [], "name": [], "colour": []})
        self.centres, self.chosen, self.edited = (ColumnDataSource({"x": [], "y": []}) for _ in range(3))
        self.middles = explorer.centres
        self.figure = figure(width=SIZE, height=SIZE, tools="pan,wheel_zoom,reset", toolbar_location="above")
        self.draw()
        self.figure.on_event(Tap, self.click)
        for widget in (self.across, self.up, self.colour):
            widget.param.watch(lambda _: self.show_codes(), "value")
        picks = [*([self.across, self.up] if total > 2 else []), *([self.colour] if len(parts) > 1 else [])]
        line = TOLD if self.middles is None else f"{TOLD} {MIDDLES}"
        told = pn.pane.HTML(f'<p class="quiet">{line}</p>', stylesheets=[TEXT], margin=(0, 5), width=SIZE)
        self.layout = pn.Column(pn.Row(*picks, margin=0), told, pn.pane.Bokeh(self.figure, margin=(0, 5)), margin=0)
        self.show_codes()

    def draw(self) -> None:
        """The empty plane."""
        plane = self.figure
        plane.scatter(source=self.codes, color="colour", size=5, alpha=0.55, line_alpha=0, legend_field="name")
        plane.scatter(
            source=self.centres, marker="square_x", size=11, fill_color="#fff", line_color="#1d1d1b", line_width=1.5
        )
        plane.scatter(source=self.chosen, marker="circle", size=13, fill_alpha=0, line_color="#1d1d1b", line_width=2)
        for colour, size, width in (("#fff", 22, 7), ("#1d1d1b", 18, 3)):  # white below, to stand out from any class
            plane.scatter(source=self.edited, marker="cross", size=size, line_color=colour, line_width=width)
        plane.outline_line_color, plane.grid.grid_line_color = "#dcdad3", "#efede7"
        plane.axis.axis_line_color = plane.axis.major_tick_line_color = plane.axis.minor_tick_line_color = None
        plane.axis.major_label_text_color = plane.axis.axis_label_text_color = "#67655f"
        plane.axis.axis_label_text_font_style = "normal"
        plane.axis.major_label_text_font = plane.axis.axis_label_text_font = plane.legend.label_text_font = SERIF
        plane.toolbar.logo = None
        plane.add_layout(plane.legend[0], "below")
        plane.legend.orientation, plane.legend.ncols, plane.legend.location = "horizontal", 5, "left"
        plane.legend.border_line_color, plane.legend.label_text_color = None, "#67655f"

    def show_codes(self) -> None:
        """The codes of all rows in the two dimensions, in the colours of their classes."""
        z, i, j = self.explorer.z, self.across.value, self.up.value
        part = self.parts.get(self.colour.value)
        names, colours = ["test rows"] * len(z), ["#67655f"] * len(z)
        if part is not None:
            pairs = list(zip(part.y.tolist(), part.known.tolist(), strict=True))[: len(z)]
            names = [part.classes[y] if known else "not labelled" for y, known in pairs]
            colours = [CLASSES[y % len(CLASSES)] if known else "#c8c6bf" for y, known in pairs]
        order = sorted(range(len(z)), key=names.__getitem__)  # the legend's order is that of the data
        columns = {"x": z[:, i].tolist(), "y": z[:, j].tolist(), "name": names, "colour": colours}
        self.codes.data = {key: [values[row] for row in order] for key, values in columns.items()}
        if self.middles is not None:
            self.centres.data = {"x": self.middles[:, i].tolist(), "y": self.middles[:, j].tolist()}
        self.figure.xaxis.axis_label, self.figure.yaxis.axis_label = map(self.explorer.space.code.name, (i, j))
        self.show()

    def show(self) -> None:
        """The places of the chosen row and of the edited code."""
        for source, code in ((self.chosen, self.explorer.z[self.explorer.row]), (self.edited, self.explorer.edit)):
            source.data = {"x": [float(code[self.across.value])], "y": [float(code[self.up.value])]}

    def click(self, event: Any) -> None:
        """Move the edited code to where the plane was clicked."""
        if event.x is not None and event.y is not None:
            self.explorer.move(self.across.value, float(event.x))
            self.explorer.move(self.up.value, float(event.y))
            self.moved()
