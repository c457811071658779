"""Whether the run's code, or its labels, collapsed while it was trained, in a line."""

from collections.abc import Mapping, Sequence

from ...inference.training.collapse import SETTLED, Collapse, find_collapse, read_gates, read_said, still_collapsed

__all__ = ["collapse_lines"]


def collapse_lines(history: Sequence[Mapping[str, float]]) -> list[tuple[bool, str]]:
    """Of each site of gates whether it collapsed, and of each site of labels that did, with the sentence that says so.

    Judged anew from the record, so that the page of a resumed run says what its training said.

    Args:
        history: one dict an epoch; without gates and labels, or with too few epochs to judge, there are no lines.

    Example:
        >>> history = [{"epoch": 9.0, "validation/live(z)": 4.0, "validation/open(z)": 2.0}]
        >>> collapse_lines(history)
        [(False, "No sign of collapse: 'z' ends with 4 dimensions whose gate varies, 2.0 open a row.")]
    """
    if not history or history[-1]["epoch"] < SETTLED:
        return []
    found, last = {each.site: each for each in find_collapse(history)}, history[-1]
    lines = []
    for site, gates in read_gates(last).items():
        if site in found:
            lines.append((True, told(found[site], history)))
        else:
            verdict = "No sign of collapse: " if gates.live else ""
            lines.append((False, f"{verdict}'{site}' ends with {gates}."))
    return lines + [(True, told(found[site], history)) for site in read_said(last) if site in found]


def told(collapse: Collapse, history: Sequence[Mapping[str, float]]) -> str:
    """What was said when it showed, and how it is at the end."""
    last = history[-1]
    if last["epoch"] == collapse.epoch:
        return str(collapse)
    end = "still so" if still_collapsed(collapse, history) else "recovered since"
    state = (read_gates(last) | read_said(last))[collapse.site]
    return f"{collapse} At epoch {int(last['epoch'])}, {end}: {state}."
