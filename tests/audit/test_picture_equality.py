"""When a picture of a PDF is that of the notebook: what passes, and that nothing else does."""

from __future__ import annotations

import pytest
from audit_class import OTHER, SEED, honest_figure, plots_of
from pdf_tricks import PAGE, Pdf, place
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageDraw, ImageOps

from benchmarks import audit_makers
from gradlab import pdf_reading
from gradlab.notebook_pictures import decode
from gradlab.picture_equality import compare, equal, redraw, why_unseen


def judge(plot, path):
    """Return (outcome, how or why) for each picture of a PDF, in drawing order."""
    with pdf_reading.reading(path) as document:
        assert not document.problem, document.problem
        said = []
        for drawn in document.pictures:
            match = compare(plot, drawn)
            why = why_unseen(match, drawn, document.pages[drawn.page - 1]) if match else ""
            said.append(("look", why) if why or match is None else (match.outcome, match.how))
        return said


@pytest.fixture(scope="module")
def curves():
    return plots_of(SEED)[0]


def test_honest_pictures_pass(curves, tmp_path):
    """Equal pixels in whatever way they are stored are identical; what known programs make of them is the same data."""
    picture, pdf = curves.pixels, Pdf()
    opaque = Image.new("L", picture.size, 255)
    indexed = picture.quantize(200)
    same = {
        "plain": pdf.image(picture),
        "with an opaque mask": pdf.image(picture, mask=opaque),
        "smoothed": pdf.image(picture, Interpolate=True),
    }
    for drawn in same.values():
        pdf.page(place(picture), P=drawn)
    pdf.page("q 1 0 0 1 10 5 cm /G Do Q", G=pdf.form(place(picture), P=same["plain"]))
    small = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)
    changed = {
        "JPEG": pdf.image(picture, jpeg=60),
        "gray": pdf.image(picture.convert("L")),
        "gray, JPEG": pdf.image(picture.convert("L"), jpeg=60),
        "resized (lanczos)": pdf.image(small),
        "resized (lanczos), JPEG": pdf.image(small, jpeg=75),
    }
    for drawn in changed.values():
        pdf.page(place(picture), P=drawn)
    figure = honest_figure(SEED)
    for words, settings in (("200", {"dpi": 200}), ("150", {"dpi": 150, "bbox_inches": None})):
        image = decode(audit_makers.as_shown(figure, **settings))
        pdf.page(place(image), P=pdf.image(image))
        changed[f"drawn again from the numbers, {words} dots an inch"] = None
    said = judge(curves, pdf.save(tmp_path / "honest.pdf"))
    assert said[:4] == [("identical", "all pixels are equal")] * 4
    # a JPEG of one color is gray by itself
    assert said[4:] == [("same data", how.replace("gray, JPEG", "JPEG")) for how in changed]
    assert not equal(
        indexed.convert("RGB"), picture
    )  # a palette of 200 colors is another picture, and no case for this test


