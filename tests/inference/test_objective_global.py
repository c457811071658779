"""A latent of the whole data set is counted once per data set, whatever the batch."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false

import pyro
import pyro.distributions as dist
import torch
from pyro.infer import TraceMeanField_ELBO
from pyro.nn import PyroModule
from torch import nn

from pellucid.guides import Guide
from pellucid.inference import Pair, log_weight
from pellucid.models import LatentModel, Normal

N, D = 12, 3


class TablePrior(PyroModule):
    """A table of two centres for the data set; each row's z lies around their mean."""

    def shared(self):
        return pyro.sample("table", dist.Normal(torch.zeros(2, D), 1.0).to_event(2))

    def forward(self, y, labelled, table):
        return pyro.sample("z", dist.Normal(table.mean(0), 1.0).to_event(1))


class TablePosterior(PyroModule):
    def __init__(self):
        super().__init__()
        self.loc, self.log_scale = nn.Parameter(0.5 * torch.ones(2, D)), nn.Parameter(-torch.ones(2, D))

    def shared(self):
        return pyro.sample("table", dist.Normal(self.loc, self.log_scale.exp()).to_event(2))

    def forward(self, x, y, labelled, table):
        return pyro.sample("z", dist.Normal(x.flatten(1), 0.3).to_event(1))


def pair():
    decoder = nn.Sequential(nn.Identity(), nn.Unflatten(-1, (1, 1, D)))
    likelihood = Normal(scale=0.5, learn=False, link="identity")
    return Pair(LatentModel(TablePrior(), decoder, likelihood, N), Guide(TablePosterior(), N))


def table_kl(posterior):
    s, m = posterior.log_scale.exp(), posterior.loc
    return 0.5 * (s**2 + m**2 - 1 - 2 * s.log()).sum()


def row_bounds(posterior, x):
    """Closed form, table's own term aside: the latent's KL averaged over the table's law, and the likelihood."""
    mean, variance = posterior.loc.mean(0), posterior.log_scale.exp().square().mean(0) / 2
    latent = 0.5 * (0.3**2 + (x.flatten(1) - mean) ** 2 + variance - 1 - 2 * torch.tensor(0.3).log()).sum(1)
    return D * (dist.Normal(0.0, 0.5).log_prob(torch.tensor(0.0)) - 0.3**2 / (2 * 0.5**2)) - latent


def expected_loss(posterior, x):
    return table_kl(posterior) / N - row_bounds(posterior, x).mean()


def test_global_term_is_its_kl_over_the_data_set_at_every_batch_size():
    torch.manual_seed(0)
    p = pair()
    for rows in (1, 4, N):
        kl = p(torch.randn(rows, 1, 1, D)).kl["table"]
        assert kl.shape == (1,)
        torch.testing.assert_close(kl[0], table_kl(p.guide.posterior) / N)


def test_batches_average_to_the_loss_of_the_data_set():
    torch.manual_seed(0)
    p, x = pair(), torch.randn(N, 1, 1, D)
    draws = 300
    with torch.no_grad():
        whole = torch.stack([p(x).loss for _ in range(draws)])
        parts = torch.stack([torch.stack([p(part).loss for part in x.split(4)]).mean() for _ in range(draws // 3)])
    truth = expected_loss(p.guide.posterior, x)
    assert abs(whole.mean() - truth) < 4 * whole.std() / draws**0.5
    assert abs(parts.mean() - truth) < 4 * parts.std() / len(parts) ** 0.5
    assert 4 * whole.std() / draws**0.5 < table_kl(p.guide.posterior) * (
        1 / 4 - 1 / N
    )  # per-batch counting would be seen


def test_stock_mean_field_bound_is_n_times_ours_under_one_seed():
    p, x = pair(), torch.randn(4, 1, 1, D)
    torch.manual_seed(5)
    stock = TraceMeanField_ELBO().differentiable_loss(p.model, p.guide, x) / N
    torch.manual_seed(5)
    torch.testing.assert_close(p(x).loss, stock)


def test_gradient_of_the_global_posterior_is_that_of_the_closed_form():
    torch.manual_seed(0)
    p, x = pair(), torch.randn(4, 1, 1, D)
    posterior, draws = p.guide.posterior, 300
    parameters = [posterior.loc, posterior.log_scale]
    exact = torch.stack(torch.autograd.grad(expected_loss(posterior, x), parameters))
    drawn = torch.stack([torch.stack(torch.autograd.grad(p(x).loss, parameters)) for _ in range(draws)])
    error = drawn.std(0) / draws**0.5
    assert ((drawn.mean(0) - exact).abs() < 4.5 * error).all()  # 12 coordinates


def test_importance_weights_leave_the_global_latent_out():
    torch.manual_seed(0)
    p, x = pair(), torch.randn(4, 1, 1, D)
    log_w = torch.stack([log_weight(p, x) for _ in range(400)])
    assert ((log_w.mean(0) - row_bounds(p.guide.posterior, x)).abs() < 4 * log_w.std(0) / 400**0.5).all()
