"""model.npz: what goes in comes out; damaged, foreign and unfit files are refused with names."""

import json
import os

import numpy as np
import pytest

from lib.errors import ConfigError, ModelFileError
from lib.mlp.fully_conn import Module
from lib.mlp.layer_utils import fc, gelu, sequential
from lib.model_file import History, load_model, read_model, save_model, write_npz

HISTORY = History([2.3, 1.2], [0.5], [0.4])


def network(hidden=4, second="fc2"):
    """Make a network of two layers."""
    model = Module()
    model.net = sequential(fc(3, hidden, 0.1, name="fc1"), gelu(), fc(hidden, 2, 0.1, name=second))
    return model


class DataWithProvenance(dict):
    """A data set that says where it comes from, as SVHN_data does."""

    provenance = "SVHN sample"


def test_what_goes_in_comes_out(tmp_path):
    """Parameters in the order of the layers, history, mean image, provenance, settings."""
    model, path = network(), tmp_path / "model.npz"
    model.net.astype(np.float32)
    data = DataWithProvenance(mean_image=np.ones((1, 2, 2, 3)))
    save_model(path, model, HISTORY, data=data, settings={"epochs": 3})
    saved = read_model(path)
    assert list(saved.params) == ["fc1_w", "fc1_b", "fc2_w", "fc2_b"]
    for name, value in saved.params.items():
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, model.net.params[name])
    assert saved.history == HISTORY
    assert saved.std_image is None
    np.testing.assert_array_equal(saved.mean_image, np.ones((1, 2, 2, 3)))
    assert (saved.meta["provenance"], saved.meta["settings"]) == ("SVHN sample", {"epochs": 3})


def test_load_fills_a_new_network(tmp_path):
    """The same scores as before, also without a forward pass in between."""
    model, other, path = network(), network(), tmp_path / "model.npz"
    save_model(path, model, HISTORY)
    assert load_model(path, other) == HISTORY
    for name, value in model.net.params.items():
        np.testing.assert_array_equal(other.net.params[name], value)
        np.testing.assert_array_equal(other.net.get_params(name), value)


@pytest.mark.parametrize(
    "history",
    [
        ({}, [1.0], [0.1], [0.2]),
        ([1.0], [0.1], [0.2]),
        {"loss_hist": [1.0], "train_acc_hist": [0.1], "val_acc_hist": [0.2]},
    ],
    ids=["results of train_net", "three lists", "dictionary"],
)
def test_history_may_come_in_any_of_its_forms(tmp_path, history):
    """All of them are read back as the same."""
    save_model(tmp_path / "m.npz", network(), history)
    assert read_model(tmp_path / "m.npz").history == History([1.0], [0.1], [0.2])


def test_history_of_two_parts_is_refused(tmp_path):
    """Nothing is written then."""
    with pytest.raises(ConfigError, match="history has 2 parts, wanted loss_hist"):
        save_model(tmp_path / "m.npz", network(), ([1.0], [0.1]))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("other", "match"),
    [
        (network(hidden=5), r"'fc1_w' is \(3, 4\) there and \(3, 5\) here; 'fc1_b' is \(4,\) there"),
        (
            network(second="last"),
            "holds another network: it lacks 'last_w'; it lacks 'last_b'; "
            "it has 'fc2_w', which the network has not; it has 'fc2_b'",
        ),
    ],
    ids=["shape", "names"],
)
def test_another_network_is_refused_by_name(tmp_path, other, match):
    """Every difference is named, and the network stays as it was."""
    save_model(tmp_path / "model.npz", network(), HISTORY)
    before = {name: value.copy() for name, value in other.net.params.items()}
    with pytest.raises(ModelFileError, match=match):
        load_model(tmp_path / "model.npz", other)
    for name, value in before.items():
        np.testing.assert_array_equal(other.net.get_params(name), value)


class Counting:
    """A layer that remembers something besides its parameters."""

    def __init__(self, name="count"):
        self.name, self.params, self.grads = name, {}, {}
        self.state = {"seen": np.zeros(1)}

    def forward(self, feat):
        """Count the samples."""
        self.state["seen"] = self.state["seen"] + len(feat)
        return feat

    def backward(self, dprev):
        """Pass the gradient on."""
        return dprev


