"""Loss factors: counted once, outside the bound, seen by stock Pyro, and nothing at all at weight zero."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false

from typing import ClassVar

import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro.infer import Trace_ELBO, TraceMeanField_ELBO
from pyro.nn import PyroModule

from pellucid import Pair, zoo
from pellucid.guides import Guide, classify
from pellucid.inference import ELBO, ClassConsistency, Factor, class_consistency, log_weight
from pellucid.schedules import Ramp, advance


class Tiny:
    shape: ClassVar[tuple[int, ...]] = (1, 4, 4)
    n_data: ClassVar[int] = 30


X, Y = torch.rand(10, 1, 4, 4, generator=torch.Generator().manual_seed(0)), torch.arange(10) % 3


class Energy(Factor):
    """A user's factor, whole."""

    def forward(self, posterior, y, labelled):
        return posterior["z"].mean.square().sum(-1).mean()


def vsc_with(*factors):
    torch.manual_seed(0)
    pair = zoo.vsc(Tiny, dim=5, hidden=(16,))
    return Pair(pair.model, pair.guide, factors)


def seeded(pair, *batch):
    torch.manual_seed(9)
    return pair(*batch)


def gates(pair):
    guide = pair.guide.guide if pair.factors else pair.guide
    return guide.posterior.encode(X).base_dist.gate


@pytest.mark.parametrize("weight", [0.0, 1.0, 100.0])
def test_loss_is_the_plain_loss_plus_weight_times_value_once(weight):
    pair = vsc_with(ClassConsistency(weight))
    plain, terms = seeded(vsc_with(), X, Y), seeded(pair, X, Y)
    added = weight * class_consistency(gates(pair), Y)
    torch.testing.assert_close(terms.loss, plain.loss + added)
    torch.testing.assert_close(terms.factors["consistency"], added)
    assert weight == 0 or added > 0


def test_bounds_and_importance_weights_exclude_a_factor_of_weight_100():
    plain, heavy = vsc_with(), vsc_with(ClassConsistency(100.0), Energy("energy", 100.0))
    assert torch.equal(seeded(plain, X, Y).bound, seeded(heavy, X, Y).bound)
    weights = []
    for pair in (plain, heavy):
        torch.manual_seed(2)
        weights.append(log_weight(pair, X))
    assert torch.equal(*weights)


@pytest.mark.parametrize("rows", [3, 10, Tiny.n_data, Tiny.n_data + 11])
def test_a_factor_weighs_the_same_in_a_batch_of_any_size(rows):
    torch.manual_seed(0)
    x, y = torch.rand(rows, 1, 4, 4), torch.arange(rows) % 2
    pair = vsc_with(ClassConsistency(7.0))
    gate = pair.guide.guide.posterior.encode(x).base_dist.gate
    torch.testing.assert_close(pair(x, y).factors["consistency"], 7 * class_consistency(gate, y))


@pytest.mark.parametrize("elbo", [Trace_ELBO, TraceMeanField_ELBO])
@pytest.mark.parametrize("rows", [10, Tiny.n_data + 11])
def test_stock_objectives_see_the_factor_at_the_same_weight(elbo, rows):
    torch.manual_seed(0)
    x, y = torch.rand(rows, 1, 4, 4), torch.arange(rows) % 3
    losses = []
    for factors in ((), (ClassConsistency(50.0), Energy("energy", 2.0))):
        pair = vsc_with(*factors)
        torch.manual_seed(9)
        losses.append(elbo().differentiable_loss(pair.model, pair.guide, x, y) / max(rows, Tiny.n_data))
    q = pair.guide.guide.posterior.encode(x)
    added = 50 * class_consistency(q.base_dist.gate, y) + 2 * q.mean.square().sum(-1).mean()
    torch.testing.assert_close(losses[1] - losses[0], added, rtol=2e-4, atol=1e-4)


def trained(pair, steps=6):
    optimiser = torch.optim.Adam(pair.parameters(), lr=1e-2)
    losses = []
    torch.manual_seed(4)
    for _ in range(steps):
        optimiser.zero_grad()
        loss = pair(X, Y, torch.arange(10) < 7).loss
        loss.backward()
        optimiser.step()
        losses.append(loss.detach())
    return torch.stack(losses), [p.detach() for p in pair.parameters()], [p.grad for p in pair.parameters()]


