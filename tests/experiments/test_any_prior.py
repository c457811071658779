"""Four priors that the library has not seen, from a file of their own to report and explorer, with no other code."""

import csv
import inspect
from pathlib import Path

import arviz
import pytest

import pellucid
from pellucid.experiments.cli import main
from pellucid.experiments.explore import Explorer
from tests import priors

SUPERVISED = "--pair.factors+ Supervision --pair.factors.weight 10"
DIGITS = "--data digits --data.labels 0.1"
CASES = {
    "Horseshoe": (DIGITS, ["spread", "z"]),
    "Circle": (f"{SUPERVISED} {DIGITS}", ["y", "turn", "reach"]),
    "Families": (f"{SUPERVISED} {DIGITS}", ["family", "centre", "y", "z"]),
    "HatAndEyes": (
        f"{SUPERVISED} --pair.factors.site hat {SUPERVISED} --pair.factors.site eyes --data smiley --data.rows 600 "
        "--data.validation 100 --data.test 100 --data.named true --data.labels 0.3",
        ["hat", "eyes", "z"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_prior_alone_is_trained_and_told_of(name, empty_folder):
    source = inspect.getsource(getattr(priors, name))
    assert len(source.strip().splitlines()) <= 30
    (empty_folder / "my_prior.py").write_text(Path(inspect.getfile(priors)).read_text())
    options, sites = CASES[name]
    words = f"fit --pair compose --pair.prior my_prior.{name} {options} --epochs 3 --lr 0.003 --folder run --quiet"
    assert main(words.split()) == 0
    with open("run/metrics.csv", newline="") as file:
        first, *_, last = csv.DictReader(file)
    assert float(last["validation/bound"]) > float(first["validation/bound"]) + 1
    assert {f"validation/kl({site})" for site in sites} <= set(last)

    run = pellucid.load("run")
    assert set(run.posterior()) == {site for site in sites if site not in ("family", "centre")}
    assert main(["report", "run"]) == 0
    page = Path("run/report.html").read_text()
    for site in sites:
        assert site in page
    draws = arviz.from_netcdf("run/posterior.nc")
    assert set(sites) <= set(draws["posterior"])

    explorer = Explorer(run, rows=20)
    before = explorer.edited
    explorer.move(explorer.dims[0], explorer.span(explorer.dims[0])[1])
    assert explorer.edited.shape == run.data.shape
    assert abs(explorer.edited - before).max() > 1e-3
