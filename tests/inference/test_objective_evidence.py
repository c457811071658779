"""The bound against closed-form evidence, and what loss, draws and the KL's weight do to it."""

# pyright: reportArgumentType=false, reportOptionalMemberAccess=false

import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro.nn import PyroModule
from torch import nn
from torch.distributions import kl_divergence

from pellucid.inference import ELBO
from pellucid.schedules import Ramp, advance

N, NOISE = 40, 0.6
WEIGHT = torch.tensor([[1.0, 0.4], [-0.5, 1.2], [0.3, 0.8]])
X = torch.tensor([0.7, -1.1, 0.4])


class LinearGaussian(PyroModule):
    """z ~ N(0, I), x ~ N(W z, noise^2 I)."""

    def forward(self, x, y=None, labelled=None):
        with pyro.plate("data", N, subsample=torch.arange(len(x)), dim=-1):
            z = pyro.sample("z", dist.Normal(torch.zeros(2), 1.0).to_event(1))
            pyro.sample("x", dist.Normal(z @ WEIGHT.T, NOISE).to_event(1), obs=x)


class Guide(PyroModule):
    """A Normal with given mean and Cholesky factor; diagonal if the factor is a vector."""

    def __init__(self, loc, scale):
        super().__init__()
        self.loc, self.scale = nn.Parameter(loc.clone()), nn.Parameter(scale.clone())

    def forward(self, x, y=None, labelled=None):
        with pyro.plate("data", N, subsample=torch.arange(len(x)), dim=-1):
            diagonal = self.scale.dim() == 1
            q = dist.Normal(self.loc, self.scale).to_event(1) if diagonal else self.full()
            pyro.sample("z", q)

    def full(self):
        return dist.MultivariateNormal(self.loc, scale_tril=self.scale)


def posterior():
    precision = torch.eye(2) + WEIGHT.T @ WEIGHT / NOISE**2
    covariance = precision.inverse()
    return dist.MultivariateNormal(covariance @ WEIGHT.T @ X / NOISE**2, covariance)


def evidence():
    return dist.MultivariateNormal(torch.zeros(3), WEIGHT @ WEIGHT.T + NOISE**2 * torch.eye(3)).log_prob(X)


def rows(count):
    return X.expand(count, 3)


def test_every_draw_of_the_bound_is_the_evidence_at_the_exact_posterior():
    exact = posterior()
    bound = ELBO().terms(LinearGaussian(), Guide(exact.loc, exact.scale_tril), rows(N)).bound
    torch.testing.assert_close(bound, evidence().expand(N), rtol=0, atol=2e-5)


@pytest.mark.parametrize("scale", [torch.tensor([0.5, 0.3]), torch.tensor([[0.5, 0.0], [-0.2, 0.6]])])
def test_bound_falls_short_of_the_evidence_by_the_divergence_from_the_posterior(scale):
    # a diagonal guide takes the closed form of the KL, a full one the sampled log ratio
    torch.manual_seed(0)
    loc = torch.tensor([0.2, -0.4])
    q = dist.MultivariateNormal(loc, scale_tril=scale.diag() if scale.dim() == 1 else scale)
    expected = evidence() - kl_divergence(q, posterior())
    bound = ELBO(num_particles=200).terms(LinearGaussian(), Guide(loc, scale), rows(N)).bound.detach()
    assert expected < evidence() - 0.1
    assert abs(bound.mean() - expected) < 4 * bound.std() / N**0.5


def test_a_known_pair_of_families_gives_the_closed_form_without_noise():
    loc, scale = torch.tensor([0.2, -0.4]), torch.tensor([0.5, 0.3])
    kl = ELBO().terms(LinearGaussian(), Guide(loc, scale), rows(7)).kl["z"]
    by_hand = 0.5 * (scale**2 + loc**2 - 1 - 2 * scale.log()).sum()
    torch.testing.assert_close(kl, by_hand.expand(7))


def test_loss_differentiable_loss_and_gradients_are_one_number_under_one_seed():
    model, guide, objective = LinearGaussian(), Guide(torch.zeros(2), torch.ones(2)), ELBO(num_particles=2)

    def seeded(evaluate):
        torch.manual_seed(3)
        return float(evaluate(rows(5)))

    differentiable = seeded(lambda x: objective.differentiable_loss(model, guide, x).detach())
    torch.manual_seed(3)
    objective.differentiable_loss(model, guide, rows(5)).backward()
    gradients = [p.grad.clone() for p in guide.parameters()]
    guide.zero_grad()
    assert seeded(lambda x: objective.loss(model, guide, x)) == differentiable
    assert seeded(lambda x: objective(model, guide)(x).detach()) == differentiable
    assert seeded(lambda x: objective.loss_and_grads(model, guide, x)) == differentiable
    assert all(torch.equal(p.grad, g) for p, g in zip(guide.parameters(), gradients, strict=True))


def test_particles_are_averaged_term_by_term():
    model, guide = LinearGaussian(), Guide(torch.zeros(2), torch.ones(2))
    torch.manual_seed(1)
    one_by_one = [ELBO().terms(model, guide, rows(5)) for _ in range(3)]
    torch.manual_seed(1)
    together = ELBO(num_particles=3).terms(model, guide, rows(5))
    torch.testing.assert_close(together.loss, torch.stack([t.loss for t in one_by_one]).mean())
    torch.testing.assert_close(together.bound, torch.stack([t.bound for t in one_by_one]).mean(0))


