"""Numeric gradients: known derivatives, restored points, refusals."""

import numpy as np
import pytest

from lib import grad_check
from lib.errors import ConfigError, ShapeError
from lib.grad_check import (
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    eval_numerical_gradient_blobs,
    eval_numerical_gradient_net,
    eval_numerical_gradient_samples,
    grad_check_sparse,
    rel_error,
)


@pytest.mark.parametrize(
    ("x", "y", "want"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([1.0], [-1.0], 1.0),
        ([1.0], [3.0], 0.5),
        ([0.0], [1e-9], 0.1),
        ([], [], 0.0),
        (2.0, 2.0, 0.0),
    ],
)
def test_rel_error_by_hand(x, y, want):
    """Difference over size, with a floor of 1e-8 under the size."""
    assert rel_error(x, y) == pytest.approx(want)


def test_rel_error_does_not_broadcast():
    """A column against a row would compare the wrong entries."""
    with pytest.raises(ShapeError, match=r"x has shape \(3, 1\), y has shape \(3,\)"):
        rel_error(np.zeros((3, 1)), np.zeros(3))


def test_rel_error_shows_nan():
    """A nan must not look like agreement."""
    assert np.isnan(rel_error([np.nan], [1.0]))


@pytest.mark.parametrize("shape", [(4,), (2, 3), (1, 2, 2), ()])
def test_gradient_of_a_sum_of_cubes(shape):
    """D sum x**3 = 3 x**2, at any rank."""
    x = np.asarray(np.random.default_rng(0).normal(size=shape))
    grad = eval_numerical_gradient(lambda v: (v * v * v).sum(), x, verbose=False)
    np.testing.assert_allclose(grad, 3 * x * x, rtol=1e-6, atol=1e-9)


def test_gradient_of_an_array_is_the_vector_jacobian_product():
    """For f(x) = x @ a the gradient is df @ a.T."""
    rng = np.random.default_rng(0)
    x, a, df = rng.normal(size=(2, 3)), rng.normal(size=(3, 4)), rng.normal(size=(2, 4))
    np.testing.assert_allclose(eval_numerical_gradient_array(lambda v: v @ a, x, df), df @ a.T, rtol=1e-8)


def test_function_may_return_its_own_buffer():
    """A layer that writes its output into one array would otherwise be compared with itself."""
    buffer = np.empty(3)

    def double(v):
        return np.multiply(v, 2, out=buffer)

    np.testing.assert_allclose(eval_numerical_gradient_array(double, np.ones(3), np.ones(3)), 2 * np.ones(3))


def test_rounded_step_is_accounted_for():
    """In float32 a step of 1e-5 is rounded; dividing by the step that was made keeps five digits."""
    x = np.full(3, 0.3, np.float32)
    grad = eval_numerical_gradient(lambda v: v.astype(np.float64).sum(), x, verbose=False)
    np.testing.assert_allclose(grad, np.ones(3), rtol=1e-9)


def test_view_of_a_larger_array_is_moved_in_place():
    """Parameters are often views; f reads them by another name."""
    base = np.zeros((3, 4))
    grad = eval_numerical_gradient(lambda _: (base * base).sum() + base.sum(), base[:, 1], verbose=False)
    np.testing.assert_allclose(grad, np.ones(3))


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_point_is_restored_when_the_function_fails(calls):
    """An exception, of whichever call, leaves x as it was."""
    x, left = np.arange(3.0), [calls]

    def fails(v):
        left[0] -= 1
        if not left[0]:
            raise RuntimeError
        return v.sum()

    with pytest.raises(RuntimeError):
        eval_numerical_gradient(fails, x, verbose=False)
    np.testing.assert_array_equal(x, np.arange(3.0))


