"""The page's server: on this computer alone."""

import signal
import socket
import webbrowser
from errno import EADDRINUSE

import panel as pn
from bokeh.server.server import Server

from .explorer import Explorer
from .looks import BODY
from .view import View

__all__ = ["HOST", "free_port", "make_server", "serve"]

HOST = "127.0.0.1"


def serve(explorer: Explorer, port: int = 0, browser: bool = True) -> None:
    """Show a page until interrupted; its address is printed as soon as it answers.

    Args:
        explorer: what is shown; each visit has a choice of its own.
        port: of this computer; 0 for any that is free.
        browser: open the page in the user's browser.

    Raises:
        ValueError: the port is taken, or may not be used.
    """
    server = make_server(explorer, port)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # Panel's own would end the loop as if all were done
    server.start()
    url = f"http://{HOST}:{server.port}/"
    print(url, flush=True)
    if browser:
        server.io_loop.add_callback(webbrowser.open, url)
    try:
        server.io_loop.start()
    finally:
        server.stop()


def make_server(explorer: Explorer, port: int = 0) -> Server:
    """The server, not yet started: it listens on 127.0.0.1 and talks to pages of its own alone.

    Args:
        explorer: what is shown.
        port: of this computer; 0 for any that is free.
    """
    number = free_port(port)
    if BODY not in pn.config.raw_css:
        pn.config.raw_css.append(BODY)
    return pn.io.server.get_server(
        {"/": lambda: View(explorer.another()).page()},
        port=number,
        address=HOST,
        websocket_origin=[f"{HOST}:{number}", f"localhost:{number}"],
        title=f"{explorer.run.data.name}: explore",
        start=False,
        show=False,
        verbose=False,
    )


def free_port(port: int = 0) -> int:
    """The port, if it can be had; any free one for 0.

    Raises:
        ValueError: it is taken, may not be used, or is none.
    """
    if not 0 <= port < 2**16:
        raise ValueError(f"--port: expected 0 to 65535; given {port}.\nTry one of:\n- --port 0, any free one")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            why = "taken by another program" if error.errno == EADDRINUSE else str(error.strerror).lower()
            raise ValueError(
                f"--port: expected a port of {HOST} that is free; {port} is not: {why}.\n"
                "Try one of:\n- --port 0, any free one\n- stop what listens there"
            ) from None
        return probe.getsockname()[1]
