"""A captured pair gives the pair's own loss, terms and gradients, with no Pyro in the step."""

# A module's attributes may be anything, as far as a checker can tell.
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportIndexIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false

import copy

import pyro
import pytest
import torch
from pyro.poutine.messenger import Messenger
from torch import nn

from pellucid import zoo
from pellucid.data import Batch
from pellucid.inference.capture import CannotCapture, Captured, trace_once
from pellucid.inference.capture.check import require_same
from pellucid.inference.step import Step
from pellucid.inference.untouched import untouched
from pellucid.schedules import advance
from tests.zoo_pairs import PAIRS, Photos, Tiny, labels_of

GENERATOR = torch.Generator().manual_seed(0)
X = torch.rand(12, *Tiny.shape, generator=GENERATOR)
Y = torch.randint(3, (12,), generator=GENERATOR)
KNOWN = torch.arange(12) % 3 > 0
BATCHES = {
    "no labels": Batch(X),
    "all labelled": Batch(X, Y),
    "partly labelled": Batch(X, torch.where(KNOWN, Y.float(), torch.nan), KNOWN),
}


def batch_for(name, labels):
    x, y, labelled = BATCHES[labels]
    return Batch(x, None if y is None else labels_of(name, y), labelled)


def evaluated(step, batch, seed=3):
    step.pair.zero_grad()
    with untouched(step.pair, batch.x.device):  # a step may read the statistics that it moves
        torch.manual_seed(seed)
        loss = step(batch)
        if loss.requires_grad:
            loss.backward()
    found = {name: p.grad.clone() for name, p in step.pair.named_parameters() if p.grad is not None}
    return step.terms | found


def assert_same(captured, batch, seed=3):
    expected, found = evaluated(Step(captured.pair), batch, seed), evaluated(captured, batch, seed)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-5, atol=1e-5, msg=lambda text, name=name: name + text)


def built(name, training=True, backend="eager"):
    torch.manual_seed(0)
    return Captured(PAIRS[name](Tiny).train(training), backend)


@pytest.mark.parametrize("labels", list(BATCHES))
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("name", list(PAIRS))
def test_captured_is_eager_with_schedules_in_motion_and_one_graph(name, training, labels):
    step = built(name, training)
    for seed, done in enumerate((0.0, 0.25, 1.0)):
        advance(step.pair, done)
        assert_same(step, batch_for(name, labels), seed)
    assert len(step.graphs) == 1


@pytest.mark.parametrize("name", list(PAIRS))
def test_the_graph_that_a_compiler_is_given_forward_and_backward_is_the_eager_one(name):
    step = built(name, backend="aot_eager")
    for seed, done in enumerate((0.0, 0.6)):
        advance(step.pair, done)
        assert_same(step, batch_for(name, "partly labelled"), seed)


def test_no_sample_statement_runs_in_a_captured_step():
    class Loud(Messenger):
        def _pyro_sample(self, msg):
            raise AssertionError(msg["name"])

    step = built("class_vsc")
    step.graph(BATCHES["partly labelled"])
    with Loud():
        step(BATCHES["partly labelled"])
        with pytest.raises(AssertionError, match="data"):
            Step(step.pair)(BATCHES["partly labelled"])


@pytest.mark.parametrize("name", ["vsc, class-consistent", "exon, interpolated", "exon, lagging teacher"])
def test_an_optimiser_over_the_pair_trains_the_graph_as_it_trains_the_pair_its_buffers_too(name):
    steps = []
    for kind in (Step, Captured):
        torch.manual_seed(0)
        pair = PAIRS[name](Tiny)
        step = kind(pair) if kind is Step else Captured(pair, "eager")
        optimiser = torch.optim.SGD(pair.parameters(), 1e-3)
        for done in range(5):
            advance(pair, done / 5)
            torch.manual_seed(done)
            optimiser.zero_grad()
            step(BATCHES["all labelled"]).backward()
            optimiser.step()
        steps.append(pair.state_dict())
    for name, value in steps[0].items():
        torch.testing.assert_close(steps[1][name], value, rtol=1e-5, atol=1e-6)


def noisy(data=Photos):
    """A pair with batch normalisation and dropout."""
    torch.manual_seed(0)
    pair = zoo.vae(data, dim=3, network="conv")
    encoder = pair.guide.posterior.encoder
    encoder.layers = nn.Sequential(*encoder.layers[:2], nn.BatchNorm2d(32), nn.Dropout(), *encoder.layers[2:])
    return pair


