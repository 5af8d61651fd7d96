"""The probe of a trained network: it rebuilds it, and prepares raw images as the loader prepared them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lib.check.cnn.probes import prepare, scores_of
from lib.datasets import CIFAR100, SVHN, CIFAR100_data, SVHN_data
from lib.datasets.sample import make_sample
from lib.datasets.sample_files import make_cifar100_sample

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder with a small sample of both sets."""
    folder = tmp_path_factory.mktemp("data")
    make_sample(folder / "svhn-sample", num_train=60, num_test=20)
    make_cifar100_sample(folder / "cifar100-sample")
    return folder


def test_images_of_cifar100_are_prepared_as_the_loader_does(data, monkeypatch):
    """Bit for bit: mean and spread of each color."""
    monkeypatch.setenv("GRADLAB_DATASET", "sample")
    loaded, raw = CIFAR100_data(data), CIFAR100(data)
    prepared = prepare(raw.test_images, loaded["mean_image"], loaded["std_image"])
    np.testing.assert_array_equal(prepared, loaded["data_test"])
    assert prepared.dtype == np.float32


def test_images_of_svhn_are_prepared_as_the_loader_does(data, monkeypatch):
    """A mean image, and no spread."""
    monkeypatch.setenv("GRADLAB_DATASET", "sample")
    loaded = SVHN_data(data_dir=data)
    raw = SVHN(data)[2]
    np.testing.assert_array_equal(prepare(raw, loaded["mean_image"]), loaded["data_test"])
    assert prepare(raw).max() <= 1


@pytest.mark.parametrize(
    ("shapes", "wanted"),
    [
        ({"conv_w": (3, 3, 3, 8), "conv_b": (8,), "fc_w": (72, 20), "fc_b": (20,)}, 20),
        ({"fc_w": (72, 10), "fc_b": (10,), "last_gamma": (10,)}, 10),
        ({"conv_w": (3, 3, 3, 8)}, 8),
        ({}, 10),
    ],
)
def test_number_of_scores_is_read_from_the_last_weights(shapes, wanted):
    """Biases and scales behind them do not matter."""
    assert scores_of({name: np.zeros(shape) for name, shape in shapes.items()}) == wanted


OLD = """\
from lib.mlp.fully_conn import *
from lib.mlp.layer_utils import *
from lib.cnn.layer_utils import *


class SmallConvolutionalNetwork(Module):
    def __init__(self, keep_prob=0, dtype=np.float32, seed=None):
        self.net = sequential(
            ConvLayer2D(3, 3, 4, stride=4, init_scale=0.2, name="c"), flatten("f"), fc(8 * 8 * 4, 20, 0.05, "out")
        )
"""
SAVE = """\
import numpy as np
from lib.cnn.build import build_network
from lib.cnn.cnn_models import SmallConvolutionalNetwork
from lib.model_file import save_model
np.random.seed(0)
model = build_network(SmallConvolutionalNetwork, 20)
extra = {"mean_image": np.full((1, 1, 1, 3), 0.5, np.float32), "std_image": np.full((1, 1, 1, 3), 0.25, np.float32)}
save_model("model.npz", model, ([1.0], [0.1], [0.1]), data=extra)
images = np.random.default_rng(1).integers(0, 256, (5, 32, 32, 3)).astype(np.uint8)
wanted = model.forward((images.astype(np.float32) / 255 - 0.5) / 0.25, False)

from lib.check.cnn.probes import training
got = training({"images": images, "batch": np.array(2), "seconds": np.array(60.0)})
np.testing.assert_allclose(got["scores"], wanted, rtol=1e-5, atol=1e-5)
print(got["scores"].shape[1])
"""


@pytest.mark.parametrize("old", [False, True], ids=["this course", "original course"])
def test_network_of_twenty_classes_is_rebuilt_and_scores_the_same(old, make_root):
    """Also one whose class has no such argument."""
    root = make_root()
    if old:
        (root / "lib/cnn/cnn_models.py").write_text(OLD)
    done = subprocess.run(
        [sys.executable, "-c", SAVE], cwd=root, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == 20
