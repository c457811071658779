"""The power of a signal in the bands of the electroencephalogram, second by second."""

from collections.abc import Mapping

import torch
from torch import Tensor

__all__ = ["BANDS", "band_power"]

BANDS = {"theta": (4.0, 8.0), "alpha": (8.0, 12.0), "beta": (12.0, 30.0), "gamma": (30.0, 45.0)}
"""Lower and upper edge, Hz. An upper edge belongs to the next band."""

FLOOR = 1e-6  # of a power, in squared units of the signal: far below any brain's, and the logarithm of silence finite


def band_power(signal: Tensor, rate: int = 128, bands: Mapping[str, tuple[float, float]] = BANDS) -> Tensor:
    r"""Log power of each second of a signal in each band.

    With the Hann window w over the ``rate`` samples of a second and X the discrete Fourier transform of w x, whose bins
    are 1 Hz apart,

    .. math:: P_b = \log \max\Big( 10^{-6},\; \frac{2}{R \sum_t w_t^2} \sum_{f \in b} |X_f|^2 \Big), \qquad R = rate,

    the one-sided periodogram, summed over the bins of the band: the mean square of the signal in it.

    Args:
        signal: ``[..., samples]``, whole seconds. Bands above 2 Hz do not see its mean.
        rate: samples a second.
        bands: name -> edges in Hz, ``lower <= f < upper``; B of them, above 0 and below ``rate / 2``.

    Returns:
        ``[..., seconds, B]``, in log squared units of the signal.

    Raises:
        ValueError: if the signal is not of whole seconds, or a band holds no whole number of Hz in the range.

    References:
        Koelstra et al., "DEAP: A Database for Emotion Analysis using Physiological Signals", IEEE Transactions on
        Affective Computing 3(1), 2012, for bands and features; bin widths and window are ours.

    Example:
        >>> t = torch.arange(2 * 128) / 128
        >>> (2**0.5 * torch.sin(2 * torch.pi * 10 * t)).pow(2).mean().round()
        tensor(1.)
        >>> band_power(2**0.5 * torch.sin(2 * torch.pi * 10 * t)).exp().round(decimals=3)[0]
        tensor([0., 1., 0., 0.])
    """
    if signal.shape[-1] == 0 or signal.shape[-1] % rate:
        raise ValueError(
            f"signal: expected whole seconds of {rate} samples; {signal.shape[-1]} samples were given.\nTry one of:\n"
            f"- signal[..., : {rate} * seconds]\n- rate= the samples a second of this signal"
        )
    frequency = torch.arange(rate // 2 + 1, device=signal.device)
    inside = torch.stack([(frequency >= low) & (frequency < high) for low, high in bands.values()])
    if not inside.any(1).all() or inside[:, 0].any() or inside[:, rate / 2 == frequency].any():
        raise ValueError(
            f"bands: expected each to hold a whole number of Hz above 0 and below {rate / 2:g}; {dict(bands)} was "
            "given.\nTry one of:\n- pellucid.data.emotion.BANDS"
        )
    window = torch.hann_window(rate, dtype=signal.dtype, device=signal.device)
    spectrum = torch.fft.rfft(signal.unflatten(-1, (-1, rate)) * window).abs().square()
    power = spectrum @ inside.to(signal.dtype).T * (2 / (rate * window.square().sum()))
    return power.clamp(min=FLOOR).log()
