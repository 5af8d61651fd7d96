"""What is asked of the code of the introduction: one function for each exercise.

Each takes the arrays of one case, calls the student's code, and returns what it gave. They run in a process
of their own (``lib.check.probe``), both when a student checks and when a submission is judged. PyTorch is
imported where it is needed, and kept to one thread.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np

from lib.check.job import pack_text


def correlate(case):
    """Run ``correlate``."""
    from lib.intro.by_hand import correlate

    return {"out": correlate(case["image"], case["kernel"], int(case["stride"]), int(case["padding"]))}


def max_pool(case):
    """Run ``max_pool``."""
    from lib.intro.by_hand import max_pool

    return {"out": max_pool(case["image"], int(case["size"]), int(case["stride"]))}


def _torch():
    """Import PyTorch for a probe: one thread, so that sums come out the same on every machine."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    return torch


def training_loop(case):
    """Run ``train_step`` on the batches of a case, or ``accuracy`` if it has no learning rate."""
    torch = _torch()
    net = _recorder(torch, case)
    images, labels = torch.from_numpy(case["images"]), torch.from_numpy(case["labels"])
    if "lr" not in case:
        from lib.intro.train import accuracy

        net.train()
        fraction = accuracy(net, images, labels, int(case["batch_size"]))
        return {"fraction": fraction, **net.noted()}

    from lib.intro.train import train_step

    optimizer = torch.optim.SGD(net.parameters(), lr=float(case["lr"]))
    weights, biases, losses = [], [], []
    for batch, right in zip(images, labels, strict=True):
        net.eval()  # as accuracy leaves it
        losses.append(train_step(net, batch, right, optimizer))
        weights.append(net.linear.weight.detach().numpy().copy())
        biases.append(net.linear.bias.detach().numpy().copy())
    odd = [
        loss for loss in losses if isinstance(loss, bool) or not isinstance(loss, (int, float, np.generic))
    ]
    found = {"w": np.array(weights), "b": np.array(biases), "loss": odd[0] if odd else np.array(losses)}
    return {**found, **net.noted()}


def _recorder(torch, case):
    """Make a linear network that notes the mode in which it is run."""

    class Recorder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(case["w"].shape[1], case["w"].shape[0])
            self.linear.load_state_dict({"weight": torch.tensor(case["w"]), "bias": torch.tensor(case["b"])})
            self.modes, self.graphs = [], []

        def forward(self, x):
            self.modes.append(self.training)
            self.graphs.append(torch.is_grad_enabled())
            return self.linear(x.flatten(1))

        def noted(self):
            return {"modes": np.array(self.modes, dtype=bool), "graphs": np.array(self.graphs, dtype=bool)}

    return Recorder()


def conv_net(case):
    """Build ``ConvNet``, set its weights, and let it score images."""
    torch = _torch()
    from lib.intro.nets import ConvNet

    filters, kernel, padding = (int(n) for n in case["settings"])
    net = ConvNet(num_filters=filters, kernel_size=kernel, padding=padding)
    layers = _run_once(torch, net, case["images"])
    found = {"layers": pack_text(json.dumps(layers)), **_put(torch, net, case, ("conv0", "hidden", "out"))}
    if "missing" not in found:
        found["scores"] = _scores(torch, net, case["images"])
    return found


def deep_net(case):
    """Build ``DeepNet``, set its weights, and collect its feature maps and scores."""
    torch = _torch()
    from lib.intro.nets import DeepNet

    channels = [int(n) for n in case["channels"]]
    shrink = "stride" if int(case["stride"]) == 2 else "pool"
    net = DeepNet(channels=tuple(channels), kernel_size=int(case["kernel_size"]), shrink=shrink)
    layers = _run_once(torch, net, case["images"])
    names = [*(f"conv{i}" for i in range(len(channels))), "hidden", "out"]
    found = {"layers": pack_text(json.dumps(layers)), **_put(torch, net, case, names)}
    if "missing" not in found:
        net.eval()
        with torch.no_grad():
            maps = net.features(torch.from_numpy(case["images"]))
        found["maps"] = maps.numpy() if isinstance(maps, torch.Tensor) else maps
        found["scores"] = _scores(torch, net, case["images"])
    return found


def regularized_net(case):
    """Build ``RegularizedNet``; look at its scores in both modes, and at what its dropouts drop."""
    torch = _torch()
    from lib.intro.nets import RegularizedNet

    filters, kernel = (int(n) for n in case["settings"])
    names, norms = ("conv0", "hidden", "out"), torch.nn.modules.batchnorm._BatchNorm
    rate = float(case["dropout"])

    net = RegularizedNet(num_filters=filters, kernel_size=kernel, dropout=0.0)
    layers = _run_once(torch, net, case["images"])
    found = {"layers": pack_text(json.dumps(layers)), **_put(torch, net, case, names)}
    if "missing" in found:
        return found
    first = [module for module in net.modules() if isinstance(module, norms)][:1]
    for norm in first:
        if norm.num_features != filters or norm.weight is None or norm.running_mean is None:
            continue
        with torch.no_grad():
            for key in ("weight", "bias", "running_mean", "running_var"):
                getattr(norm, key).copy_(torch.from_numpy(case[f"norm_{key}"]))
    found["scores"] = _scores(torch, net, case["images"])
    found["scores_again"] = _scores(torch, net, case["images"])
    net.train()
    with torch.no_grad():
        found["train_scores"] = net(torch.from_numpy(case["images"])).numpy()
    if first and first[0].running_mean is not None:
        found["running_mean"] = first[0].running_mean.numpy().copy()

    net = RegularizedNet(num_filters=filters, kernel_size=kernel, dropout=rate)
    _run_once(torch, net, case["images"])
    return found | _dropped(torch, net, norms, case["images"])


