"""Figures from the sources, which ours stand beside."""

__all__ = ["ACCURACY", "BOUND"]

BOUND = {
    ("fashion_mnist", "vae", 8): 243.1,
    ("fashion_mnist", "vae", 200): 245.0,
    ("fashion_mnist", "0.5", 8): 247.0,
    ("fashion_mnist", "0.5", 200): 250.1,
    ("fashion_mnist", "0.2", 8): 252.9,
    ("fashion_mnist", "0.2", 24): 250.4,
    ("fashion_mnist", "0.2", 200): 254.1,
    ("mnist", "vae", 8): 111.4,
    ("mnist", "vae", 200): 106.3,
    ("mnist", "0.5", 8): 117.3,
    ("mnist", "0.5", 24): 111.6,
    ("mnist", "0.5", 200): 115.1,
}
"""-ELBO in nats per image: data set, alpha or "vae", D. A public replication of Tonolini et al.: one layer of 400
units, Bernoulli pixels, fixed prior, 60 000 training rows 11 epochs, one seed."""

ACCURACY = {
    ("fashion_mnist", "vae", 8): 0.729,
    ("fashion_mnist", "vae", 88): 0.737,
    ("fashion_mnist", "vae", 200): 0.671,
    ("fashion_mnist", "0.01", 8): 0.669,
    ("fashion_mnist", "0.01", 88): 0.769,
    ("fashion_mnist", "0.01", 200): 0.797,
    ("mnist", "vae", 8): 0.694,
    ("mnist", "vae", 88): 0.866,
    ("mnist", "vae", 200): 0.866,
    ("mnist", "0.01", 8): 0.682,
    ("mnist", "0.01", 88): 0.894,
    ("mnist", "0.01", 200): 0.918,
}
"""Test accuracy from 5000 labels on the posterior slab's mean; keys as in ``BOUND``. Tonolini et al. (UAI 2019)."""
