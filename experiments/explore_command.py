"""``pellucid explore``: a run by hand, on a page of this computer."""

from pathlib import Path

from ..inference import load
from .explore import Explorer
from .explore.installed import check_installed
from .words import Words

__all__ = ["main"]


def main(words: list[str]) -> int:
    """Run the command until it is interrupted."""
    parser = Words(
        prog="pellucid explore",
        description="Open a page on which one chooses a test row, moves the dimensions of its code and sees them "
        "decoded, swaps parts of the code with another row, and clicks in the latent plane. It is served on 127.0.0.1, "
        "to this computer alone, until Ctrl-C. Needs pip install 'pellucid[explore]'.",
    )
    parser.add_argument("run", type=Path, help="a run folder")
    parser.add_argument("--port", type=int, default=0, metavar="INT", help="of the page. Default: any that is free")
    parser.add_argument("--rows", type=int, metavar="INT", help="choose among so many test rows. Default: 2000")
    parser.add_argument("--no-browser", action="store_true", help="print the address, and open no browser")
    given = parser.parse_args(words)
    check_installed()
    from .explore.server import free_port, serve

    free_port(given.port)  # before the run is read, which takes a while
    serve(Explorer(load(given.run), given.rows), given.port, browser=not given.no_browser)
    return 0
