"""Checks of what lives in the functional notebooks: the filters written by hand, and the trained network."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from lib.check import CheckFailed, check
from lib.convnet.classifiers.cnn import ThreeLayerConvNet
from lib.model_file import save_model

SOBEL = np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])
GAUSS = np.outer([1, 2, 1], [1, 2, 1]) / 16
TOML = """\
[assignment]
checks = "convnet"
[training]
floor = 0.1
target = 0.2
sample_floor = 0.4
sample_target = 0.9
"""


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Return what the training cell leaves behind: results, model, data, and model.npz beside them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "assignment.toml").write_text(TOML)
    np.random.seed(0)
    sizes = {"input_dim": (3, 8, 8), "num_filters": 2, "filter_size": 3, "hidden_dim": 4}
    model = ThreeLayerConvNet(**sizes, weight_scale=0.5)
    images = np.random.default_rng(1).standard_normal((40, 3, 8, 8)).astype(np.float32)
    data = {"X_val": images, "y_val": model.loss(images).argmax(axis=1)}
    results = SimpleNamespace(
        loss_history=list(np.linspace(2, 1, 50)), train_acc_history=[0.5, 0.9], val_acc_history=[0.5, 0.8]
    )
    history = (results.loss_history, results.train_acc_history, results.val_acc_history)
    save_model("model.npz", model, history, data={"provenance": "CIFAR-10 sample"})
    return {"results": results, "model": model, "data": data}


def test_training_says_what_it_would_earn(trained, capsys):
    """Between floor and target of the sample the share of the points is told, and that it is the sample."""
    check("training", **trained)
    assert "80.0% on the SAMPLE data, about 80% of the points; 90% is all" in capsys.readouterr().out


def _not_trained(found):
    found["results"] = None


def _no_history(found):
    found["results"].loss_history = []


def _rising(found):
    found["results"].loss_history = [1.0] * 20 + [3.0] * 20


def _not_finite(found):
    found["results"].loss_history = [1.0, np.nan]


def _low(found):
    found["results"].val_acc_history = [0.2]


def _other_weights(found):
    found["model"].params["W1"] = found["model"].params["W1"] + 1


def _worse_than_it_says(found):
    found["data"]["y_val"] = (found["data"]["y_val"] + 1) % 10


def _no_file(found):
    found["path"] = "other.npz"


def _damaged(found):
    found["path"] = "assignment.toml"


@pytest.mark.parametrize(
    ("change", "symptom"),
    [
        (_not_trained, "not trained yet: results or model is None"),
        (_no_history, "the histories of loss and validation accuracy are empty"),
        (_rising, "the loss did not go down: 1.000 first, 3.000 last"),
        (_not_finite, "the loss is not finite from iteration 1 on"),
        (_low, "validation accuracy 20.0% on the SAMPLE data: points begin above 40%"),
        (_other_weights, "model.npz holds other weights than model"),
        (_worse_than_it_says, "model reaches 0.0% on 40 validation images, its history 80.0%"),
        (_no_file, "other.npz is missing: run the training cell"),
        (_damaged, "assignment.toml cannot be read"),
    ],
)
def test_training_says_what_is_wrong(change, symptom, trained):
    change(trained)
    with pytest.raises(CheckFailed, match=symptom):
        check("training", **trained)


@pytest.mark.parametrize("edges", [SOBEL, -SOBEL, [[1, 0, -1]] * 3, [[0, 0, 0], [2, 0, -2], [0, 0, 0]]])
def test_any_filter_for_vertical_edges_will_do(edges, trained, capsys):
    check("image_filters", vertical_edges=edges, smoothing=GAUSS)
    assert "finds vertical edges" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("edges", "smooth", "symptom"),
    [
        (np.zeros((3, 3)), GAUSS, "not written yet: vertical_edges holds no weights"),
        (None, None, "vertical_edges holds no weights(.*\n)*.*smoothing holds no weights"),
        (SOBEL.T, GAUSS, "finds horizontal edges. Transpose it"),
        ([[1, 2], [3]], GAUSS, "vertical_edges is no array of numbers"),
        (SOBEL, GAUSS * 16, "add up to 16, so brightness changes. Divide by the sum"),
        (SOBEL, [[0, 0, 0], [0.25, 0.5, 0.25], [0, 0, 0]], "smoothing: rows and columns differ"),
        (SOBEL, np.eye(3) / 3, "smoothing: left and right differ|smoothing: top and bottom differ"),
        (SOBEL, np.full((5, 5), 0.04), r"smoothing has shape \(5, 5\), wanted \(3, 3\)"),
    ],
)
def test_filters_are_told_what_they_do(edges, smooth, symptom, trained):
    with pytest.raises(CheckFailed, match=symptom):
        check("image_filters", vertical_edges=edges, smoothing=smooth)
