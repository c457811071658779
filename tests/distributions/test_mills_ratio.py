"""Mills' ratio against SciPy's scaled error function, from 0 to infinity."""

import math

import numpy as np
import pytest
import torch
from scipy.special import erfcx

from pellucid.distributions.marginal_labels.mills import mills_ratio


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 2e-11), (torch.float32, 5e-7)])
def test_mills_ratio_is_the_scaled_error_function_at_every_distance(dtype, tolerance):
    x = torch.cat([torch.linspace(0, 30, 20_001), torch.logspace(1.5, 8, 500)]).to(dtype)
    expected = math.sqrt(math.pi / 2) * erfcx(x.double().numpy() / math.sqrt(2))
    np.testing.assert_allclose(mills_ratio(x).double().numpy(), expected, rtol=tolerance)


def test_mills_ratio_vanishes_at_infinity():
    assert mills_ratio(torch.tensor(math.inf)) == 0
