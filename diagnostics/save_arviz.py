"""ArviZ groups on disk, NetCDF or Zarr, whichever generation made them."""

from pathlib import Path
from typing import Any

__all__ = ["save_arviz"]


def save_arviz(data: Any, path: str | Path) -> Path:
    """Write what :func:`~pellucid.diagnostics.to_arviz` gave, in place of what is there.

    ArviZ 0.x works with Zarr 2 alone, so its groups are written to Zarr as the tree that 1.x has.

    Args:
        data: ``arviz.InferenceData`` or ``xarray.DataTree``.
        path: ending in ``.nc``, read by ``arviz.from_netcdf``; or in ``.zarr``, a folder, which needs the package
            ``zarr`` and is read by ``xarray.open_datatree(path, engine="zarr")``, under ArviZ 1.x by
            ``arviz.from_zarr`` too.

    Returns:
        the path.

    Raises:
        ValueError: for another ending.

    Example:
        >>> import tempfile, arviz, numpy
        >>> from pellucid.diagnostics import to_arviz
        >>> path = save_arviz(to_arviz({"z": numpy.zeros((50, 3))}), tempfile.mkdtemp() + "/posterior.nc")
        >>> arviz.from_netcdf(path)["posterior"]["z"].shape
        (1, 50, 3)
    """
    path = Path(path)
    if path.suffix not in (".nc", ".zarr"):
        raise ValueError(
            f"path: expected a name that ends in .nc or .zarr; got {path.name!r}.\n"
            "Try one of:\n- posterior.nc, one file\n- posterior.zarr, a folder of compressed parts"
        )
    if path.suffix == ".nc":
        data.to_netcdf(str(path))
        return path
    tree = data.to_datatree() if hasattr(data, "to_datatree") else data
    # format 3 specifies neither texts of fixed length nor metadata in one place, and warns of both
    tree.to_zarr(str(path), mode="w", zarr_format=2, consolidated=True)
    return path
