"""Gradients by central differences, to hold against the ones a backward pass computes.

Source: the error of (f(x+h) - f(x-h)) / 2h is O(h**2), W. Press et al., Numerical Recipes,
3rd ed., section 5.7.
"""

from __future__ import annotations

import numpy as np

from lib.errors import ConfigError, ShapeError

# Numbers of a stack of moved samples: its results stay in the processor's cache.
_STACKED_NUMBERS = 1 << 18


def rel_error(x, y):
    """Return the largest relative difference of two arrays.

    Parameters
    ----------
    x, y : array_like, same shape (a single number goes with any shape)

    Returns
    -------
    error : float
        max of |x - y| / max(1e-8, |x| + |y|): 0 for equal arrays, 1 for opposite signs, nan if there is one
        in either.

    Raises
    ------
    ShapeError
        If the shapes differ; broadcasting would compare the wrong entries.

    Examples
    --------
    >>> rel_error([1.0, 2.0], [1.0, 2.2])
    0.0476190476190476...
    """
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape and x.ndim and y.ndim:
        msg = f"rel_error: x has shape {x.shape}, y has shape {y.shape}. Compare arrays of the same shape."
        raise ShapeError(msg)
    if x.size == 0 or y.size == 0:
        return 0.0
    return float(np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y))))


def eval_numerical_gradient(f, x, verbose=True, h=1e-5):
    """Compute the gradient of a function with one number as result.

    Parameters
    ----------
    f : callable
        ``f(x)`` returns a number. It is called twice per entry of x.
    x : ndarray of floats, any shape
        Point of the gradient. Its entries are moved one at a time, in place, so that f may also read the
        array by another name; they are put back, whatever happens.
    verbose : bool
        Print each entry as it is computed.
    h : float > 0
        Step.

    Returns
    -------
    grad : ndarray of float64, shape of x
    """
    _check_point("eval_numerical_gradient", x, h)
    grad = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        above, below, width = _values_beside(f, x, index, h)
        grad[index] = (above - below) / width
        if verbose:
            print(index, grad[index])  # noqa: T201  (asked for)
    return grad


def eval_numerical_gradient_array(f, x, df, h=1e-5):
    """Compute the gradient of sum(f(x) * df): what a layer's backward pass returns for dprev = df.

    Parameters
    ----------
    f : callable
        ``f(x)`` returns an array. It is called twice per entry of x.
    x : ndarray of floats, any shape
        As in `eval_numerical_gradient`.
    df : ndarray, shape of f(x)
        Upstream gradient.
    h : float > 0

    Returns
    -------
    grad : ndarray of float64, shape of x
    """
    _check_point("eval_numerical_gradient_array", x, h)
    df = np.asarray(df)
    grad = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        above, below, width = _values_beside(f, x, index, h)
        if above.shape != df.shape:
            msg = f"eval_numerical_gradient_array: f returned shape {above.shape}, df has {df.shape}."
            raise ShapeError(msg)
        grad[index] = np.sum((above - below) * df) / width
    return grad


