"""The bound of a mixture against torch's own divergences, sums over classes and Monte Carlo, however it is drawn."""

# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportArgumentType=false, reportIndexIssue=false
# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false

import math

import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal, kl_divergence

from pellucid import Batch, zoo
from pellucid.data import DataSet
from pellucid.inference import ELBO, Captured
from pellucid.inference.mixture import MixtureBound
from pellucid.inference.step import Step
from pellucid.zoo.exon import exon

ROWS, CLASSES = 12, 3
Y = torch.tensor([0, 1, 2, 0, 0, 1] * 2)
X = torch.rand(ROWS, 1, 2, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
KNOWN = torch.arange(ROWS) % 3 > 0
HOLES = torch.where(KNOWN, Y.double(), torch.nan)
LABELS = {"no labels": (), "all labels": (Y,), "some labels": (HOLES, KNOWN)}
DRAWS = pytest.mark.parametrize("draw", ["straight-through", "enumerated"])
CLAMPS = pytest.mark.parametrize("clamp", [True, False])


def noise():
    rows = Batch(X.float(), Y)
    return DataSet("noise", rows, rows, rows, ("a", "b", "c"), "torch.rand")


def built(draw="straight-through", clamp=True, **options):
    """A pair of double precision off the symmetry of its start; beta of 0.3."""
    torch.manual_seed(0)
    options = {"supervision": 0.0, "scale": [0.7, 1.2], "beta": 0.3, "hidden": (6,)} | options
    pair = exon(noise(), draw=draw, clamp=clamp, **options).double()
    with torch.no_grad():
        for parameter in pair.parameters():
            parameter += 0.7 * torch.randn_like(parameter)
    return pair


def posterior_of(pair):
    return pair.guide.guide.posterior


def certain(pair):
    """Codes hardly vary from draw to draw."""
    with torch.no_grad():
        posterior_of(pair).scale.weight.zero_()
        posterior_of(pair).scale.bias.fill_(-40.0)
    return pair


def saturated(pair, times=1e5):
    """Every row is sure of its class, so that the draw of it is no draw."""
    with torch.no_grad():
        for parameter in posterior_of(pair).classifier[1].parameters():
            parameter *= times
    return pair


def parts(pair):
    """log pi ``[N, K]``, components of guide ``[N, K]`` and prior ``[K]``, off the networks by hand."""
    q = posterior_of(pair)
    return q.classifier(X).log_softmax(-1), q.components(X).base_dist, pair.model.prior.components().base_dist


def divergences(pair):
    """KL1 and KL2 of every row by a loop over the classes."""
    log_pi, q, p = parts(pair)
    kl1, kl2 = torch.zeros(ROWS).double(), torch.zeros(ROWS).double()
    for k in range(CLASSES):
        own = Independent(Normal(q.loc[:, k], q.scale[:, k]), 1)
        prior = Independent(Normal(p.loc[k].expand(ROWS, 2), p.scale[k].expand(ROWS, 2)), 1)
        kl1 += log_pi[:, k].exp() * (log_pi[:, k] + math.log(CLASSES))
        kl2 += log_pi[:, k].exp() * kl_divergence(own, prior)
    return kl1, kl2


def densities(pair):
    """log p(x | m_k) of every row and class, ``[N, K]``: of certain codes, by decoding each class apart."""
    _, q, _ = parts(pair)
    means = [pair.model.decoder(q.loc[:, k]).sigmoid() for k in range(CLASSES)]
    return torch.stack([Normal(mean, 0.3**0.5).log_prob(X).flatten(1).sum(1) for mean in means], 1)


# The divergences.
@DRAWS
@CLAMPS
def test_both_divergences_are_sums_over_the_classes_whatever_is_drawn(draw, clamp):
    pair = built(draw, clamp)
    kl1, kl2 = divergences(pair)
    for _ in range(2):
        kl = pair(X).kl
        torch.testing.assert_close(kl["y"], kl1)
        torch.testing.assert_close(kl["z"], kl2)


@DRAWS
def test_a_posterior_that_is_the_prior_costs_nothing(draw):
    pair = built(draw)
    q, p = posterior_of(pair), pair.model.prior.components().base_dist
    with torch.no_grad():
        for layer in (q.classifier[1], q.loc, q.scale):
            layer.weight.zero_()
        q.classifier[1].bias.zero_()
        q.loc.bias.copy_(p.loc.flatten())
        q.scale.bias.copy_((p.scale - 1e-6).flatten().expm1().log())
    kl = pair(X).kl
    torch.testing.assert_close(kl["y"], torch.zeros(ROWS).double())
    torch.testing.assert_close(kl["z"], torch.zeros(ROWS).double(), atol=1e-9, rtol=0)


@DRAWS
def test_a_row_sure_of_its_class_pays_log_k_with_finite_gradients(draw):
    for sure in (1.0, -1.0):
        pair = saturated(built(draw, supervision=1.0), sure * 1e6)
        terms = pair(X, *LABELS["some labels"])
        torch.testing.assert_close(terms.kl["y"], torch.full((ROWS,), math.log(CLASSES)).double())
        terms.loss.backward()
        assert all(p.grad.isfinite().all() for p in pair.parameters())


def test_together_they_are_no_less_than_the_divergence_of_the_mixtures_on_every_row():
    pair, count = built(), 20_000
    log_pi, q, p = parts(pair)
    own = MixtureSameFamily(Categorical(logits=log_pi), Independent(q, 1))
    prior = MixtureSameFamily(Categorical(logits=torch.zeros(CLASSES).double()), Independent(p, 1))
    torch.manual_seed(1)
    with torch.no_grad():
        z = own.sample((count,))
        ratio = own.log_prob(z) - prior.log_prob(z)
    bound, mean, error = sum(divergences(pair)), ratio.mean(0), ratio.std(0) / count**0.5
    assert (bound > mean - 4 * error).all()
    assert (bound > mean + 4 * error).any()  # and more where components overlap


# The likelihood.
@DRAWS
@CLAMPS
@pytest.mark.parametrize("labels", list(LABELS))
def test_the_mean_over_draws_is_the_sum_over_the_classes(draw, clamp, labels):
    pair, count = certain(built(draw, clamp)), 1500
    log_pi, log_x = parts(pair)[0], densities(pair)
    weight = log_pi.exp()
    if clamp and labels != "no labels":
        known = KNOWN if labels == "some labels" else torch.ones_like(KNOWN)
        weight = torch.where(known[:, None], torch.nn.functional.one_hot(Y, CLASSES).double(), weight)
    torch.manual_seed(2)
    with torch.no_grad():
        draws = pair(X.repeat(count, 1, 1, 1), *(each.repeat(count) for each in LABELS[labels]))
    found = draws.likelihood["x"].reshape(count, ROWS)
    error = 4.5 * found.std(0) / count**0.5 + 1e-5  # a certain code still moves by a millionth
    assert ((found.mean(0) - (weight * log_x).sum(1)).abs() < error).all()


@CLAMPS
def test_enumerated_and_straight_through_losses_agree_in_the_mean_and_so_do_the_gradients_of_the_heads(clamp):
    found = {}
    for draw in ("enumerated", "straight-through"):
        pair = built(draw, clamp)
        given, slopes, losses = [each.repeat(40) for each in LABELS["some labels"]], [], []
        for seed in range(30):
            torch.manual_seed(seed)
            loss = pair(X.repeat(40, 1, 1, 1), *given).loss
            slopes.append(torch.autograd.grad(loss, posterior_of(pair).loc.weight)[0])
            losses.append(loss.detach())
        found[draw] = torch.stack(losses), torch.stack(slopes).flatten(1)
    for a, b in zip(*found.values(), strict=True):
        error = ((a.var(0) + b.var(0)) / 30).sqrt()
        assert ((a.mean(0) - b.mean(0)).abs() < 4.5 * error + 1e-12).all()
    assert found["enumerated"][0].std() < found["straight-through"][0].std()


def test_the_slope_of_a_straight_through_draw_is_that_of_the_softmax_behind_it():
    pair = certain(built(temperature=0.7))
    log_pi, q, _ = parts(pair)
    (slope,) = torch.autograd.grad(seeded(pair).likelihood["x"].sum(), posterior_of(pair).classifier[1].weight)
    torch.manual_seed(1)
    torch.randn(CLASSES, ROWS, 2, dtype=torch.float64)  # the codes' own
    uniform = torch.rand(ROWS, CLASSES, dtype=torch.float64)
    score = log_pi - (-uniform.log()).log()
    hard = torch.nn.functional.one_hot(score.argmax(1), CLASSES)
    soft = (score / 0.7).softmax(1)
    code = ((hard + soft - soft.detach())[..., None] * q.loc).sum(1)
    log_x = Normal(pair.model.decoder(code).sigmoid(), 0.3**0.5).log_prob(X).sum()
    (expected,) = torch.autograd.grad(log_x, posterior_of(pair).classifier[1].weight)
    torch.testing.assert_close(slope, expected, rtol=1e-5, atol=1e-5)


def seeded(pair, *given, seed=1):
    torch.manual_seed(seed)
    return pair(X, *given)


@pytest.mark.parametrize(("draw", "decoded"), [("straight-through", ROWS), ("enumerated", CLASSES * ROWS)])
def test_one_code_a_row_is_decoded_or_one_a_class(draw, decoded):
    pair, seen = built(draw, clamp=False), []
    pair.model.decoder.register_forward_pre_hook(lambda _, args: seen.append(args[0].numel() // 2))
    pair(X, *LABELS["some labels"])
    assert seen == [decoded]


# Labels.
@DRAWS
@pytest.mark.parametrize("labels", ["all labels", "some labels"])
def test_a_clamped_row_has_the_bound_of_its_own_label_exactly(draw, labels):
    pair = certain(built(draw))
    _, q, p = parts(pair)
    rows = torch.arange(ROWS)
    kl = kl_divergence(Normal(q.loc[rows, Y], q.scale[rows, Y]), Normal(p.loc[Y], p.scale[Y])).sum(-1)
    expected = densities(pair)[rows, Y] - kl - math.log(CLASSES)
    known = KNOWN if labels == "some labels" else torch.ones_like(KNOWN)
    torch.testing.assert_close(pair(X, *LABELS[labels]).bound[known], expected[known], rtol=1e-6, atol=1e-6)


@DRAWS
def test_without_clamping_labels_serve_the_factors_and_not_the_bound(draw):
    pair = built(draw, clamp=False, supervision=2.0)
    log_pi, alone = parts(pair)[0], seeded(pair)
    entropy = -log_pi[torch.arange(ROWS), Y]
    dicts = ({"y": HOLES}, {"y": KNOWN})
    for given, rows in ((LABELS["all labels"], KNOWN | ~KNOWN), (LABELS["some labels"], KNOWN), (dicts, KNOWN)):
        terms = seeded(pair, *given)
        torch.testing.assert_close(terms.bound, alone.bound)
        torch.testing.assert_close(terms.factors["supervision"], 2 * entropy[rows].mean())
        torch.testing.assert_close(terms.loss, alone.loss + terms.factors["supervision"])
    torch.testing.assert_close(seeded(pair, {"y": Y}).bound, alone.bound)


@DRAWS
@CLAMPS
def test_what_stands_in_the_slot_of_an_unlabelled_row_reaches_neither_loss_nor_gradient(draw, clamp):
    found = []
    for slot in (0.0, torch.nan, -7.0):
        pair = built(draw, clamp, supervision=1.0)
        seeded(pair, torch.where(KNOWN, Y.double(), slot), KNOWN).loss.backward()
        found.append([p.grad for p in pair.parameters()])
    for others in found[1:]:
        assert all(a.isfinite().all() and torch.equal(a, b) for a, b in zip(found[0], others, strict=True))


@DRAWS
@CLAMPS
def test_a_mixed_batch_is_its_two_halves(draw, clamp):
    pair = saturated(certain(built(draw, clamp)))
    mixed, known, unknown = pair(X, HOLES, KNOWN), pair(X[KNOWN], Y[KNOWN]), pair(X[~KNOWN])
    torch.testing.assert_close(mixed.bound[KNOWN], known.bound, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(mixed.bound[~KNOWN], unknown.bound, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(mixed.loss, (8 * known.loss + 4 * unknown.loss) / 12, rtol=1e-6, atol=1e-6)


# Its place among the other bounds.
@pytest.mark.parametrize("labels", list(LABELS))
def test_enumerated_and_clamped_it_is_the_plain_bound(labels):
    pair = built("enumerated", supervision=1.0)
    torch.manual_seed(1)
    plain = ELBO().terms(pair.model, pair.guide, X, *LABELS[labels])
    torch.testing.assert_close(seeded(pair, *LABELS[labels]), plain)


@DRAWS
@CLAMPS
def test_a_pair_without_a_class_to_sum_out_has_the_plain_bound(draw, clamp):
    pair = zoo.vae(noise(), dim=2, hidden=(6,))
    torch.manual_seed(1)
    terms = MixtureBound(draw, clamp=clamp).terms(pair.model, pair.guide, X.float())
    torch.manual_seed(1)
    torch.testing.assert_close(terms, pair(X.float()))


@pytest.mark.parametrize(
    ("draw", "clamp"), [("straight-through", True), ("straight-through", False), ("enumerated", False)]
)
def test_a_captured_step_is_that_of_the_pair(draw, clamp):
    batch = Batch(X.float(), HOLES.float(), KNOWN)
    step = Captured(built(draw, clamp, supervision=1.0).float(), "eager")
    found = []
    for each in (step, Step(step.pair)):
        torch.manual_seed(4)
        loss = each(batch)
        found.append((each.terms, torch.autograd.grad(loss, list(step.pair.parameters()), allow_unused=True)))
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-5)


def test_an_image_that_depends_on_the_class_itself_cannot_be_decoded_once():
    pair = zoo.m2(noise(), dim=2, hidden=(6,))
    with pytest.raises(ValueError, match=r"site 'x': its density hangs on the class itself, batch \[3, 12\]"):
        MixtureBound().terms(pair.model, pair.guide, X.float())
    assert MixtureBound("enumerated").terms(pair.model, pair.guide, X.float()).bound.shape == (ROWS,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"draw": "relaxed"}, "draw: expected 'straight-through' or 'enumerated'; given 'relaxed'"),
        ({"temperature": 0.0}, "temperature: expected a positive number; given 0.0"),
        ({"temperature": math.nan}, "temperature: expected a positive number; given nan"),
    ],
)
def test_what_is_no_draw_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        MixtureBound(**options)
