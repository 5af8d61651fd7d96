"""Update rules: what to do with the gradients after each backward pass.

An optimizer is given a network's ``net``: an object whose ``layers`` have the dictionaries ``params`` and
``grads`` with the same keys. ``step()`` calls ``update(layer)`` for each layer. A rule of your own inherits
from `Optimizer`, keeps its numbers in attributes and its arrays in dictionaries keyed by parameter name, and
overrides ``update``; then it can be saved and continued like the ones here.
"""

from __future__ import annotations

import numpy as np

from lib.errors import CallOrderError, ConfigError, ShapeError

_FUNCTIONS = ("adam", "rmsprop", "sgd", "sgd_momentum")


def __getattr__(name):
    """Give the rules of ``lib.update_rules`` under this name too; read on demand, for a release may lack them."""
    if name in _FUNCTIONS:
        from lib import update_rules

        return getattr(update_rules, name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


class Optimizer:
    """Base of the update rules.

    Parameters
    ----------
    net : sequential
        The ``net`` of a model (not the model itself).
    lr : float >= 0
        Learning rate. ``train_net`` lowers the attribute ``lr`` as training goes on.
    """

    def __init__(self, net, lr=1e-4):
        if not hasattr(net, "layers"):
            msg = (
                f"{type(self).__name__}: net is of type {type(net).__name__}, wanted layers. Pass model.net."
            )
            raise ConfigError(msg)
        self.net = net
        self.lr = self._setting("lr", lr, 0, np.inf)

    def _setting(self, name, value, low, high):
        """Return ``value`` as a float if low <= value < high, otherwise refuse it by name."""
        number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
        if not (number and low <= value < high):
            span = f"[{low}, {high})" if np.isfinite(high) else f"[{low}, infinity)"
            msg = f"{type(self).__name__}: {name}={value!r} is outside {span}."
            raise ConfigError(msg)
        return float(value)

    def step(self):
        """Update every parameter once, with the gradients of the last backward pass.

        Raises
        ------
        CallOrderError
            If a parameter has no gradient yet. Nothing is changed then.
        ShapeError
            If a gradient does not have the shape of its parameter.
        """
        self._check_gradients()
        self.begin_step()
        for layer in self.net.layers:
            dtypes = {name: value.dtype for name, value in layer.params.items()}
            self.update(layer)
            for name, dtype in dtypes.items():
                # a float64 gradient must not turn a float32 network into a slow one
                layer.params[name] = layer.params[name].astype(dtype, copy=False)
        if hasattr(self.net, "gather_params"):
            self.net.gather_params()

    def begin_step(self):
        """Do what happens once per step rather than once per layer; called by `step` before the updates."""

    def update(self, layer):
        """Change ``layer.params`` by the rule; called by `step` for each layer."""
        msg = f"{type(self).__name__} has no update rule. Override update(layer)."
        raise NotImplementedError(msg)

    def _check_gradients(self):
        for layer in self.net.layers:
            for name, value in layer.params.items():
                grad = layer.grads.get(name)
                if grad is None:
                    msg = (
                        f"Optimizer: model has no gradient for '{name}'. Run the backward pass before step()."
                    )
                    raise CallOrderError(msg)
                if np.shape(grad) != value.shape:
                    msg = (
                        f"Optimizer: the gradient of '{name}' has shape {np.shape(grad)}, "
                        f"the parameter {value.shape}."
                    )
                    raise ShapeError(msg)

    def state_dict(self):
        """Return everything that a later run needs to go on exactly from here.

        Returns
        -------
        state : dict
            The numbers of this object under their attribute names, and the arrays of its dictionaries under
            ``"<attribute>.<parameter>"``, e.g. ``"velocity.fc1_w"``. The arrays are copies.
        """
        state = {}
        for attribute, value in vars(self).items():
            if isinstance(value, (bool, int, float, np.integer, np.floating)):
                state[attribute] = value
            elif isinstance(value, dict):
                for name, array in value.items():
                    state[f"{attribute}.{name}"] = np.array(array)
        return state

    def load_state_dict(self, state):
        """Take over what `state_dict` returned, from an optimizer of the same class.

        Raises
        ------
        ConfigError
            If the state holds an attribute that this optimizer does not have.
        """
        unknown = sorted({key.partition(".")[0] for key in state} - set(vars(self)))
        if unknown:
            msg = f"{type(self).__name__}: the state holds {', '.join(unknown)}, which is not known here."
            raise ConfigError(msg)
        for value in vars(self).values():
            if isinstance(value, dict):
                value.clear()
        for key, value in state.items():
            attribute, dot, name = key.partition(".")
            if dot:
                getattr(self, attribute)[name] = np.array(value)
            else:
                setattr(self, attribute, value)


class SGD(Optimizer):
    """Stochastic gradient descent: p = p - lr * dp - weight_decay * p.

    Parameters
    ----------
    net : sequential
    lr : float >= 0
    weight_decay : float in [0, 1)
        Fraction of each parameter that a step takes away. Decoupled: it is not multiplied by lr.
        Source: I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization, arXiv:1711.05101, 2017.
    """

    def __init__(self, net, lr=1e-4, weight_decay=0.0):
        super().__init__(net, lr)
        self.weight_decay = self._setting("weight_decay", weight_decay, 0, 1)

    def update(self, layer):
        """Move each parameter against its gradient."""
        ### BEGIN SOLUTION sgd-update
        for name, grad in layer.grads.items():
            step = self.lr * grad
            if self.weight_decay:
                step += self.weight_decay * layer.params[name]
            layer.params[name] = layer.params[name] - step
        ### END SOLUTION


class SGDM(Optimizer):
    """SGD with momentum: v = momentum * v - lr * dp, p = p + v.

    Parameters
    ----------
    net : sequential
    lr : float >= 0
    momentum : float in [0, 1)

    Attributes
    ----------
    velocity : dict, name -> array, shape of the parameter
        v; 0 before the first step.

    Notes
    -----
    Source: I. Sutskever et al., On the importance of initialization and momentum in deep learning, ICML 2013.
    """

    def __init__(self, net, lr=1e-4, momentum=0.0):
        super().__init__(net, lr)
        self.momentum = self._setting("momentum", momentum, 0, 1)
        self.velocity = {}

    def update(self, layer):
        """Let each parameter roll on with its velocity."""
        ### BEGIN SOLUTION sgdm-update
        for name, grad in layer.grads.items():
            velocity = self.momentum * self.velocity.get(name, 0.0) - self.lr * grad
            self.velocity[name] = velocity
            layer.params[name] = layer.params[name] + velocity
        ### END SOLUTION


class RMSProp(Optimizer):
    """Divide each gradient by its recent size.

    c = decay * c + (1 - decay) * dp**2,  p = p - lr * dp / (sqrt(c) + eps)

    Parameters
    ----------
    net : sequential
    lr : float >= 0
    decay : float in [0, 1)
    eps : float >= 0
        Keeps the division finite.

    Attributes
    ----------
    cache : dict, name -> array, shape of the parameter
        c; 0 before the first step.

    Notes
    -----
    Source: T. Tieleman, G. Hinton, Lecture 6.5, Neural Networks for Machine Learning, Coursera, 2012.
    """

    def __init__(self, net, lr=1e-2, decay=0.99, eps=1e-8):
        super().__init__(net, lr)
        self.decay = self._setting("decay", decay, 0, 1)
        self.eps = self._setting("eps", eps, 0, np.inf)
        self.cache = {}

    def update(self, layer):
        """Move each parameter by its gradient in units of its recent size."""
        ### BEGIN SOLUTION rmsprop-update
        for name, grad in layer.grads.items():
            square = (1 - self.decay) * grad
            square *= grad
            self.cache[name] = self.decay * self.cache.get(name, 0.0) + square
            size = np.sqrt(self.cache[name])
            size += self.eps
            step = grad / size
            step *= self.lr
            layer.params[name] = layer.params[name] - step
        ### END SOLUTION


class Adam(Optimizer):
    """Momentum and RMSProp together, both corrected for their start at 0.

    Parameters
    ----------
    net : sequential
    lr : float >= 0
    beta1, beta2 : float in [0, 1)
        Decay of the two averages.
    t : int >= 0
        Number of steps made so far.
    eps : float >= 0
        Keeps the division finite.
    weight_decay : float in [0, 1)
        As in `SGD`: decoupled and not multiplied by lr (AdamW).

    Attributes
    ----------
    mt, vt : dict, name -> array, shape of the parameter
        Averages of the gradient and of its square; 0 before the first step.

    Notes
    -----
    m = beta1*m + (1-beta1)*dp, v = beta2*v + (1-beta2)*dp**2, with t counting this step as well
    p = p - lr * m/(1-beta1**t) / (sqrt(v/(1-beta2**t)) + eps) - weight_decay * p
    Sources: D. Kingma, J. Ba, Adam, arXiv:1412.6980, 2014, algorithm 1; I. Loshchilov, F. Hutter,
    arXiv:1711.05101, 2017, algorithm 2.
    """

    def __init__(self, net, lr=1e-3, beta1=0.9, beta2=0.999, t=0, eps=1e-8, weight_decay=0.0):
        super().__init__(net, lr)
        self.beta1 = self._setting("beta1", beta1, 0, 1)
        self.beta2 = self._setting("beta2", beta2, 0, 1)
        self.t = int(self._setting("t", t, 0, np.inf))
        self.eps = self._setting("eps", eps, 0, np.inf)
        self.weight_decay = self._setting("weight_decay", weight_decay, 0, 1)
        self.mt = {}
        self.vt = {}

    def begin_step(self):
        """Count the step: once for the whole network, not once per layer."""
        self.t += 1

    def update(self, layer):
        """Move each parameter by the corrected averages; ``self.t`` counts this step already."""
        ### BEGIN SOLUTION adam-update
        rate = self.lr / (1 - self.beta1**self.t)
        correction = (1 - self.beta2**self.t) ** 0.5
        for name, grad in layer.grads.items():
            param = layer.params[name]
            self.mt[name] = self.beta1 * self.mt.get(name, 0.0) + (1 - self.beta1) * grad
            square = (1 - self.beta2) * grad
            square *= grad  # in place where it can be: each product of its own would ask for new memory
            self.vt[name] = self.beta2 * self.vt.get(name, 0.0) + square
            size = np.sqrt(self.vt[name])
            size /= correction
            size += self.eps
            step = self.mt[name] / size
            step *= rate
            if self.weight_decay:
                step += self.weight_decay * param
            layer.params[name] = param - step
        ### END SOLUTION
