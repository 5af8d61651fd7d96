"""Find a data set: real or drawn sample, in the places where people put it."""

from __future__ import annotations

import operator
import os
from collections.abc import Sequence
from pathlib import Path

from lib.datasets.folder import data_folder, say, shown
from lib.errors import ConfigError, DatasetError

#: Stands within the first bytes of every file of a drawn sample.
MARK = "gradlab SAMPLE"
_MARK_BYTES = 256
HOW_SAMPLE = "Without a network: python -m lib.datasets --sample"


def is_sample(path) -> bool:
    """Tell whether a file was drawn here, wherever it lies and whatever it is called now."""
    try:
        with Path(path).open("rb") as stream:
            return MARK.encode() in stream.read(_MARK_BYTES)
    except OSError:
        return False


def choice() -> str:
    """Return "real", "sample" or "" as $GRADLAB_DATASET says.

    Raises
    ------
    ConfigError
        If it says anything else.
    """
    said = os.environ.get("GRADLAB_DATASET", "").strip().lower()
    if said not in ("", "real", "sample"):
        msg = f"GRADLAB_DATASET={said!r} is neither 'real' nor 'sample'. Set one of them, or unset it."
        raise ConfigError(msg)
    return said


def how_to_get(name: str, drawn: bool = False) -> str:
    """Say which command fetches a set, or draws its sample again."""
    if drawn:
        return f"Run: python -m lib.datasets {name} --sample --force"
    return f"Run: ./get_datasets.sh {name} (or: python -m lib.datasets {name})"


def find_folder(
    title: str,
    name: str,
    layouts: Sequence[Sequence[str]],
    data_dir=None,
    subfolders: Sequence[str] = (),
    optional: Sequence[str] = (),
) -> tuple[Path, tuple[str, ...], bool]:
    """Find the folder that holds a set.

    Parameters
    ----------
    title, name : str
        "CIFAR-10", "cifar10": for messages, and the name of its folder.
    layouts : sequence of sequences of str
        The files of the set in each of the forms that it comes in; any form will do.
    data_dir : path, optional
        Folder with the files, or a data folder with <name>/ or <name>-sample/ in it. For data/<name>, which the
        original courses hand over, data/<name>-sample will do as well. Default: $GRADLAB_DATA, else the nearest
        data/ upward from the working directory.
    subfolders : sequence of str
        What the archives unpack to, below each of the places.
    optional : sequence of str
        Files that a set may lack; those that are there must be of one kind with the others.

    Returns
    -------
    folder : Path
    files : tuple of str
        The layout that was found.
    drawn : bool
        Whether it is the sample.

    Raises
    ------
    DatasetError
        If the set is not there, not complete, or half real and half sample.
    """
    data = Path(data_dir).expanduser() if data_dir is not None else data_folder()
    wanted = choice()
    real = [data / name, data]
    sample = [data / f"{name}-sample"]
    if data_dir is not None:
        real.reverse()  # a folder given by hand may be the one with the files
        if data.name == name:
            sample.append(data.with_name(f"{name}-sample"))
        if any(is_sample(data / file) for layout in layouts for file in layout):
            sample.insert(0, data)
    tops = {"real": real, "sample": sample, "": [*real, *sample]}[wanted]
    folders = [folder for top in tops for folder in (top, *(top / sub for sub in subfolders))]
    for folder in folders:
        for layout in layouts:
            if any((folder / file).is_file() for file in layout):
                more = [file for file in optional if (folder / file).is_file()]
                return folder, tuple(layout), _is_drawn(title, name, folder, [*layout, *more], wanted)
    if wanted == "sample":
        missing = shown(data / f"{name}-sample" / layouts[0][0])
        msg = f"{title}: {missing} not found. Run: python -m lib.datasets --sample"
    else:
        # for a folder given as data/<name>, data/<name>/<name>/... would be no place to look at
        place = data if data.name == name else data / name
        msg = f"{title}: {shown(place / layouts[0][0])} not found. {how_to_get(name)}. {HOW_SAMPLE}"
    raise DatasetError(msg)


