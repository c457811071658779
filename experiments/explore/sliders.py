"""A slider for each dimension, with what the dimension draws and speaks of."""

from collections.abc import Callable
from html import escape
from math import ceil
from typing import Any

import panel as pn

from ..report.dimension_rows import thumbnail
from .explorer import Explorer
from .looks import TEXT, WIDGET, WIDTH
from .mark import mark

__all__ = ["Sliders"]

COLUMNS = 3
STEPS = 200


class Sliders:
    """The sliders of an explorer's dimensions.

    Args:
        explorer: whose code they edit.
        moved: called after each change by hand.
    """

    def __init__(self, explorer: Explorer, moved: Callable[[], None]):
        self.explorer, self.moved, self.quiet = explorer, moved, False
        self.drawn = {j: thumbnail(explorer.space.drawn[j]) for j in explorer.dims}
        width = WIDTH // COLUMNS - 36
        self.marks = {j: pn.pane.HTML(stylesheets=[TEXT], width=width, margin=(6, 5, 0, 5)) for j in explorer.dims}
        self.sliders = {
            j: pn.widgets.FloatSlider(label="", format="0.00", width=width, margin=(2, 5, 12, 5), stylesheets=[WIDGET])
            for j in explorer.dims
        }
        for j, slider in self.sliders.items():
            slider.param.watch(lambda event, j=j: self.move(j, event.new), "value")
        cells = [pn.Column(self.marks[j], self.sliders[j], margin=(0, 24, 0, 0)) for j in explorer.dims]
        self.layout = pn.GridBox(*cells, ncols=COLUMNS, width=WIDTH)
        self.show_row()

    def move(self, j: int, value: float) -> None:
        """Take a slider's value."""
        if not self.quiet:
            self.explorer.move(j, value)
            self.moved()

    def show_row(self) -> None:
        """Another row was chosen: say what the dimensions are to it, and show its code."""
        for j, pane in self.marks.items():
            told = mark(self.explorer, j)
            pane.object = (
                f'<div class="mark{" own" if told.own else ""}"><img src="data:image/png;base64,{self.drawn[j]}" '
                f'alt="what {told.name} draws"><div><b>{escape(told.name)}</b> <span>{escape(told.words)}</span></div>'
                "</div>"
            )
        self.show()

    def show(self) -> None:
        """Show the edited code, however it came about."""
        self.quiet = True
        try:
            for j, slider in self.sliders.items():
                low, high, step = scale(*self.explorer.span(j))
                values: dict[str, Any] = {"start": low, "end": high, "value": float(self.explorer.edit[j])}
                slider.param.update(step=step, styles={"--zero": f"{100 * abs(low) / (high - low):.2f}%"}, **values)
        finally:
            self.quiet = False


def scale(low: float, high: float) -> tuple[float, float, float]:
    """Ends and step of a slider that can stand at zero, where a shut gate is: some 200 steps between ends about zero.

    Example:
        >>> scale(-1.25, 3.0)
        (-1.2537..., 3.0, 0.02125)
    """
    step = (high - low) / STEPS
    return -ceil(-low / step) * step, high, step
