"""Gauss rules for Normal and for Gumbel noise: the few points that stand for an expectation over either."""

import numpy as np

__all__ = ["gumbel_rule", "normal_rule"]

NODES = 16
GRID = np.linspace(-5, 45, 4001)  # where the Gumbel density is not nothing, fine enough to be its law


def normal_rule() -> tuple[list[float], list[float]]:
    """Nodes and log-weights of the Gauss-Hermite rule for the standard Normal.

    References:
        Abramowitz and Stegun, *Handbook of Mathematical Functions*, 25.4.46.

    Example:
        >>> node, log_weight = (torch.tensor(part) for part in normal_rule())
        >>> (log_weight.exp() * node**4).sum().round()
        tensor(3.)
    """
    node, weight = np.polynomial.hermite_e.hermegauss(NODES)
    return node.tolist(), np.log(weight / np.sqrt(2 * np.pi)).tolist()


def gumbel_rule() -> tuple[list[float], list[float]]:
    r"""Nodes and log-weights of the Gauss rule for the standard Gumbel law, of density :math:`e^{-g - e^{-g}}`.

    Lanczos' recursion on a fine grid gives the Jacobi matrix of the law; its eigenvalues are the nodes, and the squares
    of its eigenvectors' first entries are the weights.

    References:
        Golub and Welsch, "Calculation of Gauss quadrature rules" (1969).

    Example:
        >>> node, log_weight = (torch.tensor(part) for part in gumbel_rule())
        >>> (log_weight.exp() * node).sum()  # Euler's constant
        tensor(0.5772)
    """
    density = np.exp(-GRID - np.exp(-GRID))
    basis = [np.sqrt(density / density.sum())]
    diagonal, beside = [], []
    for _ in range(NODES):
        image = GRID * basis[-1]
        diagonal.append(image @ basis[-1])
        for _ in range(2):  # once is not enough: the basis would lose its orthogonality
            for vector in basis:
                image = image - (image @ vector) * vector
        beside.append(np.linalg.norm(image))
        basis.append(image / beside[-1])
    jacobi = np.diag(diagonal) + np.diag(beside[:-1], 1) + np.diag(beside[:-1], -1)
    node, vectors = np.linalg.eigh(jacobi)
    return node.tolist(), np.log(vectors[0] ** 2).tolist()