def eval_numerical_gradient_samples(f, x, df, h=1e-5):
    """Compute what `eval_numerical_gradient_array` computes, many times as fast, for layers that treat samples alone.

    All moved copies of one sample go through f as one batch. That is right for a convolution, a pooling, an
    activation or a fully connected layer, and wrong for batch normalization, where samples see each other.

    Parameters
    ----------
    f : callable
        ``f(x)`` returns an array with one entry for each sample of x, and takes a batch of any size. It has to
        use its argument: x itself is not moved.
    x : ndarray of floats, shape (N, ...)
    df : ndarray, shape of f(x)
    h : float > 0

    Returns
    -------
    grad : ndarray of float64, shape of x

    Raises
    ------
    ConfigError
        If the first sample comes out otherwise alone than in the batch.
    """
    where = "eval_numerical_gradient_samples"
    _check_point(where, x, h)
    df, whole = np.asarray(df), np.array(f(x), dtype=np.float64)
    if whole.shape != df.shape or len(whole) != len(x):
        msg = f"{where}: f returned shape {whole.shape} for {len(x)} samples, df has {df.shape}."
        raise ShapeError(msg)
    if len(x) and not np.allclose(f(x[:1]), whole[:1], rtol=1e-4, atol=1e-8):
        msg = f"{where}: f gives another result for a sample alone than in its batch. Use eval_numerical_gradient_array."
        raise ConfigError(msg)
    grad = np.zeros((len(x), x[:1].size))
    step = max(1, _STACKED_NUMBERS // max(1, grad.shape[1]))
    for n in range(len(x)):
        for start in range(0, grad.shape[1], step):
            entries = np.arange(start, min(start + step, grad.shape[1]))
            moved = np.tile(x[n].ravel(), (2, len(entries), 1))
            moved[0, entries - start, entries] += h
            moved[1, entries - start, entries] -= h
            width = moved[0, entries - start, entries].astype(float) - moved[1, entries - start, entries]
            _require_step(width, h, x, "a number")
            out = np.asarray(f(moved.reshape(-1, *x.shape[1:])), dtype=np.float64).reshape(
                2, len(entries), -1
            )
            grad[n, entries] = (out[0] - out[1]) @ df[n].ravel() / width
    return grad.reshape(x.shape)


def eval_numerical_gradient_blobs(f, inputs, output, h=1e-5):
    """Compute gradients of a function that writes its result into a blob.

    A blob is an object with the arrays ``vals`` and ``diffs``, as networks in the manner of Caffe have.

    Parameters
    ----------
    f : callable
        ``f(*inputs, output)`` writes to ``output.vals``.
    inputs : tuple of blobs
    output : blob
        ``output.diffs`` is the upstream gradient.
    h : float > 0

    Returns
    -------
    grads : list of ndarray
        One for each input, in the shape of its ``vals``.
    """

    def values(_):
        f(*inputs, output)
        return np.copy(output.vals)

    return [eval_numerical_gradient_array(values, blob.vals, np.asarray(output.diffs), h) for blob in inputs]


def eval_numerical_gradient_net(net, inputs, output, h=1e-5):
    """Compute gradients of a network with a method ``forward`` that fills the blob ``output``."""

    def run(*_):
        net.forward()

    return eval_numerical_gradient_blobs(run, inputs, output, h)


def grad_check_sparse(f, x, analytic_grad, num_checks=10, h=1e-5, verbose=True, rng=None):
    """Compare a gradient with measured slopes at a few entries: for arrays too large to measure whole.

    Parameters
    ----------
    f : callable
        ``f(x)`` returns a number.
    x : ndarray of floats, any shape
    analytic_grad : ndarray, shape of x
    num_checks : int
        Entries that are measured, drawn at random.
    h : float > 0
    verbose : bool
        Print a line for each entry.
    rng : numpy.random.Generator, optional

    Returns
    -------
    errors : ndarray, shape (num_checks,)
        Relative errors.

    Raises
    ------
    ShapeError
        If x is no array of floats, is empty, or analytic_grad has another shape.
    ConfigError
        If h is no step above 0.
    """
    _check_point("grad_check_sparse", x, h)
    if np.shape(analytic_grad) != x.shape or not x.size:
        msg = f"grad_check_sparse: x has shape {x.shape}, analytic_grad {np.shape(analytic_grad)}; wanted the same, not empty."
        raise ShapeError(msg)
    analytic_grad = np.asarray(analytic_grad)
    rng = np.random.default_rng(0) if rng is None else rng
    errors = np.zeros(num_checks)
    for number in range(num_checks):
        index = tuple(int(rng.integers(n)) for n in x.shape)
        above, below, width = _values_beside(f, x, index, h)
        measured, given = float((above - below) / width), float(analytic_grad[index])
        errors[number] = abs(measured - given) / max(1e-8, abs(measured) + abs(given))
        if verbose:
            print(  # noqa: T201  (asked for)
                f"{index}: measured {measured:.6g}, given {given:.6g}, relative error {errors[number]:.1e}"
            )
    return errors


def _check_point(where, x, h):
    if not (isinstance(x, np.ndarray) and np.issubdtype(x.dtype, np.floating)):
        kind = getattr(x, "dtype", type(x).__name__)
        msg = f"{where}: x is {kind}, wanted an array of floats. A step of {h} vanishes in integers."
        raise ShapeError(msg)
    if not h > 0:
        msg = f"{where}: h={h!r} is not a step above 0. 1e-5 suits float64."
        raise ConfigError(msg)


def _values_beside(f, x, index, h):
    """Return copies of f above and below ``x[index]``, and the distance that was really gone."""
    old = x[index]
    try:
        x[index] = old + h
        upper = float(x[index])
        above = np.array(f(x), dtype=np.float64)
        x[index] = old - h
        lower = float(x[index])
        below = np.array(f(x), dtype=np.float64)
    finally:
        x[index] = old
    _require_step(upper - lower, h, x, old)
    return above, below, upper - lower


def _require_step(width, h, x, what):
    """Refuse a step that rounding swallows."""
    if not np.all(width):
        msg = f"numeric gradient: a step of {h} does not change {what} in {x.dtype}. Use float64."
        raise ConfigError(msg)
