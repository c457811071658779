"""Where the files of a public set are: the user's folder, a folder of the system, or, failing these, a download."""

from collections.abc import Callable, Sequence
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

__all__ = ["CACHE", "damaged", "locate"]

CACHE = "~/.cache/pellucid"


def damaged(path: Path, reason: object) -> ValueError:
    """The error for a file that is there and cannot be read: every format reports it in the same words.

    Example:
        >>> print(damaged(Path("train_32x32.mat"), "it ends early"))
        train_32x32.mat: the file is damaged: it ends early.
        Try one of:
        - delete it and call again with a network connection
        - copy it again from where it came
    """
    return ValueError(
        f"{path}: the file is damaged: {str(reason).rstrip('.')}.\nTry one of:\n"
        "- delete it and call again with a network connection\n- copy it again from where it came"
    )


def locate(
    files: Sequence[str],
    folders: Sequence[Path],
    download: Callable[[], object],
    servers: Sequence[str],
    gzipped: bool = False,
    patience: float = 10.0,
) -> tuple[list[Path], str]:
    """Finds the first folder that holds all files, and downloads them if none does.

    Args:
        files: their names.
        folders: where to look, best first; the download is expected to fill the first.
        download: fetches the files; called only if a server answers, since it may wait for ever for one that does not.
        servers: addresses to try for an answer.
        gzipped: take ``name.gz`` where ``name`` is not there.
        patience: seconds to wait for a server before it counts as out of reach.

    Returns:
        The paths in the order of ``files``, and a sentence that says which step found them.

    Raises:
        FileNotFoundError: if the files are nowhere and cannot be downloaded: it names the folder that holds most of
            them and what is missing there.

    Example:
        >>> locate(["hosts"], [Path("/nowhere"), Path("/etc")], download=list, servers=[])
        ([PosixPath('/etc/hosts')], 'read from /etc')
    """
    for folder in folders:
        paths, missing = _seek(files, folder, gzipped)
        if not missing:
            return paths, f"read from {folder}"
    reason = _fetch(download, servers, patience)
    paths, missing = _seek(files, folders[0], gzipped)
    if not missing:
        return paths, f"downloaded from {servers[0]} to {folders[0]}"
    nearest = max(folders, key=lambda folder: len(_seek(files, folder, gzipped)[0]))
    _, missing = _seek(files, nearest, gzipped)
    raise FileNotFoundError(
        f"root: {', '.join(missing)} not found in {nearest}{_others(folders, nearest)}, and {reason}.\nTry one of:\n"
        f"- put the missing files{' (gzipped or not)' if gzipped else ''} into {nearest}\n"
        "- root= the folder that holds them\n- call again with a network connection: they are then downloaded"
    )


def _seek(files: Sequence[str], folder: Path, gzipped: bool) -> tuple[list[Path], list[str]]:
    """The paths of the files that a folder holds, and the names of those that it does not."""
    found = {
        name: path
        for name in files
        for path in ([folder / f"{name}.gz"] if gzipped else []) + [folder / name]  # the last to exist counts
        if path.exists()
    }
    return list(found.values()), [name for name in files if name not in found]


def _others(folders: Sequence[Path], nearest: Path) -> str:
    others = [str(folder) for folder in folders if folder != nearest]
    return f" (nor all in {', '.join(others)})" if others else ""


def _fetch(download: Callable[[], object], servers: Sequence[str], patience: float) -> str:
    answers = [_answer(server, patience) for server in servers]
    if all(answers):
        return f"no server could be reached ({answers[0]})"
    try:
        download()
    except (OSError, RuntimeError, ImportError) as error:
        return f"the download failed: {str(error).strip() or type(error).__name__}"
    return "the download did not bring them"


def _answer(server: str, patience: float) -> str | None:
    """None if the server answers at all, else why not."""
    try:
        urlopen(Request(server, method="HEAD"), timeout=patience).close()
    except HTTPError:
        return None
    except (OSError, HTTPException) as error:
        return f"{server}: {getattr(error, 'reason', error)}"
    return None
