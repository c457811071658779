"""Arrays out of a pickle that nobody needs to trust: its instructions are read one by one, and none of them is run.

``pickle.load`` imports and calls whatever a file asks for. Here a file is parsed (by ``pickletools``) into plain values
and records of what it would have called; arrays are then made from the records of the five callables that numpy arrays
consist of, after every argument has been checked.
"""

import math
import mmap
import pickletools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["unpickle_arrays"]

ADMITTED = {
    "numpy.core.multiarray _reconstruct": "array",
    "numpy._core.multiarray _reconstruct": "array",
    "numpy ndarray": "ndarray",
    "numpy dtype": "dtype",
    "numpy.core.multiarray scalar": "scalar",
    "numpy._core.multiarray scalar": "scalar",
    "_codecs encode": "encode",
}
NUMBERS = {"f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"}
LITERALS = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "STRING", "BINSTRING", "SHORT_BINSTRING",
    "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE",
}  # fmt: skip
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
MARK = object()


class RefusedError(ValueError):
    """What is wrong with a file, in words that follow its name."""


@dataclass(eq=False)
class Record:
    """A call that a pickle asks for, and the state that it would give to the result.

    Attributes:
        kind: of the callable, a value of `ADMITTED`.
        args: None for the callable itself.
        state: None if it gives none.
    """

    kind: str
    args: tuple[Any, ...] | None = None
    state: Any = None


def unpickle_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a pickled dict, of Python 2 or 3, without running anything of the file.

    Admitted are a dict with names for keys, and arrays or scalars of real numbers. Whatever else a pickle can say (any
    other import, an array of objects, a persistent reference) ends the reading. An array takes twice its size in
    memory while it is read, and no more than the file has bytes, whatever shape it claims.

    Args:
        path: a file of protocol 1 to 4; strings of Python 2 are read as latin-1.

    Returns:
        name -> array, not writable.

    Raises:
        ValueError: naming the file; and the import, if it asks for one that is not admitted.

    References:
        Python's manual, module pickle, on why a pickle must not be loaded from a source that is not trusted.

    Example:
        >>> import pickle, tempfile
        >>> path = Path(tempfile.mkdtemp()) / "numbers"
        >>> _ = path.write_bytes(pickle.dumps({"data": np.arange(3.0)}, protocol=2))
        >>> unpickle_arrays(path)
        {'data': array([0., 1., 2.])}
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            found = _parse(content)
        if not isinstance(found, dict):
            raise RefusedError(f"the file holds a {type(found).__name__}, not a dict of arrays")
        return _arrays(found, path.stat().st_size)
    except Exception as error:  # a damaged file can break off anywhere in a parser
        reason = error if isinstance(error, RefusedError) else f"it is no whole pickle ({type(error).__name__})"
        raise ValueError(
            f"{path}: {reason}.\nTry one of:\n- unpack the file again from the archive it came in\n"
            "- the .mat file of the same person"
        ) from error


def _arrays(found: dict[str, Any], size: int) -> dict[str, np.ndarray]:
    """The arrays of a dict, together of no more bytes than the file: no content is given out many times over."""
    made: dict[int, np.ndarray] = {}  # an array met twice is made once
    for name, value in found.items():
        if id(value) not in made:
            made[id(value)] = _value(value, name)
            size -= made[id(value)].nbytes
        if size < 0:
            raise RefusedError("the file's arrays have more bytes than the file")
    return {name: made[id(value)] for name, value in found.items()}


