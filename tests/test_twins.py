"""The hand-written twins of the benchmarks compute what they are timed for."""

import pytest
import torch

from benchmarks.twins import HandVAE, HandVSC
from pellucid import data, zoo

SHARED = {
    "encoder.0": "guide.posterior.encoder.layers.0",
    "decoder.0": "model.decoder.layers.0",
    "decoder.2": "model.decoder.layers.2",
}


@pytest.fixture(scope="module")
def digits():
    return data.digits()


def copied(hand, pair, heads, prefix=""):
    ours = dict(pair.named_parameters())
    names = SHARED | {head: f"guide.posterior.{head}" for head in heads}
    with torch.no_grad():
        for there, here in names.items():
            for part in ("weight", "bias"):
                key = f"{here}.{part}"
                hand.get_parameter(f"{there}.{part}").copy_(
                    ours.get(key, ours.get(key.replace("guide.", "guide.guide.")))
                )


def test_the_hand_written_vae_has_the_same_loss_from_the_same_weights_and_draws(digits):
    pair, hand = zoo.vae(digits, dim=5), HandVAE(5, pixels=64)
    copied(hand, pair, ("loc", "scale"))
    x = torch.rand(32, 1, 8, 8)
    torch.manual_seed(1)
    expected = hand(x)
    torch.manual_seed(1)
    torch.testing.assert_close(pair(x).loss, expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("consistency", [0.0, 3.0])
def test_the_hand_written_sparse_coder_has_the_same_loss_from_the_same_weights_and_draws(digits, consistency):
    pair, hand = zoo.vsc(digits, dim=5, consistency=consistency, sharpness=50.0), HandVSC(5, pixels=64)
    copied(hand, pair, ("gate", "loc", "scale"))
    x, y = torch.rand(32, 1, 8, 8), torch.randint(0, 10, (32,))
    torch.manual_seed(1)
    expected = hand(x, y if consistency else None, consistency)
    torch.manual_seed(1)
    torch.testing.assert_close(pair(x, y).loss, expected, rtol=1e-5, atol=1e-4)
