"""A distribution beside known values is the distribution alone, in all but what can be read of it."""

import pytest
import torch
from pyro.distributions import Categorical, Normal
from torch.distributions import kl_divergence

from pellucid.distributions import Clamped, PartlyObserved, elements, known_part, partly
from pellucid.distributions.shown import Shown

KNOWN = torch.tensor([True, False, True, False])
VALUE = torch.tensor([2.0, torch.nan, 0.0, -7.0])
BASES = {
    "classes": lambda: Categorical(logits=torch.randn(4, 3, generator=torch.Generator().manual_seed(0))),
    "numbers": lambda: Normal(torch.arange(4.0), torch.tensor([0.5, 1.0, 2.0, 3.0])),
}


@pytest.mark.parametrize("kind", BASES)
class TestShown:
    def test_draws_and_densities_are_those_of_the_base(self, kind):
        base = BASES[kind]()
        shown = Shown(base, VALUE, KNOWN)
        torch.manual_seed(1)
        expected = base.sample((5,))
        torch.manual_seed(1)
        assert torch.equal(shown.sample((5,)), expected)
        assert torch.equal(shown.log_prob(expected), base.log_prob(expected))
        assert shown.has_rsample == base.has_rsample

    def test_it_stays_so_when_it_is_expanded(self, kind):
        base = BASES[kind]()
        wide = Shown(base, VALUE, KNOWN).expand((6, 4))
        assert isinstance(wide, Shown)
        values = base.sample((6,))
        assert torch.equal(wide.log_prob(values), base.log_prob(values))
        assert wide.known.shape == wide.value.shape == (6, 4)

    def test_its_divergence_is_that_of_the_base_whatever_is_known_of_the_prior(self, kind):
        base, prior = BASES[kind](), Categorical(torch.ones(4, 3)) if kind == "classes" else Normal(torch.zeros(4), 1.0)
        shown, expected = Shown(base, VALUE, KNOWN), kl_divergence(base, prior)
        torch.testing.assert_close(kl_divergence(shown, prior), expected)
        torch.testing.assert_close(kl_divergence(shown, PartlyObserved(prior, VALUE, KNOWN)), expected)

    def test_its_known_values_are_found_where_those_of_a_clamped_site_are(self, kind):
        shown = partly(Shown, BASES[kind](), VALUE, KNOWN)
        found = known_part(shown)
        assert isinstance(found, Clamped)
        assert torch.equal(found.value[KNOWN].double(), VALUE[KNOWN].double())
        assert elements(shown).batch_shape == (4,)
        assert not isinstance(elements(shown), PartlyObserved)


def test_gradients_of_draws_pass_on_known_rows():
    loc = torch.zeros(4, requires_grad=True)
    Shown(Normal(loc, 1.0), VALUE, KNOWN).rsample().sum().backward()
    assert loc.grad is not None
    assert torch.equal(loc.grad, torch.ones(4))
