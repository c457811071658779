"""Figures of the source, which ours stand beside."""

__all__ = ["ACTIVATED", "PHOTOS", "SWEEP"]

SWEEP = {
    0.1: {"error": 3.29, "kl": 19.65, "kl(y)": 1.88, "kl(z)": 17.77, "reconstruction": 59.3, "diversity": 0.430},
    0.5: {"error": 3.25, "kl": 8.48, "kl(y)": 1.88, "kl(z)": 6.60, "reconstruction": 59.7, "diversity": 0.440},
    1.0: {"error": 3.46, "kl": 6.75, "kl(y)": 1.85, "kl(z)": 4.91, "reconstruction": 60.3, "diversity": 0.435},
    5.0: {"error": 3.74, "kl": 4.06, "kl(y)": 1.79, "kl(z)": 2.27, "reconstruction": 66.9, "diversity": 0.439},
    10.0: {"error": 4.07, "kl": 2.73, "kl(y)": 1.61, "kl(z)": 1.12, "reconstruction": 76.8, "diversity": 0.418},
    50.0: {"error": 3.38, "kl": 1.86, "kl(y)": 1.85, "kl(z)": 0.005, "reconstruction": 87.7, "diversity": 0.316},
}
"""Its beta -> figures of one run each on MNIST with 100 labels, D = 2, from the authors' public logs: error in per
cent, KL1 and KL2 in nats, half the squared error of pixels in [-1, 1], half of one minus the mean SSIM. An, Choi, Jeon
(arXiv 2105.10867)."""

PHOTOS = {
    "EXoN": 7.27,
    "SHOT-VAE": 6.5,
    "M2": 27.3,
    "Parted-VAE": 34.0,
    "Pi-model": 17.5,
    "VAT": 17.0,
    "MixMatch": 5.9,
}
"""Error in per cent on CIFAR-10 with 4000 labels by method, as the source reports them."""

ACTIVATED = 115
"""Dimensions of 256 that its EXoN activates there."""
