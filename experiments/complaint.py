"""What to say of a command line that jsonargparse refuses: the option, expected and given, and what to try."""

import difflib
import re
from collections.abc import Sequence

from .options import PLAIN, Option

__all__ = ["complaint"]

REQUIRED = "the following arguments are required: "
ABSENT = re.compile(r"module '.*|No module named .*")
NAMES = {kind.__name__: value for kind, value in PLAIN.items()}


def complaint(message: str, options: Sequence[Option]) -> str:
    """One sentence, and remedies, from a message of jsonargparse.

    Args:
        message: of its ArgumentError or TypeError.
        options: those that the command line has.

    Example:
        >>> epochs = Option("--epochs", "INT", "passes over the training rows. Default: 60")
        >>> print(complaint("unrecognized arguments: --epoch 3", [epochs]))
        --epoch: there is no such option.
        Try one of:
        - --epochs INT: passes over the training rows. Default: 60
        - pellucid fit --pair ... --data ... --help, for all options
    """
    flag, known = place(message), {option.flag.rstrip("+"): option for option in options}
    reason = cause(message, known.get(flag))
    near = [flag] if flag in known else close(flag, list(known))
    remedies = [f"{known[name].flag} {known[name].value}: {known[name].text}".rstrip(": ") for name in near]
    if (path := re.findall(r"given class_path '([\w.]+)'", message)) and not ABSENT.search(message):
        parent = flag if flag in known else flag.rpartition(".")[0]
        remedies = [f"pellucid fit ... {parent}.help {path[-1]}, for the arguments of that class", *remedies[:1]]
    remedies.append("pellucid fit --pair ... --data ... --help, for all options")
    return f"{flag}: {reason}.\nTry one of:\n" + "\n".join(f"- {remedy}" for remedy in remedies)


def place(message: str) -> str:
    """The option that a message speaks of."""
    if message.startswith("unrecognized arguments: "):
        words = message.split()[2:]
        return next((word for word in words if word.startswith("--")), words[0]).partition("=")[0]
    if found := re.match(r"argument (--[\w.]+)", message):
        return found[1]
    keys = re.findall(r"(?:Parser key|Group) [\"']([\w.]+)[\"']", message)
    keys += re.findall(rf"(?:ption '|{REQUIRED})([\w.]+)", message)[:1]
    return "--" + ".".join(keys)


def cause(message: str, option: Option | None) -> str:
    """Why it was refused."""
    if message.startswith("unrecognized arguments: ") or re.search(r"ption '[\w.]+'", message):
        return "there is no such option"
    if REQUIRED in message:
        return "missing" + (f"; expected {option.value}" if option else "")
    kinds = re.findall(r"Expected an? <class '(\w+)'>", message)
    expected = option.value if option else " or ".join(NAMES.get(kind, str(kind)) for kind in kinds)
    if "expected one argument" in message:
        return f"expected {expected} after it; given nothing"
    given = re.findall(r"(?:Got value|Given value|given class_path|import path string):? '?([^\n']*)", message)
    why = f" ({absent[0]})" if (absent := ABSENT.search(message)) else ""
    if not expected or not given:
        return " ".join(message.split())
    return f"expected {expected}; given '{given[-1]}'{why}"


def close(flag: str, known: list[str]) -> list[str]:
    """Options that are spelt nearly so, or that end in the same word."""
    same_end = [name for name in known if name.rpartition(".")[2] == flag.lstrip("-").rpartition(".")[2]]
    return list(dict.fromkeys([*same_end, *difflib.get_close_matches(flag, known, 3)]))
