"""The prior at pseudo-inputs: its density, its two selectors, and the encoder it shares with the guide."""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false, reportOptionalMemberAccess=false

import copy
import math
import warnings
from typing import ClassVar

import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro import poutine
from pyro.infer import Trace_ELBO
from pyro.nn import PyroModule
from torch import nn
from torch.distributions import kl_divergence
from torch.nn.functional import one_hot

from pellucid import Pair, data, fit, load, zoo
from pellucid.distributions import EPS, SpikeAndSlab
from pellucid.guides import Guide, NormalPosterior, SelectingPosterior, SpikeAndSlabPosterior
from pellucid.inference import ELBO
from pellucid.inference.training.checkpoint import read_weights, write_checkpoint
from pellucid.models import LatentModel, Normal, NormalPrior, PseudoInputPrior
from pellucid.networks import ConvEncoder, MLPDecoder, MLPEncoder


class Tiny:
    shape: ClassVar[tuple[int, ...]] = (1, 4, 4)
    n_data: ClassVar[int] = 40


X = torch.rand(6, *Tiny.shape, generator=torch.Generator().manual_seed(0))
FORMS = ["source", "variational"]


def make(selector="source", spread=4.0, **options):
    torch.manual_seed(0)
    sizes = {"dim": 3, "hidden": (16,), "pseudo_inputs": 5} | options
    pair = zoo.vsc(Tiny, prior="pseudo-inputs", selector=selector, **sizes)
    for p in pair.parameters():  # spread heads, choices and pseudo-inputs: a fresh network's are much alike
        if p.dim() == 2:
            p.data.mul_(spread)
    return pair


def posterior_of(pair):
    program = pair.guide.guide.posterior
    return program.posterior if isinstance(program, SelectingPosterior) else program


def log_density(z, prior, image):
    """By hand, with the squash written out: log p(z | u), ``[...]`` for z ``[..., D]``."""
    p = prior.posterior
    h = p.encoder(image)
    gate = 1 / (1 + (-prior.nu * (p.gate(h).sigmoid() - 0.5)).exp())
    slab = torch.distributions.Normal(p.loc(h), nn.functional.softplus(p.scale(h)) + EPS).log_prob(z)
    return torch.where(z == 0, (1 - gate).log(), gate.log() + slab).sum(-1)


def test_divergence_of_the_code_agrees_with_monte_carlo_at_the_pseudo_input_that_was_picked():
    pair = make().eval()
    prior = pair.model.prior
    with torch.no_grad():
        u = prior.selector(X).argmax(1)
        assert len(u.unique()) > 1
        z = posterior_of(pair).encode(X).sample((200_000,))
        log_p = torch.stack([log_density(z[:, n], prior, prior.pixels[u[n]].sigmoid()) for n in range(6)], 1)
        ratio = posterior_of(pair).encode(X).log_prob(z) - log_p
        kl = pair(X).kl["z"]
    assert ((kl - ratio.mean(0)).abs() < 4 * ratio.std(0) / 200_000**0.5).all()


@pytest.mark.parametrize("nu", [1.0, 10.0, 60.0])
def test_one_pseudo_input_equal_to_the_image_leaves_the_divergence_of_the_squash_alone(nu):
    posterior = posterior_of(make(dim=4)).eval()
    prior = PseudoInputPrior(posterior, Tiny.shape, pseudo_inputs=1, alpha=0.4, nu=nu)
    prior.pixels.data.copy_(X[:1].logit())
    q = posterior.encode(X[:1]).base_dist
    squashed = ((q.gate - 0.5) * nu).sigmoid().clamp(EPS, 1 - EPS)
    left = q.gate * (q.gate / squashed).log() + (1 - q.gate) * ((1 - q.gate) / (1 - squashed)).log()
    torch.testing.assert_close(kl_divergence(q, prior.components()), left, rtol=1e-4, atol=1e-5)
    assert left.max() > 0.01


def test_every_squashed_gate_lies_between_the_limits_of_the_squash_and_keeps_the_order():
    prior = make().model.prior
    prior.posterior.gate.bias.data.copy_(torch.tensor([50.0, -50.0, 0.0]))
    gate, limit = prior.gates(), 1 / (1 + math.exp(5))
    torch.testing.assert_close(gate[:, 0], torch.full((5,), 1 - limit), rtol=0, atol=1e-4)
    torch.testing.assert_close(gate[:, 1], torch.full((5,), limit), rtol=0, atol=1e-4)