@pytest.mark.parametrize("beta", [0.0, 0.5, 7.0])
def test_kl_weight_acts_on_the_loss_and_not_on_the_bound(beta):
    model, guide = LinearGaussian(), Guide(torch.ones(2), 0.5 * torch.ones(2))
    torch.manual_seed(1)
    plain = ELBO().terms(model, guide, rows(5))
    torch.manual_seed(1)
    weighted = ELBO(kl_weight=beta).terms(model, guide, rows(5))
    assert torch.equal(weighted.bound, plain.bound)
    torch.testing.assert_close(weighted.loss, (beta * plain.kl["z"] - plain.likelihood["x"]).mean())


def test_a_schedule_of_the_kl_weight_is_followed_in_place():
    model, guide, objective = LinearGaussian(), Guide(torch.ones(2), torch.ones(2)), ELBO(Ramp(0, 2))
    losses = []
    for done in (0.0, 0.5, 1.0):
        advance(objective, done)
        torch.manual_seed(1)
        losses.append(objective.terms(model, guide, rows(5)))
    kl = losses[0].kl["z"].mean()
    torch.testing.assert_close(losses[1].loss - losses[0].loss, kl)
    torch.testing.assert_close(losses[2].loss - losses[0].loss, 2 * kl)


def test_loss_is_per_row_of_the_batch_whatever_the_size_of_the_data_set():
    exact = posterior()
    for count in (1, 3, N, N + 5):  # a batch larger than the plate was announced to be
        model = LinearGaussian() if count <= N else Larger()
        guide = Guide(exact.loc, exact.scale_tril) if count <= N else LargerGuide(exact.loc, exact.scale_tril)
        torch.testing.assert_close(ELBO().terms(model, guide, rows(count)).loss, -evidence(), rtol=0, atol=2e-5)


class Larger(PyroModule):
    def forward(self, x, y=None, labelled=None):
        with pyro.plate("data", len(x)):
            z = pyro.sample("z", dist.Normal(torch.zeros(2), 1.0).to_event(1))
            pyro.sample("x", dist.Normal(z @ WEIGHT.T, NOISE).to_event(1), obs=x)


class LargerGuide(Guide):
    def forward(self, x, y=None, labelled=None):
        with pyro.plate("data", len(x)):
            pyro.sample("z", self.full())


class Parts(PyroModule):
    """Three latents a row in an inner plate."""

    def __init__(self, loc):
        super().__init__()
        self.loc = loc

    def forward(self, x, y=None, labelled=None):
        with pyro.plate("data", N, subsample=torch.arange(len(x)), dim=-1), pyro.plate("parts", 3, dim=-2):
            pyro.sample("z", dist.Normal(self.loc, 1.0))


def test_an_inner_plate_is_summed_and_not_averaged():
    kl = ELBO(max_plate_nesting=2).terms(Parts(0.0), Parts(2.0), rows(5)).kl["z"]
    torch.testing.assert_close(kl, torch.full((5,), 3 * 2.0))


def test_an_inner_plate_the_objective_was_not_built_for_is_an_error():
    with pytest.raises(ValueError, match=r"site 'z'.*dimension -2(.|\n)*ELBO\(max_plate_nesting=2\)"):
        ELBO().terms(Parts(0.0), Parts(2.0), rows(5))


class Sideways(PyroModule):
    def forward(self, x, y=None, labelled=None):
        with pyro.plate("parts", 3, dim=-1), pyro.plate("data", len(x), dim=-2):
            pyro.sample("z", dist.Normal(0.0, 1.0))


def test_a_data_plate_that_is_not_the_rightmost_is_an_error():
    with pytest.raises(ValueError, match=r"'data' stands at dimension -2"):
        ELBO(max_plate_nesting=2).terms(Sideways(), Sideways(), rows(5))


class Masked(PyroModule):
    def __init__(self, loc):
        super().__init__()
        self.loc = loc

    def forward(self, x, y=None, labelled=None):
        mask = torch.arange(len(x)) % 2 == 0
        with pyro.plate("data", N, subsample=torch.arange(len(x))), pyro.poutine.mask(mask=mask):
            pyro.sample("z", dist.Normal(self.loc, 1.0))


def test_masked_rows_add_nothing():
    kl = ELBO().terms(Masked(0.0), Masked(2.0), rows(4)).kl["z"]
    torch.testing.assert_close(kl, torch.tensor([2.0, 0.0, 2.0, 0.0]))


class Elsewhere(PyroModule):
    def forward(self, x, y=None, labelled=None):
        with pyro.plate("data", N, subsample=torch.arange(len(x))):
            pyro.sample("w", dist.Normal(0.0, 1.0))


def test_a_site_that_one_program_lacks_is_named():
    guide = Guide(torch.zeros(2), torch.ones(2))
    with pytest.raises(ValueError, match=r"site 'w' is latent in the model and missing from the guide.*\['z'\]"):
        ELBO().terms(Elsewhere(), guide, rows(5))
    with pytest.raises(ValueError, match="site 'w' is sampled in the guide and not latent in the model"):
        ELBO().terms(Nothing(), Elsewhere(), rows(5))


class Nothing(PyroModule):
    def forward(self, x, y=None, labelled=None):
        with pyro.plate("data", N, subsample=torch.arange(len(x))):
            pyro.sample("x", dist.Normal(torch.zeros(3), 1.0).to_event(1), obs=x)
