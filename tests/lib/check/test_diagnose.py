"""The diagnosis: each simple mistake is told in its own words, and a right answer in none."""

from __future__ import annotations

import numpy as np
import pytest

from lib.check.cnn.alternatives import cover
from lib.check.diagnose import compare, explained
from lib.check.job import Other

RNG = np.random.default_rng(5)
WANT = RNG.standard_normal((3, 5, 4, 2))


def changed(edit):
    """Return a copy of the wanted array after an edit in place."""
    got = WANT.copy()
    edit(got)
    return got


def only_last_row(got):
    got[:, -1] += 1


def border(got):
    got[:, 0] += 1
    got[:, -1] += 1


def one_image(got):
    got[1:] = 0


def one_channel(got):
    got[..., 1] = RNG.standard_normal((3, 5, 4))


def one_entry(got):
    got[1, 2, 1, 0] = 7


def nan(got):
    got[0, 0, 0, 0] = np.nan


SYMPTOMS = {
    "missing": (None, "nothing came back"),
    "type": (Other("list"), "is a list, wanted a NumPy array"),
    "complex": (WANT.astype(complex), "dtype complex128"),
    "empty": (WANT[:, 0:0], "It is empty: a slice such as"),
    "rank": (WANT.ravel() + 1, "has 1 axis instead of 4"),
    "flat": (WANT.ravel(), "The numbers are right: reshape them, or sum with keepdims=True"),
    "no batch": (WANT[0], "The first axis is missing"),
    "height and width": (WANT.transpose(0, 2, 1, 3), "Height and width are swapped"),
    "channels first": (WANT.transpose(0, 3, 1, 2), "axes are in another order"),
    "padding": (np.pad(WANT, ((0, 0), (1, 1), (1, 1), (0, 0))), "padding of 1 on each side is still there"),
    "reshape": (WANT.reshape(3, 10, 2, 2), "is a reshape missing"),
    "nan": (changed(nan), "1 of 120 entries are nan"),
    "zero": (WANT * 0, "all entries are zero"),
    "sign": (-WANT, "wrong sign"),
    "mean": (WANT / 15, "That is 1/15: a mean where a sum is wanted"),
    "factor": (WANT * 3, "added 3 times that counts once"),
    "odd factor": (WANT * 1.25, "1.25 times the wanted one"),
    "offset": (WANT + np.array([1.0, -2.0]), "Is the bias added"),
    "flip": (WANT[:, ::-1], "back to front along axis 1"),
    "integers": (WANT.astype(int), "only whole numbers"),
    "float32": (WANT * (1 + 2e-6 * RNG.uniform(-1, 1, WANT.shape)), "float32"),
    "shuffled": (RNG.permuted(WANT, axis=1), "right numbers, but in the wrong places"),
    "first image": (changed(one_image), "only the first of the 3 images"),
    "first channel": (changed(one_channel), "only the first of the 2 channels"),
    "last row": (changed(only_last_row), "only the last rows or columns"),
    "border": (changed(border), "wrong along the border"),
    "one entry": (
        changed(one_entry),
        r"1 of 120 entries differ, worst at \[1, 2, 1, 0\]: got 7, wanted",
    ),
}


@pytest.mark.parametrize(("got", "symptom"), SYMPTOMS.values(), ids=SYMPTOMS)
def test_symptom(got, symptom):
    """The first sentence names what is wrong, and begins with the name of the answer."""
    first = compare("out", got, WANT, rtol=1e-7, pad=1)[0]
    assert first.startswith("out")
    with pytest.raises(AssertionError, match=symptom):
        raise AssertionError(first)


@pytest.mark.parametrize("got", [WANT, WANT * (1 + 1e-9), WANT.astype(np.float64, order="F")])
def test_right_answer_has_no_symptom(got):
    """Rounding and memory order are no mistakes."""
    assert compare("out", got, WANT) == []


