"""The layers of a fully connected network, as classes that remember what their backward pass needs.

Every layer keeps one protocol:

- ``forward(feat)`` maps a batch to a batch, axis 0 counts the samples, and stores in ``meta`` what
  ``backward`` needs;
- ``backward(dprev)`` takes the gradient of the loss with respect to the output, puts the gradients of its
  parameters in ``grads``, returns the gradient with respect to ``feat`` and sets ``meta`` to None: each
  backward pass needs its own forward pass;
- ``params`` and ``grads`` are dictionaries with the same keys, empty for layers without parameters;
- inputs are never modified; float32 in, with float32 parameters, gives float32 out.

Letters in shapes: N batch, D features, K classes.
"""

from __future__ import annotations

import math
import random

import numpy as np

from lib.errors import ShapeError
from lib.mlp.guards import (
    require_count,
    require_float_array,
    require_forward,
    require_gradient,
    require_number,
    require_shape,
)
from lib.mlp.losses import cross_entropy as cross_entropy
from lib.mlp.losses import softmax as softmax
from lib.mlp.sequential import sequential as sequential


def reset_seed(seed):
    """Seed NumPy's global generator and Python's, so that a cell draws the same numbers each time it runs."""
    np.random.seed(seed)  # noqa: NPY002  (layers draw their weights from the global generator)
    random.seed(seed)


class flatten:
    """Turn each sample into a row of numbers: (N, d1, ..., dk) becomes (N, d1*...*dk)."""

    def __init__(self, name="flatten"):
        self.name = name
        self.params = {}
        self.grads = {}
        self.meta = None

    def forward(self, feat):
        """Flatten all axes but the first.

        Parameters
        ----------
        feat : ndarray, shape (N, d1, ..., dk)

        Returns
        -------
        output : ndarray, shape (N, d1*...*dk)
            A view of feat where memory allows.
        """
        where = f"layer '{self.name}'"
        require_float_array(where, "feat", feat)
        if feat.ndim < 2:
            msg = f"{where}: feat has shape {feat.shape}, wanted at least two axes, samples first."
            raise ShapeError(msg)
        output = None
        ### BEGIN SOLUTION flatten-forward
        output = feat.reshape(feat.shape[0], math.prod(feat.shape[1:]))  # -1 would fail on an empty batch
        ### END SOLUTION
        self.meta = feat
        return output

    def backward(self, dprev):
        """Give the gradient the shape that feat had.

        Parameters
        ----------
        dprev : ndarray, shape (N, d1*...*dk)

        Returns
        -------
        dfeat : ndarray, shape (N, d1, ..., dk)
        """
        where = f"layer '{self.name}'"
        require_forward(where, self.meta)
        feat = self.meta
        require_gradient(where, dprev, (feat.shape[0], math.prod(feat.shape[1:])))
        dfeat = None
        ### BEGIN SOLUTION flatten-backward
        dfeat = dprev.reshape(feat.shape)
        ### END SOLUTION
        self.meta = None
        return dfeat


