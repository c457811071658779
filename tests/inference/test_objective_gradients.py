"""Mean gradients over many draws against exact gradients: hard gates by enumeration, soft ones by their moments."""

import itertools

import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro.nn import PyroModule
from torch import nn
from torch.distributions import kl_divergence

from pellucid.distributions import RelaxedSpikeAndSlab, SpikeAndSlab
from pellucid.inference import ELBO

X, NOISE, ALPHA, SHARPNESS = torch.tensor(1.3), 0.7, 0.3, 20.0
WEIGHT = torch.tensor([1.5, -0.8])
ROWS, BATCHES = 256, 150


class Sparse(PyroModule):
    """z from a spike-and-slab, x ~ N(w . z, noise^2); with classes, z is shifted and y has a prior."""

    def __init__(self, classes=0):
        super().__init__()
        self.classes = classes

    def forward(self, x, y=None, labelled=None):
        with pyro.plate("data", len(x)):
            shift = torch.zeros(())
            if self.classes:
                k = pyro.sample("y", dist.Categorical(torch.tensor([0.3, 0.7])))
                shift = torch.tensor([-1.0, 0.5])[k]
            z = pyro.sample("z", SpikeAndSlab(torch.full((2,), ALPHA), 0.0, 1.0).to_event(1))
            pyro.sample("x", dist.Normal(z @ WEIGHT + shift, NOISE), obs=x)


class Guide(PyroModule):
    """One posterior for all rows; ``order`` says where an enumerated label stands."""

    def __init__(self, family, order=""):
        super().__init__()
        self.family, self.order = family, order
        self.gate = nn.Parameter(torch.tensor([0.4, -0.7]))
        self.loc = nn.Parameter(torch.tensor([0.6, -0.3]))
        self.log_scale = nn.Parameter(torch.tensor([-0.5, 0.1]))
        self.tilt = nn.Parameter(torch.tensor([0.3, -0.2]))

    def slab(self, k=None):
        loc = self.loc if k is None else self.loc + self.tilt[k].unsqueeze(-1)
        return self.gate.sigmoid(), loc, self.log_scale.exp()

    def q(self, k=None):
        if self.family is dist.Normal:
            return dist.Normal(*self.slab(k)[1:])
        if self.family is RelaxedSpikeAndSlab:
            return RelaxedSpikeAndSlab(*self.slab(k), SHARPNESS)
        return SpikeAndSlab(*self.slab(k))

    def forward(self, x, y=None, labelled=None):
        with pyro.plate("data", len(x)):
            if self.order == "label first":
                k = pyro.sample("y", dist.Categorical(logits=self.tilt), infer={"enumerate": "parallel"})
                pyro.sample("z", self.q(k).to_event(1))
                return
            z = pyro.sample("z", self.q().to_event(1))
            if self.order == "latent first":
                pyro.sample("y", dist.Categorical(logits=(z != 0).float() * self.tilt), infer={"enumerate": "parallel"})


def gates():
    return [torch.tensor(b, dtype=torch.float32) for b in itertools.product([0, 1], repeat=2)]


def squared_error(guide, k, shift):
    """E (x - w z - shift)^2 by enumeration of the hard gates and the moments of the slabs."""
    gate, loc, scale = guide.slab(k)
    total = 0.0
    for on in gates():
        chance = torch.where(on.bool(), gate, 1 - gate).prod()
        total = total + chance * ((X - shift - (on * WEIGHT * loc).sum()) ** 2 + (on * WEIGHT**2 * scale**2).sum())
    return total


def log_likelihood(squares):
    return -squares / (2 * NOISE**2) - dist.Normal(0.0, NOISE).scale.log() - 0.5 * torch.log(torch.tensor(2 * torch.pi))


def prior():
    return SpikeAndSlab(torch.full((2,), ALPHA), 0.0, 1.0)


def hard(guide, beta):
    return beta * kl_divergence(guide.q(), prior()).sum() - log_likelihood(squared_error(guide, None, 0.0))


def soft(guide, beta):
    q = guide.q()
    squares = (X - (WEIGHT * q.mean).sum()) ** 2 + (WEIGHT**2 * q.variance).sum()
    return beta * kl_divergence(q, prior()).sum() - log_likelihood(squares)


