"""The examples in the docstrings of every module are true."""

import doctest
import importlib
import pkgutil

import pytest
import torch

import pellucid

NOT_CODE = {"benchmarks", "build", "dist", "docs", "notebooks", "tests"}


def modules(package):
    """Names of a package's modules, itself included, packages walked."""
    yield package.__name__
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if found.name.rpartition(".")[2] in NOT_CODE or found.name.endswith("__main__"):
            continue
        if found.ispkg:
            yield from modules(importlib.import_module(found.name))
        else:
            yield found.name


@pytest.mark.parametrize("name", sorted(modules(pellucid)))
def test_examples_of(name, monkeypatch, tmp_path):
    module = importlib.import_module(name)
    monkeypatch.chdir(tmp_path)  # an example that writes leaves nothing behind
    torch.manual_seed(0)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    found = doctest.testmod(module, extraglobs={"torch": torch}, optionflags=options)
    assert found.failed == 0, f"{found.failed} of {found.attempted} examples of {name}"


def test_every_room_has_been_walked():
    rooms = {name.split(".")[1] for name in modules(pellucid) if name.count(".")}
    assert {
        "data",
        "diagnostics",
        "distributions",
        "guides",
        "inference",
        "models",
        "networks",
        "schedules",
        "zoo",
    } <= rooms