def _dropped(torch, net, norms, images):
    """Let every number in a network be 1, and see how many of them reach the fully connected layers as 0."""
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear, norms)):
                for value, parameter in ((0.0, module.weight), (1.0, module.bias)):
                    if parameter is not None:
                        parameter.fill_(value)
    reached = []
    linear = [module for module in net.modules() if isinstance(module, torch.nn.Linear)]
    hooks = [
        module.register_forward_pre_hook(lambda _, given: reached.append(given[0].detach().numpy().copy()))
        for module in linear
    ]
    found = {}
    for mode in ("train", "eval"):
        getattr(net, mode)()
        reached.clear()
        with torch.no_grad():
            net(torch.from_numpy(np.concatenate([images] * 8)))
        found[f"{mode}_dropped"] = np.array([float((array == 0).mean()) for array in reached])
        found[f"{mode}_mean"] = np.array([float(array.mean()) for array in reached])
    for hook in hooks:
        hook.remove()
    return found


def _run_once(torch, net, images):
    """Run two images through a network; return what each of its layers was given and gave.

    A layer that is asked for another number of inputs than it gets is told with both numbers.
    """
    seen, hooks = [], []
    leaves = [module for module in net.modules() if not list(module.children())]

    def note(module, given, gave):
        shapes = {"in": list(given[0].shape), "out": list(getattr(gave, "shape", ()))}
        weights = {name: list(value.shape) for name, value in module.named_parameters()}
        seen.append({"class": type(module).__name__, "shapes": weights, **shapes})

    for module in leaves:
        if module is not net:
            hooks.append(module.register_forward_hook(note))
    net.eval()
    try:
        with torch.no_grad():
            net(torch.from_numpy(images[:2]))
    except RuntimeError as error:
        if "mat1 and mat2" in str(error):
            before = (
                f"{seen[-1]['class']} before it gave {seen[-1]['out']}" if seen else "the images come first"
            )
            said = f"{error}\n  a Linear layer gets another number of inputs than it was made for: {before}"
            error.args = (said,)
        raise
    finally:
        for hook in hooks:
            hook.remove()
    return seen


def _put(torch, net, case, names):
    """Set the weights of a network by their shapes, in the order in which they stand; tell what is missing."""
    wanted = {name: case[f"{name}_w"] for name in names}
    free = [
        module for module in net.modules() if isinstance(getattr(module, "weight", None), torch.nn.Parameter)
    ]
    with torch.no_grad():
        for name, weight in wanted.items():
            module = next((m for m in free if tuple(m.weight.shape) == weight.shape), None)
            if module is None:
                shapes = ", ".join(str(tuple(value.shape)) for value in net.parameters()) or "none"
                said = f"{LAYERS[name.rstrip('0123456789')]} with weights of shape {weight.shape}; it has {shapes}"
                return {"missing": pack_text(said)}
            free.remove(module)
            module.weight.copy_(torch.from_numpy(weight))
            if module.bias is not None:
                module.bias.copy_(torch.from_numpy(case[f"{name}_b"]))
            elif case[f"{name}_b"].any():
                said = f"a bias in the layer with weights of shape {weight.shape}"
                return {"missing": pack_text(said)}
    return {}


LAYERS = {"conv": "a convolution", "hidden": "a hidden layer", "out": "a last layer"}


def _scores(torch, net, images):
    """Return the scores of a network in evaluation mode; what is no tensor comes back as it is."""
    net.eval()
    with torch.no_grad():
        scores = net(torch.from_numpy(images))
    return scores.numpy() if isinstance(scores, torch.Tensor) else scores


def filter_mosaic(case):
    """Run ``filter_mosaic``."""
    _torch()
    from lib.intro.filters import filter_mosaic

    return {"out": filter_mosaic(case["weight"], int(case["nrows"]), int(case["ncols"]))}


def filter_responses(case):
    """Run ``filter_responses`` on a convolution with the weights of a case."""
    torch = _torch()
    from lib.intro.filters import filter_responses

    F, C, KH, KW = case["weight"].shape
    conv = torch.nn.Conv2d(C, F, (KH, KW), stride=int(case["stride"]), padding=int(case["padding"]))
    conv.load_state_dict({"weight": torch.tensor(case["weight"]), "bias": torch.tensor(case["bias"])})
    return {"out": filter_responses(conv, case["image"])}


def training(case):
    """Build ``BestNet``, load ``model.npz`` into it, and let it score held-back images.

    ``images`` are raw pixels, (N, H, W, 1) or (N, H, W) of uint8, without labels; they are divided by 255, as
    the course's loader does. When ``seconds`` are over, the scores so far are returned.
    """
    torch = _torch()
    from lib.intro.nets import BestNet
    from lib.intro.train import start
    from lib.intro.weights import load_net

    images, batch = case["images"], int(case["batch"])
    images = images.reshape(len(images), 1, *images.shape[1:3])
    net = start(BestNet(), _scaled(images[:1]))
    load_net(Path("model.npz"), net)
    until = time.monotonic() + float(case["seconds"])
    scores = []
    for begin in range(0, len(images), batch):
        part = _scores(torch, net, _scaled(images[begin : begin + batch]))
        scores.append(np.asarray(part, dtype=np.float64))
        if time.monotonic() > until:
            break
    return {"scores": np.concatenate(scores)}


def score(net, images):
    """Return the scores (N, K) that a network gives to images (N, 1, H, W) in evaluation mode."""
    import torch

    return np.concatenate([_scores(torch, net, images[i : i + 100]) for i in range(0, len(images), 100)])


def _scaled(images):
    return images.astype(np.float32) / np.float32(255)
