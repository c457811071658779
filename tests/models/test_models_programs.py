"""The generative program: its plate, its draws, its label sites, its priors."""

import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro import poutine
from pyro.nn import PyroModule

from pellucid.models import Bernoulli, LatentModel, Normal, NormalPrior, SpikeAndSlabPrior, label
from pellucid.networks import MLPDecoder

SHAPE = (1, 4, 4)


class ClassPrior(PyroModule):
    def __init__(self):
        super().__init__()
        self.register_buffer("loc", torch.tensor([[-5.0, 0.0], [0.0, 5.0], [5.0, 0.0]]))

    def forward(self, y=None, labelled=None):
        k = label("y", dist.Categorical(torch.tensor([0.2, 0.3, 0.5])), y, labelled)
        return pyro.sample("z", dist.Normal(self.loc[k], 0.1).to_event(1))


def model(prior, dim=2, n_data=100):
    return LatentModel(prior, MLPDecoder(dim, SHAPE), Bernoulli(), n_data)


def trace(program, *args, **kwargs):
    return poutine.trace(program).get_trace(*args, **kwargs)


def test_every_site_of_a_batch_is_scaled_to_the_data_set():
    sites = trace(model(NormalPrior(2)), torch.rand(8, *SHAPE)).nodes
    assert sites["z"]["scale"] == sites["x"]["scale"] == 100 / 8
    assert sites["z"]["cond_indep_stack"][0].full_size == 100


def test_a_batch_larger_than_the_data_set_is_a_data_set_of_its_own():
    assert trace(model(NormalPrior(2), n_data=5), torch.rand(8, *SHAPE)).nodes["x"]["scale"] == 1


def test_density_of_a_trace_is_prior_plus_likelihood_scaled():
    torch.manual_seed(0)
    m, x = model(NormalPrior(2)), torch.rand(8, *SHAPE)
    t = trace(m, x)
    z = t.nodes["z"]["value"]
    by_hand = dist.Normal(0.0, 1.0).log_prob(z).sum() - torch.nn.functional.binary_cross_entropy_with_logits(
        m.decoder(z), x, reduction="sum"
    )
    torch.testing.assert_close(t.log_prob_sum(), by_hand * 100 / 8)


def test_prior_predictive_has_as_many_rows_as_asked_for():
    m = model(ClassPrior())
    assert m().shape == (1, *SHAPE)
    assert m(rows=7).shape == (7, *SHAPE)
    assert set(m(rows=7).unique().tolist()) <= {0.0, 1.0}
    assert trace(m, rows=7).nodes["y"]["value"].shape == (7,)


def test_prior_predictive_draws_labels_by_their_prior():
    torch.manual_seed(0)
    y = trace(model(ClassPrior()), rows=6000).nodes["y"]["value"]
    p = torch.tensor([0.2, 0.3, 0.5])
    assert ((y.bincount() / 6000 - p).abs() < 4 * (p * (1 - p) / 6000).sqrt()).all()


def test_generation_given_labels_draws_codes_of_those_classes():
    y = torch.tensor([0, 1, 2, 1])
    t = trace(model(ClassPrior()), None, y)
    assert t.nodes["x"]["value"].shape == (4, *SHAPE)
    assert not t.nodes["x"]["is_observed"]
    assert t.nodes["y"]["is_observed"]
    assert ((t.nodes["z"]["value"] - ClassPrior().loc[y]).abs() < 1).all()


def test_generation_given_a_dict_of_labels_takes_its_rows_from_it():
    assert model(ClassPrior())(None, {"y": torch.tensor([2, 2, 0])}).shape == (3, *SHAPE)


def test_codes_of_partly_labelled_rows_follow_their_labels_and_nan_slots_are_never_read():
    y, labelled = torch.tensor([0.0, torch.nan, 2.0]), torch.tensor([True, False, True])
    t = trace(model(ClassPrior()), torch.rand(3, *SHAPE), y, labelled)
    drawn = t.nodes["y"]["value"]
    assert (drawn[0], drawn[2]) == (0, 2)
    assert t.log_prob_sum().isfinite()


def test_pixels_out_of_range_are_named_under_validation_and_not_looked_at_without():
    m, x = model(NormalPrior(2)), 255 * torch.rand(3, *SHAPE)
    with pyro.validation_enabled(), pytest.raises(ValueError, match=r"site 'x': Bernoulli.*\[0, 1\]"):
        m(x)
    with pyro.validation_enabled(False):
        assert m(x) is x


def test_decode_takes_any_leading_dimensions():
    d = model(NormalPrior(2)).decode(torch.randn(6, 5, 2))
    assert (d.batch_shape, d.event_shape) == ((6, 5), SHAPE)


@pytest.mark.parametrize("n_data", [0, -3])
def test_a_data_set_without_rows_is_refused(n_data):
    with pytest.raises(ValueError, match=f"n_data: expected .*at least 1; given {n_data}"):
        model(NormalPrior(2), n_data=n_data)


def test_likelihood_parameters_belong_to_the_model():
    m = LatentModel(NormalPrior(2), MLPDecoder(2, SHAPE), Normal(), 10)
    assert "likelihood.log_scale" in dict(m.named_parameters())


def test_spike_and_slab_prior_is_on_with_probability_alpha_and_then_standard_normal():
    torch.manual_seed(0)
    with pyro.plate("data", 40_000):
        z = SpikeAndSlabPrior(2, alpha=0.3)()
    on = z != 0
    assert ((on.float().mean(0) - 0.3).abs() < 4 * (0.21 / 40_000) ** 0.5).all()
    slab = z[on]
    assert slab.mean().abs() < 4 / len(slab) ** 0.5
    assert abs(slab.var() - 1) < 4 * (2 / len(slab)) ** 0.5


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, float("nan")])
def test_an_alpha_that_is_no_probability_is_refused(alpha):
    with pytest.raises(ValueError, match="alpha: expected a probability strictly between 0 and 1"):
        SpikeAndSlabPrior(2, alpha)


@pytest.mark.parametrize(
    ("fn", "y"),
    [
        (dist.Categorical(torch.tensor([0.2, 0.8])), torch.tensor([1, 0, 1])),
        (dist.Categorical(torch.tensor([0.2, 0.8])), torch.tensor([1.0, 0.0, 1.0])),
        (dist.Bernoulli(torch.tensor([0.2, 0.8])).to_event(1), torch.tensor([[1, 0], [0, 0], [1, 1]])),
        (dist.Normal(0.0, 1.0), torch.tensor([1, 0, 2])),
    ],
    ids=["int class", "float class", "int attributes", "int regression"],
)
def test_a_label_is_cast_to_the_dtype_of_its_sites_draws(fn, y):
    with pyro.plate("data", 3):
        for mask in (None, torch.tensor([True, True, True])):
            value = label("y", fn, y, mask)
            assert value.dtype == fn.sample().dtype
            assert torch.equal(value, y.to(value.dtype))
    assert fn.log_prob(value).isfinite().all()