def test_components_are_hard_and_without_warm_up_in_training_and_evaluation_alike():
    prior = make(slab=0.3).model.prior
    assert prior.posterior.training
    trained, evaluated = prior.components(), prior.eval().components()
    assert type(trained) is type(evaluated) is SpikeAndSlab
    for name in ("gate", "loc", "scale"):
        assert torch.equal(getattr(trained, name), getattr(evaluated, name))
    torch.testing.assert_close(trained.loc, prior.posterior.loc(prior.posterior.encoder(prior.images)))


def test_pseudo_inputs_leave_modes_and_running_statistics_of_the_encoder_as_they_were():
    posterior = SpikeAndSlabPosterior(ConvEncoder((1, 28, 28), batch_norm=True), 2)
    norms = [m for m in posterior.modules() if isinstance(m, nn.BatchNorm2d)]
    norms[0].eval()
    before = [m.training for m in posterior.modules()]
    PseudoInputPrior(posterior, (1, 28, 28), pseudo_inputs=3).components()
    assert [m.training for m in posterior.modules()] == before
    assert all(int(m.num_batches_tracked) == 0 for m in norms)
    assert posterior.training


def test_gradients_of_pseudo_inputs_pass_through_the_encoder():
    pair = make().double()
    prior, h = pair.model.prior, 1e-5
    q = SpikeAndSlab(torch.tensor([0.3, 0.6, 0.9]), torch.tensor([1.0, 0.0, -1.0]), 0.5)

    def divergence():
        return kl_divergence(q, prior.components()).sum()

    def shifted(step):
        prior.pixels.data[2, 0, 1, 3] += step
        value = divergence().item()
        prior.pixels.data[2, 0, 1, 3] -= step
        return value

    slope = torch.autograd.grad(divergence(), prior.pixels)[0][2, 0, 1, 3].item()
    assert slope == pytest.approx((shifted(h) - shifted(-h)) / (2 * h), rel=1e-5)
    assert abs(slope) > 1e-3


@pytest.mark.parametrize("selector", FORMS)
@pytest.mark.parametrize("relaxed", [True, False])
def test_every_parameter_gets_a_finite_gradient(selector, relaxed):
    pair = make(selector, relaxed=relaxed)
    pair(X).loss.backward()
    for name, p in pair.named_parameters():
        assert p.grad.isfinite().all(), name
        assert p.grad.any(), name


def test_the_choice_is_one_hot_and_its_slope_that_of_the_softmax():
    prior = make().model.prior
    scores = prior.selector(X)
    weight = torch.randn(6, 5, generator=torch.Generator().manual_seed(1))
    choice = prior.select(X)
    assert torch.equal(choice.detach(), one_hot(scores.argmax(1), 5).float())
    parameters = list(prior.selector.parameters())
    straight = torch.autograd.grad((weight * choice).sum(), parameters)
    soft = torch.autograd.grad((weight * scores.softmax(1)).sum(), parameters)
    for a, b in zip(straight, soft, strict=True):
        torch.testing.assert_close(a, b)


def test_the_selector_learns_to_tell_two_clusters_of_images_apart():
    torch.manual_seed(0)
    x = (torch.arange(40) < 20).float()[:, None, None, None] * torch.ones(Tiny.shape)
    x = (0.1 + 0.8 * x + 0.05 * torch.randn(x.shape)).clamp(0, 1)
    pair = zoo.vsc(Tiny, dim=3, hidden=(16,), alpha=0.5, prior="pseudo-inputs", pseudo_inputs=4)
    pair.model.prior.selector[1].bias.data.copy_(torch.tensor([3.0, 0.0, 0.0, 0.0]))
    assert (pair.model.prior.select(x).argmax(1) == 0).all()
    optimiser = torch.optim.Adam(pair.parameters(), lr=1e-2)
    for _ in range(60):
        optimiser.zero_grad()
        pair(x).loss.backward()
        optimiser.step()
    one, other = pair.model.prior.select(x).argmax(1).split(20)
    assert not set(one.tolist()) & set(other.tolist())


