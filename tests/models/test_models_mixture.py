"""Mixtures in the latent space: densities and heads by hand, centres in every form, and what is refused."""

# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportArgumentType=false, reportIndexIssue=false
# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false, reportTypedDictNotRequiredAccess=false

import math

import pyro
import pytest
import torch
from pyro import poutine
from scipy.stats import multivariate_normal
from torch import nn
from torch.nn.functional import cross_entropy, one_hot, softplus

from pellucid import Batch
from pellucid.data import DataSet, digits
from pellucid.guides.mixture import MixturePosterior
from pellucid.inference.evaluation import evaluating
from pellucid.models import Normal
from pellucid.models.mixture import MixturePrior
from pellucid.models.pseudo_centres import PseudoCentres
from pellucid.networks import MLPEncoder
from pellucid.zoo.exon import exon

SHAPE = (1, 2, 4)
CENTRES = [[0.0, 3.0], [-2.0, 0.0], [2.0, -1.0]]
SCALES = [[0.5, 1.0], [1.5, 0.2], [1.0, 1.0]]
X = torch.rand(6, *SHAPE, generator=torch.Generator().manual_seed(0))


def traced(program, *args, rows=6):
    with pyro.plate("data", rows):
        return poutine.trace(program).get_trace(*args)


@pytest.mark.parametrize("learned", [False, True])
def test_the_density_of_classes_and_codes_is_that_of_the_mixture(learned):
    prior = MixturePrior(3, 2, CENTRES, scale=SCALES, frequency=[0.5, 0.3, 0.2], learned=learned)
    torch.manual_seed(0)
    trace = traced(prior)
    trace.compute_log_prob()
    y, z = trace.nodes["y"]["value"], trace.nodes["z"]["value"].detach()
    assert y.unique().numel() > 1
    for row, k in enumerate(y.tolist()):
        by_hand = multivariate_normal(CENTRES[k], torch.tensor(SCALES[k]).square().tolist()).logpdf(z[row].numpy())
        torch.testing.assert_close(trace.nodes["z"]["log_prob"][row].item(), float(by_hand), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(
            trace.nodes["y"]["log_prob"][row].exp().detach(), torch.tensor([0.5, 0.3, 0.2])[k], rtol=1e-5, atol=1e-6
        )


def test_draws_fall_around_the_centres_as_often_as_the_frequencies_say():
    prior, count = MixturePrior(3, 2, CENTRES, scale=0.1, frequency=[0.5, 0.3, 0.2]), 20_000
    torch.manual_seed(0)
    z = traced(prior, rows=count).nodes["z"]["value"]
    nearest = torch.cdist(z, torch.tensor(CENTRES)).argmin(1)
    often = one_hot(nearest, 3).double().mean(0)
    assert ((often - torch.tensor([0.5, 0.3, 0.2])).abs() < 4 * 0.5 / count**0.5).all()
    for k in range(3):
        near = z[nearest == k] - torch.tensor(CENTRES[k])
        assert (near.mean(0).abs() < 4 * 0.1 / len(near) ** 0.5).all()
        assert (near.std(0) / 0.1 - 1).abs().max() < 4 / (2 * len(near)) ** 0.5


@pytest.mark.parametrize("centres", [CENTRES, tuple(map(tuple, CENTRES)), torch.tensor(CENTRES).double()])
def test_centres_may_be_lists_or_tensors(centres):
    mean = MixturePrior(3, 2, centres).components().mean
    assert torch.equal(mean, torch.tensor(CENTRES))


def test_centres_given_as_a_tensor_are_not_the_users_tensor():
    given = torch.tensor(CENTRES)
    prior = MixturePrior(3, 2, given, learned=True)
    given += 1
    assert torch.equal(prior.components().mean, torch.tensor(CENTRES))


def test_one_scale_or_one_for_each_dimension_serve_all_components():
    assert torch.allclose(MixturePrior(3, 2, scale=0.5).components().stddev, torch.full((3, 2), 0.5))
    assert torch.allclose(MixturePrior(3, 2, scale=[0.5, 2]).components().stddev, torch.tensor([[0.5, 2.0]] * 3))
    assert torch.allclose(MixturePrior(3, 2, CENTRES, scale=SCALES).components().stddev, torch.tensor(SCALES))


def test_a_named_layout_is_spaced_by_the_largest_scale_of_its_own_dimensions():
    centres = MixturePrior(4, 5, "circle", scale=[0.5, 2.0, 9.0, 9.0, 9.0]).components().mean
    torch.testing.assert_close(torch.pdist(centres).min(), torch.tensor(4 * 2.0))


def test_the_rest_are_the_dimensions_in_which_all_centres_agree():
    components = MixturePrior(10, 256, "one-hot", scale=0.1**0.5, rest=1.0).components()
    torch.testing.assert_close(components.variance, torch.tensor([0.1] * 10 + [1.0] * 246).expand(10, 256))
    moved = MixturePrior(2, 3, [[5.0, 0.0, 1.0], [5.0, 0.0, 2.0]], scale=0.5, rest=3.0).components()
    torch.testing.assert_close(moved.stddev[0], torch.tensor([3.0, 3.0, 0.5]))


def test_only_a_learned_mixture_has_parameters():
    assert not list(MixturePrior(3, 2, CENTRES).parameters())
    prior = MixturePrior(3, 2, CENTRES, learned=True)
    y, z = torch.tensor([0, 1, 2, 2]), torch.tensor([[1.0, -1.0]])
    (prior.label().log_prob(y) + prior.conditional(y).log_prob(z)).sum().backward()
    assert {name for name, _ in prior.named_parameters()} == {"logits", "place.loc", "place.log_scale"}
    assert all(p.grad.abs().sum() > 0 for p in prior.parameters())


# The posterior.
def posterior(**options):
    torch.manual_seed(0)
    return MixturePosterior(MLPEncoder(SHAPE, (8,)), 3, 2, **options)


def test_heads_of_the_classes_lie_side_by_side_on_one_trunk():
    q = posterior()
    h, parts = q.encoder(X), q.components(X)
    assert (parts.batch_shape, parts.event_shape) == ((6, 3), (2,))
    for k in range(3):
        rows = slice(2 * k, 2 * k + 2)
        torch.testing.assert_close(parts.mean[:, k], h @ q.loc.weight[rows].T + q.loc.bias[rows])
        scale = softplus(h @ q.scale.weight[rows].T + q.scale.bias[rows]) + 1e-6
        torch.testing.assert_close(parts.stddev[:, k], scale)


@pytest.mark.parametrize("classifier", [None, nn.Sequential(nn.Flatten(), nn.Linear(8, 3))])
def test_a_code_is_drawn_from_the_head_of_its_class_enumerated_drawn_or_known(classifier):
    q = posterior(classifier=classifier)
    parts = q.components(X)
    logits = q.classifier(q.encoder(X)) if classifier is None else classifier(X)
    for trace in (traced(q, X), traced(q, X, torch.tensor([0, 1, 2, 2, 1, 0]))):
        y, fn = trace.nodes["y"], trace.nodes["z"]["fn"]
        assert torch.equal(fn.mean, parts.mean[torch.arange(6), y["value"].long()])
        base = getattr(y["fn"], "base", y["fn"])
        torch.testing.assert_close(base.probs, logits.softmax(-1))
    with poutine.enum(first_available_dim=-2):
        fn = traced(q, X).nodes["z"]["fn"]
    assert torch.equal(fn.mean, parts.mean.transpose(0, 1))
    assert torch.equal(fn.stddev, parts.stddev.transpose(0, 1))


def test_a_classifier_of_another_number_of_classes_is_refused():
    with pytest.raises(ValueError, match=r"classifier: expected logits \[6, 3\].*given \[6, 4\]"):
        traced(posterior(classifier=nn.Sequential(nn.Flatten(), nn.Linear(8, 4))), X)


# Pseudo-inputs.
def test_a_pseudo_input_is_its_own_class_and_costs_nothing_beyond_saying_so():
    data = noise(torch.arange(12) % 3)
    pair = exon(data, hidden=(8,), clamp=True)
    places = PseudoCentres(pair.guide.guide.posterior, SHAPE)
    pair.model.prior = MixturePrior(3, 2, places)
    with evaluating(pair):
        kl = pair(places.images, torch.arange(3)).kl["z"]
        strangers = pair(places.images, torch.tensor([1, 2, 0])).kl["z"]
    torch.testing.assert_close(kl, torch.zeros(3))
    assert (strangers > 1e-4).all()
    pair(X).loss.backward()
    assert places.pixels.grad.abs().sum() > 0


def test_pseudo_inputs_of_another_number_of_classes_are_refused():
    prior = MixturePrior(4, 2, PseudoCentres(posterior(), SHAPE))
    with pytest.raises(ValueError, match=r"expected a module that gives 4 components .*PseudoCentres gives \[3\]"):
        prior.components()


# The pair.
def noise(y, labelled=None, names=("a", "b", "c")):
    rows = Batch(torch.rand(len(y), *SHAPE, generator=torch.Generator().manual_seed(0)), y, labelled)
    return DataSet("noise", rows, rows, rows, names, "torch.rand")


def test_the_loss_is_the_papers_over_beta_up_to_a_constant():
    y, beta = torch.arange(12) % 3, 0.3
    torch.manual_seed(0)
    pair = exon(noise(y), beta=beta, scale=[0.5, 1.0], supervision=1.0, hidden=(8,)).double()
    q, x = pair.guide.guide.posterior, noise(y).train.x.double()
    with torch.no_grad():  # certain of a class and of its code: the draw is a number
        q.classifier[1].weight *= 1e4
        q.scale.weight.zero_()
        q.scale.bias.fill_(-40.0)
    logits, parts, prior = q.classifier(x), q.components(x).base_dist, pair.model.prior.components().base_dist
    pi = logits.softmax(-1)
    code = parts.loc[torch.arange(12), pi.argmax(1)]
    image = pair.model.decoder(code).sigmoid()
    divergence = torch.distributions.kl_divergence(parts, prior).sum(-1)
    kl1 = (pi * (logits.log_softmax(-1) + math.log(3))).sum(1).mean()
    kl2 = (pi * divergence).sum(1).mean()
    square = (x - image).square().flatten(1).sum(1).mean() / 2
    paper = square + beta * (kl1 + kl2 + cross_entropy(logits, y))
    ours = pair(x, y).loss - 8 / 2 * math.log(2 * math.pi * beta)
    torch.testing.assert_close(beta * ours, paper, rtol=1e-5, atol=1e-5)


def test_a_beta_on_pixels_from_0_to_1_is_four_times_itself_on_pixels_from_minus_1_to_1():
    x, output = X.double(), torch.randn(6, *SHAPE, dtype=torch.float64)
    ours = Normal(scale=0.3**0.5, learn=False)(output).log_prob(x)
    source = Normal(scale=(4 * 0.3) ** 0.5, learn=False, link="tanh")(output / 2).log_prob(2 * x - 1)
    torch.testing.assert_close(ours, source + 8 * math.log(2), rtol=1e-6, atol=1e-6)


def test_the_source_decodes_one_code_a_row_without_clamping_and_has_a_classifier_of_its_own():
    pair = exon(digits(labels=100))
    objective, q = pair.objective, pair.guide.guide.posterior
    assert (objective.draw, objective.clamp) == ("straight-through", False)
    assert not {id(p) for p in q.classifier.parameters()} & {id(p) for p in q.encoder.parameters()}
    assert exon(digits(labels=100), classifier="head").guide.guide.posterior.on_features
    assert pair.recipe["init_args"]["centres"] == "circle"


def test_clusters_need_no_labels():
    terms = exon(noise(torch.arange(12) % 3, torch.zeros(12, dtype=torch.bool)), learned=True, hidden=(8,))(X)
    assert terms.bound.isfinite().all()


COINCIDENT = [[0.0, 3.0], [2.0, 0.0], [0.0, 3.0]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MixturePrior(1, 2, [[0, 0]]), "classes: a mixture has 2 or more; given 1"),
        (lambda: MixturePrior(4, 2, CENTRES), r"centres: expected \[4, 2\].*given the shape \[3, 2\]"),
        (lambda: MixturePrior(3, 3, CENTRES), r"centres: expected \[3, 3\].*given the shape \[3, 2\]"),
        (lambda: MixturePrior(3, 2, [[0, 1], [2], [3, 4]]), "centres: expected numbers, in rows of one length"),
        (lambda: MixturePrior(3, 2, COINCIDENT), r"classes 0 and 2 share \[0.0, 3.0\], where nothing tells them apart"),
        (lambda: MixturePrior(2, 1, [[0.0], [math.nan]]), "centres: expected finite coordinates; class 1 has one"),
        (lambda: MixturePrior(3, 2, "line"), "centres: expected one of circle, simplex, grid, one-hot"),
        (
            lambda: MixturePrior(3, 2, scale=0.0),
            "scale: expected positive standard deviations; the smallest",
        ),
        (lambda: MixturePrior(3, 2, scale=[1, -2]), "scale: expected positive standard deviations"),
        (lambda: MixturePrior(3, 2, scale=math.nan), "scale: expected positive standard deviations"),
        (lambda: MixturePrior(3, 2, scale=[1, 2, 3]), r"scale: expected a number, \[2\] or \[3, 2\] of them"),
        (lambda: MixturePrior(3, 2, rest=-1.0), "rest: expected positive standard deviations"),
        (lambda: MixturePrior(3, 2, frequency=[0.5, 0.5]), "frequency: expected 3 probabilities"),
        (lambda: exon(noise(torch.arange(12) % 3), centres=CENTRES[:2]), r"centres: expected \[3, 2\]"),
        (
            lambda: exon(noise(torch.arange(12) % 3), beta=0.0),
            "beta: expected a positive variance of pixels",
        ),
        (
            lambda: exon(noise(torch.arange(12) % 3), temperature=-1),
            "temperature: expected a positive number",
        ),
        (
            lambda: exon(noise(torch.arange(12) % 3), classifier="net"),
            "classifier: expected one of 'network', 'small', 'conv', 'deep', 'wide', or a",
        ),
        (lambda: exon(noise(torch.arange(12) % 2)), "data: no training row is labelled as c: nothing ties"),
        (
            lambda: exon(noise(torch.arange(12) % 4, torch.arange(12) % 2 == 1, names=tuple("abcd"))),
            "data: no training row is labelled as a, c",
        ),
        (
            lambda: exon(noise(torch.arange(24).reshape(12, 2) % 5 % 2, names=("hat", "eyes"))),
            r"data: expected classes, of which a row has one; 2 attributes were given",
        ),
    ],
)
def test_what_is_no_mixture_is_refused_by_name(make, message):
    with pytest.raises(ValueError, match=message):
        make()
