"""Programs of characteristic latents: densities, masks of single labels, generation given some of the labels."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false, reportIndexIssue=false
# pyright: reportOptionalSubscript=false, reportTypedDictNotRequiredAccess=false, reportOptionalMemberAccess=false

import pyro
import pytest
import torch
from pyro import poutine
from torch.distributions import Bernoulli, Normal
from torch.nn.functional import softplus

from pellucid import zoo
from pellucid.data import Batches, digits, label_frequencies, smiley
from pellucid.distributions import PartlyObserved, SpikeAndSlab
from pellucid.guides import CharacteristicPosterior, Guide
from pellucid.inference import CharacteristicBound, LabelEvidence, Pair, Supervision
from pellucid.inference.objective import sanitise
from pellucid.inference.training.encode import encode
from pellucid.inference.training.validate import validate
from pellucid.models import Bernoulli as Likelihood
from pellucid.models import CharacteristicPrior, LatentModel, NormalPrior, label
from pellucid.networks import MLPDecoder, MLPEncoder
from tests.characteristic_toys import SHAPE, nodes, toy


def traced(prior, *args, rows=6):
    with pyro.plate("data", rows):
        return poutine.trace(prior).get_trace(*args)


def test_the_density_of_a_code_and_its_labels_is_the_product_of_its_blocks():
    torch.manual_seed(0)
    prior = CharacteristicPrior(3, NormalPrior(2), block=2, frequency=torch.tensor([0.2, 0.5, 0.9]))
    with torch.no_grad():
        prior.loc.normal_()
        prior.spread.normal_()
    trace = traced(prior)
    y, c, z = (trace.nodes[name]["value"] for name in "ycz")
    expected = Normal(0.0, 1.0).log_prob(z).sum(-1)
    for i, frequency in enumerate([0.2, 0.5, 0.9]):
        expected = expected + Bernoulli(torch.tensor(frequency)).log_prob(y[:, i])
        for n in range(6):
            there = int(y[n, i])
            q = Normal(prior.loc[there, i], softplus(prior.spread[there, i]) + 1e-3)
            expected[n] = expected[n] + q.log_prob(c[n, 2 * i : 2 * i + 2]).sum()
    assert torch.allclose(trace.log_prob_sum(), expected.sum(), rtol=1e-5)


def test_a_class_is_one_hot_over_its_blocks():
    prior = CharacteristicPrior(4, block=3, categorical=True)
    loc = prior.conditional(torch.tensor([0, 3])).base_dist.loc
    expected = torch.full((2, 12), -2.0)
    expected[0, :3] = expected[1, 9:] = 2.0
    assert torch.equal(loc, expected)


@pytest.mark.parametrize("data", [smiley(rows=60, labels=20, validation=5, test=5), digits(labels=50, rows=500)])
def test_the_frequencies_of_a_prior_are_those_of_the_labelled_rows(data):
    logits = zoo.ccvae(data, hidden=(8,)).model.prior.logits
    found = logits.sigmoid() if data.attributes else logits.softmax(-1)
    assert torch.allclose(found, label_frequencies(data).float(), atol=1e-6)


def test_generation_keeps_the_labels_given_and_draws_the_others_by_their_frequencies():
    prior = CharacteristicPrior(3, frequency=torch.tensor([0.1, 0.5, 0.8]))
    y = torch.tensor([1.0, torch.nan, 0.0]).expand(4000, 3)
    known = torch.tensor([True, False, True]).expand(4000, 3)
    torch.manual_seed(0)
    trace = traced(prior, y, known, rows=4000)
    drawn, c = trace.nodes["y"]["value"], trace.nodes["c"]["value"]
    assert (drawn[:, 0] == 1).all()
    assert (drawn[:, 2] == 0).all()
    assert abs(drawn[:, 1].mean() - 0.5) < 4 * 0.5 / 4000**0.5
    assert abs(c[:, 0].mean() - 2) < 0.1
    assert abs(c[:, 2].mean() + 2) < 0.1


def test_an_image_is_generated_given_any_subset_of_labels():
    pair = zoo.ccvae(smiley(rows=60, labels=20, validation=5, test=5), hidden=(8,))
    y = torch.tensor([[1, 0, 0, 0]] * 7)
    for known in (torch.tensor([[True, False, False, True]] * 7), torch.zeros(7, 4, dtype=torch.bool), None):
        assert pair.model(None, y, known).shape == (7, 1, 32, 32)


def test_a_mask_of_single_labels_observes_each_by_itself():
    fn = pyro.distributions.Bernoulli(torch.tensor([0.2, 0.9])).to_event(1)
    y, known = torch.tensor([[1.0, torch.nan], [0.0, 1.0]]), torch.tensor([[True, False], [False, True]])
    torch.manual_seed(0)
    with pyro.plate("data", 2):
        site = poutine.trace(lambda: label("y", fn, y, known)).get_trace().nodes["y"]
    assert isinstance(site["fn"].base_dist, PartlyObserved)
    assert site["value"][0, 0] == 1
    assert site["value"][1, 1] == 1
    value = torch.tensor([[1.0, 1.0], [0.0, 1.0]])
    assert torch.allclose(site["fn"].log_prob(value).exp(), torch.tensor([0.18, 0.72]))


@pytest.mark.parametrize("frequency", [torch.tensor([0.5]), torch.tensor([0.0, 0.5]), torch.tensor([0.5, torch.nan])])
def test_frequencies_that_are_none_are_refused(frequency):
    with pytest.raises(ValueError, match="frequency: expected 2 probabilities"):
        CharacteristicPrior(2, frequency=frequency)


@pytest.mark.parametrize("categorical", [False, True])
def test_the_labels_of_an_image_are_those_of_the_code_integrated_out(categorical):
    pair = toy(categorical=categorical)
    x = torch.randn(4, *SHAPE, dtype=torch.float64)
    posterior = pair.guide.posterior
    q = posterior.from_features(posterior.encoder(x))
    found = posterior.label_marginals({"c": q})["y"]
    noise, weight = nodes(q.event_shape[0])
    logits = posterior.classifier(q.base_dist.loc[:, None] + q.base_dist.scale[:, None] * noise)
    each = logits.softmax(-1) if categorical else logits.sigmoid()
    expected = (weight[:, None] * each).sum(1)
    assert torch.allclose(found.probs if categorical else found.mean, expected, atol=1e-5)


def test_posteriors_and_accuracies_of_a_run_integrate_the_code_out():
    data = smiley(rows=60, labels=20, validation=30, test=5)
    pair = zoo.ccvae(data, alpha=0, hidden=(8,))
    batches = Batches(data.validation, 16)
    y = encode(pair, batches)["y"]
    posterior = pair.guide.posterior
    q = posterior.from_features(posterior.encoder(data.validation.x.float() / 255))
    assert torch.allclose(y.base_dist.logits, posterior.label_marginals({"c": q})["y"].base_dist.logits, atol=1e-5)
    hits = (posterior.classifier(q.base_dist.loc) > 0) == data.validation.y.bool()  # even odds lie at a mean of 0
    assert validate(pair, batches, seed=0)["accuracy(y)"] == pytest.approx(hits.double().mean().item())


@pytest.mark.parametrize("by_label", [False, True])
def test_supervision_and_evidence_add_up_the_known_labels_of_a_row(by_label):
    pair = toy()
    posterior = pair.guide.posterior
    x, y = torch.randn(5, *SHAPE, dtype=torch.float64), torch.randint(0, 2, (5, 2))
    known = torch.tensor([[True, False], [True, True], [False, False], [False, True], [True, True]])
    known = known if by_label else known.all(1)
    each = known if by_label else known[:, None].expand(5, 2)
    trace = poutine.trace(pair.guide).get_trace(x, sanitise(y, known), known)
    sites = {name: trace.nodes[name]["fn"] for name in "cyz"}

    def mean_over_rows(q):
        return -torch.where(each, q.log_prob(y.double()), 0).sum() / each.any(1).sum()

    drawn = Bernoulli(logits=posterior.classifier(trace.nodes["c"]["value"]))
    assert torch.allclose(Supervision()(sites, y, known), mean_over_rows(drawn))
    marginal = posterior.label_marginals(sites)["y"].base_dist
    assert torch.allclose(LabelEvidence(1.0, posterior.classifier)(sites, y, known), mean_over_rows(marginal))


def test_a_sparse_style_has_gates_and_the_blocks_do_not():
    data = smiley(rows=60, labels=20, validation=5, test=5)
    pair = zoo.ccvae(data, style=6, style_prior="spike-and-slab", consistency=3.0, hidden=(8,))
    found = encode(pair, Batches(data.test, 5))
    assert isinstance(found["z"].base_dist, SpikeAndSlab)
    assert isinstance(found["c"].base_dist, Normal)
    assert [factor.name for factor in pair.factors if factor.name == "consistency"] == ["consistency"]


def test_consistency_of_a_dense_style_and_strange_options_are_refused():
    data = smiley(rows=60, labels=20, validation=5, test=5)
    with pytest.raises(ValueError, match="style_prior: consistency work on the gates of a sparse style"):
        zoo.ccvae(data, consistency=3.0)
    with pytest.raises(ValueError, match="style_prior: expected 'normal' or 'spike-and-slab'"):
        zoo.ccvae(data, style_prior="sparse")
    with pytest.raises(ValueError, match="style, block: expected 0 dimensions or more"):
        zoo.ccvae(data, block=0)


class WideStyle(torch.nn.Module):
    """A style of one's own: Student's t."""

    def forward(self):
        t = pyro.distributions.StudentT(torch.full((3,), 4.0), 0.0, 1.0)
        return pyro.sample("s", t.to_event(1))


class WidePosterior(torch.nn.Module):
    def __init__(self, features):
        super().__init__()
        self.loc = torch.nn.Linear(features.out_features, 3)

    def forward(self, h):
        return pyro.sample("s", pyro.distributions.Normal(self.loc(h), 0.5).to_event(1))


def test_ten_lines_put_characteristics_beside_a_style_of_ones_own():
    faces = smiley(rows=60, labels=20, validation=5, test=5)
    prior = CharacteristicPrior(4, WideStyle(), block=2, frequency=label_frequencies(faces))
    posterior = CharacteristicPosterior(MLPEncoder(faces.shape, (8,)), 4, WidePosterior, block=2)
    pair = Pair(
        LatentModel(prior, MLPDecoder(8 + 3, faces.shape, (8,)), Likelihood(), faces.n_data),
        Guide(posterior, faces.n_data),
        [LabelEvidence(10.0, posterior.classifier)],
        CharacteristicBound(posterior.classifier, gradients="tilted"),
    )
    terms = pair(faces.train.x.float() / 255, faces.train.y, faces.train.labelled)
    terms.loss.backward()
    assert sorted(terms.kl) == ["c", "s", "y"]
    assert all(p.grad.isfinite().all() for p in pair.parameters())


def test_a_code_may_have_no_style():
    pair = zoo.ccvae(smiley(rows=60, labels=20, validation=5, test=5), style=0, hidden=(8,))
    assert sorted(pair(torch.rand(4, 1, 32, 32)).kl) == ["c", "y"]
