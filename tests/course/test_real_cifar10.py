"""The functional networks on real photographs: the steps of one original epoch are enough for 40 % training accuracy."""

from __future__ import annotations

import os

import numpy as np
import pytest

from lib.convnet.classifiers.cnn import FourLayerConvNet, ThreeLayerConvNet
from lib.datasets import CIFAR10_data
from lib.solver import Solver

REAL = os.environ.get("GRADLAB_REAL_DATA")


@pytest.mark.slow
@pytest.mark.skipif(not REAL, reason="GRADLAB_REAL_DATA is not set")
@pytest.mark.parametrize(
    ("network", "hidden_dim", "batch_size", "steps"),
    [(FourLayerConvNet, 200, 100, 490), (ThreeLayerConvNet, 500, 50, 980)],
)
def test_one_original_epoch_of_steps_reaches_forty_percent(network, hidden_dim, batch_size, steps):
    """49000 images in batches of 100 or 50 are 490 or 980 steps; here they go through the first batch file."""
    data = CIFAR10_data(9000, 1000, data_dir=REAL)
    np.random.seed(123)
    model = network(weight_scale=1e-3, hidden_dim=hidden_dim, reg=1e-3)
    solver = Solver(
        model,
        data,
        num_epochs=steps * batch_size // 9000,
        batch_size=batch_size,
        update_rule="adam",
        optim_config={"learning_rate": 1e-3},
        verbose=False,
    )
    solver.train()
    assert len(solver.loss_history) <= steps
    assert solver.train_acc_history[-1] > 0.40
    assert solver.best_val_acc > 0.35
