"""The page: a row and its edited code, the sliders, the plane and the swap, each of which moves the others."""

import random
from html import escape

import panel as pn

from ..report.headline import headline
from .exchange import Exchange, told
from .explorer import Explorer
from .looks import TEXT, WIDGET, WIDTH
from .mark import marked
from .plane import Plane
from .shown import figure
from .sliders import Sliders
from .soon import Soon

__all__ = ["View"]

LARGE, SMALL = 400, 178  # CSS pixels
ANY = "any"


class View:
    """What is on the page, for one who looks at it.

    Args:
        explorer: the state, of this view alone.
    """

    def __init__(self, explorer: Explorer):
        self.explorer = explorer
        look = {"stylesheets": [WIDGET], "margin": 5}
        last = len(explorer.x) - 1
        self.row = pn.widgets.IntInput(label="test row", value=explorer.row, start=0, end=last, width=110, **look)
        self.name = pn.widgets.Select(label="among", options=[ANY, *explorer.names], width=170, **look)
        buttons = {"previous": self.preceding, "next": self.following, "random": self.random}
        self.buttons = [pn.widgets.Button(label=name, align="end", **look) for name in buttons]
        for button, act in zip(self.buttons, buttons.values(), strict=True):
            button.on_click(lambda _, act=act: self.go(act()))
        self.undo = pn.widgets.Button(label="reset the code", **look)
        self.undo.on_click(lambda _: self.reset())
        self.heading, self.images = (pn.pane.HTML(stylesheets=[TEXT], margin=(4, 5)) for _ in range(2))
        self.soon = Soon(self.show)
        self.sliders = Sliders(explorer, self.soon)
        self.plane = Plane(explorer, self.jumped) if explorer.z.shape[1] > 1 else None
        self.exchange = Exchange(explorer)
        self.row.param.watch(lambda event: self.typed(event.new), "value")
        self.name.param.watch(lambda _: self.enter(), "value")
        self.choose(explorer.row)

    @property
    def among(self) -> str | None:
        """The class that rows are chosen among; None for all."""
        return None if self.name.value == ANY else self.name.value

    def preceding(self) -> int:
        """The row before."""
        return self.explorer.preceding(self.among)

    def following(self) -> int:
        """The row after."""
        return self.explorer.following(self.among)

    def random(self) -> int:
        """Any row."""
        return random.choice(self.explorer.rows_of(self.among) or [self.explorer.row])

    def enter(self) -> None:
        """Rows are chosen among others: go on to one of them."""
        if self.explorer.row not in self.explorer.rows_of(self.among):
            self.go(self.following())

    def go(self, row: int) -> None:
        """Choose a row by button."""
        self.row.value = row

    def typed(self, row: int | None) -> None:
        """Another number is in the field; an emptied one is filled again."""
        if row is None:
            self.go(self.explorer.row)
        elif row != self.explorer.row:
            self.choose(row)

    def choose(self, row: int) -> None:
        """Choose a row."""
        with pn.io.hold():
            self.explorer.choose(row)
            about = f"{self.explorer.run.data.name} · {headline(self.explorer.space, most=0)}"
            name = told(self.explorer, row).replace("row", "Row", 1)
            self.heading.object = f'<p class="quiet">{escape(about)}</p><h1>{escape(name)}</h1>'
            self.sliders.show_row()
            self.exchange.show()
            self.show()

    def reset(self) -> None:
        """Back to the row's own code."""
        self.explorer.reset()
        self.jumped()

    def jumped(self) -> None:
        """The code was edited otherwise than by a slider."""
        with pn.io.hold():
            self.sliders.show()
            self.show()

    def show(self) -> None:
        """Decode the edited code."""
        explorer = self.explorer
        small = figure(explorer.original, "original", "original", SMALL)
        small += figure(explorer.reconstruction, "reconstruction", "reconstruction", SMALL)
        large = figure(explorer.edited, "at the edited code", "edited", LARGE)
        self.images.object = f'<div class="row"><div class="stack">{small}</div>{large}</div>'
        if self.plane is not None:
            self.plane.show()

    def page(self) -> pn.Column:
        """All of it."""
        choice = pn.Row(self.row, self.name, *self.buttons, margin=0)
        left = pn.Column(choice, self.images, self.undo, width=LARGE + SMALL + 60, margin=0)
        parts = [] if self.plane is None else [self.plane.layout]
        return pn.Column(
            self.heading,
            pn.Row(left, *parts, margin=0),
            section("Its code", marked(self.explorer.space)),
            self.sliders.layout,
            section("Swap", "A part of the code of one row for that of another."),
            self.exchange.layout,
            width=WIDTH,
            styles={"margin": "0 auto"},
        )


def section(title: str, line: str) -> pn.pane.HTML:
    """A heading with a line below it."""
    text = f'<h2>{escape(title)}</h2><p class="quiet">{escape(line)}</p>'
    return pn.pane.HTML(text, stylesheets=[TEXT], width=WIDTH - 10, margin=(14, 5, 6, 5))