class fc:
    """Fully connected layer: output = feat @ w + b.

    Parameters
    ----------
    input_dim, output_dim : int >= 1
    init_scale : float >= 0
        Standard deviation of the normal distribution that the weights are drawn from. Biases start at 0.
    name : str
        The parameters are ``<name>_w``, shape (input_dim, output_dim), and ``<name>_b``, shape (output_dim,),
        both float64; a network converts them to its dtype.
    """

    def __init__(self, input_dim, output_dim, init_scale=0.002, name="fc"):
        where = f"layer '{name}'"
        self.name = name
        self.w_name = name + "_w"
        self.b_name = name + "_b"
        self.input_dim = require_count(where, "input_dim", input_dim)
        self.output_dim = require_count(where, "output_dim", output_dim)
        init_scale = require_number(where, "init_scale", init_scale, 0)
        self.params = {
            # the global generator: np.random.seed in a notebook decides the weights
            self.w_name: init_scale * np.random.randn(input_dim, output_dim),  # noqa: NPY002
            self.b_name: np.zeros(output_dim),
        }
        self.grads = {self.w_name: None, self.b_name: None}
        self.meta = None

    def forward(self, feat):
        """Multiply with the weights and add the biases.

        Parameters
        ----------
        feat : ndarray, shape (N, input_dim), float

        Returns
        -------
        output : ndarray, shape (N, output_dim)
        """
        where = f"layer '{self.name}'"
        require_float_array(where, "feat", feat)
        hint = "" if feat.ndim == 2 else "Put a flatten layer in front of it."
        require_shape(where, "feat", feat, ("N", self.input_dim), hint)
        output = None
        ### BEGIN SOLUTION fc-forward
        output = feat @ self.params[self.w_name] + self.params[self.b_name]
        ### END SOLUTION
        self.meta = feat
        return output

    def backward(self, dprev):
        """Compute the gradients of weights, biases and input.

        Parameters
        ----------
        dprev : ndarray, shape (N, output_dim)

        Returns
        -------
        dfeat : ndarray, shape (N, input_dim)
            ``grads`` holds the other two, in the shapes of the parameters.

        Notes
        -----
        dw = feat.T @ dprev, db[k] = sum over n of dprev[n, k], dfeat = dprev @ w.T
        """
        where = f"layer '{self.name}'"
        require_forward(where, self.meta)
        feat = self.meta
        require_gradient(where, dprev, (feat.shape[0], self.output_dim))
        dfeat = None
        ### BEGIN SOLUTION fc-backward
        dfeat = dprev @ self.params[self.w_name].T
        self.grads[self.w_name] = feat.T @ dprev
        self.grads[self.b_name] = dprev.sum(axis=0)
        ### END SOLUTION
        self.meta = None
        return dfeat


class _Activation:
    """What the elementwise layers share: no parameters, gradients in the shape of the input."""

    def __init__(self, name):
        self.name = name
        self.params = {}
        self.grads = {}
        self.meta = None

    def _check_forward(self, feat):
        require_float_array(f"layer '{self.name}'", "feat", feat)

    def _check_backward(self, dprev, shape):
        require_gradient(f"layer '{self.name}'", dprev, shape)


class relu(_Activation):
    """Rectified linear unit: output = max(0, feat)."""

    def __init__(self, name="relu"):
        super().__init__(name)

    def forward(self, feat):
        """Set negative entries of feat, of any shape, to 0."""
        self._check_forward(feat)
        self.meta = feat
        return np.maximum(feat, 0)

    def backward(self, dprev):
        """Pass the gradient on where feat was positive; the slope at 0 is taken as 0."""
        require_forward(f"layer '{self.name}'", self.meta)
        self._check_backward(dprev, self.meta.shape)
        dfeat = dprev * (self.meta > 0)
        self.meta = None
        return dfeat


class leaky_relu(_Activation):
    """Leaky rectified linear unit: feat where it is positive, negative_slope * feat elsewhere.

    Parameters
    ----------
    negative_slope : float in [0, 1]
    name : str
    """

    def __init__(self, negative_slope=0.01, name="leaky_relu"):
        super().__init__(name)
        self.negative_slope = require_number(f"layer '{name}'", "negative_slope", negative_slope, 0, 1)

    def forward(self, feat):
        """Scale negative entries of feat, of any shape, by the negative slope."""
        self._check_forward(feat)
        output = None
        ### BEGIN SOLUTION leaky-relu-forward
        output = np.maximum(feat, self.negative_slope * feat)  # several times faster than np.where
        ### END SOLUTION
        self.meta = feat
        return output

    def backward(self, dprev):
        """Scale the gradient by the negative slope where feat was not positive."""
        require_forward(f"layer '{self.name}'", self.meta)
        feat = self.meta
        self._check_backward(dprev, feat.shape)
        dfeat = None
        ### BEGIN SOLUTION leaky-relu-backward
        slope = (feat > 0).astype(feat.dtype)  # 1 and 0, and the 0 is raised to the negative slope
        dfeat = dprev * np.maximum(slope, self.negative_slope, out=slope)
        ### END SOLUTION
        self.meta = None
        return dfeat


