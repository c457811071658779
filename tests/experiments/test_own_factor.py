"""A loss factor and a schedule of the user's own, in a file outside the library, from the command to the report."""

import csv
import math
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from pyro import poutine

import pellucid
from pellucid.experiments.cli import main

MINE = '''
import os
import signal

from pellucid.inference import Factor
from pellucid.schedules import Schedule


class Energy(Factor):
    """Mean squared posterior mean: keeps codes small."""

    def __init__(self, site: str, weight: float | Schedule = 1.0):
        super().__init__("energy", weight)
        self.site = site

    def forward(self, posterior, y, labelled):
        if self.training and f"{self.weight:g}" == os.environ.get("BREAK_AT"):
            os.kill(os.getpid(), signal.SIGTERM)
        return posterior[self.site].mean.square().sum(-1).mean()


class Stairs(Schedule):
    """Levels, each for an equal share of the time."""

    def __init__(self, start: float, stop: float, levels: int, begin: float = 0.0, end: float = 1.0):
        super().__init__(start, stop, begin, end)
        self.levels = levels

    def between(self, t):
        return self.start + min(int(self.levels * t), self.levels - 1) / (self.levels - 1) * (self.stop - self.start)
'''

PRIOR = """
import pyro
import pyro.distributions as dist
import torch
from pyro.nn import PyroModule


class Plain(PyroModule):
    def forward(self, y=None, labelled=None):
        return pyro.sample("z", dist.Normal(torch.zeros(4), 1.0).to_event(1))
"""

WORDS = (
    "fit --pair compose --pair.prior mine.Plain --pair.factors+ mine.Energy --pair.factors.site z "
    "--pair.factors.weight mine.Stairs --pair.factors.weight.start 0 --pair.factors.weight.stop 3 "
    "--pair.factors.weight.levels 4 --data digits --data.rows 200 --data.validation 50 --data.test 50 --batch_size 200 "
    "--lr 0.003 --quiet"
)


@pytest.fixture
def trained(empty_folder) -> Path:
    (empty_folder / "mine.py").write_text(MINE + PRIOR)
    assert main([*WORDS.split(), "--epochs", "4", "--folder", "run"]) == 0
    return Path("run")


def rows(folder: Path) -> list[dict[str, float]]:
    with (folder / "metrics.csv").open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def same(here: list[dict[str, float]], there: list[dict[str, float]]) -> bool:
    """Whether two records say the same, but for the time it took."""
    return [row | {"seconds": 0.0} for row in here] == [row | {"seconds": 0.0} for row in there]


def test_its_weight_climbs_the_users_stairs_and_its_value_is_in_the_loss_and_in_no_bound(trained):
    record = rows(trained)
    assert [row["weight/energy"] for row in record] == [0, 1, 2, 3]  # one step an epoch: its level at each quarter
    assert record[0]["train/energy"] == 0.0
    for row in record:
        assert row["train/loss"] == pytest.approx(row["train/energy"] - row["train/bound"], rel=1e-5)
    run = pellucid.load(trained)
    energy = float(run.posterior("validation")["z"].mean.square().sum(-1).mean())
    assert record[-1]["validation/energy"] == pytest.approx(3 * energy, rel=1e-4)


def test_it_is_a_site_of_the_guide_that_stock_pyro_sees(trained):
    run = pellucid.load(trained)
    x = run.split("test").x
    nodes: Any = poutine.trace(run.pair.guide).get_trace(x).nodes
    value = nodes["z"]["fn"].mean.square().sum(-1).mean()
    assert torch.allclose(nodes["energy"]["fn"].log_factor, run.data.n_data * 3 * value)


def test_its_configuration_repeats_the_run(trained):
    config = yaml.safe_load((trained / "config.yaml").read_text())
    (factor,) = config["pair"]["init_args"]["factors"]
    assert (factor["class_path"], factor["init_args"]["site"]) == ("mine.Energy", "z")
    weight = {"start": 0.0, "stop": 3.0, "levels": 4, "begin": 0.0, "end": 1.0}
    assert factor["init_args"]["weight"] == {"class_path": "mine.Stairs", "init_args": weight}
    assert main(["fit", "--config", "run/config.yaml", "--folder", "again", "--quiet"]) == 0
    assert same(rows(trained), rows(Path("again")))


def test_a_run_that_was_broken_off_climbs_on_from_where_it_stood(trained, monkeypatch):
    monkeypatch.setenv("BREAK_AT", "2")  # the user's factor sends the signal when its weight is 2
    assert main([*WORDS.split(), "--epochs", "4", "--folder", "broken"]) == 128 + signal.SIGTERM
    assert len(rows(Path("broken"))) < 4
    monkeypatch.delenv("BREAK_AT")
    assert main(["fit", "--resume", "broken", "--quiet"]) == 0
    assert same(rows(trained), rows(Path("broken")))


def test_the_report_says_its_class_its_schedule_and_what_it_came_to(trained):
    assert main(["report", "run"]) == 0
    page, last = (trained / "report.html").read_text(), rows(trained)[-1]
    line = next(line for line in page.splitlines() if 'data-factor="energy"' in line)
    for words in ("mine.Energy", "Stairs(0, 3", "levels=4"):
        assert words in line
    for column in ("weight/energy", "train/energy", "validation/energy"):
        assert f'value="{last[column]:.10g}"' in line
    assert math.isfinite(last["train/energy"])
