"""A code that no posterior tells by itself is known by draws: its arrays, its information, its page, and its sites."""

import csv
from pathlib import Path
from typing import Any

import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro.nn import PyroModule
from torch import nn
from torch.distributions import Bernoulli

from pellucid import data, zoo
from pellucid.experiments.report import write_report
from pellucid.experiments.report.code import find_code
from pellucid.experiments.report.drawn_code import read_code
from pellucid.experiments.report.reading import read_run
from pellucid.experiments.report.sites import read_sites
from pellucid.guides import AmortisedGuide
from pellucid.inference import Run, codes
from pellucid.models import label
from pellucid.networks import MLPEncoder
from tests.priors import Circle, Families, Horseshoe

DIGITS: Any = data.digits(rows=120, validation=30, test=50)
DRAWS = 200


def run_of(prior: nn.Module, **options: Any) -> Run:
    """An untrained run, which needs no folder to be looked at."""
    torch.manual_seed(0)
    return Run(Path("nowhere"), zoo.compose(DIGITS, prior=prior, **options), DIGITS)


def code_of(run: Run) -> Any:
    torch.manual_seed(1)
    return read_code(run, run.posterior(), run.split().x)


class ClassMeans(PyroModule):
    """A Normal about a mean of the class."""

    def __init__(self):
        super().__init__()
        self.loc = nn.Parameter(torch.randn(10, 3))

    def forward(self, y=None, labelled=None):
        y = label("y", dist.Categorical(logits=self.loc.new_zeros(10)), y, labelled)
        return pyro.sample("z", dist.Normal(self.loc[y], 1.0).to_event(1))


class Sides(PyroModule):
    """On which side of zero each of three latents is."""

    def forward(self, y=None, labelled=None):
        return (pyro.sample("z", dist.Normal(torch.zeros(3), 1.0).to_event(1)) > 0).float()


def seen_with_label(prior: nn.Module) -> Run:
    """A run whose guide sees the label when it says the code."""
    run = run_of(prior)
    guide = AmortisedGuide(run.pair.model, MLPEncoder(DIGITS.shape, (16,)), given={"z": ["y"]})
    run.pair.guide = guide.eval()
    return run


class TestFunctionsOfSites:
    def test_the_code_is_what_the_prior_makes_of_draws_of_its_sites(self):
        run = run_of(Circle())
        assert find_code(run, run.posterior()) is None
        code, q = code_of(run), run.posterior()
        assert code.draws.shape == (DRAWS, 50, 2)
        turn, reach = (q[name].expand((2000, 50)).sample() for name in ("turn", "reach"))
        expected = torch.stack([turn.cos(), turn.sin()], -1) * reach[..., None]
        error = (expected.var(0) * (1 / 2000 + 1 / DRAWS)).sqrt()
        assert ((code.z - expected.mean(0)) / error).abs().max() < 5
        assert torch.allclose(code.marginal.scale, code.draws.std(0))
        assert [code.name(j) for j in range(2)] == ["code[0]", "code[1]"]
        assert (code.gate, code.closed, code.parts) == (None, False, ())

    def test_a_side_of_zero_tells_the_entropy_that_an_image_takes_from_it(self):
        run = run_of(Sides())
        with torch.no_grad():
            for weight in run.pair.guide.parameters():
                weight.mul_(4)  # an untrained guide says nearly the same of all images
        reading, q = read_run(run), run.posterior()["z"]
        assert reading.space is not None
        assert not reading.space.told.exact
        p = 1 - q.base_dist.cdf(torch.tensor(0.0))
        entropy = Bernoulli(p.mean(0)).entropy() - Bernoulli(p).entropy().mean(0)
        assert entropy.max() > 0.05
        assert reading.space.information == pytest.approx(entropy.numpy(), abs=0.02)

    def test_a_prior_that_samples_what_is_decoded_keeps_its_exact_posterior(self):
        for prior in (Horseshoe(4), Families(dim=4)):
            code = code_of(run_of(prior))
            assert (code.site, code.family, code.draws) == ("z", "Normal", None)

    def test_a_prior_of_no_vector_has_no_code(self):
        class Angle(PyroModule):
            def forward(self, y=None, labelled=None):
                return pyro.sample("turn", dist.VonMises(torch.tensor(0.0), 1.0))

        run = run_of(Circle())
        run.pair.model.prior = Angle()
        assert read_code(run, {}, run.split().x) is None


class TestSitesThatHangOnDraws:
    def test_a_posterior_given_a_drawn_label_is_that_of_all_labels(self):
        run = seen_with_label(ClassMeans())
        x, code = run.split().x, code_of(run)
        many = codes(run.pair, x, 2000)
        error = (many.var(0) * (1 / 2000 + 1 / DRAWS)).sqrt()
        assert ((code.z - many.mean(0)) / error).abs().max() < 5
        assert (code.site, code.name(2)) == ("z", "z2")
        told = read_run(run).space
        assert told is not None
        assert (told.told.exact, told.told.identity) == (False, None)

    def test_a_guide_that_does_not_look_at_the_label_is_exact(self):
        code = code_of(run_of(ClassMeans()))
        assert code.draws is None
        assert code.closed


def test_sites_are_said_with_what_they_are():
    lines = {line.name: line for line in read_sites(run_of(Families(dim=4)), {"y"}, [])}
    assert {name: (line.what, line.shape) for name, line in lines.items()} == {
        "family": ("of the data set", (2, 4)),
        "centre": ("of the data set", (10, 4)),
        "y": ("label", ()),
        "z": ("latent", (4,)),
    }
    assert lines["z"].family == "Normal"
    assert lines["z"].kl is None


def test_a_circle_has_a_page_with_dimensions_pictures_and_sites(tmp_path, train, read_page):
    rows = data.digits(rows=300, labels=100, validation=30, test=50)
    torch.manual_seed(0)
    run = train(tmp_path / "run", rows, zoo.compose(rows, prior=Circle()), epochs=12, lr=5e-3)
    page = read_page(write_report(run))
    assert "what the prior makes of its sites" in page.text
    assert "the code is made by the prior from its sites" in page.text
    assert {"heatmap", "information", "traversals", "reconstructions", "samples"} <= page.sections()
    assert {"dimension 0", "dimension 1"} <= page.numbers.keys()
    with (run.folder / "metrics.csv").open() as file:
        last = list(csv.DictReader(file))[-1]
    for site in ("y", "turn", "reach"):
        assert page.numbers[f"site {site}"] == pytest.approx([float(last[f"validation/kl({site})"])])
    assert "WrappedCauchy" in page.text
