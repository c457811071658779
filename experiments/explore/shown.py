"""Images as a page shows them."""

from base64 import b64encode
from html import escape
from io import BytesIO

import numpy as np

__all__ = ["figure", "png"]


def png(image: np.ndarray) -> str:
    """A PNG in base64, pixel by pixel.

    Args:
        image: ``[C, H, W]`` of one channel, whose ones are black as in the report, or of three; clipped to [0, 1].

    Example:
        >>> png(np.zeros((1, 2, 2)))[:8]
        'iVBORw0K'
    """
    from matplotlib.image import imsave

    pixels, file = np.clip(np.nan_to_num(np.moveaxis(image, 0, -1)), 0, 1), BytesIO()
    if pixels.shape[-1] == 1:
        imsave(file, pixels[..., 0], cmap="gray_r", vmin=0, vmax=1, format="png")
    else:
        imsave(file, pixels, format="png")
    return b64encode(file.getvalue()).decode()


def figure(image: np.ndarray, caption: str, name: str, width: int) -> str:
    """An image with a line below it, as HTML.

    Args:
        image: as :func:`png`.
        caption: the line.
        name: of its class on the page.
        width: in CSS pixels.
    """
    source = f"data:image/png;base64,{png(image)}"
    return (
        f'<figure class="shown {escape(name)}"><img width="{width}" src="{source}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