def test_without_an_image_pseudo_inputs_are_uniform_and_codes_are_theirs():
    torch.manual_seed(0)
    for selector in FORMS:
        pair = make(selector).eval()
        sites = poutine.trace(pair.model).get_trace(rows=20_000).nodes
        share = sites["u"]["value"].bincount(minlength=5) / 20_000
        assert ((share - 0.2).abs() < 4 * (0.16 / 20_000) ** 0.5).all()
        on, gate = (sites["z"]["value"] != 0).float(), pair.model.prior.gates().detach()
        for u in range(5):
            rows = on[sites["u"]["value"] == u]
            assert ((rows.mean(0) - gate[u]).abs() < 4 * (gate[u] * (1 - gate[u]) / len(rows)).sqrt() + 1e-3).all()


FOUR = torch.tensor([[0.1, 0.1], [0.1, 0.9], [0.9, 0.1], [0.9, 0.9]], dtype=torch.float64).reshape(4, 1, 1, 2)


def one_dimensional(selector, steps=0):
    """A pair with D = 1, two pixels and four pseudo-inputs, trained on four images; evaluated with hard gates."""
    torch.manual_seed(3)
    posterior = SpikeAndSlabPosterior(MLPEncoder((1, 1, 2), (6,)), 1)
    choose = nn.Sequential(nn.Flatten(), nn.Linear(2, 4))
    charged = selector == "variational"
    options = {"pseudo_inputs": 4, "alpha": 0.3, "nu": 4.0}
    prior = PseudoInputPrior(posterior, (1, 1, 2), selector=None if charged else choose, **options)
    model = LatentModel(prior, MLPDecoder(1, (1, 1, 2), (6,)), Normal(scale=0.2, learn=False), 4)
    program = SelectingPosterior(posterior, choose) if charged else posterior
    pair = Pair(model, Guide(program, 4)).double()
    optimiser = torch.optim.Adam(pair.parameters(), lr=0.1)
    for _ in range(steps):
        optimiser.zero_grad()
        pair(FOUR.repeat(16, 1, 1, 1)).loss.backward()
        optimiser.step()
    return pair.eval(), choose


def mixture_evidence(pair, x):
    """log p(x) of the mixture: pseudo-inputs enumerated, the slab by the trapezium rule."""
    p, grid = pair.model.prior.components(), torch.linspace(-40, 40, 80_001, dtype=torch.float64)
    log_x = pair.model.decode(grid[:, None, None]).log_prob(x)  # [grid, rows]
    slab = torch.distributions.Normal(p.loc, p.scale).log_prob(grid[:, None, None])  # [grid, U, 1]
    inside = torch.trapezoid((slab[..., 0][:, :, None] + log_x[:, None]).exp(), grid, dim=0)  # [U, rows]
    at_zero = pair.model.decode(torch.zeros(1, 1, dtype=torch.float64)).log_prob(x).exp()
    return ((1 - p.gate) * at_zero + p.gate * inside).mean(0).log()


@pytest.mark.parametrize("selector", FORMS)
def test_bounds_lie_below_the_evidence_of_the_mixture_less_what_the_source_does_not_charge(selector):
    pair, _ = one_dimensional(selector, steps=80)
    with torch.no_grad():
        evidence = mixture_evidence(pair, FOUR)
        bounds = pair(FOUR.repeat(5000, 1, 1, 1)).bound.reshape(5000, 4)
    bound, error = bounds.mean(0), bounds.std(0) / 5000**0.5
    if selector == "source":
        assert (bound > evidence + 4 * error).any()
        bound = bound - math.log(4)
    assert (bound < evidence + 4 * error).all()
    assert (evidence - bound).min() < 1.5  # close enough for the comparison to fail


