"""Archives of strangers: what is refused, what is left out, and that nothing lands outside."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from gradlab.unpack import Budget, Refused, folder_for, stem, unpack


def zipped(path: Path, **files: bytes | str) -> Path:
    """Write a zip; a name may hold anything."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_files_come_out(tmp_path: Path) -> None:
    """With their folders, without what a Mac adds."""
    path = zipped(
        tmp_path / "a.zip", **{"x/a.py": "1", "__MACOSX/._a": "j", "x/.DS_Store": "j", "x\\y\\b.py": "2"}
    )
    unpack(path, tmp_path / "out")
    found = sorted(p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.py"))
    assert found == ["x/a.py", "x/y/b.py"]
    assert not list((tmp_path / "out").rglob(".*"))


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "C:\\evil", "..\\evil"])
def test_nothing_lands_outside(tmp_path: Path, name: str) -> None:
    """A path that leads out refuses the whole archive."""
    path = zipped(tmp_path / "a.zip", **{"good.py": "1", name: "2"})
    with pytest.raises(Refused, match="leads out of the folder"):
        unpack(path, tmp_path / "in" / "out")
    assert not list(tmp_path.rglob("*evil"))
    assert not (tmp_path / "in" / "out").exists()


def test_bombs(tmp_path: Path) -> None:
    """What counts is what comes out, not what the archive says of itself."""
    bomb = zipped(tmp_path / "bomb.zip", zeros=b"\0" * 50_000_000)
    assert bomb.stat().st_size < 100_000
    with pytest.raises(Refused, match="more than 1 MB"):
        unpack(bomb, tmp_path / "out", Budget(max_bytes=1_000_000))
    many = zipped(tmp_path / "many.zip", **{f"f{i}": "" for i in range(30)})
    with pytest.raises(Refused, match="more than 20 files"):
        unpack(many, tmp_path / "out", Budget(max_files=20))


def test_links_are_left_out(tmp_path: Path) -> None:
    """Of zips and of tars."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("file", "1")
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as tar:
        member = tarfile.TarInfo("link")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)
        member = tarfile.TarInfo("file")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"1"))
    for name in ("a.zip", "b.tar.gz"):
        unpack(tmp_path / name, tmp_path / name[0])
        assert [path.name for path in (tmp_path / name[0]).iterdir()] == ["file"]


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut"])
def test_damaged_archives(tmp_path: Path, content: bytes) -> None:
    """Say so, and leave nothing."""
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(Refused, match="cannot be unpacked"):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_stem() -> None:
    """Both ends of a tar.gz."""
    assert [stem(Path(name)) for name in ("a.zip", "a.b.tar.gz", "a.TGZ")] == ["a", "a.b", "a"]


def test_a_stream_that_breaks(tmp_path: Path) -> None:
    """Zlib's own error is no zip's."""
    path = zipped(tmp_path / "a.zip", text="".join(str(i * i) for i in range(3000)))
    content = bytearray(path.read_bytes())
    content[60:90] = b"\xff" * 30
    path.write_bytes(content)
    with pytest.raises(Refused, match="cannot be unpacked"):
        unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", [".zip", "..zip", "...zip", "....tar.gz", " .zip"])
def test_names_that_name_no_folder(tmp_path: Path, name: str) -> None:
    """The folder of '...zip' would be the one above."""
    with pytest.raises(Refused, match="names no folder"):
        folder_for(tmp_path / name)
    assert folder_for(tmp_path / "a.b.zip") == tmp_path / "a.b"


def test_what_is_there_stays(tmp_path: Path) -> None:
    """Nothing is unpacked into a folder of somebody else's, and a refusal does not remove it."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "file").write_text("before")
    for content in ({"file": "after"}, {"../x": ""}):
        with pytest.raises(Refused, match="no folder can be made"):
            unpack(zipped(tmp_path / "a.zip", **content), tmp_path / "out")
    assert (tmp_path / "out" / "file").read_text() == "before"


def test_one_budget_for_several(tmp_path: Path) -> None:
    """What one archive took, the next does not have."""
    budget = Budget(max_bytes=1000)
    path = zipped(tmp_path / "a.zip", file=b"x" * 600)
    unpack(path, tmp_path / "one", budget)
    with pytest.raises(Refused, match="same student's"):
        unpack(path, tmp_path / "two", budget)


def test_folders_in_folders(tmp_path: Path) -> None:
    """More of them than a walk through folders can stand."""
    with pytest.raises(Refused, match="deep"):
        unpack(zipped(tmp_path / "a.zip", **{"d/" * 500 + "x": "1"}), tmp_path / "out")


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    """It can be written and printed afterwards."""
    with tarfile.open(tmp_path / "a.tar", "w", errors="surrogateescape") as tar:
        tar.addfile(tarfile.TarInfo("\udcff.ipynb"), io.BytesIO())
    unpack(tmp_path / "a.tar", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["?.ipynb"]
