"""The audit of whole submissions: what is missing, extra, moved, or somebody else's; and PDFs of every odd kind."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import pikepdf
import pytest
from audit_class import OTHER, SEED, book, course, plots_of
from pdf_tricks import Pdf, bomb, place
from PIL import Image

from benchmarks import audit_makers
from gradlab import audit_page, audit_run, cli, pdf_pictures, pdf_reading
from gradlab.audit import Finding, audit, beside_run, numbers_agree
from gradlab.audit_order import moved
from gradlab.notebook_pictures import Plot
from lib.report import build_report

MANIFEST = audit_makers.manifest(Path())
TITLES = [part.title for part in MANIFEST.parts]


def pages(path, pictures, headings=None):
    """Write a PDF with a page for each picture; None leaves the place empty."""
    pdf = Pdf()
    for picture, heading in zip(pictures, headings or TITLES, strict=False):
        if picture is None:
            pdf.page("", heading=heading)
        else:
            pdf.page(place(picture), heading=heading, P=pdf.image(picture))
    return pdf.save(path)


@pytest.fixture
def ada(tmp_path):
    """Return a course in which ada and ben handed in, and a function that audits ada's PDF."""
    made = course(tmp_path, ada=book(SEED), ben=book(OTHER))
    marks = audit_run.marks_of_class(made, MANIFEST, ["ada", "ben"])

    def run(write=None):
        path = made.submitted / "ada" / "plots" / "plots.pdf"
        if write:
            write(path)
        return audit(made, MANIFEST, "ada", marks)

    return run


@functools.cache
def own():
    """Return the pictures of ada's plots; not while tests are collected, which every worker does."""
    return [plot.pixels for plot in plots_of(SEED)]


@functools.cache
def foreign():
    """Return the pictures of ben's."""
    return [plot.pixels for plot in plots_of(OTHER)]


def outcomes(done):
    return [finding.outcome for finding in done.findings]


def test_report_of_this_project_is_identical(ada):
    """What ``python -m lib.report`` writes needs no look, and its headings are found in their order."""
    done = ada(lambda path: build_report(book(SEED), MANIFEST, path))
    assert outcomes(done) == ["identical"] * 4
    assert (done.looks, done.problems, done.order, done.extras) == (0, [], [], [])


def test_missing_extra_and_foreign_plots(ada):
    """A plot that is missing is said to be, one of a classmate is named, and so is a picture that is nobody's."""
    strange = Image.effect_noise((400, 200), 60).convert("RGB")
    done = ada(lambda path: pages(path, [foreign()[0], own()[1], own()[2], None, strange], [*TITLES, "More"]))
    curves, *others, responses = done.findings
    assert [finding.outcome for finding in others] == ["identical"] * 2
    assert curves.outcome == "look"
    assert curves.why[0] == "it is the picture of ben"
    assert responses.outcome == "look"
    assert done.looks == 2  # the most similar that is left stands beside the missing one
    assert responses.drawn.page == 5


def test_plots_in_another_order(ada):
    """Right plots under the headings of other parts need a look, both of them."""
    done = ada(lambda path: pages(path, [own()[1], own()[0], own()[2], own()[3]]))
    assert outcomes(done) == ["look", "look", "identical", "identical"]
    assert "under the heading of another part" in done.findings[1].why[-1]


def test_headings_in_another_order_and_missing(ada):
    """The required order is that of the assignment."""
    headings = [TITLES[1], TITLES[0], TITLES[2], "Sizes"]
    done = ada(lambda path: pages(path, [own()[1], own()[0], own()[2], own()[3]], headings))
    assert done.order == [
        f"no heading “{TITLES[3]}” was found",
        f"the heading “{TITLES[0]}” stands in another place than required, on page 2",
    ]


def test_pictures_from_elsewhere_in_the_notebook_are_known(tmp_path):
    """Who prints the whole notebook prints all its pictures: those are no surprise."""
    notebook = book(SEED)
    shown = audit_makers.changed(book(OTHER), lambda image: audit_makers._png(image.resize((333, 200))))
    shown.cells[2]["id"] = "before"
    notebook.cells.insert(1, shown.cells[2])
    made = course(tmp_path, ada=notebook)
    other = plots_of(OTHER)[0].pixels.resize((333, 200))
    pages(made.submitted / "ada" / "plots" / "plots.pdf", [other, *own()], ["Before", *TITLES])
    done = audit(made, MANIFEST, "ada", {})
    assert outcomes(done) == ["identical"] * 4
    assert [(extra.where, extra.why) for extra in done.extras] == [("cell 2", "")]


