"""PyTorch networks in plain npz files: ``model.npz`` as every assignment has it, nothing pickled.

Parameters become ``param.<name>``, buffers (what batch norm remembers) ``state.net.<name>``.
"""

from __future__ import annotations

import torch

from lib.model_file import load_model, save_model


class _Layers:
    """A network as ``lib.model_file`` sees one: a single layer with all its parameters and buffers."""

    def __init__(self, net):
        self.module = net
        self.net, self.layers, self.name = self, [self], "net"
        self.params = {name: value.detach().numpy() for name, value in net.named_parameters()}
        self.state = {name: value.numpy() for name, value in net.named_buffers()}

    def assign(self, name, value):
        """Put a parameter of the file into the network."""
        with torch.no_grad():
            self.module.get_parameter(name).copy_(torch.as_tensor(value))

    def gather_params(self):
        """Put the buffers of the file into the network; the last that is called when a file is loaded."""
        for name, buffer in self.module.named_buffers():
            buffer.copy_(torch.as_tensor(self.state[name]))


def save_net(path, net, results, *, provenance="", settings=None):
    """Write a network and the course of its training to a file.

    Parameters
    ----------
    path : str or Path
        Replaced if it exists.
    net : nn.Module
    results : Results
        Of ``lib.intro.train.fit``.
    provenance : str
        Which data it was trained on.
    settings : dict or None
        Anything that JSON can hold.
    """
    save_model(path, _Layers(net), results, data={"provenance": provenance}, settings=settings)


def load_net(path, net):
    """Put the weights of a file into a network.

    Parameters
    ----------
    path : str or Path
    net : nn.Module
        With the parameters that the file has, by name and shape.

    Returns
    -------
    history : History

    Raises
    ------
    ModelFileError
        If the file cannot be read or holds another network; the message names every difference. The network
        is unchanged then.
    """
    return load_model(path, _Layers(net))