def test_other_pictures_never_pass(curves, tmp_path):
    """Foreign, retouched, cropped and mirrored pictures need a look, also after what honest ones survive."""
    picture, pdf = curves.pixels, Pdf()
    touched = picture.copy()
    ImageDraw.Draw(touched).point((300, 200), fill=(250, 250, 250))
    foreign = plots_of(OTHER)[0].pixels
    wrong = [
        foreign.resize(picture.size),
        audit_makers._lowered(picture),
        touched,
        ImageOps.mirror(picture),
        ImageOps.flip(picture),
        picture.crop((0, 0, picture.width - 1, picture.height)),
        ImageOps.expand(picture, 3, "white"),
        Image.blend(picture, Image.new("RGB", picture.size, "white"), 0.02),
    ]
    for image in wrong:
        for drawn in (pdf.image(image), pdf.image(image, jpeg=40), pdf.image(image.convert("L"))):
            pdf.page(place(image), P=drawn)
        pdf.page(place(image), P=pdf.image(image.resize((image.width // 2, image.height // 2)), jpeg=40))
    said = judge(curves, pdf.save(tmp_path / "wrong.pdf"))
    assert len(said) == 4 * len(wrong)
    # one pixel that a JPEG or a smaller picture does not hold any more is in no reader's picture either
    passed = [n for n, (outcome, _) in enumerate(said) if outcome != "look"]
    assert [n for n in passed if n // 4 != 2] == []
    assert said[8] == ("look", "")


def test_right_pixels_that_a_reader_does_not_see_need_a_look(curves, tmp_path):
    """The right picture can lie in a PDF and another one before the reader's eyes."""
    picture, pdf = curves.pixels, Pdf()
    right, foreign = pdf.image(picture), pdf.image(audit_makers._lowered(picture))
    there = place(picture)
    stamp = pdf.form("1 0 0 rg 0 0 595 842 re f")
    note = Dictionary(
        Type=Name.Annot, Subtype=Name.Stamp, Rect=Array([300, 450, 340, 470]), F=4, AP=Dictionary(N=stamp)
    )
    inverted = pdf.image(picture, Decode=Array([1, 0, 1, 0, 1, 0]))
    layer = pdf.pdf.make_indirect(Dictionary(Type=Name.OCG, Name="hidden"))
    pdf.pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer])))
    pdf.page(f"{there} 1 0 0 rg 300 450 9 2 re f", P=right)
    pdf.page(f"{there} {there.replace('/P', '/Q')}", P=right, Q=foreign)
    pdf.page(f"60 420 300 400 re W n {there}", P=right)
    pdf.page(f"/A gs {there}", P=right, states={"A": Dictionary(ca=0.6)})
    pdf.page(there, P=right, annotations=[note])
    pdf.page(there, P=inverted)
    pdf.page(there, P=pdf.image(picture, Mask=Array([0, 40, 0, 40, 0, 40])))
    pdf.page(place(picture, left=PAGE[0] + 10), P=right)
    pdf.page(place(picture, left=300), P=right)
    pdf.page(place(picture, width=30), P=right)
    pdf.page("q -460 0 0 177 520 420 cm /P Do Q", P=right)
    pdf.page(there, P=pdf.image(picture, OC=layer))
    pdf.page(there, P=pdf.image(picture, ColorSpace=Name.DeviceRGB, mask=Image.new("L", picture.size, 120)))
    said = judge(curves, pdf.save(tmp_path / "unseen.pdf"))
    covered = "something covers, cuts or fades it on the page"
    assert said == [
        *[("look", covered)],
        *[("look", covered), ("look", "")],
        *[("look", covered)] * 3,
        *[("look", "")] * 2,  # the decoder knows of turned colors and of holes
        *[("look", "it leads out of the page")] * 2,
        ("look", "it is drawn smaller than an inch"),
        ("look", "it is drawn as in a mirror"),
        ("look", covered),
        ("look", ""),
    ]


def test_numbers_count_only_if_they_draw_the_notebooks_picture(curves, tmp_path):
    """Who changes the numbers in the notebook, and draws from them, does not pass."""
    better = dict(curves.numbers, val_acc_hist=" ".join(["0.95"] * 10))
    forged = redraw(better, dpi=200)
    pdf = Pdf()
    pdf.page(place(forged), P=pdf.image(forged))
    path = pdf.save(tmp_path / "forged.pdf")
    assert judge(curves, path) == [("look", "")]
    lied = type(curves)(**{**vars(curves), "numbers": better})
    assert judge(lied, path) == [("look", "")]


@pytest.mark.parametrize(
    "numbers",
    [
        {},
        {"drawn_by": "plot_history"},
        {"drawn_by": "plot_history", "loss_hist": "1 2 x", "train_acc_hist": "1", "val_acc_hist": "1"},
        {"drawn_by": "plot_history", "loss_hist": "1 " * 400_000, "train_acc_hist": "1", "val_acc_hist": "1"},
        {
            "drawn_by": "plot_history",
            "loss_hist": "1",
            "train_acc_hist": "1",
            "val_acc_hist": "1",
            "title": "$\\nosuch{1}$",
        },
        {"drawn_by": "os.system", "loss_hist": "1", "train_acc_hist": "1", "val_acc_hist": "1"},
    ],
)
def test_numbers_that_cannot_be_drawn(numbers):
    """Whatever a stranger writes beside a picture, it is drawn or it is not."""
    assert redraw(numbers) is None