def test_verbose_prints_every_entry(capsys):
    """One line per entry, as in the course's notebooks."""
    eval_numerical_gradient(lambda v: v.sum(), np.zeros(2))
    assert [line.split(")")[0] + ")" for line in capsys.readouterr().out.splitlines()] == ["(0,)", "(1,)"]


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (
            lambda: eval_numerical_gradient(np.sum, np.arange(3)),
            ShapeError,
            "x is int64, wanted an array of floats",
        ),
        (lambda: eval_numerical_gradient(np.sum, [1.0]), ShapeError, "x is list, wanted an array of floats"),
        (lambda: eval_numerical_gradient(np.sum, np.zeros(1), h=0), ConfigError, "h=0 is not a step above 0"),
        (
            lambda: eval_numerical_gradient(np.sum, np.full(1, 1e4, np.float32)),
            ConfigError,
            "a step of 1e-05 does not change 10000.0 in float32. Use float64",
        ),
        (
            lambda: eval_numerical_gradient_array(np.array, np.zeros(3), np.zeros(4)),
            ShapeError,
            r"f returned shape \(3,\), df has \(4,\)",
        ),
    ],
    ids=["integers", "list", "no step", "too coarse", "df"],
)
def test_bad_points_are_refused(call, error, match):
    """Where a numeric gradient would be wrong without a word."""
    with pytest.raises(error, match=match):
        call()


class Blob:
    def __init__(self, vals):
        self.vals = vals
        self.diffs = np.zeros_like(vals)


def test_gradients_of_blobs_and_of_a_net_of_blobs():
    rng = np.random.default_rng(0)
    a, b = Blob(rng.standard_normal((2, 3))), Blob(rng.standard_normal((3, 2)))
    output = Blob(np.zeros((2, 2)))
    output.diffs = rng.standard_normal((2, 2))

    def multiply(a, b, output):
        output.vals[...] = a.vals @ b.vals

    class Net:
        def forward(self):
            multiply(a, b, output)

    wanted = (output.diffs @ b.vals.T, a.vals.T @ output.diffs)
    for found in (
        eval_numerical_gradient_blobs(multiply, (a, b), output),
        eval_numerical_gradient_net(Net(), (a, b), output),
    ):
        for got, want in zip(found, wanted, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-8)


def test_a_few_entries_tell_a_right_gradient_from_a_wrong_one(capsys):
    x = np.random.default_rng(1).standard_normal((20, 30))
    right = 2 * x
    assert grad_check_sparse(lambda x: (x * x).sum(), x, right, 5).max() < 1e-5
    assert capsys.readouterr().out.count("relative error") == 5
    assert grad_check_sparse(lambda x: (x * x).sum(), x, -right, 5, verbose=False).min() > 0.9
    assert capsys.readouterr().out == ""
    with pytest.raises(ShapeError, match=r"x has shape \(20, 30\), analytic_grad \(30, 20\)"):
        grad_check_sparse(lambda x: (x * x).sum(), x, right.T)


@pytest.mark.parametrize("stacked", [1, 100, 10**6])
def test_samples_at_once_give_the_gradient_of_one_entry_at_a_time(monkeypatch, stacked):
    """For a layer that treats samples alone, whatever the number of moved samples in a stack."""
    monkeypatch.setattr(grad_check, "_STACKED_NUMBERS", stacked)
    rng = np.random.default_rng(0)
    x, a, df = rng.normal(size=(4, 3, 2)), rng.normal(size=(3, 2, 5)), rng.normal(size=(4, 5))

    def f(value):
        return np.tanh(np.tensordot(value, a, axes=2))

    before = x.copy()
    got = eval_numerical_gradient_samples(f, x, df)
    np.testing.assert_allclose(got, eval_numerical_gradient_array(f, x, df), rtol=1e-9, atol=1e-11)
    np.testing.assert_array_equal(x, before)


def test_samples_that_see_each_other_are_refused():
    """A mean over the batch is another one for a sample alone."""
    x = np.random.default_rng(0).normal(size=(4, 3))
    with pytest.raises(
        ConfigError, match=r"another result for a sample alone .* Use eval_numerical_gradient_array"
    ):
        eval_numerical_gradient_samples(lambda v: v - v.mean(axis=0), x, x)


def test_samples_refuse_what_does_not_fit():
    """A result of another shape, and a step that vanishes in float32."""
    x = np.ones((2, 3))
    with pytest.raises(ShapeError, match=r"f returned shape \(2, 3\) for 2 samples, df has \(2, 4\)"):
        eval_numerical_gradient_samples(lambda v: v, x, np.ones((2, 4)))
    with pytest.raises(ConfigError, match="a step of 1e-05 does not change a number in float32"):
        eval_numerical_gradient_samples(lambda v: v, np.full((1, 2), 1e4, np.float32), np.ones((1, 2)))