def test_the_charge_for_u_is_least_at_the_softmax_of_the_negative_divergences():
    pair, choose = one_dimensional("variational")
    x = torch.rand(1, 1, 1, 2, dtype=torch.float64)
    with torch.no_grad():
        kl = kl_divergence(pair.guide.posterior.encode(x).base_dist, pair.model.prior.components()).sum(1)  # [U]
        choose[1].weight.zero_()

        def charged(logits):
            choose[1].bias.copy_(logits)
            return sum(pair(x).kl.values())

        least = -(-kl).exp().mean().log()
        torch.testing.assert_close(charged(-kl), least[None])
        for u in range(4):  # a certain choice: the divergence from that pseudo-input, and log U
            certain = charged(1e4 * one_hot(torch.tensor(u), 4).double())
            torch.testing.assert_close(certain, kl[u][None] + math.log(4))
            assert certain >= least


# Trace_ELBO warns that it samples what TraceEnum_ELBO would sum out: that is what is compared here.
@pytest.mark.filterwarnings("ignore:(?s).*If you want to enumerate sites")
@pytest.mark.parametrize("selector", FORMS)
def test_stock_bounds_see_the_same_loss_with_hard_gates(selector):
    pair = make(selector, spread=1.0, relaxed=False, alpha=0.05)

    def draws(evaluate):
        with torch.no_grad():
            return torch.stack([torch.as_tensor(evaluate()) for _ in range(100)])

    ours = draws(lambda: pair(X).loss)
    theirs = draws(lambda: Trace_ELBO().loss(pair.model, pair.guide, X) / Tiny.n_data)
    error = ((ours.var() + theirs.var()) / 100) ** 0.5
    assert abs(ours.mean() - theirs.mean()) < 4 * error
    assert error < 0.2  # nats per row: the test can see a misplaced term
    assert pair(X).factors["aggregate"] > 1


@pytest.mark.parametrize(("alpha", "nu"), [(0.0066, 10.0), (0.9934, 10.0), (0.05, 5.0)])
def test_a_sparsity_beyond_the_squash_is_said_at_construction(alpha, nu):
    with pytest.warns(UserWarning, match=f"alpha={alpha} cannot be reached. Try a larger nu"):
        PseudoInputPrior(posterior_of(make()), Tiny.shape, alpha=alpha, nu=nu)


@pytest.mark.parametrize(("alpha", "nu"), [(0.0067, 10.0), (0.9933, 10.0), (0.005, 20.0)])
def test_a_sparsity_within_the_squash_is_met_with_silence(alpha, nu):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PseudoInputPrior(posterior_of(make()), Tiny.shape, alpha=alpha, nu=nu)


@pytest.mark.parametrize("selector", FORMS)
def test_guide_and_prior_have_one_encoder_in_optimiser_checkpoint_copy_and_cast(selector, tmp_path):
    pair = make(selector)
    shared = posterior_of(pair)
    assert pair.model.prior.posterior is shared
    own = {id(p) for p in (*pair.model.parameters(), *pair.guide.parameters())}
    assert len(own) == len(list(pair.parameters()))
    assert len(torch.optim.Adam(pair.parameters()).param_groups[0]["params"]) == len(own)

    twin = copy.deepcopy(pair)
    assert twin.model.prior.posterior is posterior_of(twin)
    assert twin.factors[0].gates.__self__ is twin.model.prior
    posterior_of(twin).gate.bias.data.fill_(-9.0)
    assert twin.model.prior.gates().max() < 0.1
    assert twin(X).factors["aggregate"] != pair(X).factors["aggregate"]

    write_checkpoint(tmp_path, twin, None, {})
    stored = (tmp_path / "checkpoint" / "weights.safetensors").stat().st_size
    state = {t.data_ptr(): t.nbytes for t in twin.state_dict().values()}
    assert stored < sum(state.values()) + 8192  # the header is small, the encoder is in there once
    read_weights(tmp_path, pair)
    assert pair.model.prior.posterior is posterior_of(pair)
    assert all(torch.equal(a, b) for a, b in zip(pair.parameters(), twin.parameters(), strict=True))
    assert torch.equal(pair.model.prior.gates(), twin.model.prior.gates())

    pair.double()
    assert pair.model.prior.posterior is posterior_of(pair)
    assert pair(X.double()).loss.dtype == torch.float64


