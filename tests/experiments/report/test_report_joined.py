"""A code of several sites is its sites side by side: arrays, information, names; and only if the model joins them."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro.nn import PyroModule
from torch import nn
from torch.distributions import Normal

from pellucid import data, zoo
from pellucid.data import Batch
from pellucid.diagnostics import mutual_information
from pellucid.distributions import SpikeAndSlab
from pellucid.experiments.report.classified import classified, label_sites
from pellucid.experiments.report.code import Code, find_code
from pellucid.experiments.report.drawn_code import read_code
from pellucid.experiments.report.fixed_prior import fixed_prior
from pellucid.experiments.report.joined import joined
from pellucid.experiments.report.reading import read_run
from pellucid.experiments.report.told import read_told
from pellucid.experiments.rows import encoded
from pellucid.inference import Run
from pellucid.networks import MLPEncoder

SMILEYS: Any = data.smiley(rows=60, labels=20, validation=20, test=40)
NOWHERE = Path("nowhere")


def run_of(pair: Any) -> Run:
    """An untrained run, which needs no folder to be looked at."""
    return Run(NOWHERE, pair, SMILEYS)


def ccvae(**options: Any) -> Run:
    torch.manual_seed(1)
    return run_of(zoo.ccvae(SMILEYS, style=3, block=2, hidden=(16,), **options))


def code_of(run: Run) -> Code:
    code = find_code(run, run.posterior())
    assert code is not None
    return code


class TestTwoNormals:
    def test_the_arrays_are_those_of_the_sites_in_the_decoders_order(self):
        run = ccvae()
        posterior, code = run.posterior(), code_of(run)
        c, z = posterior["c"].base_dist, posterior["z"].base_dist
        assert isinstance(code.marginal, Normal)
        for joint, name in ((code.marginal.loc, "loc"), (code.marginal.scale, "scale"), (code.z, "loc")):
            assert torch.equal(joint, torch.cat([getattr(c, name), getattr(z, name)], -1))
        assert (code.gate, code.gates, code.gated.tolist()) == (None, None, [False] * 11)
        assert [part.site for part in code.each] == ["c", "z"]

    def test_dimensions_are_called_by_their_own_site(self):
        names = [code_of(ccvae()).name(j) for j in range(11)]
        assert names == [*(f"c{j}" for j in range(8)), "z0", "z1", "z2"]
        with pytest.raises(IndexError):
            code_of(ccvae()).name(11)

    def test_the_order_is_the_models_whatever_the_guides(self):
        run = ccvae()
        posterior = run.posterior()
        code = find_code(run, {site: posterior[site] for site in ("z", "y", "c")})
        assert code is not None
        assert torch.equal(code.z, code_of(run).z)

    def test_measures_that_take_a_code_take_this_one(self):
        rows = encoded(ccvae(), SMILEYS.test)
        assert rows.code.z.shape == (40, 11)


class TestBesideSpikes:
    def test_a_normal_is_a_spike_and_slab_whose_gate_is_one(self):
        torch.manual_seed(0)
        dense, sparse = Normal(torch.randn(5, 2), 0.5), SpikeAndSlab(torch.rand(5, 3), torch.randn(5, 3), 0.7)
        both: Any = joined([dense, sparse])
        z = both.sample((1000,))
        expected = torch.cat([dense.log_prob(z[..., :2]), sparse.log_prob(z[..., 2:])], -1)
        torch.testing.assert_close(both.log_prob(z), expected)
        for name in ("mean", "variance"):
            torch.testing.assert_close(
                getattr(both, name), torch.cat([getattr(dense, name), getattr(sparse, name)], -1)
            )

    def test_gates_are_those_of_the_style_and_information_is_that_of_each_site(self):
        run = ccvae(style_prior="spike-and-slab")
        posterior, code = run.posterior(), code_of(run)
        gate = posterior["z"].base_dist.gate
        assert code.gate is not None
        assert torch.equal(code.gate, torch.cat([torch.ones(40, 8), gate], -1))
        assert code.gates is not None
        assert torch.equal(code.gates, gate)
        assert torch.equal(code.z[:, :8], posterior["c"].mean)
        assert torch.equal(code.z[:, 8:] != 0, gate > 0.5)
        told = read_told(run, code, [])
        each = [mutual_information(posterior[site]).value for site in ("c", "z")]
        np.testing.assert_allclose(told.image.value, np.concatenate(each), atol=1e-9)
        assert told.exact

    def test_gates_on_and_consistency_count_dimensions_that_have_a_gate(self):
        reading = read_run(ccvae(style_prior="spike-and-slab"))
        assert reading.space is not None
        assert reading.space.agreement is not None
        gate: Any = reading.posterior["z"].base_dist.gate
        on = (gate > 0.5).float()
        first, second = np.triu_indices(40, 1)
        both, either = (on[first] * on[second]).sum(1), on[first].maximum(on[second]).sum(1)
        jaccard = torch.where(either > 0, both / either.clamp(min=1), 1.0).numpy()
        parts = [part.y.numpy() for part in reading.parts]
        expected = np.mean([jaccard[y[first] == y[second]].mean() for y in parts])
        assert reading.space.agreement.jaccard_within == pytest.approx(expected, rel=1e-5)


class TestPriors:
    def test_what_hangs_on_a_label_has_no_fixed_prior_and_the_style_has(self):
        run = ccvae()
        with torch.no_grad():
            run.pair.model.prior.loc.mul_(3)
        assert fixed_prior(run, "c") is None
        assert fixed_prior(run, "z") is not None
        assert read_told(run, code_of(run), []).identity is None

    def test_two_fixed_priors_are_one(self):
        run = run_of(zoo.compose(SMILEYS, prior=TwoPrior(), posterior=TwoPosterior))
        identity = read_told(run, code_of(run), []).identity
        assert identity is not None
        loc = run.posterior()["first"].mean, run.posterior()["second"].mean
        scale = torch.tensor([2.0, 2.0, 1.0, 1.0, 1.0])
        joint = Normal(torch.cat(loc, -1), torch.ones(5)), Normal(torch.zeros(5), scale)
        kl = torch.distributions.kl_divergence(*joint).mean(0)
        np.testing.assert_allclose(identity.kl, kl.numpy(), rtol=1e-4)


class TwoPrior(PyroModule):
    """Two sites side by side, or in a way that only looks like it."""

    def __init__(self, bent: bool = False):
        super().__init__()
        self.bent = bent

    def forward(self, y=None, labelled=None):
        first = pyro.sample("first", dist.Normal(torch.zeros(2), 2.0).to_event(1))
        second = pyro.sample("second", dist.Normal(torch.zeros(3), 1.0).to_event(1))
        return torch.cat([first, second**3 if self.bent else second], -1)


class TwoPosterior(PyroModule):
    def __init__(self, shape: tuple[int, ...]):
        super().__init__()
        self.encoder = MLPEncoder(shape, (16,))
        self.first, self.second = nn.Linear(16, 2), nn.Linear(16, 3)

    def forward(self, x, y=None, labelled=None):
        h = self.encoder(x)
        first = pyro.sample("first", dist.Normal(self.first(h), 1.0).to_event(1))
        return torch.cat([first, pyro.sample("second", dist.Normal(self.second(h), 1.0).to_event(1))], -1)


class TestNoCode:
    def test_a_decoder_of_the_right_width_that_takes_something_else_is_not_taken_in(self):
        run = run_of(zoo.compose(SMILEYS, prior=TwoPrior(bent=True), posterior=TwoPosterior))
        assert run.decode(torch.zeros(2, 5)).shape == (2, 1, 32, 32)
        assert find_code(run, run.posterior()) is None
        code = read_code(run, run.posterior(), run.split("test").x)
        assert code is not None
        assert (code.site, code.family, code.closed) == ("code", "drawn", False)

    def test_m2_decodes_a_label_beside_its_site_and_has_a_code_that_is_drawn(self):
        run = run_of(zoo.m2(SMILEYS, dim=3, hidden=(16,)))
        assert find_code(run, run.posterior()) is None
        reading = read_run(run)
        assert reading.space is not None
        assert (reading.undecoded, reading.label_sites) == (["z"], {"y"})
        code, q = reading.space.code, run.posterior()
        expected = torch.cat([q["y"].mean, q["z"].mean], -1)
        assert (code.z - expected).abs().max() < 0.5  # 100 draws of unit scale
        assert code.name(5) == "code[5]"
        assert (reading.space.information[:4] <= math.log(2) + 1e-6).all()  # a binary label tells no more
        with pytest.raises(ValueError, match="nor several joined"):
            encoded(run, SMILEYS.test)

    def test_a_vector_of_labels_as_wide_as_the_code_is_no_code(self):
        code = code_of(run_of(zoo.class_vsc(SMILEYS, dim=4, hidden=(16,))))
        assert code.site == "z"


def test_labels_known_one_by_one_are_scored_on_the_rows_that_know_them():
    run = ccvae()
    x, y = SMILEYS.test.x, SMILEYS.test.y
    assert isinstance(y, torch.Tensor)
    known = torch.arange(40)[:, None] % torch.tensor([1, 2, 3, 4]) == 0
    batch = Batch(x.float(), torch.where(known, y.float(), torch.nan), known)
    found = classified(run.posterior(), batch, SMILEYS.classes, label_sites(run, batch))
    p: Any = run.posterior()["y"].base_dist.probs
    right = (p > 0.5) == y.bool()
    assert [each.rows for each in found] == known.sum(0).tolist()
    expected = [float(right[known[:, i], i].float().mean()) for i in range(4)]
    assert [each.accuracy for each in found] == pytest.approx(expected)
