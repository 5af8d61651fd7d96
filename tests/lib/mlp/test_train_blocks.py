"""What train_net says when a block of it was left half done, and the classes of TinyNet."""

import numpy as np
import pytest
from small_training import adam, data, network

from lib.errors import ConfigError
from lib.mlp import train
from lib.mlp.fully_conn import TinyNet
from lib.mlp.layer_utils import cross_entropy


class Silent(cross_entropy):
    """A loss that computes and forgets to return."""

    def forward(self, feat, label):
        """Keep the loss to itself."""
        super().forward(feat, label)


def test_loss_that_is_not_assigned_is_told():
    """A smaller learning rate would not help."""
    model = network()
    with pytest.raises(ConfigError, match=r"loss is None in iteration 1\. Assign the loss of the batch"):
        train.train_net(data(), model, Silent(), adam(model), 10, 1)


def test_accuracy_that_is_no_number_is_told(monkeypatch):
    """Before the histories are compared and printed."""
    monkeypatch.setattr(train, "compute_acc", lambda *args, **kwargs: None)
    model = network()
    with pytest.raises(ConfigError, match=r"train_acc is None, wanted a number from 0 to 1"):
        train.train_net(data(), model, cross_entropy(), adam(model), 10, 1)


def test_tiny_net_has_as_many_scores_as_classes():
    """Ten for SVHN, twenty for the superclasses of CIFAR-100."""
    images = np.zeros((2, 32, 32, 3), np.float32)
    assert TinyNet().forward(images).shape == (2, 10)
    assert TinyNet(num_classes=20).forward(images).shape == (2, 20)
