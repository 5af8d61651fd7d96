"""The reader of strangers' arrays: plain numbers come through, all else is refused unread."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gradlab.arrays import ArraysRefused, load_arrays


def npy(array: np.ndarray) -> bytes:
    """Return the bytes of a .npy member."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def header(text: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """Return a .npy member with a header of one's own."""
    padded = text.encode("latin1") + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(padded)) + padded + data


def write(path: Path, **members: bytes) -> Path:
    """Write an npz file of raw members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


GOOD = {
    "floats": np.linspace(0, 1, 6).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "scalar": np.float32(2),
    "integers": np.arange(3, dtype=np.uint8),
    "booleans": np.array([True, False]),
    "empty": np.zeros((0, 3)),
    "big endian": np.arange(3, dtype=">i4"),
}


@pytest.mark.parametrize("name", GOOD)
def test_plain_numbers_come_through(name: str, tmp_path: Path) -> None:
    """Values, shape and dtype are those that were written."""
    np.savez(tmp_path / "a.npz", x=GOOD[name])
    found = load_arrays(tmp_path / "a.npz")["x"]
    assert found.dtype == np.asarray(GOOD[name]).dtype
    assert found.shape == np.shape(GOOD[name])
    assert np.array_equal(found, GOOD[name])


BOMBS = {
    "object": (npy(np.array([print], dtype=object)), "dtype object"),
    "text": (npy(np.array(["a"])), "wanted plain numbers"),
    "complex": (npy(np.ones(2, complex)), "wanted plain numbers"),
    "record": (npy(np.zeros(2, dtype=[("a", "f8")])), "wanted plain numbers"),
    "subarray": (header("{'descr': '(9999999,)f8', 'fortran_order': False, 'shape': (1,)}"), "a.npz"),
    "false shape": (
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999,)}"),
        "does not fit",
    ),
    "negative shape": (
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}", b"\0" * 8),
        "of shape",
    ),
    "many axes": (
        header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': {(1,) * 40}}}", b"\0" * 8),
        "of shape",
    ),
    "code in header": (header("__import__('os').system('false')"), "cannot be read"),
    "long header": (
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}" + " " * 5000),
        "cannot be read",
    ),
    "no npy": (b"hello", "cannot be read"),
    "version": (header("{}", version=b"\x03\x00"), "in format"),
}


@pytest.mark.parametrize(("content", "problem"), BOMBS.values(), ids=BOMBS)
def test_anything_else_is_refused(content: bytes, problem: str, tmp_path: Path) -> None:
    """Objects, texts and headers that lie are refused with a sentence."""
    with pytest.raises(ArraysRefused, match=problem):
        load_arrays(write(tmp_path / "a.npz", x=content))


def test_zip_bomb_is_refused_by_its_table_of_contents(tmp_path: Path) -> None:
    """A small file that unpacks to much is refused before anything is unpacked."""
    path = write(tmp_path / "a.npz", x=npy(np.zeros(10**6)))
    assert path.stat().st_size < 20_000
    with pytest.raises(ArraysRefused, match="unpacks to 8000128 bytes, allowed are 1000000"):
        load_arrays(path, max_bytes=10**6)


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    """A file of very many arrays is refused."""
    path = write(tmp_path / "a.npz", **{f"x{i}": npy(np.zeros(1)) for i in range(5)})
    with pytest.raises(ArraysRefused, match="holds 5 arrays, allowed are 4"):
        load_arrays(path, max_members=4)


def test_member_that_is_no_array_is_refused(tmp_path: Path) -> None:
    """Only .npy members are expected."""
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("../evil.py", "x")
    with pytest.raises(ArraysRefused, match="which is no array"):
        load_arrays(tmp_path / "a.npz")


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04broken"])
def test_damaged_file_is_refused(content: bytes, tmp_path: Path) -> None:
    """A file that is no zip is refused with a sentence."""
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ArraysRefused, match="cannot be read"):
        load_arrays(tmp_path / "a.npz")


def test_links_and_missing_files_are_refused(tmp_path: Path) -> None:
    """A link could name any file of the grader's."""
    np.savez(tmp_path / "a.npz", x=1)
    (tmp_path / "b.npz").symlink_to(tmp_path / "a.npz")
    for name in ("b.npz", "c.npz"):
        with pytest.raises(ArraysRefused, match="not a regular file"):
            load_arrays(tmp_path / name)