def _parse(content: mmap.mmap) -> Any:
    """What a pickle holds: plain values, dicts, tuples and `Record` s."""
    stack, memo = [], {}
    for opcode, argument, _ in pickletools.genops(content):  # pyright: ignore[reportArgumentType]
        match opcode.name:
            case "PROTO" | "FRAME":
                pass
            case "STOP":
                return stack[-1]
            case name if name in LITERALS:
                stack.append(argument)
            case name if name in CONSTANTS:
                stack.append(CONSTANTS[name])
            case "MARK":
                stack.append(MARK)
            case "EMPTY_DICT":
                stack.append({})
            case "DICT":
                stack.append(_update({}, _since_mark(stack)))
            case "SETITEM":
                value, name = stack.pop(), stack.pop()
                _update(stack[-1], [name, value])
            case "SETITEMS":
                items = _since_mark(stack)
                _update(stack[-1], items)
            case "TUPLE":
                stack.append(tuple(_since_mark(stack)))
            case name if name in TUPLES:
                cut = len(stack) - TUPLES[name]
                stack[cut:] = [tuple(stack[cut:])]
            case "GLOBAL":
                stack.append(_admit(str(argument)))
            case "STACK_GLOBAL":
                name, module = stack.pop(), stack.pop()
                if not isinstance(name, str) or not isinstance(module, str):
                    raise RefusedError("the file asks to import something that has no name")
                stack.append(_admit(f"{module} {name}"))
            case "REDUCE":
                args, function = stack.pop(), stack.pop()
                stack.append(_call(function, args))
            case "BUILD":
                state = stack.pop()
                if not isinstance(stack[-1], Record):
                    raise RefusedError("the file sets the state of something that is no array")
                stack[-1].state = state
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                memo[argument] = stack[-1]
            case "MEMOIZE":
                memo[len(memo)] = stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case name:
                raise RefusedError(
                    f"the file holds the instruction {name}, which no dict of arrays has; nothing was run"
                )
    raise EOFError


def _since_mark(stack: list[Any]) -> list[Any]:
    items = []
    while (top := stack.pop()) is not MARK:
        items.append(top)
    return items[::-1]


def _update(table: Any, items: list[Any]) -> dict[str, Any]:
    names, values = items[::2], items[1::2]
    if not isinstance(table, dict) or not all(isinstance(name, str) for name in names):
        raise RefusedError("the file has keys that are no names")
    table.update(zip(names, values, strict=True))
    return table


def _admit(name: str) -> Record:
    if name not in ADMITTED:
        raise RefusedError(
            f"the file asks to import {name[:100].replace(' ', '.')}, which no array needs; nothing of it was run"
        )
    return Record(ADMITTED[name])


def _call(function: Any, args: Any) -> Record:
    if not isinstance(function, Record) or function.args is not None or not isinstance(args, tuple):
        raise RefusedError("the file calls something that is no function")
    return Record(function.kind, args)


def _value(value: Any, name: str) -> np.ndarray:
    """An array from its record, every part of which may be wrong."""
    match value:
        case Record("array", _, (int(), tuple(shape), Record() as kind, fortran, content)):
            order = "F" if fortran else "C"
        case Record("scalar", (Record() as kind, content)):
            shape, order = (), "C"
        case _:
            raise RefusedError(f"{name[:100]!r} is no array of numbers, whole")
    dtype, content = _dtype(kind, name), _bytes(content, name)
    if not all(type(size) is int and 0 <= size < 2**31 for size in shape) or len(shape) > 32:
        raise RefusedError(f"{name[:100]!r} is an array of an impossible shape")
    if math.prod(shape) * dtype.itemsize != len(content):
        raise RefusedError(f"{name[:100]!r} claims the shape {list(shape)} of {dtype} and brings {len(content)} bytes")
    return np.frombuffer(content, dtype).reshape(shape, order=order)


def _dtype(kind: Record, name: str) -> np.dtype:
    match kind:
        case Record("dtype", (str(code), *_), (int(), str(order), None, None, None, *_)):
            if code in NUMBERS and order in ("<", ">", "=", "|"):
                return np.dtype(order + code)
            raise RefusedError(f"{name[:100]!r} is an array of type {code[:10]!r}; real numbers were expected")
    raise RefusedError(f"{name[:100]!r} is an array of an unknown type")


def _bytes(content: Any, name: str) -> bytes:
    match content:
        case bytes():
            return content
        case str():  # of Python 2, which pickletools reads as latin-1
            return content.encode("latin-1")
        case Record("encode", (str(text), "latin1" | "latin-1")):
            return text.encode("latin-1")
    raise RefusedError(f"the content of {name[:100]!r} is no string of bytes")