def test_state_of_a_layer_is_kept(tmp_path):
    """Running means and the like belong to a trained network."""
    models = [Module(), Module()]
    for model in models:
        model.net = sequential(fc(3, 2), Counting())
    models[0].forward(np.ones((5, 3)))
    save_model(tmp_path / "model.npz", models[0], HISTORY)
    load_model(tmp_path / "model.npz", models[1])
    np.testing.assert_array_equal(models[1].net.layers[1].state["seen"], [5.0])


def as_bytes(value):
    """Make the meta entry of a model file."""
    return np.frombuffer(json.dumps(value).encode(), np.uint8)


PARTS = {
    "loss_hist": np.ones(1),
    "train_acc_hist": np.ones(1),
    "val_acc_hist": np.ones(1),
    "meta": as_bytes({}),
}


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        (
            {"x": np.ones(1)},
            "is not a model file: 'meta is not a file in the archive|is not a model file: 'meta'",
        ),
        (PARTS | {"meta": as_bytes([1])}, "is not a model file: expected a JSON object, got list"),
        (PARTS | {"meta": np.ones(3, np.uint8)}, "is not a model file"),
        (PARTS | {"loss_hist": np.ones(())}, "a history is a single number"),
        (PARTS | {"param.a_w": np.ones(2, int)}, "'param.a_w' has dtype int64, wanted floats"),
        (PARTS | {"param.a_w": np.array(["x"])}, "'param.a_w' is not an array of numbers"),
    ],
    ids=["nothing", "meta is a list", "meta is rubbish", "scalar history", "integers", "text"],
)
def test_foreign_files_are_refused(tmp_path, arrays, match):
    """What is wrong, in which file, and what to do."""
    np.savez(tmp_path / "model.npz", **arrays)
    with pytest.raises(ModelFileError, match=match) as caught:
        read_model(tmp_path / "model.npz")
    assert "Run the training cell" in str(caught.value)
    assert "model.npz" in str(caught.value)


def test_pickled_arrays_are_never_loaded(tmp_path):
    """A pickle runs code when it is read."""
    np.savez(tmp_path / "model.npz", **PARTS, **{"param.a_w": np.array([{}], dtype=object)})
    with pytest.raises(ModelFileError, match=r"cannot be read: Object arrays cannot be loaded"):
        read_model(tmp_path / "model.npz")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut"], ids=["empty", "text", "cut"])
def test_damaged_files_say_what_to_do(tmp_path, content):
    """An interrupted download, a wrong file."""
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"model.npz cannot be read: .*Run the training cell"):
        read_model(path)


def test_half_a_file_is_refused(tmp_path):
    """Cut anywhere, the archive lacks its directory."""
    path = tmp_path / "model.npz"
    save_model(path, network(), HISTORY)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ModelFileError, match="cannot be read"):
        read_model(path)


def test_missing_file_is_named(tmp_path):
    """The path, and what makes the file."""
    with pytest.raises(ModelFileError, match=r"nothing.npz not found. Run the training cell"):
        read_model(tmp_path / "nothing.npz")


def test_file_that_unpacks_too_large_is_refused(tmp_path, monkeypatch):
    """Sizes are read before anything is unpacked."""
    save_model(tmp_path / "model.npz", network(), HISTORY)
    monkeypatch.setattr("lib.model_file.MAX_BYTES", 1000)
    with pytest.raises(ModelFileError, match=r"it unpacks to .* bytes in .* arrays, over 1000"):
        read_model(tmp_path / "model.npz")


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    """A full disk, a kill: the file is the old one, complete, and no rubbish stays."""
    path = tmp_path / "model.npz"
    save_model(path, network(), HISTORY)
    before = path.read_bytes()

    def disk_full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(OSError, match="No space left"):
        write_npz(path, {"x": np.ones(3)})
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.npz"]


def test_same_model_gives_the_same_bytes(tmp_path, monkeypatch):
    """With SOURCE_DATE_EPOCH the time is fixed, and nothing else varies."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    model = network()
    for name in ("a.npz", "b.npz"):
        save_model(tmp_path / name, model, HISTORY, settings={"b": 1, "a": 2})
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert read_model(tmp_path / "a.npz").meta["saved"] == "2023-11-14T22:13:20Z"