def _is_drawn(title, name, folder, layout, wanted):
    """Tell whether the files of a folder are the sample; refuse a folder that is neither one nor the other."""
    for file in layout:
        if not (folder / file).is_file():
            there = next(f for f in layout if (folder / f).is_file())
            msg = (
                f"{title}: {shown(folder / file)} not found, though {there} is there. {how_to_get(name)}. "
                f"{HOW_SAMPLE}"
            )
            raise DatasetError(msg)
    drawn = [is_sample(folder / file) for file in layout]
    if any(drawn) and not all(drawn):
        one, other = layout[drawn.index(True)], layout[drawn.index(False)]
        msg = f"{title}: in {shown(folder)}, {one} is the sample and {other} is not. Move one of them away. {how_to_get(name)}"
        raise DatasetError(msg)
    sample = all(drawn) or folder.name == f"{name}-sample"
    if sample and wanted == "real":
        msg = f"{title}: GRADLAB_DATASET=real, but {shown(folder)} holds the SAMPLE. {how_to_get(name)}"
        raise DatasetError(msg)
    return sample


class DataDict(dict):
    """The arrays of a set by name, and where they come from.

    Attributes
    ----------
    provenance : str
        "CIFAR-10", "CIFAR-10 sample", or "CIFAR-10 part: 10000 of 50000 images".
    """

    def __init__(self, arrays, provenance):
        super().__init__(arrays)
        self.provenance = provenance


def provenance(title: str, found: tuple[int, int], official: tuple[int, int], drawn: bool) -> str:
    """Say in a few words which data these are; ``found`` and ``official`` count training and test images."""
    if drawn:
        return f"{title} sample"
    if found == official:
        return title
    said = f"{title} part: {found[0]} of {official[0]} images"
    return said if found[0] != official[0] else f"{said}, test {found[1]} of {official[1]}"


def require_counts(where: str, least: dict[str, int], **counts: int) -> None:
    """Refuse numbers of images that are not whole or too small."""
    for name, value in counts.items():
        if isinstance(value, bool) or not _is_whole(value) or value < least.get(name, 0):
            msg = f"{where}: {name}={value!r} must be a whole number, at least {least.get(name, 0)}."
            raise ConfigError(msg)


def _is_whole(value):
    try:
        operator.index(value)  # NumPy's whole numbers have an index, too
    except TypeError:
        return False
    return True


def split_training(
    where: str, total: int, num_training: int, num_validation: int, default: tuple[int, int], path: Path
) -> tuple[int, int]:
    """Return how many images train and how many validate; a file too small for the default shrinks both.

    A sixth is then kept for validation: the official share of so few images would be too few for a steady
    accuracy.

    Raises
    ------
    DatasetError
        If more was asked for than there is.
    """
    if num_training + num_validation <= total:
        return num_training, num_validation
    if (num_training, num_validation) != default or total < 2:
        msg = (
            f"{where}: num_training={num_training} and num_validation={num_validation} need "
            f"{num_training + num_validation} images, {shown(path)} has {total}. "
            "Ask for fewer, or leave both out: then a sixth is kept for validation."
        )
        raise DatasetError(msg)
    num_validation = max(1, total // 6)
    return total - num_validation, num_validation


def tell_drawn(title: str, folder: Path, drawn: bool) -> None:
    """Tell the reader that the images are those of the sample, if they are."""
    if drawn:
        say(f"{title}: SAMPLE, drawn images and not the real ones ({shown(folder)}).")


def tell(title: str, said: str, counts: tuple[int, int, int], folder: Path) -> None:
    """Tell the reader which data were loaded, unless it is the whole official set."""
    if said == title:
        return
    drawn = said.endswith(" sample")
    kind = "SAMPLE, drawn images and not the real ones" if drawn else said.removeprefix(f"{title} ")
    split = f"{counts[0]} to train, {counts[1]} to validate, {counts[2]} to test"
    say(f"{title}: {kind}; {split} ({shown(folder)}).")
