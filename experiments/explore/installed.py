"""Whether what the page is made of is installed."""

from importlib.util import find_spec

__all__ = ["check_installed"]


def check_installed(library: str = "panel") -> None:
    """Go on only if a library can be imported; it is not imported here.

    Args:
        library: its name.

    Raises:
        ValueError: it cannot.

    Example:
        >>> check_installed("no_such_library")
        Traceback (most recent call last):
        ...
        ValueError: explore: expected the library no_such_library, which is not installed.
        Try one of:
        - pip install 'pellucid[explore]'
    """
    if find_spec(library) is None:
        raise ValueError(
            f"explore: expected the library {library}, which is not installed.\n"
            "Try one of:\n- pip install 'pellucid[explore]'"
        )
