"""Mixed precision: networks in bfloat16 while they train, every number of the objective in float32."""

# A module's attributes may be anything, as far as a checker can tell.
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportIndexIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false

import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro import poutine
from torch import nn

from pellucid import data, fit, load, zoo
from pellucid.data import Batch
from pellucid.inference.capture import Captured
from pellucid.inference.objective import random_sites
from pellucid.inference.precision import networks, networks_in
from pellucid.inference.step import Step
from tests.priors import Circle
from tests.zoo_pairs import PAIRS, Photos, Tiny, labels_of

X, Y = torch.rand(6, *Tiny.shape), torch.tensor([0, 1, 0, 1, 2, 2])


def dtypes_inside(pair, y):
    """What the first matrix product or convolution of each network runs in, or the network itself if it has none."""
    seen = {}
    for number, network in enumerate(networks(pair)):
        layer = next((m for m in network.modules() if isinstance(m, (nn.Linear, nn.Conv2d))), network)
        layer.register_forward_hook(lambda *args, number=number: seen.update({number: args[-1].dtype}))
    pair(X, y)
    return seen


@pytest.mark.parametrize("name", list(PAIRS))
def test_every_network_of_every_pair_runs_in_bfloat16_and_every_term_is_float32(name):
    pair, y = PAIRS[name](Tiny), labels_of(name, Y)
    with networks_in(pair, torch.bfloat16):
        inside = dtypes_inside(pair, y)
        terms = pair(X, y)
        terms.loss.backward()
    own = {number for number, network in enumerate(networks(pair))}
    assert inside.keys() == own
    assert torch.bfloat16 in inside.values()
    found = (terms.loss, *terms.likelihood.values(), *terms.kl.values(), *terms.factors.values())
    assert {term.dtype for term in found} == {torch.float32}
    assert {p.grad.dtype for p in pair.parameters() if p.grad is not None} == {torch.float32}


@pytest.mark.parametrize("name", list(PAIRS))
def test_no_parameter_of_a_distribution_is_less_than_float32(name):
    pair, y = PAIRS[name](Tiny), labels_of(name, Y)
    with networks_in(pair, torch.bfloat16):
        guide = poutine.trace(pair.guide).get_trace(X, y)
        model = poutine.trace(poutine.replay(pair.model, trace=guide)).get_trace(X, y)
    for trace in (guide, model):
        for site, statement in random_sites(trace):
            fn = statement["fn"]
            while hasattr(fn, "base_dist"):
                fn = fn.base_dist
            low = [k for k, v in vars(fn).items() if isinstance(v, torch.Tensor) and v.dtype == torch.bfloat16]
            assert not low, site


def test_the_loss_is_that_of_float32_to_the_rounding_of_bfloat16():
    torch.manual_seed(0)
    pair = zoo.vae(Tiny, dim=3)
    losses = []
    for dtype in (torch.float32, torch.bfloat16):
        torch.manual_seed(1)
        with networks_in(pair, dtype):
            losses.append(pair(X).loss)
    assert losses[0] != losses[1]
    torch.testing.assert_close(losses[0], losses[1], rtol=0.01, atol=0.0)


def test_evaluation_is_exact_and_nothing_is_left_afterwards():
    pair = zoo.vae(Tiny, dim=3).eval()
    torch.manual_seed(1)
    exact = pair(X).loss
    with networks_in(pair, torch.bfloat16):
        torch.manual_seed(1)
        assert torch.equal(pair(X).loss, exact)
    pair.train()
    torch.manual_seed(1)
    expected = pair(X).loss
    with pytest.raises(RuntimeError, match="mat1"), networks_in(pair, torch.bfloat16):
        pair.guide.posterior.loc(torch.zeros(2, 5))
    torch.manual_seed(1)
    assert torch.equal(pair(X).loss, expected)
    assert not torch.is_autocast_enabled("cpu")


def test_captured_is_eager_in_bfloat16_and_the_two_precisions_have_graphs_of_their_own():
    pair = zoo.vsc(Tiny, dim=3, consistency=3.0)
    step = Captured(pair, "eager")
    for dtype in (torch.float32, torch.bfloat16):
        with networks_in(pair, dtype):
            losses = []
            for each in (Step(pair), step):
                torch.manual_seed(1)
                losses.append(each(Batch(X, Y)))
            torch.testing.assert_close(losses[0], losses[1])
    assert len(step.graphs) == 2


def test_convolutions_take_images_in_channels_last_order():
    pair = zoo.vae(Photos, network="conv")
    seen = []
    pair.guide.posterior.encoder.layers[0].register_forward_hook(lambda _, __, out: seen.append(out))
    with networks_in(pair, torch.bfloat16):
        pair(torch.rand(6, *Photos.shape)).loss.backward()
    assert seen[0].is_contiguous(memory_format=torch.channels_last)


class Plain(nn.Module):
    """A posterior that is no PyroModule: a network by the look of it, with a sample statement inside."""

    def __init__(self):
        super().__init__()
        self.net = nn.Linear(16, 4)

    def forward(self, x, y=None, labelled=None):
        return pyro.sample("z", dist.Normal(self.net(x.flatten(1)), 1.0).to_event(1))


def test_a_program_that_passes_for_a_network_is_refused_by_the_name_of_its_site():
    pair = zoo.vae(Tiny, dim=4)
    pair.guide.posterior = Plain()
    with (
        networks_in(pair, torch.bfloat16),
        pytest.raises(ValueError, match=r"site 'z': sampled inside Plain.*\nTry one of:\n- class Plain\(PyroModule\)"),
    ):
        pair(X)
    assert not torch.is_autocast_enabled("cpu")


def test_a_run_in_bfloat16_is_kept_in_float32_and_loads_as_any_other(tmp_path):
    digits = data.digits(rows=100)
    run = fit(
        zoo.vae(digits, dim=3, hidden=(16,)),
        digits,
        epochs=2,
        batch_size=50,
        precision="bf16-mixed",
        folder=tmp_path / "run",
        progress=False,
    )
    again = load(run.folder)
    assert again.config["fit"]["precision"] == "bf16-mixed"
    assert {p.dtype for p in again.pair.parameters()} == {torch.float32}
    with pytest.raises(ValueError, match=r"resume: fit\.precision was 'bf16-mixed'"):
        fit(again.pair, digits, epochs=2, batch_size=50, folder=run.folder, resume=True, progress=False)


def test_a_plain_module_that_gives_a_distribution_is_refused_in_bfloat16():
    class Turn(nn.Module):
        def __init__(self, features):
            super().__init__()
            self.linear = nn.Linear(features.out_features, 1)

        def forward(self, h):
            return dist.LogNormal(self.linear(h)[..., 0], 0.7)

    pair = zoo.compose(Tiny, prior=Circle(classes=3), sites={"reach": Turn})
    pair(X, Y)
    with networks_in(pair, torch.bfloat16), pytest.raises(ValueError, match=r"Turn: a plain module(.|\n)*PyroModule"):
        pair(X, Y)
