"""What the wheel holds: every package of the tree, and every file that the packages read."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
BESIDE = {"tests", "notebooks", "benchmarks", "docs", "build", "dist", "runs"}


def packages() -> dict[str, Path]:
    """Import name -> folder, for every folder of the tree with an ``__init__.py``."""
    folders = [path.parent.relative_to(ROOT) for path in ROOT.glob("**/__init__.py")]
    own = [f for f in folders if not BESIDE & set(f.parts) and not any(part.startswith(".") for part in f.parts)]
    return {".".join(("pellucid", *folder.parts)): ROOT / folder for folder in own}


def test_every_package_of_the_tree_is_in_the_wheel():
    assert set(SETTINGS["packages"]) == set(packages())


def test_every_template_and_preset_is_in_the_wheel():
    read = [path for folder in packages().values() for path in folder.glob("*.j2")]
    read += list((ROOT / "experiments" / "presets").glob("*.yaml"))
    taken = {
        path
        for name, patterns in SETTINGS["package-data"].items()
        for pattern in patterns
        for path in packages()[name].glob(pattern)
    }
    assert len(read) >= 2
    assert set(read) <= taken