def test_batch_normalisation_and_dropout_are_those_of_the_pair_in_both_modes():
    x = Batch(torch.rand(6, *Photos.shape))
    pairs = noisy(), noisy()
    for number in range(3):
        losses = []
        for pair, step in zip(pairs, (Step(pairs[0]), Captured(pairs[1], "eager")), strict=True):
            for training in (True, False):
                pair.train(training)
                torch.manual_seed(number)
                losses.append(step(x).detach())
        torch.testing.assert_close(losses[:2], losses[2:])
    norms = [pair.guide.posterior.encoder.layers[2] for pair in pairs]
    assert norms[1].num_batches_tracked == 3
    torch.testing.assert_close(norms[1].running_mean, norms[0].running_mean)


def test_capturing_leaves_weights_statistics_schedules_and_random_numbers_as_they_were():
    pair = noisy()
    step = Captured(pair, "eager")
    before = copy.deepcopy(pair.state_dict())
    torch.manual_seed(5)
    state = torch.get_rng_state()
    step.graph(Batch(torch.rand(6, *Photos.shape, generator=torch.Generator().manual_seed(0))))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in pair.state_dict().items())
    assert all(p.grad is None for p in pair.parameters())


def test_a_last_short_batch_and_a_look_without_gradients_get_graphs_of_their_own():
    step = built("vsc, class-consistent")
    full = BATCHES["all labelled"]
    short = full.take(slice(5))
    for batch in (full, short):
        assert_same(step, batch)
        with torch.no_grad():
            assert_same(step, batch)
    assert len(step.graphs) == 4


def test_a_frozen_parameter_gets_no_gradient_from_the_graph():
    step = built("vae")
    assert_same(step, BATCHES["no labels"])
    frozen = step.pair.model.decoder.layers[0].weight.requires_grad_(False)
    assert_same(step, BATCHES["no labels"])
    assert frozen.grad is None


def test_a_pair_given_a_new_decoder_or_moved_elsewhere_and_back_is_captured_anew():
    step, batch = built("vae"), BATCHES["no labels"]
    assert_same(step, batch)
    with torch.no_grad():
        step.pair.model.decoder = zoo.vae(Tiny).model.decoder
    assert_same(step, batch)
    step.pair.double()
    step.pair.float()
    assert_same(step, batch)


def test_a_copy_trains_its_own_weights():
    step = built("vae")
    step(BATCHES["no labels"])
    twin = copy.deepcopy(step)
    twin(BATCHES["no labels"]).backward()
    assert all(p.grad is None for p in step.parameters())
    assert all(p.grad is not None for p in twin.parameters())


def test_the_settings_of_pyro_are_as_they_were():
    before = pyro.settings.get()
    built("vae")(BATCHES["no labels"])
    assert pyro.settings.get() == before


def test_labels_by_site_are_captured():
    step = built("composed")
    assert_same(step, Batch(X, {"y": Y}, {"y": KNOWN}))


def test_labels_known_one_by_one_are_captured():
    y = torch.randint(2, (12, 3), generator=GENERATOR).float()
    known = torch.rand(12, 3, generator=GENERATOR) < 0.5
    assert_same(built("ccvae, attributes"), Batch(X, torch.where(known, y, torch.nan), known))


def test_a_layer_added_to_a_network_is_captured_anew():
    step, batch = built("vae"), BATCHES["no labels"]
    assert_same(step, batch)
    step.pair.model.decoder.layers.append(nn.Tanh())
    assert_same(step, batch)


def test_a_graph_whose_gradient_is_not_finite_where_the_pairs_is_does_not_pass():
    pair, batch = PAIRS["vae"](Tiny), BATCHES["no labels"]
    graph = trace_once(pair, batch)

    def broken(*fields):
        loss, means = graph.module(*fields)
        return loss + 0 * (0 * pair.model.decoder.layers[0].weight).sqrt().sum(), means

    with pytest.raises(CannotCapture, match=r"the gradient of 'model.decoder.layers.0.weight'"):
        require_same(pair, graph._replace(module=broken), batch, terms=1e-5, gradients=1e-5, what="the graph")
