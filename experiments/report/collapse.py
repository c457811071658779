"""Whether the run's code collapsed while it was trained, in a line."""

from collections.abc import Mapping, Sequence

from ...inference.training.collapse import SETTLED, collapsed, find_collapse, read_gates

__all__ = ["collapse_lines"]


def collapse_lines(history: Sequence[Mapping[str, float]]) -> list[tuple[bool, str]]:
    """Of each site of gates whether it collapsed, and the sentence that says so.

    Judged anew from the record, so that the page of a resumed run says what its training said.

    Args:
        history: one dict an epoch; without gates, or with too few epochs to judge, there are no lines.

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
        if site not in found:
            verdict = "No sign of collapse: " if gates.live else ""
            lines.append((False, f"{verdict}'{site}' ends with {gates}."))
            continue
        trail = [each[site] for each in map(read_gates, history) if site in each]
        end = "still so" if collapsed(trail) else "recovered since"
        at_end = "" if last["epoch"] == found[site].epoch else f" At epoch {int(last['epoch'])}, {end}: {gates}."
        lines.append((True, f"{found[site]}{at_end}"))
    return lines
