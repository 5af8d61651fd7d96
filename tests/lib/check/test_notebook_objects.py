"""Checks of what lives in the notebook: training and filters."""

from __future__ import annotations

import numpy as np
import pytest

from lib.check import CheckFailed, check
from lib.check.cnn.probes import watch
from lib.cnn.fast_layers import FastConvLayer2D, FastMaxPoolingLayer
from lib.mlp.fully_conn import Module
from lib.mlp.layer_utils import dropout, fc, flatten, sequential
from lib.model_file import save_model


class Net(Module):
    """A network of some convolutions, and a layer at the end."""

    def __init__(self, convolutions=1):
        convs = [FastConvLayer2D(3, 3, 3, padding=1, name=f"c{i}") for i in range(convolutions)]
        pool = FastMaxPoolingLayer(2, 2, "pool")
        self.net = sequential(*convs, pool, flatten("flat"), fc(48, 10, init_scale=0.1, name="out"))


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Return what the training cell leaves behind: results, model, data, and model.npz beside them."""
    monkeypatch.chdir(tmp_path)
    np.random.seed(0)
    model = Net()
    images = np.random.default_rng(1).standard_normal((40, 8, 8, 3))
    labels = model.forward(images, False).argmax(axis=1)
    losses = list(np.linspace(2, 1, 50))
    results = ({}, losses, [0.5, 0.9], [0.5, 0.8])
    save_model("model.npz", model, results, data={"provenance": "SVHN sample"})
    toml = "[training]\nfloor = 0.1\ntarget = 0.2\nsample_floor = 0.4\nsample_target = 0.9\n"
    (tmp_path / "assignment.toml").write_text(toml)
    return {"results": results, "model": model, "data": {"data_val": (images, labels)}}


def test_training_says_what_it_would_earn(trained, capsys):
    """Between floor and target of the sample the share of the points is told, and that it is the sample."""
    check("training", **trained)
    assert "80.0% on the SAMPLE data, about 80% of the points; 90% is all" in capsys.readouterr().out


def _no_results(found):
    found["results"] = None


def _bad_results(found):
    found["results"] = [1, 2]


def _rising_loss(found):
    found["results"] = ({}, [1.0] * 20 + [3.0] * 20, [0.1], [0.5])


def _infinite_loss(found):
    found["results"] = ({}, [1.0, np.nan], [0.1], [0.5])


def _low(found):
    found["results"] = ({}, [2.0, 1.0], [0.1], [0.3])
    save_model("model.npz", found["model"], found["results"], data={"provenance": "SVHN sample"})


def _too_deep(found):
    found["model"] = Net(convolutions=3)


class Halve:
    """A pooling by another name."""

    def __init__(self, name):
        self.name, self.params, self.grads = name, {}, {}

    def forward(self, feat):
        return feat[:, ::2, ::2]

    def backward(self, dprev):
        return dprev


class Guarded(Halve):
    """A layer that cannot be watched."""

    def __setattr__(self, name, value):
        if name == "forward":
            raise AttributeError(name)
        super().__setattr__(name, value)


def _halved(found):
    layers = [Halve(f"h{i}") for i in range(3)]
    found["model"].net = sequential(*layers, flatten("flat"), dropout(0.5, seed=1), fc(3, 10, name="out"))


def _other_weights(found):
    found["model"] = Net()


def _no_file(found):
    from pathlib import Path

    Path("model.npz").unlink()


def _last_not_best(found):
    images, labels = found["data"]["data_val"]
    found["data"] = {"data_val": (images, (labels + 1) % 10)}


WRONG = [
    (_no_results, "not trained yet"),
    (_bad_results, "as train_or_load gives"),
    (_rising_loss, "did not go down: 1.000 first, 3.000 last"),
    (_infinite_loss, "not finite from iteration 1 on"),
    (_too_deep, "3 convolutions and 1 poolings"),
    (_halved, "0 convolutions and 3 poolings"),
    (_no_file, "model.npz is missing"),
    (_other_weights, "holds other weights"),
    (_last_not_best, "best parameters"),
    (_low, "30.0% on the SAMPLE data: points begin above 40%"),
]


@pytest.mark.parametrize(("change", "symptom"), WRONG, ids=[change.__name__ for change, _ in WRONG])
def test_training_mistakes_are_told(change, symptom, trained):
    """Each thing that can be wrong with a training has its sentence."""
    change(trained)
    with pytest.raises(CheckFailed, match=symptom):
        check("training", **trained)


def test_watching_leaves_no_trace_and_skips_what_it_cannot_watch():
    """What goes in and comes out is noted, dropout gets what it needs, and the layers are as before."""
    model = Net()
    model.net = sequential(Halve("h"), Guarded("g"), flatten("flat"), dropout(0.5, seed=1), fc(12, 10))
    with watch(model) as seen:
        model.forward(np.ones((2, 8, 8, 3)), False)
    assert seen[0] == {"in": [2, 8, 8, 3], "out": [2, 4, 4, 3]}
    assert sorted(seen) == [0, 2, 3, 4]
    assert all("forward" not in vars(layer) for layer in model.net.layers)


def test_network_that_takes_no_pair_of_images_is_checked_all_the_same(trained, monkeypatch):
    """Looking inside never fails a check by itself."""
    forward = Net.forward

    def picky(self, feat, is_training=True, seed=None):
        assert len(feat) > 2
        return forward(self, feat, is_training, seed)

    monkeypatch.setattr(Net, "forward", picky, raising=False)
    check("training", **trained)


def test_filters_of_the_model_pass(trained, capsys):
    """The first convolution's weights, moved to the front, are what is asked for."""
    weights = trained["model"].net.layers[0].params["c0_w"]
    check("filters", im_array=np.moveaxis(weights, -1, 0), nrows=1, ncols=3, model=trained["model"])
    assert capsys.readouterr().out == "filters: 3 filters of 3x3 pixels in the right order\n"


def test_unwritten_filters_are_told(trained):
    """The cell as released is called not written."""
    with pytest.raises(CheckFailed, match="not written yet: im_array is None"):
        check("filters", im_array=None, nrows=None, ncols=None, model=trained["model"])
