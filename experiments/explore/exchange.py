"""The chosen row and a partner, with a part of their codes exchanged."""

import random

import panel as pn

from .explorer import Explorer
from .looks import TEXT, WIDGET
from .shown import figure

__all__ = ["Exchange"]

SIZE = 236  # CSS pixels


class Exchange:
    """The images of a swap, both ways.

    Args:
        explorer: whose chosen row is the first of the two.
    """

    def __init__(self, explorer: Explorer):
        self.explorer = explorer
        last, look = len(explorer.x) - 1, {"stylesheets": [WIDGET], "margin": 5}
        first = explorer.stranger
        self.partner = pn.widgets.IntInput(label="partner: test row", value=first, start=0, end=last, width=130, **look)
        self.another = pn.widgets.Button(label="random partner", align="end", **look)
        self.blocks = explorer.parts or {explorer.space.code.name(j): [j] for j in explorer.dims}
        names = list(self.blocks)
        self.what: pn.widgets.Select | pn.widgets.MultiChoice = (
            pn.widgets.Select(label="what is swapped", options=names, width=180, **look)
            if explorer.parts
            else pn.widgets.MultiChoice(label="dimensions swapped", options=names, value=names[:1], width=420, **look)
        )
        self.images = pn.pane.HTML(stylesheets=[TEXT], margin=(8, 5))
        self.another.on_click(lambda _: self.meet(random.randint(0, last)))
        for widget in (self.partner, self.what):
            widget.param.watch(lambda _: self.show(), "value")
        self.layout = pn.Column(pn.Row(self.partner, self.another, self.what, margin=0), self.images, margin=0)
        self.show()

    def meet(self, partner: int) -> None:
        """Choose a partner."""
        self.partner.value = partner

    def show(self) -> None:
        """Draw the swap."""
        explorer, partner, chosen = self.explorer, int(self.partner.value or 0), self.what.value
        names = [str(chosen)] if isinstance(self.what, pn.widgets.Select) else list(chosen or [])
        name = ", ".join(names) or "nothing"
        a, b = explorer.swapped(partner, [j for each in names for j in self.blocks[each]])
        one, two = f"row {explorer.row}", f"row {partner}"
        cells = [
            (explorer.reconstruction, told(explorer, explorer.row), "own"),
            (a, f"{one} with {two}'s {name}", "swapped"),
            (b, f"{two} with {one}'s {name}", "swapped"),
            (explorer.reconstructed(partner), told(explorer, partner), "partner"),
        ]
        shown = "".join(figure(image, caption, kind, SIZE) for image, caption, kind in cells)
        self.images.object = f'<div class="row">{shown}</div>'


def told(explorer: Explorer, row: int) -> str:
    """A row and its labels in words."""
    return f"row {row}" + (f": {', '.join(explorer.labels[row])}" if explorer.labels[row] else "")
