"""Every public name has an example in its docstring; tests/test_doctests.py runs them."""

import dataclasses
import inspect
import re

import pytest

import pellucid
from pellucid import testing

ROOMS = [room for name in pellucid.__all__ if inspect.ismodule(room := getattr(pellucid, name))] + [testing]


def names(room):
    """Public classes and functions, those of rooms within the room included."""
    for name in room.__all__:
        value = getattr(room, name)
        if inspect.ismodule(value):
            yield from names(value)
        elif getattr(value, "__module__", "").startswith("pellucid") and (
            inspect.isclass(value) or inspect.isfunction(value)
        ):
            yield f"{room.__name__}.{name}", value


PUBLIC = dict(found for room in ROOMS for found in names(room))


def words(callable_):
    """The names in what a function says it returns."""
    return set(re.findall(r"\w+", str(getattr(callable_, "__annotations__", {}).get("return"))))


def callables():
    """Public functions, and the public methods and properties of public classes."""
    for value in PUBLIC.values():
        if inspect.isfunction(value):
            yield value
        else:
            yield from (getattr(each, "fget", each) for name, each in vars(value).items() if name[0] != "_")


RESULTS = set().union(*map(words, callables()))


def needs_an_example(value):
    """All do, but for errors and for tuples and dataclasses that a public function returns: it has the example."""
    if not inspect.isclass(value):
        return True
    record = dataclasses.is_dataclass(value) or hasattr(value, "_fields")
    return not (issubclass(value, Exception) or (record and value.__name__ in RESULTS))


@pytest.mark.parametrize("name", sorted(name for name, value in PUBLIC.items() if needs_an_example(value)))
def test_a_public_name_has_an_example(name):
    assert ">>> " in (inspect.getdoc(PUBLIC[name]) or ""), f"{name}: its docstring has no Example"


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_public_name_says_what_it_is_in_a_docstring_of_its_own(name):
    value = PUBLIC[name]
    own = vars(value).get("__doc__") if inspect.isclass(value) else value.__doc__
    assert own, f"{name}: no docstring"
    assert not own.startswith(f"{value.__name__}("), f"{name}: a dataclass describes itself by its signature alone"


def test_every_room_has_public_names():
    assert {".".join(name.split(".")[:2]) for name in PUBLIC} == {room.__name__ for room in ROOMS}
