"""Labels by the name of their site reach a site, or the run is refused."""

import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro.nn import PyroModule

from pellucid import data, fit, zoo
from pellucid.models import NormalPrior, label


class Misspelt(PyroModule):
    def forward(self, y=None, labelled=None):
        y = label("hatt", dist.Bernoulli(torch.tensor(0.5)), y, labelled)
        return pyro.sample("z", dist.Normal(y.unsqueeze(-1).expand(*y.shape, 3), 1.0).to_event(1))


@pytest.mark.parametrize("prior", [Misspelt(), NormalPrior(3)])
def test_names_that_meet_no_site_are_told_before_anything_is_written(prior, tmp_path):
    faces = data.smiley(rows=50, labels=20, validation=10, test=10, named=True)
    pair = zoo.compose(faces, prior=prior)
    with pytest.raises(ValueError, match=r"has labels for 'bow_tie', 'hat', .*(.|\n)*label\('bow_tie'"):
        fit(pair, faces, epochs=1, batch_size=25, folder=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
