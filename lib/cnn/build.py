"""Make a network for a number of classes."""

from inspect import Parameter, signature


def build_network(network, num_classes, **settings):
    """Make a network that gives ``num_classes`` scores.

    ``build_network(SmallConvolutionalNetwork, 20, seed=1)`` is ``SmallConvolutionalNetwork(num_classes=20,
    seed=1)``. A class from before there was such a parameter is made without it: it knows its own number.

    Parameters
    ----------
    network : class
    num_classes : int >= 1
    **settings
        Passed on: ``keep_prob``, ``dtype``, ``seed``.

    Returns
    -------
    model : Module
    """
    parameters = signature(network).parameters
    takes_any = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values())
    if "num_classes" in parameters or takes_any:
        settings["num_classes"] = num_classes
    return network(**settings)