@pytest.mark.parametrize("selector", FORMS)
def test_a_trained_pair_is_read_back_with_the_same_outputs(selector, tmp_path):
    digits = data.digits(rows=100)
    pair = zoo.vsc(digits, dim=3, hidden=(16,), prior="pseudo-inputs", pseudo_inputs=4, selector=selector)
    before = pair.model.prior.pixels.detach().clone()
    run = fit(pair, digits, epochs=1, batch_size=50, patience=1, folder=tmp_path / "run", progress=False)
    assert not torch.equal(before, pair.model.prior.pixels)
    assert {"train/aggregate", "validation/aggregate", "weight/aggregate"} <= run.history[0].keys()
    read = load(run.folder)
    assert read.pair.model.prior.posterior is posterior_of(read.pair)
    x, losses = run.split("test").x, []
    for each in (run.pair, read.pair):
        torch.manual_seed(0)
        losses.append(each(x))
    assert torch.equal(losses[0].loss, losses[1].loss)
    assert torch.equal(losses[0].bound, losses[1].bound)
    resumed = fit(
        zoo.vsc(digits, dim=3, hidden=(16,), prior="pseudo-inputs", pseudo_inputs=4, selector=selector),
        digits,
        epochs=1,
        batch_size=50,
        patience=1,
        folder=run.folder,
        resume=True,
        progress=False,
    )
    assert all(torch.equal(a, b) for a, b in zip(resumed.pair.parameters(), run.pair.parameters(), strict=True))


def test_a_model_hands_its_prior_the_shared_latents_and_then_what_it_selects_from_the_image():
    seen = []

    class Looking(PyroModule):
        def shared(self):
            return "shared"

        def select(self, x):
            return x.mean((1, 2, 3))

        def forward(self, y=None, labelled=None, *rest):
            seen.append(rest)
            return pyro.sample("z", dist.Normal(torch.zeros(2), 1.0).to_event(1))

    model = LatentModel(Looking(), MLPDecoder(2, Tiny.shape), Normal(), Tiny.n_data)
    model(X)
    model(rows=3)
    model(None, torch.arange(4))
    (first, *others) = seen
    assert first[0] == "shared"
    torch.testing.assert_close(first[1], X.mean((1, 2, 3)))
    assert others == [("shared",), ("shared",)]


def test_arguments_out_of_range_are_refused_by_name():
    posterior = posterior_of(make())
    with pytest.raises(ValueError, match="pseudo_inputs: expected at least 1; given 0"):
        PseudoInputPrior(posterior, Tiny.shape, pseudo_inputs=0)
    with pytest.raises(ValueError, match="nu: expected a positive slope; given -1"):
        PseudoInputPrior(posterior, Tiny.shape, nu=-1.0)
    for alpha in (0.0, 1.0, float("nan")):
        with pytest.raises(ValueError, match="alpha: expected a probability strictly between 0 and 1"):
            PseudoInputPrior(posterior, Tiny.shape, alpha=alpha)
    with pytest.raises(ValueError, match="prior: expected 'fixed' or 'pseudo-inputs'; given 'vamp'"):
        zoo.vsc(Tiny, prior="vamp")
    with pytest.raises(ValueError, match="selector: expected 'source' or 'variational'; given 'none'"):
        zoo.vsc(Tiny, prior="pseudo-inputs", selector="none")


def test_a_dense_posterior_is_refused_by_its_family():
    prior = PseudoInputPrior(NormalPosterior(MLPEncoder(Tiny.shape, (8,)), 3), Tiny.shape)
    with pytest.raises(ValueError, match=r"expected a spike-and-slab from encode\(x\); NormalPosterior gives Normal"):
        prior.components()


def test_a_selector_with_another_number_of_scores_is_refused():
    selector = nn.Sequential(nn.Flatten(), nn.Linear(16, 7))
    prior = PseudoInputPrior(posterior_of(make()), Tiny.shape, selector=selector, pseudo_inputs=5)
    with pytest.raises(ValueError, match=r"one score for each of 5 pseudo-inputs; given 7.\nTry one of"):
        prior.select(X)


def test_a_guide_that_selects_needs_a_prior_with_that_site():
    pair = make("variational")
    plain = LatentModel(NormalPrior(3), MLPDecoder(3, Tiny.shape), Normal(), Tiny.n_data)
    with pytest.raises(ValueError, match="site 'u' is sampled in the guide and not latent in the model"):
        ELBO().terms(plain, pair.guide.guide, X)