class gelu(_Activation):
    """Gaussian error linear unit, in its tanh form.

    output = feat/2 * (1 + t),  t = tanh(sqrt(2/pi) * (feat + 0.044715 * feat**3))

    Source: D. Hendrycks, K. Gimpel, Gaussian Error Linear Units, arXiv:1606.08415, 2016, section 2.
    """

    K0 = math.sqrt(2 / math.pi)
    K1 = 0.044715

    def __init__(self, name="gelu"):
        super().__init__(name)
        self.tanh = None  # t of the last forward pass, for backward

    def forward(self, feat):
        """Apply the formula to every entry of feat, of any shape."""
        self._check_forward(feat)
        output = None
        ### BEGIN SOLUTION gelu-forward
        # in place, and no feat**3: a power costs more than a hundred products
        t = feat * feat
        t *= self.K0 * self.K1
        t += self.K0
        t *= feat
        np.tanh(t, out=t)
        output = t + 1
        output *= feat
        output *= 0.5
        self.tanh = t
        ### END SOLUTION
        self.meta = feat
        return output

    def backward(self, dprev):
        """Multiply the gradient with the derivative of the formula.

        Notes
        -----
        With t as above: d output / d feat = (1 + t)/2 + feat/2 * (1 - t**2) * K0 * (1 + 3*K1*feat**2).
        """
        require_forward(f"layer '{self.name}'", self.meta)
        feat = self.meta
        self._check_backward(dprev, feat.shape)
        dfeat = None
        ### BEGIN SOLUTION gelu-backward
        t = self.tanh
        # (1 + t)/2 * (1 + (1 - t) * feat * K0 * (1 + 3*K1*feat**2)) is the same number, with fewer passes
        dfeat = feat * feat
        dfeat *= 3 * self.K0 * self.K1
        dfeat += self.K0
        dfeat *= feat
        dfeat *= 1 - t
        dfeat += 1
        dfeat *= t + 1
        dfeat *= 0.5
        dfeat = dfeat * dprev  # not in place: dprev may have the wider dtype
        ### END SOLUTION
        self.meta = self.tanh = None
        return dfeat


class dropout:
    """Inverted dropout: while training, zero each entry at random and scale the kept ones up.

    Parameters
    ----------
    keep_prob : float in [0, 1]
        Probability of *keeping* an entry. Both 0 and 1 mean: no dropout.
    seed : int or None
        Seed of the layer's own generator ``rng``.
    name : str

    Attributes
    ----------
    kept : ndarray of bool or None
        Mask of the last forward pass; None where nothing was dropped.
    is_training : bool
        Of the last forward pass.

    Notes
    -----
    Kept entries are divided by keep_prob, so that the expected output is the input and nothing has to be
    scaled at test time. Source: N. Srivastava et al., Dropout, JMLR 15, 2014.
    """

    def __init__(self, keep_prob, seed=None, name="dropout"):
        hint = "It is the probability of keeping an entry. 0 or 1: no dropout."
        self.name = name
        self.params = {}
        self.grads = {}
        self.keep_prob = require_number(f"layer '{name}'", "keep_prob", keep_prob, 0, 1, hint)
        self.meta = None
        self.kept = None
        self.is_training = False
        self.rng = np.random.RandomState(seed)

    def forward(self, feat, is_training=True, seed=None):
        """Drop entries at random when training, return feat itself otherwise.

        Parameters
        ----------
        feat : ndarray, any shape
        is_training : bool
        seed : int or None
            Starts the generator anew, which makes the mask repeatable; gradient checks need that.

        Returns
        -------
        output : ndarray, shape of feat
        """
        require_float_array(f"layer '{self.name}'", "feat", feat)
        if seed is not None:
            self.rng = np.random.RandomState(seed)
        self.is_training = bool(is_training)
        kept = None
        output = None
        ### BEGIN SOLUTION dropout-forward
        if not self.is_training or self.keep_prob in (0, 1):
            output = feat
        else:
            kept = self.rng.random_sample(feat.shape) < self.keep_prob
            output = feat * kept / self.keep_prob
        ### END SOLUTION
        self.kept = kept
        self.meta = feat.shape
        return output

    def backward(self, dprev):
        """Let the gradient through where the entry was kept, scaled like it."""
        where = f"layer '{self.name}'"
        require_forward(where, self.meta)
        require_gradient(where, dprev, self.meta)
        dfeat = None
        ### BEGIN SOLUTION dropout-backward
        dfeat = dprev if self.kept is None else dprev * self.kept / self.keep_prob
        ### END SOLUTION
        self.meta = None
        return dfeat
