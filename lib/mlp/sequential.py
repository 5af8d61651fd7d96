"""The list of layers that makes a network, and the names of its parameters."""

from __future__ import annotations

import numpy as np

from lib.errors import CallOrderError, ConfigError, ShapeError

_LAYER_HAS = ("name", "params", "grads", "forward", "backward")


class sequential:
    """Layers in the order in which a batch runs through them.

    A layer is an object with a ``name``, the dictionaries ``params`` and ``grads`` (same keys, a gradient is
    None before the first backward pass) and the methods ``forward`` and ``backward``.

    Parameters
    ----------
    *args : layers
        Their names must differ, because names key the parameters: layer ``fc1`` owns ``fc1_w`` and ``fc1_b``.

    Attributes
    ----------
    layers : list of layers
    layer_names : dict, name of a layer -> its place in ``layers``
    paramName2Indices : dict, name of a parameter -> place of its layer in ``layers``
    params, grads : dict, name -> array
        Collected from the layers by `gather_params` and `gather_grads`. The layers own the arrays.

    Raises
    ------
    ConfigError
        If two layers or two parameters share a name, or an argument is not a layer.

    Examples
    --------
    >>> from lib.mlp.layer_utils import fc, gelu
    >>> net = sequential(fc(4, 3, name="fc1"), gelu(name="gelu1"))
    >>> sorted(net.params), net.get_params("fc1_w").shape
    (['fc1_b', 'fc1_w'], (4, 3))
    """

    def __init__(self, *args):
        self.params = {}
        self.grads = {}
        self.layers = []
        self.layer_names = {}
        self.paramName2Indices = {}
        for index, layer in enumerate(args):
            self._append(index, layer)

    def _append(self, index, layer):
        missing = [attribute for attribute in _LAYER_HAS if not hasattr(layer, attribute)]
        if missing or isinstance(layer, type):
            msg = (
                f"sequential: argument {index} is {layer!r}, wanted a layer made with its settings, "
                f"e.g. fc(15, 5, name='fc1')."
            )
            raise ConfigError(msg)
        if layer.name in self.layer_names:
            msg = (
                f"Existing name '{layer.name}': two layers of this sequential have it. "
                "Names key the parameters; give each layer its own."
            )
            raise ConfigError(msg)
        taken = sorted(set(layer.params) & set(self.paramName2Indices))
        if taken:
            msg = f"Existing name '{taken[0]}': layer '{layer.name}' has a parameter that another layer has."
            raise ConfigError(msg)
        self.layers.append(layer)
        self.layer_names[layer.name] = index
        self.paramName2Indices.update(dict.fromkeys(layer.params, index))
        self.params.update(layer.params)
        self.grads.update(layer.grads)

    def _layer_of(self, name):
        """Return the layer that owns parameter ``name``."""
        if name not in self.paramName2Indices:
            known = ", ".join(self.paramName2Indices) or "none"
            msg = f"sequential: no parameter is named '{name}'. This network has: {known}."
            raise ConfigError(msg)
        return self.layers[self.paramName2Indices[name]]

    def assign(self, name, val):
        """Put a copy of ``val`` in place of parameter ``name``, in its layer and in ``params``.

        Parameters
        ----------
        name : str
            E.g. ``"fc1_w"``.
        val : array_like, shape of the parameter
            Its float dtype is kept: float64 values make this layer compute in float64. Integers are converted
            to the dtype of the parameter.

        Raises
        ------
        ConfigError
            If no parameter has this name.
        ShapeError
            If the shapes differ.
        """
        layer = self._layer_of(name)
        layer.params[name] = self.params[name] = self._checked("assign", name, val, layer.params.get(name))

    def assign_grads(self, name, val):
        """Put a copy of ``val`` in place of the gradient of parameter ``name``; see `assign`."""
        layer = self._layer_of(name)
        layer.grads[name] = self.grads[name] = self._checked(
            "assign_grads", name, val, layer.params.get(name)
        )

    @staticmethod
    def _checked(method, name, val, current):
        value = np.array(val)
        if not np.issubdtype(value.dtype, np.floating):
            value = value.astype(np.float64 if current is None else current.dtype)
        if current is not None and value.shape != current.shape:
            msg = f"{method}: the value for '{name}' has shape {value.shape}, the layer has {current.shape}."
            raise ShapeError(msg)
        return value

    def get_params(self, name):
        """Return parameter ``name`` as its layer holds it now (not a copy)."""
        return self._layer_of(name).params[name]

    def get_grads(self, name):
        """Return the gradient of parameter ``name`` as its layer holds it now; None before backward."""
        return self._layer_of(name).grads.get(name)

    def gather_params(self):
        """Collect the parameters of all layers in ``params``; every forward pass of a network does."""
        for layer in self.layers:
            self.params.update(layer.params)

    def gather_grads(self):
        """Collect the gradients of all layers in ``grads``; every backward pass of a network does."""
        for layer in self.layers:
            self.grads.update(layer.grads)

    def astype(self, dtype):
        """Convert every parameter to ``dtype``; the networks call it once, when they are built.

        Parameters
        ----------
        dtype : float dtype
            float32 trains twice as fast as float64; gradient checks want float64.
        """
        if not np.issubdtype(np.dtype(dtype), np.floating):
            msg = f"sequential: dtype={np.dtype(dtype)} is not a float type. Use np.float32 or np.float64."
            raise ConfigError(msg)
        for layer in self.layers:
            for name, value in layer.params.items():
                layer.params[name] = value.astype(dtype, copy=False)
        self.gather_params()

    def apply_l1_regularization(self, lam):
        """Add the gradient of the penalty lam * sum |p| over all parameters p to the gradients.

        Parameters
        ----------
        lam : float >= 0
            Weight of the penalty. The gradient of |p| is the sign of p, 0 where p is 0.

        Notes
        -----
        Biases are penalized like weights, so that L2 with plain SGD can be compared with weight decay.
        """
        self._require_gradients()
        ### BEGIN SOLUTION sequential-l1
        for layer in self.layers:
            for name, grad in layer.grads.items():
                layer.grads[name] = grad + lam * np.sign(layer.params[name])
        ### END SOLUTION
        self.gather_grads()

    def apply_l2_regularization(self, lam):
        """Add the gradient of the penalty lam * sum p**2 over all parameters p to the gradients.

        Parameters
        ----------
        lam : float >= 0
            Weight of the penalty. The gradient of p**2 is 2*p, so SGD with learning rate lr shrinks p
            by the factor 1 - 2*lr*lam per step.
        """
        self._require_gradients()
        ### BEGIN SOLUTION sequential-l2
        for layer in self.layers:
            for name, grad in layer.grads.items():
                layer.grads[name] = grad + 2 * lam * layer.params[name]
        ### END SOLUTION
        self.gather_grads()

    def _require_gradients(self):
        for layer in self.layers:
            for name, grad in layer.grads.items():
                if grad is None:
                    msg = f"sequential: no gradient for '{name}'. Run the backward pass first."
                    raise CallOrderError(msg)

    def load(self, pretrained):
        """Copy the parameters that ``pretrained`` holds under the same names, and print which.

        Parameters
        ----------
        pretrained : dict, name -> array
            E.g. the first result of ``train_net``. Names that this network does not have are passed over.
        """
        for name in self.paramName2Indices:
            if name in pretrained:
                self.assign(name, pretrained[name])
                print(f"Loading Params: {name} Shape: {self.params[name].shape}")  # noqa: T201  (its purpose)
