"""Command line: python -m lib.datasets [NAME ...] [--sample] [--list] [--force]."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

DESCRIPTION = """\
Fetch and verify data sets. NAME is a set (svhn, cifar10, ...) or an assignment (cnn_svhn).
Without a name: what assignment.toml of this folder asks for; without that file, the list of the sets.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code. Every failure is one sentence on stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m lib.datasets",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="a set or an assignment")
    parser.add_argument("--sample", action="store_true", help="draw a small stand-in, without network")
    parser.add_argument("--list", action="store_true", help="list the sets and their state")
    parser.add_argument("--force", action="store_true", help="replace files that are not the official ones")
    options = parser.parse_args(arguments)
    try:
        return _run(options)
    except ImportError as error:
        pip = f"{sys.executable} -m pip install -r requirements.txt"
        how = "make setup" if Path("Makefile").is_file() else pip
        return _fail(f"{sys.executable} lacks the package {error.name!r}. Run: {how}")
    except KeyboardInterrupt:
        _fail("interrupted. What came so far is kept; run the command again to go on.")
        return 130
    except OSError as error:  # DatasetError is one
        return _fail(str(error))


def _run(options: argparse.Namespace) -> int:
    # Imported here, so that a missing package is reported in words.
    from lib.datasets.folder import course_root, data_folder
    from lib.datasets.registry import assignments, needs_of, read_registry

    registry = read_registry()
    root, data = course_root(), data_folder()
    own = next((f / "assignment.toml" for f in (Path.cwd(), root) if (f / "assignment.toml").is_file()), None)
    names = list(options.names)
    if not names and own is not None:
        names = list(needs_of(own))
        if not names and not options.list:
            print("This assignment needs no data set.")
            return 0
    if not names and options.sample:
        names = [name for name, entry in registry.items() if entry.sample]
    if options.list or not names:
        return _list(registry, assignments(root), data)

    wanted = _resolve(names, registry, assignments(root))
    if options.sample:
        return _sample(wanted, registry, data, options.force)

    from lib.datasets.download import fetch

    problems = fetch([registry[name] for name in wanted], data, force=options.force)
    for sentence in problems:
        _fail(sentence)
    return 1 if problems else 0


def _resolve(names, registry, known_assignments):
    """Turn names of sets and assignments into names of sets, each once."""
    from lib.errors import DatasetError

    wanted = []
    for name in names:
        needed = (name,) if name in registry else known_assignments.get(name)
        unknown = [name] if needed is None else [n for n in needed if n not in registry]
        if unknown:
            valid = ", ".join([*registry, *known_assignments])
            msg = f"no data set or assignment is named {unknown[0]!r}. There are: {valid}."
            raise DatasetError(msg)
        wanted += [n for n in needed if n not in wanted]
    return wanted


def _sample(wanted, registry, data, force):
    from lib.datasets.folder import shown
    from lib.datasets.sets import SETS

    for name in wanted:
        if not registry[name].sample or name not in SETS:
            able = ", ".join(n for n, entry in registry.items() if entry.sample)
            return _fail(f"no sample can be drawn for {name!r}, only for: {able}.")
        folder = data / f"{name}-sample"
        state = "drawn" if SETS[name].make_sample(folder, force=force) else "already there"
        print(f"{shown(folder)}: SAMPLE of {name} {state}. Not the real data.")
    return 0


def _list(registry, known_assignments, data):
    from lib.datasets.folder import shown, size_text

    print(f"Data sets in {shown(data)}:")
    for name, entry in registry.items():
        total = size_text(sum(file.bytes for file in entry.files))
        users = [a for a, needed in known_assignments.items() if name in needed]
        print(f"  {name:12s}{total:>9s}  {_state(entry, data):32s}{entry.title}")
        if users:
            print(f"  {'':12s}{'':9s}  needed by {', '.join(users)}")
        if entry.sample and _has_sample(name, data):
            print(f"  {'':12s}{'':9s}  SAMPLE present in {shown(data / (name + '-sample'))}")
    print("Fetch: python -m lib.datasets NAME    Draw a sample: python -m lib.datasets --sample")
    return 0


def _has_sample(name, data):
    from lib.datasets.sets import SETS

    return name in SETS and all((data / f"{name}-sample" / file).is_file() for file in SETS[name].layouts[0])


def _lies_otherwise(name, data):
    """Tell whether real files of a set lie there in another form than the one that is fetched."""
    from lib.datasets.locate import is_sample
    from lib.datasets.sets import SETS

    if name not in SETS:
        return False
    for folder in SETS[name].places(data)[: -1 - len(SETS[name].subfolders)]:  # not the sample's own
        files = [folder / file for file in SETS[name].lying(folder)]
        if files and all(file.is_file() and not is_sample(file) for file in files):
            return True
    return False


def _state(entry, data):
    """Say in a few words what of a set is there."""
    states = {}
    for file in entry.files:
        found = file.find(data)
        part = data / (file.places[0] + ".part")
        if found is not None:
            states[file.name] = "complete" if file.problem(found) is None else "wrong"
        elif part.is_file():
            states[file.name] = f"{100 * part.stat().st_size // file.bytes} % there"
        else:
            states[file.name] = "missing"
    if set(states.values()) == {"missing"} and _lies_otherwise(entry.name, data):
        return "files are there, not verified"
    if len(set(states.values())) == 1:
        return next(iter(states.values()))
    return ", ".join(f"{name} {state}" for name, state in states.items() if state != "complete")


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
