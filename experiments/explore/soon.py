"""Many changes, few pictures."""

from collections.abc import Callable

__all__ = ["Soon"]


class Soon:
    """Call a function soon after the last of many changes, and at most some 25 times a second.

    In a browser's session the call waits for the server's loop, so that the changes that arrived meanwhile are drawn
    together; without a session, as in a notebook's cell, it comes at once.

    Args:
        function: without arguments.
        delay: milliseconds.

    Example:
        >>> soon = Soon(lambda: print("drawn"))
        >>> soon()
        drawn
    """

    def __init__(self, function: Callable[[], None], delay: int = 40):
        self.function, self.delay, self.waiting = function, delay, False

    def __call__(self) -> None:
        """Ask for a call."""
        import panel

        document = panel.state.curdoc
        if document is None or document.session_context is None:
            self.function()
        elif not self.waiting:
            self.waiting = True
            document.add_timeout_callback(self.call, self.delay)

    def call(self) -> None:
        """Make the call that was asked for."""
        self.waiting = False
        self.function()