def test_another_run_is_said_to_be_one(tmp_path):
    """The PDF may show what the grader's run shows, and not what the notebook showed."""
    made = course(tmp_path, ada=book(SEED))
    folder = made.autograded / "ada" / "plots"
    folder.mkdir(parents=True)
    (folder / "plots.ipynb").write_text(json.dumps(book(OTHER)))
    pages(made.submitted / "ada" / "plots" / "plots.pdf", foreign())
    done = audit(made, MANIFEST, "ada", {})
    assert outcomes(done) == ["look"] * 4
    assert done.findings[0].why[0].startswith("it is what the notebook shows when it is run here")
    assert done.findings[0].run_why == "its numbers are others when it is run here"


def test_beside_the_run():
    """Pixels decide; numbers that agree count for a picture that is drawn from them."""
    own = plots_of(SEED)[0]
    nearly = dict(own.numbers, loss_hist=own.numbers["loss_hist"].replace(" ", "1 ", 1))  # a digit far behind
    assert numbers_agree(own.numbers, nearly)
    assert not numbers_agree(own.numbers, dict(own.numbers, loss_hist="1 2"))
    other = Image.new("RGB", own.pixels.size, "white")  # another version of Matplotlib, say
    forged = Plot(**{**vars(own), "pixels": other})
    cases = [(own, own), (own, Plot(**{**vars(own), "pixels": other, "numbers": nearly})), (forged, own)]
    found = []
    for plot, run in cases:
        finding = Finding(plot)
        beside_run([finding], [run])
        found.append(finding.run)
    assert found == ["identical", "same data", "look"]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing", "the PDF is missing"),
        ("zero bytes", "the PDF is empty"),
        ("no pdf", "the PDF is damaged: it cannot be opened (PdfError)"),
        ("cut", "the PDF is damaged"),
        ("encrypted", "the PDF is encrypted"),
        ("link", "the PDF is missing"),
        ("folder", "the PDF is not a file"),
    ],
)
def test_pdfs_that_cannot_be_read(ada, kind, said):
    """Each kind is called what it is, and is one thing to look at."""

    def write(path):
        if kind == "zero bytes":
            path.write_bytes(b"")
        elif kind == "no pdf":
            path.write_bytes(b"PK\x03\x04 a Word document" * 50)
        elif kind == "cut":
            whole = pages(path, own()).read_bytes()
            path.write_bytes(whole[: len(whole) // 3])
        elif kind == "encrypted":
            pages(path, own())
            with pikepdf.open(path, allow_overwriting_input=True) as pdf:
                pdf.save(path, encryption=pikepdf.Encryption(user="secret", owner="more"))
        elif kind == "link":
            path.symlink_to("/nowhere/grades.pdf")
        elif kind == "folder":
            path.mkdir()

    done = ada(write)
    assert done.problems[0].startswith(said)
    if kind != "cut":
        assert (done.looks, len(done.problems)) == (1, 1)
    assert "identical" not in outcomes(done)


def test_limits(tmp_path, monkeypatch):
    """Of a PDF that is too much, what was read until then counts, and it says so."""

    def read(path):
        return pdf_pictures.read(path, tmp_path)

    pdf = Pdf()
    for _ in range(500):
        pdf.page("")
    found = read(pdf.save(tmp_path / "long.pdf"))
    assert found["problem"] == "long: it has 500 pages, and the first 300 were read"
    assert len(found["pages"]) == 300

    huge = pikepdf.Stream(pdf.pdf, b"x" * 100)
    huge.Type, huge.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    huge.Width, huge.Height, huge.BitsPerComponent, huge.ColorSpace = (
        90_000,
        90_000,
        8,
        pikepdf.Name.DeviceRGB,
    )
    one = Pdf()
    one.page("q 400 0 0 400 60 60 cm /P Do Q", P=one.pdf.copy_foreign(pdf.pdf.make_indirect(huge)))
    told = read(one.save(tmp_path / "huge.pdf"))["pictures"][0]
    assert told["problem"] == "of 90000 x 90000 pixels, more than 16 million"

    monkeypatch.setattr(pdf_pictures, "MAX_STEPS", 1000)
    assert "more than 1000 drawing operators" in read(bomb(tmp_path / "bomb.pdf", 2_000_000))["problem"]

    loop = Pdf()
    form = loop.form("/P Do /P Do")
    form.Resources.XObject.P = form
    loop.page("/P Do", P=form)
    assert "more than 12 deep" in read(loop.save(tmp_path / "loop.pdf"))["problem"]


@pytest.mark.needs_sandbox
def test_bomb_is_stopped_by_the_sandbox(tmp_path, monkeypatch):
    """What unpacks to a thousand times its size ends its reader and nobody else."""
    monkeypatch.setattr(pdf_reading, "LIMITS", pdf_reading.Limits(memory_mb=300, processes=64))
    with pdf_reading.reading(bomb(tmp_path / "bomb.pdf", 300_000_000)) as document:
        assert document.problem.startswith(("more than can be read", "damaged")) or document.pages[0].problem
        assert not document.pictures


def test_what_the_reader_leaves_is_read_with_suspicion(tmp_path):
    """Numbers that are none, other names of files and too few pixels are refused."""
    (tmp_path / "pixels.raw").write_bytes(b"123")
    for told in (
        {"file": "../x.raw", "size": [1, 1]},
        {"file": "pixels.raw", "size": [2, 2]},
        {"file": "pixels.raw", "size": [0, 1]},
    ):
        with pytest.raises(ValueError, match=r"pixels|hold"):
            pdf_reading._pixels(tmp_path, told, 100)
    for words in (["1", "0", "0", "1", "0", "0 cm /X Do"], ["1"] * 5, ["nan"] * 6):
        with pytest.raises(ValueError, match="six numbers"):
            pdf_reading._matrix(words)
    for number in ("inf", 1e9):
        with pytest.raises(ValueError, match="no length"):
            pdf_reading._finite(number)


def test_choosing_is_reproducible():
    """The same seed picks the same; another one picks others; who is added moves few."""
    class_of = [f"student-{n:03}" for n in range(200)]
    first = audit_run.choose(class_of, 10, 7)
    assert first == audit_run.choose(class_of[::-1], 10, 7)
    assert first != audit_run.choose(class_of, 10, 8)
    assert len(set(first) & set(audit_run.choose([*class_of, "late"], 10, 7))) >= 9
    assert audit_run.choose(class_of, 0, 1) == class_of


def test_moved():
    """The fewest that have to be taken out."""
    assert moved([1, 2, 3]) == set()
    assert moved([2, 3, 4, 1]) == {1}
    assert moved([3, 1, 2]) == {3}
    assert moved([]) == set()


def test_page_runs_nothing_and_shows_text_as_it_is(ada):
    """Names and texts of strangers are text; nothing is loaded from anywhere."""
    done = ada(lambda path: pages(path, [foreign()[0], *own()[1:]]))
    done.student, done.pdf = "<script>alert(1)</script>", "a\"onload='x'.pdf"
    done.notes.append("<img src=http://example.org/x>\x00")
    sections = [audit_page.section(0, done, MANIFEST)]
    done.forget_pictures()
    text = audit_page.page("Four <plots>", [done], sections, seed=1)
    assert "<script" not in text
    assert "<img src=http" not in text
    assert "\x00" not in text
    assert "Content-Security-Policy" in text
    assert all(part.startswith("data:image/") for part in text.split('src="')[1:])
    told = audit_run.as_json(done)
    assert json.loads(json.dumps(told))["plots"][0]["outcome"] == "look"
    assert told["looks"] == 1


@pytest.mark.parametrize(("looks", "code", "said"), [(0, None, "Nothing to look at"), (3, 2, "3 to look at")])
def test_exit_code_says_whether_anything_needs_a_look(looks, code, said, monkeypatch, capsys):
    """0 and 2; 1 stays for what went wrong."""
    root = Path(__file__).resolve().parents[2]
    asked = {}

    def run(course, name, **settings):
        asked.update(settings, name=name)
        return looks, course.reports / "cnn_svhn_audit.html"

    monkeypatch.chdir(root)
    monkeypatch.setattr(audit_run, "run", run)
    monkeypatch.setattr(
        "sys.argv", ["gradlab", "audit", "cnn_svhn", "--sample", "4", "--seed", "9", "--retrain", "1"]
    )
    try:
        ended = cli.main()
    except SystemExit as end:
        ended = end.code
    assert ended == code
    assert f"{said}: reports/cnn_svhn_audit.html" in capsys.readouterr().out
    assert {key: asked[key] for key in ("name", "sample", "seed", "retrained", "student")} == {
        "name": "cnn_svhn",
        "sample": 4,
        "seed": 9,
        "retrained": 1,
        "student": "*",
    }
