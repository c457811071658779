"""How far a few labels go on a run's codes."""

import numpy as np
from torch import Tensor

from ...diagnostics import few_label_accuracy
from ..rows import Rows
from .labelled import in_common

__all__ = ["features", "measure_few_labels"]


def features(rows: Rows) -> dict[str, Tensor]:
    """What is classified: of a dense code "mu" and the pixels; of a sparse one "mu", "gate", "gate*mu" and "open".

    "mu" is the mean of the slab, "open" whether the gate is above 1/2. A classifier reads differences of gates that no
    draw would show: where all gates are nearly shut, "gate" may tell the classes and "open" nothing.

    Args:
        rows: N of them.

    Returns:
        name -> ``[N, F]``.
    """
    code = rows.code
    if code.gate is None:
        return {"mu": code.z, "pixels": rows.batch.x.flatten(1)}
    return {
        "mu": code.marginal.loc,
        "gate": code.gate,
        "gate*mu": code.marginal.mean,
        "open": (code.gate > 0.5).float(),
    }


def measure_few_labels(
    labelled: Rows, masks: dict[int, Tensor], validation: Rows, test: Rows
) -> dict[str, dict[str, dict[str, float]]]:
    """Accuracy by split, feature and number of labels, the mean over the attributes where there are several.

    The regularisation is chosen on the validation rows, whose accuracy is therefore a little too high; test rows are
    looked at once.

    Args:
        labelled: training rows whose labels are known.
        masks: number of labels -> which of these rows have them, boolean ``[N]``.
        validation: rows.
        test: rows.
    """
    splits, accuracy = (labelled, validation, test), {"validation": {}, "test": {}}
    for name, (x, x_choice, x_test) in in_common(*map(features, splits)).items():
        for each in accuracy.values():
            each[name] = {}
        for count, mask in masks.items():
            found = [
                few_label_accuracy(
                    (x[part.known & mask], part.y[part.known & mask]),
                    (x_choice[choice.known], choice.y[choice.known]),
                    (x_test[final.known], final.y[final.known]),
                )
                for part, choice, final in in_common(*(rows.parts for rows in splits)).values()
            ]
            accuracy["validation"][name][str(count)] = float(np.mean([each.validation for each in found]))
            accuracy["test"][name][str(count)] = float(np.mean([each.accuracy for each in found]))
    return accuracy
