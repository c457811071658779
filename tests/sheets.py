"""What every figure must do: stay on its sheet, and become the same file each time."""

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg


def assert_on_the_sheet(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = figure.get_tightbbox(canvas.get_renderer())  # inches
    width, height = figure.get_size_inches()
    assert min(drawn.x0, drawn.y0) >= 0
    assert drawn.x1 <= width
    assert drawn.y1 <= height


def assert_the_same_file_twice(draw):
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        draw().savefig(file, format="png", dpi=40)
    assert files[0].getvalue() == files[1].getvalue()
