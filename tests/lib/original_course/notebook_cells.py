"""What the original notebooks do with the dropped-in files; run as a script in a folder that holds lib."""

import json
import sys

import numpy as np

from lib.cnn.cnn_models import SmallConvolutionalNetwork, TestCNN
from lib.mlp.layer_utils import cross_entropy
from lib.optim import SGD


def seed_0():
    """Fill TestCNN as the notebook does; return its loss and the names of its gradients."""
    model, loss_func = TestCNN(), cross_entropy()
    model.net.assign("conv_w", np.linspace(-0.7, 0.3, num=81).reshape(3, 3, 3, 3))
    model.net.assign("conv_b", np.linspace(-0.6, 0.2, num=3))
    model.net.assign("fc_w", np.linspace(-0.2, 0.2, num=135).reshape(27, 5))
    model.net.assign("fc_b", np.linspace(-0.9, 0.1, num=5))
    feats = np.linspace(-5.5, 4.5, num=4 * 8 * 8 * 3).reshape(4, 8, 8, 3)
    loss = loss_func.forward(model.forward(feats), np.asarray([0, 2, 1, 4]))
    dimg = model.backward(loss_func.backward())
    shapes = {name: list(value.shape) for name, value in model.net.grads.items() if value is not None}
    return {"loss": float(loss), "dimg": list(dimg.shape), "grads": shapes}


def training():
    """Train the small network for a few steps on random images; return the loss before and after."""
    np.random.seed(123)
    model, loss_func = SmallConvolutionalNetwork(keep_prob=0.9, seed=0), cross_entropy()
    optimizer = SGD(model.net, 2e-2)
    rng = np.random.default_rng(0)
    images, labels = rng.standard_normal((10, 32, 32, 3)).astype(np.float32), rng.integers(0, 10, 10)
    before = loss_func.forward(model.forward(images, False), labels)
    for _ in range(15):
        loss_func.forward(model.forward(images, True), labels)
        model.backward(loss_func.backward())
        optimizer.step()
    scores = model.forward(images, False)
    after = loss_func.forward(scores, labels)
    return {"before": float(before), "after": float(after), "scores": list(scores.shape)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"seed_0": seed_0(), "training": training()}))
