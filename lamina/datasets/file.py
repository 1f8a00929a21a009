"""Files from the net, downloaded once, checked and unpacked."""

from __future__ import annotations

import hashlib
import os
from typing import Any
from urllib.parse import urlsplit

from ..core.archives import EXPANSION, LARGE, checked_archive, leads_out
from ..core.errors import (
    ArgumentTypeError,
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
    UnimplementedError,
)
from ..core.files import replacing
from ..core.showing import shown

_BLOCK, _TIMEOUT = 1 << 20, 30.0  # bytes read at a time; seconds that the server may stay silent
_ALGORITHMS = {"md5": 32, "sha256": 64}  # by the length of their hexadecimal digits


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """The path of the file at the URL `origin`, downloaded unless it is there already.

    It is kept in `cache_dir/cache_subdir`, by default as Keras keeps it, in ~/.keras (or
    KERAS_HOME). A `file_hash` ("md5" or "sha256" by its length) is checked: a kept file that does
    not match is downloaded anew, and a download that does not is refused with DataLossError. With
    `extract`, a tar or zip archive is unpacked, without what would lead out of its folder, and the
    path is that of the folder. NotFoundError: the file cannot be had.
    """
    if not origin:
        raise InvalidArgumentError("get_file needs origin=, the URL of the file")
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    name = os.fspath(fname) if fname else os.path.basename(urlsplit(origin).path)
    if not name or os.path.basename(name) != name or name in (os.curdir, os.pardir):
        raise InvalidArgumentError(
            f"fname is the name of a file, without folders (see cache_dir); got {name!r}"
        )
    home = cache_dir or os.environ.get("KERAS_HOME") or os.path.join("~", ".keras")
    folder = os.path.join(os.path.expanduser(os.fspath(home)), cache_subdir)
    os.makedirs(folder, exist_ok=True)
    unpacks = extract or untar
    target, unpacked = _places(folder, name, unpacks, given=bool(fname))
    check = None if file_hash is None else (_algorithm(file_hash, hash_algorithm), file_hash)
    fresh = force_download or not os.path.exists(target)
    if not fresh and check is not None and _digest(target, check[0]) != check[1].lower():
        fresh = True
    if fresh:
        _download(origin, target, check)
    if not unpacks:
        return target
    if fresh or not os.path.exists(unpacked):
        _unpack(target, unpacked, "tar" if untar else archive_format)
    return unpacked


def _places(folder: str, name: str, unpacks: bool, given: bool) -> tuple[str, str]:
    """Where the file and the folder that it is unpacked to stand, as Keras names them."""
    path = os.path.join(folder, name)
    if not unpacks:
        return path, path
    if given and "." in name:
        return path, os.path.join(folder, f"{name.partition('.')[0]}_extracted")
    return f"{path}_archive", path


def _algorithm(digest: str, algorithm: str) -> str:
    if algorithm == "auto":
        algorithm = "sha256" if len(digest) == _ALGORITHMS["sha256"] else "md5"
    if algorithm not in _ALGORITHMS:
        raise InvalidArgumentError(
            f"hash_algorithm is 'auto', 'md5' or 'sha256'; got {algorithm!r}"
        )
    return algorithm


def _digest(path: str, algorithm: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _download(origin: str, target: str, check: tuple[str, str] | None) -> None:
    """Write what is at `origin` to `target`: whole and checked, or not at all."""
    from http.client import HTTPException
    from urllib.request import urlopen

    summed = hashlib.new(check[0]) if check else None
    try:
        with urlopen(origin, timeout=_TIMEOUT) as response, replacing(target) as file:
            while block := response.read(_BLOCK):
                file.write(block)
                if summed is not None:
                    summed.update(block)
            if check and summed is not None and summed.hexdigest() != check[1].lower():
                raise DataLossError(
                    f"the file at {origin} is not the one expected: its {check[0]} is "
                    f"{summed.hexdigest()}, not {check[1]}"
                )
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, DataLossError):
            raise
        raise NotFoundError(f"could not download {origin}: {error}") from error


def _check_tar(tar: Any, path: str) -> None:
    """Members are files and folders below the one they are unpacked to, and not too large.

    Links are refused whole: filters of Python were led out of the folder by chains of them.
    """
    total = 0
    for member in tar:
        if not (member.isfile() or member.isdir()):
            raise DataLossError(f"{path}: {shown(member.name)!r} is a link or a device")
        if leads_out(member.name) or not member.name.isprintable():
            raise DataLossError(f"{path}: {shown(member.name)!r} leads out of its folder")
        total += member.size
        if total > max(LARGE, EXPANSION * os.path.getsize(path)):
            raise DataLossError(f"{path} unpacks to more than {EXPANSION} times its size")


def _unpack(path: str, folder: str, formats: Any) -> None:
    """The members of an archive as files in `folder`."""
    import zipfile

    wanted = ("tar", "zip") if formats == "auto" else formats
    wanted = (wanted,) if isinstance(wanted, str) else tuple(wanted or ())
    if unknown := set(wanted) - {"tar", "zip"}:
        raise ArgumentTypeError(f"archive_format is 'auto', 'tar', 'zip' or both; got {unknown}")
    if "tar" in wanted and _unpack_tar(path, folder):
        return
    if "zip" in wanted and zipfile.is_zipfile(path):
        with open(path, "rb") as file, checked_archive(file, path) as archive:
            archive.extractall(folder)
    elif wanted:
        raise DataLossError(f"{path} is no archive of {' or '.join(wanted)}")


def _unpack_tar(path: str, folder: str) -> bool:
    """Whether `path` is a tar file; its members are then in `folder`."""
    import tarfile
    import zlib

    try:
        if not tarfile.is_tarfile(path):
            return False
        if not hasattr(tarfile, "data_filter"):
            raise UnimplementedError(
                "this Python cannot unpack tar files safely; use Python 3.11.4 or a later one"
            )
        with tarfile.open(path) as tar:
            _check_tar(tar, path)
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise DataLossError(f"{path} is a damaged archive: {shown(error)}") from error
    return True