def label_first(guide, beta):
    log_q, log_p = guide.tilt.log_softmax(0), torch.tensor([0.3, 0.7]).log()
    loss = 0.0
    for k, shift in enumerate((-1.0, 0.5)):
        kl = log_q[k] - log_p[k] + kl_divergence(guide.q(torch.tensor(k)), prior()).sum()
        fit = log_likelihood(squared_error(guide, torch.tensor(k), shift))
        loss = loss + log_q[k].exp() * (beta * kl - fit)
    return loss


def latent_first(guide, beta):
    """q(z) q(y | gates of z): the label's law depends on the hard gates alone."""
    (gate, loc, scale), log_p = guide.slab(), torch.tensor([0.3, 0.7]).log()
    loss = beta * kl_divergence(guide.q(), prior()).sum()
    for on in gates():
        chance, log_q = torch.where(on.bool(), gate, 1 - gate).prod(), (on * guide.tilt).log_softmax(0)
        for k, shift in enumerate((-1.0, 0.5)):
            squares = (X - shift - (on * WEIGHT * loc).sum()) ** 2 + (on * WEIGHT**2 * scale**2).sum()
            loss = loss + chance * log_q[k].exp() * (beta * (log_q[k] - log_p[k]) - log_likelihood(squares))
    return loss


@pytest.mark.parametrize("beta", [1.0, 3.0])
@pytest.mark.parametrize(
    ("family", "order", "exact"),
    [
        (SpikeAndSlab, "", hard),
        (RelaxedSpikeAndSlab, "", soft),
        (SpikeAndSlab, "label first", label_first),
        (SpikeAndSlab, "latent first", latent_first),
    ],
    ids=["hard", "relaxed", "label-first", "latent-first"],
)
def test_mean_gradient_and_loss_are_the_exact_ones(family, order, exact, beta):
    torch.manual_seed(0)
    model, guide, objective = Sparse(classes=2 if order else 0), Guide(family, order), ELBO(kl_weight=beta)
    truth = exact(guide, beta)
    parameters = list(guide.parameters())
    expected = torch.cat(torch.autograd.grad(truth, parameters, allow_unused=True, materialize_grads=True))
    losses, gradients = [], []
    for _ in range(BATCHES):
        loss = objective.differentiable_loss(model, guide, X.expand(ROWS))
        losses.append(loss.detach())
        gradients.append(torch.cat(torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)))
    drawn, loss = torch.stack(gradients), torch.stack(losses)
    error = drawn.std(0) / BATCHES**0.5
    assert ((drawn.mean(0) - expected).abs() <= 4 * error + 1e-6).all(), (drawn.mean(0), expected, error)
    assert (error < 0.15 * expected.abs().max()).all()  # or agreement would mean nothing
    assert abs(loss.mean() - truth) < 4 * loss.std() / BATCHES**0.5


def test_the_other_rows_as_baseline_quieten_the_score_function():
    torch.manual_seed(0)
    guide = Guide(SpikeAndSlab)

    def spread(rows):
        grads = [
            torch.autograd.grad(ELBO().differentiable_loss(Sparse(), guide, X.expand(rows)), guide.gate)[0]
            for _ in range(100)
        ]
        return torch.stack(grads).var(0) * rows  # variance of one row's share

    assert (spread(16) < spread(1)).all()  # a batch of one has no other row


def test_a_draw_without_gradient_outside_the_data_plate_is_an_error_that_names_it():
    class Shared(PyroModule):
        def forward(self, x, y=None, labelled=None):
            pyro.sample("k", dist.Poisson(3.0))
            with pyro.plate("data", len(x)):
                pyro.sample("x", dist.Normal(0.0, 1.0), obs=x)

    class Posterior(PyroModule):
        def forward(self, x, y=None, labelled=None):
            pyro.sample("k", dist.Poisson(3.0))

    with pytest.raises(ValueError, match="site 'k': Poisson has no reparameterised draw"):
        ELBO().terms(Shared(), Posterior(), X.expand(4))