def test_weight_zero_is_plain_sparse_coding_bit_for_bit():
    plain, zero = trained(vsc_with()), trained(vsc_with(ClassConsistency(0.0)))
    assert torch.equal(plain[0], zero[0])
    for a, b in zip((*plain[1], *plain[2]), (*zero[1], *zero[2]), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(plain[0], trained(vsc_with(ClassConsistency(1.0)))[0])


def test_a_scheduled_weight_is_followed_and_is_zero_until_it_begins():
    pair = vsc_with(ClassConsistency(Ramp(0, 10, begin=0.2, end=0.6)))
    value = class_consistency(gates(pair), Y)
    buffer = pair.factors[0].weight
    for done, weight in ((0.0, 0.0), (0.2, 0.0), (0.4, 5.0), (1.0, 10.0)):
        advance(pair.factors[0], done)
        torch.testing.assert_close(pair(X, Y).factors["consistency"], weight * value)
    assert pair.factors[0].weight is buffer


def test_a_factor_pulls_the_parameters_it_depends_on_along_its_own_gradient():
    pair = vsc_with(ClassConsistency(3.0))
    parameters = list(pair.guide.guide.posterior.parameters())
    added = torch.autograd.grad(
        3 * class_consistency(gates(pair), Y), parameters, allow_unused=True, materialize_grads=True
    )
    whole = torch.autograd.grad(seeded(pair, X, Y).loss, parameters)
    rest = torch.autograd.grad(seeded(vsc := vsc_with(), X, Y).loss, list(vsc.guide.posterior.parameters()))
    for w, r, a in zip(whole, rest, added, strict=True):
        torch.testing.assert_close(w - r, a, rtol=1e-3, atol=1e-4)


def test_a_raw_pyro_factor_below_an_enumerated_label_is_averaged_with_the_labels_weights():
    cost = torch.tensor([1.0, 5.0])

    class Prior(PyroModule):
        n_data = 4

        def forward(self, x, y=None, labelled=None):
            with pyro.plate("data", 4):
                pyro.sample("y", dist.Categorical(torch.ones(2)))

    class Posterior(PyroModule):
        def forward(self, x, y=None, labelled=None):
            with pyro.plate("data", 4):
                k = classify("y", dist.Categorical(torch.tensor([0.9, 0.1])))
                pyro.factor("cost", cost[k].expand(*k.shape[:-1], 4), has_rsample=True)

    factor = ELBO().terms(Prior(), Posterior(), torch.zeros(4)).factors["cost"]
    torch.testing.assert_close(factor, torch.tensor(0.9 * 1 + 0.1 * 5))


def test_unlabelled_slots_reach_a_factor_as_zeros():
    seen = {}

    class Look(Factor):
        def forward(self, posterior, y, labelled):
            seen["y"] = y
            return posterior["z"].mean.sum() * 0

    y, labelled = torch.where(Y == 1, torch.nan, Y.float()), Y != 1
    pair = vsc_with(Look("look"))
    TraceMeanField_ELBO().differentiable_loss(pair.model, pair.guide, X, y, labelled)  # no sanitising door here
    assert torch.equal(seen["y"], torch.where(Y == 1, 0, Y).float())


def test_bad_factors_are_refused_by_name():
    with pytest.raises(ValueError, match=r"factor 'energy'.*at least 0; given -1"):
        Energy("energy", -1.0)
    with pytest.raises(ValueError, match=r"each needs a name of its own.*; given \['energy', 'energy'\]"):
        vsc_with(Energy("energy"), Energy("energy"))


def test_consistency_of_a_guide_without_gates_is_an_error_that_lists_its_sites():
    plain = zoo.vae(Tiny, dim=3)
    with pytest.raises(ValueError, match=r"factor 'consistency'.*site 'z'.*'z': 'Normal'"):
        Pair(plain.model, plain.guide, [ClassConsistency()])(X, Y)
    with pytest.raises(ValueError, match="spike-and-slab posterior at site 'w'"):
        vsc_with(ClassConsistency(site="w"))(X, Y)


def test_a_pair_of_plain_modules_is_refused():
    pair = zoo.vae(Tiny, dim=3)
    with pytest.raises(ValueError, match=r"must be pyro\.nn\.PyroModule; given Linear"):
        Pair(pair.model, torch.nn.Linear(1, 1))


def test_a_pair_is_refused_while_parameters_live_in_the_global_store():
    pair = zoo.vae(Tiny, dim=3)
    with (
        pyro.settings.context(module_local_params=False),
        pytest.raises(RuntimeError, match="module_local_params is off"),
    ):
        Pair(pair.model, Guide(pair.guide.posterior, 3))