def test_zero_is_right_where_zero_is_wanted():
    """An array of zeros equals itself."""
    assert compare("out", np.zeros(3), np.zeros(3)) == []


def test_alternative_is_called_by_its_mistake():
    """A wrong answer that the checker can make is told by what makes it."""
    said = compare(
        "out", WANT + 2 * WANT**2, WANT, alternatives=lambda: {"it is squared": WANT + 2 * WANT**2}
    )
    assert said[0] == "out: this is what comes out when it is squared."


def test_alternative_of_another_shape_explains_the_shape():
    """A wrong shape is told by the mistake that gives it."""
    said = compare("out", WANT[:, ::2], WANT, alternatives={"the stride is ignored": WANT[:, ::2]})
    assert "This is what comes out when the stride is ignored." in said[0]


def test_assigned_instead_of_added_is_seen_where_windows_overlap():
    """Wrong in all pixels that several windows see, right in the others."""
    counts = cover((1, 5, 4, 1), 2, 1)
    got = np.where(counts > 1, WANT / 3 + 0.1, WANT)
    assert "windows overlap" in compare("dimg", got, WANT, overlap=counts)[0]


def test_bias_counted_too_often_is_counted():
    """The same whole multiple of the bias everywhere is told with its number, another offset is not."""
    bias = np.array([0.3, -0.7])
    assert (
        "off by the same amount (bias counted 9 times?)"
        in compare("out", WANT + 8 * bias, WANT, bias=bias)[0]
    )
    assert "counted" not in compare("out", WANT + 1.5 * bias, WANT, bias=bias)[0]
    assert "counted" not in compare("out", WANT + 1.0, WANT, bias=np.zeros(2))[0]


def test_only_images_can_lack_the_first_axis():
    """One number instead of a vector is no image that is missing."""
    (said,) = compare("db", np.asarray(3.0), np.ones(4), hints={"scalar": "one per filter."})
    assert said == "db is one number, wanted one per filter."
    assert "axis is missing" not in compare("w", np.ones(3), np.ones((2, 3)))[0]


def test_shape_is_told_by_the_mistake_that_gives_the_values_too():
    """Of two mistakes with one shape the one with these numbers is named."""
    wrong = {"it is doubled": 2 * WANT[:, ::2], "rows are skipped": WANT[:, ::2]}
    assert (
        "This is what comes out when rows are skipped"
        in compare("out", WANT[:, ::2], WANT, alternatives=wrong)[0]
    )
    assert (
        "the shape of what comes out when it is doubled"
        in compare("out", WANT[:, ::2] + 1, WANT, alternatives=wrong)[0]
    )


def test_every_wrong_answer_ends_with_its_worst_entry():
    """However it is explained, the worst entry stands at the end with both values."""
    assert "worst at" in compare("out", -WANT, WANT)[-1]


@pytest.mark.parametrize("value", [1.79e308, -1.79e308, 1e200, -(2**63)])
def test_numbers_that_overflow_are_wrong_and_no_error(value):
    """Neither their sums nor the multiple of a bias can be computed; the worst entry is named."""
    want = np.random.default_rng(8).standard_normal((2, 3, 4, 5))
    got = np.full(want.shape, value)
    assert "120 of 120 entries differ" in compare("out", got, want, bias=np.ones(5))[-1]


def test_explained_is_what_is_right_or_a_usual_mistake():
    """Not what only has the shape of one; and no number is close to a mistake that overflows."""
    want = np.array([1.0, 2.0, 4.0])
    usual = {"it is squared": want * want, "exp overflows": np.full(3, np.inf), "it is cut": want[:2]}

    def told(got):
        return explained(compare("out", np.array(got), want, alternatives=usual))

    assert told([1.0, 2, 4])
    assert told([1.0, 4, 16])
    assert told([1.0, 2])
    assert not told([1.0, 3])
    assert not told([5.0, 7, 1])
