"""Training on a CUDA device: leaves what training on the CPU leaves, and resumes exactly."""

import pytest
import torch

from pellucid import data, fit, load, zoo

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device; this machine has none"),
]


def trained(digits, folder, **changes):
    torch.manual_seed(0)
    pair = zoo.vsc(digits, dim=3, hidden=(16,), consistency=2.0)
    settings = {"epochs": 3, "batch_size": 50, "progress": False, "accelerator": "cuda"} | changes
    return fit(pair, digits, folder=folder, **settings)


def test_a_run_on_a_gpu_is_read_back_on_the_cpu_with_the_same_posterior(tmp_path):
    run = trained(data.digits(rows=200), tmp_path / "run")
    assert run.pair.device.type == "cuda"
    here, there = load(run.folder).posterior()["z"].base_dist, run.posterior()["z"].base_dist
    assert there.loc.device.type == "cpu"
    for name in ("gate", "loc", "scale"):
        torch.testing.assert_close(getattr(here, name), getattr(there, name), rtol=1e-3, atol=1e-4)


def test_a_run_on_a_gpu_ends_near_the_bound_of_the_same_run_on_the_cpu(tmp_path):
    digits = data.digits(rows=200)
    bounds = [
        trained(digits, tmp_path / name, accelerator=name, epochs=10).history[-1]["validation/bound"]
        for name in ("cuda", "cpu")
    ]
    assert bounds[0] == pytest.approx(bounds[1], abs=1.0)
