"""The networks of the introduction: shapes, scores that are no probabilities, modes, gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="cnn_intro_mnist needs PyTorch, the extra [torch]")

import torch.nn.functional as F  # noqa: E402

from lib.intro.nets import BestNet, ConvNet, DeepNet, FeedForwardNet, RegularizedNet  # noqa: E402

pytestmark = pytest.mark.torch

NETS = {
    "feed-forward": FeedForwardNet,
    "conv": ConvNet,
    "padded": lambda: ConvNet(4, 9, 4),
    "pool": lambda: DeepNet((3, 4, 5), 3),
    "stride": lambda: DeepNet((3, 4, 5), 3, "stride"),
    "regularized": lambda: RegularizedNet(4, 5, 0.3),
    "best": BestNet,
}


@pytest.fixture
def images():
    """Return five images."""
    return torch.as_tensor(np.random.default_rng(0).random((5, 1, 28, 28), dtype=np.float32))


@pytest.mark.parametrize("name", NETS)
def test_network_returns_scores(name, images):
    """Ten numbers for each image, of either sign: the loss has the softmax."""
    torch.manual_seed(0)
    scores = NETS[name]().eval()(images)
    assert scores.shape == (5, 10)
    assert (scores < 0).any()
    assert not torch.allclose(scores.sum(dim=1), torch.ones(5), atol=1e-3)
    assert abs(F.cross_entropy(scores, torch.arange(5)).item() - math.log(10)) < 0.5


@pytest.mark.parametrize("name", NETS)
def test_gradient_reaches_every_weight(name, images):
    """Nothing in a network stands idle."""
    torch.manual_seed(0)
    net = NETS[name]().train()
    F.cross_entropy(net(images), torch.arange(5)).backward()
    idle = [key for key, value in net.named_parameters() if value.grad is None or not value.grad.any()]
    # batch norm takes the mean away, so a bias before it has a gradient of zero but for rounding
    assert [key for key in idle if not key.endswith("bias")] == []


@pytest.mark.parametrize("name", ["regularized", "best"])
def test_dropout_and_batch_norm_are_for_training(name, images):
    """In training two passes differ; in evaluation they do not, and an image does not depend on the others."""
    torch.manual_seed(0)
    net = NETS[name]().train()
    assert not torch.equal(net(images), net(images))
    net.eval()
    assert torch.equal(net(images), net(images))
    torch.testing.assert_close(net(images)[:1], net(images[:1]), atol=1e-5, rtol=1e-4)


def test_softmax_twice_cannot_be_sure():
    """The numbers of the notebook: the loss of a sure network, and the slope of one that is surely wrong."""
    sure, right = 50.0 * F.one_hot(torch.tensor([3]), 10), torch.tensor([3])
    assert F.cross_entropy(sure, right).item() < 1e-6
    twice = F.cross_entropy(sure.softmax(1), right).item()
    assert twice == pytest.approx(math.log(math.e + 9) - 1)
    assert f"{twice:.3f}" == "1.461"
    slopes = []
    for prepare in (lambda s: s, lambda s: s.softmax(1)):
        scores = (12.0 * F.one_hot(torch.tensor([7]), 10)).requires_grad_()
        F.cross_entropy(prepare(scores), right).backward()
        slopes.append(scores.grad[0, 3].item())
    assert slopes[0] == pytest.approx(-1, abs=1e-3)
    assert abs(slopes[1]) < 1e-4
