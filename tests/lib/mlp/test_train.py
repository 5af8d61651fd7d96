"""The loader, the accuracy and the training loop: what is learned, kept, refused."""

import numpy as np
import pytest

from lib.errors import CallOrderError, ConfigError
from lib.mlp.fully_conn import Module
from lib.mlp.layer_utils import cross_entropy, fc, sequential
from lib.mlp.train import DataLoader, SVHN_DataLoader, compute_acc, train_net
from lib.optim import SGD
from tests.lib.mlp.small_training import FailingLoss, adam, clouds, data, network, printed


def test_loader_gives_every_sample_once_per_pass():
    """Ten samples in batches of three: nine of them, then a new order."""
    loader = DataLoader(np.arange(10.0), np.arange(10), 3, seed=0)
    batches = [loader.get_batch() for _ in range(3)]
    seen = np.concatenate([labels for _, labels in batches])
    assert len(set(seen.tolist())) == 9
    assert all(np.array_equal(points, labels) for points, labels in batches)
    assert len(loader.get_batch()[0]) == 3


def test_loader_with_a_batch_larger_than_the_data_gives_all_of_it():
    """Each batch holds every sample, in a new order."""
    loader = DataLoader(np.arange(10.0), np.arange(10), 64, seed=0)
    first, second = loader.get_batch()[1], loader.get_batch()[1]
    assert sorted(first) == sorted(second) == list(range(10))
    assert not np.array_equal(first, second)


def test_loader_takes_its_seed_from_the_global_generator():
    """np.random.seed in a notebook decides the order."""
    orders = []
    for seed in (1, 1, 2):
        np.random.seed(seed)
        orders.append(SVHN_DataLoader(np.arange(50), np.arange(50), 50).get_batch()[1].tolist())
    assert orders[0] == orders[1] != orders[2]


def test_loader_goes_on_with_the_next_batch():
    """A state taken between two batches continues in another loader."""
    first, second = (DataLoader(np.arange(10), np.arange(10), 4, seed=seed) for seed in (1, 2))
    first.get_batch()
    second.load_state_dict(first.state_dict())
    for _ in range(5):
        np.testing.assert_array_equal(first.get_batch()[1], second.get_batch()[1])


class Echo:
    """A model whose scores are its input."""

    def forward(self, feat, is_training=True):
        """Refuse to be run as in training."""
        assert not is_training
        return feat


@pytest.mark.parametrize("batch_size", [1, 3, 4, 100])
def test_accuracy_counts_right_answers(batch_size):
    """Three of four, whatever the batches."""
    scores = np.eye(4)
    assert compute_acc(Echo(), scores, np.array([0, 1, 2, 0]), batch_size=batch_size) == 0.75


def test_accuracy_of_a_part_uses_the_same_samples_each_time():
    """Epochs could not be compared otherwise; the global generator is left alone."""
    scores, labels = np.random.default_rng(0).normal(size=(500, 2)), np.zeros(500, int)
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    values = {compute_acc(Echo(), scores, labels, num_samples=50) for _ in range(3)}
    assert len(values) == 1
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_training_learns_and_reports():
    """Three clouds are told apart; one loss per iteration, one accuracy per epoch."""
    model = network()
    best, losses, train_acc, val_acc = train_net(data(), model, cross_entropy(), adam(model), 20, 12)
    assert len(losses) == 36
    assert len(train_acc) == len(val_acc) == 12
    assert losses[-1] < 0.5 * losses[0]
    assert max(val_acc) > 0.8
    for name, value in best.items():
        model.net.assign(name, value)
    assert compute_acc(model, *data()["data_val"]) == max(val_acc)


def test_best_parameters_are_copies():
    """What happens to the model afterwards must not reach them."""
    model = network()
    best = train_net(data(), model, cross_entropy(), adam(model), 20, 2)[0]
    kept = {name: value.copy() for name, value in best.items()}
    for layer in model.net.layers:
        for value in layer.params.values():
            value += 1
    for name, value in kept.items():
        np.testing.assert_array_equal(best[name], value)


def test_first_of_equally_good_epochs_is_kept():
    """With a learning rate of zero nothing improves, and the first parameters stay."""
    model = network()
    start = {name: value.copy() for name, value in model.net.params.items()}
    best, _, _, val_acc = train_net(data(), model, cross_entropy(), SGD(model.net, 0.0), 20, 3)
    assert len(set(val_acc)) == 1
    for name, value in start.items():
        np.testing.assert_array_equal(best[name], value)


@pytest.mark.parametrize(("every", "times"), [(1, 5), (2, 2), (5, 1), (1000, 0)])
def test_learning_rate_decays_every_so_many_epochs(every, times):
    """After epochs, not iterations."""
    model = network()
    optimizer = adam(model, lr=0.01)
    train_net(data(), model, cross_entropy(), optimizer, 20, 5, lr_decay=0.5, lr_decay_every=every)
    assert optimizer.lr == pytest.approx(0.01 * 0.5**times)


def test_same_seed_gives_the_same_training():
    """Weights, order and masks follow np.random.seed."""
    runs = []
    for _ in range(2):
        model = network()
        runs.append(train_net(data(), model, cross_entropy(), adam(model), 20, 2)[1])
    assert runs[0] == runs[1]


def test_penalty_reaches_the_gradients():
    """A strong L2 penalty shrinks the weights."""
    sizes = []
    for penalty in (("none", 0.0), ("l2", 1.0)):
        model = network()
        train_net(data(), model, cross_entropy(), SGD(model.net, 0.05), 20, 5, 1.0, 1000, 10, False, *penalty)
        sizes.append(np.abs(model.net.params["fc1_w"]).sum())
    assert sizes[1] < 0.5 * sizes[0]


class OldModule(Module):
    """A network of 2022: backward takes the gradient only."""

    def __init__(self):
        self.net = sequential(fc(4, 3, 0.1))

    def backward(self, dprev):
        """Run back without penalties."""
        return super().backward(dprev)


def test_network_of_an_older_course_trains():
    """Without a penalty nothing is passed that such a file does not know."""
    model = OldModule()
    assert len(train_net(data(), model, cross_entropy(), SGD(model.net), 20, 1)[1]) == 3


def test_verbose_prints_a_line_per_epoch(capsys):
    """Epoch, average loss and both accuracies; without it there is only the bar."""
    model = network()
    train_net(data(), model, cross_entropy(), adam(model), 20, 2, verbose=True)
    lines = printed(capsys)
    assert len(lines) == 2
    assert lines[1].startswith("epoch 2/2: average loss ")
    train_net(data(), model, cross_entropy(), adam(model), 20, 2)
    assert printed(capsys) == []


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_loss_that_is_no_number_stops_the_training(bad):
    """The message says when and what to try; the model holds the best parameters of the epochs before."""
    model = network()
    match = (
        f"the loss is {bad} in iteration 5, epoch 2. Try a smaller learning rate than 0.01, "
        "or smaller initial weights; the model holds the best parameters so far, validation accuracy 0."
    )
    with pytest.raises(ConfigError, match=match):
        train_net(data(), model, FailingLoss(5, lambda: bad), adam(model), 20, 3)
    assert all(np.isfinite(value).all() for value in model.net.params.values())


def test_loss_that_is_no_number_in_the_first_epoch():
    """Nothing was reached, so nothing is said to be held."""
    model = network()
    with pytest.raises(ConfigError, match=r"in iteration 1, epoch 1\. .* or smaller initial weights\.$"):
        train_net(data(), model, FailingLoss(1, lambda: float("nan")), adam(model), 20, 3)


def images_only():
    """Make what SVHN_data returns: arrays beside each other, no pairs."""
    return {"data_train": clouds()[0], "labels_train": clouds()[1], "data_val": clouds()}


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"batch_size": 0}, "train_net: batch_size=0 is not a whole number of at least 1"),
        ({"max_epochs": 0}, "max_epochs=0 is not a whole number"),
        ({"max_epochs": 2.5}, "max_epochs=2.5 is not a whole number"),
        ({"lr_decay": 0}, "lr_decay=0 would set the learning rate to 0"),
        ({"lr_decay": 1.5}, "lr_decay=1.5 is not a number from 0 to 1"),
        ({"lr_decay_every": 0}, "lr_decay_every=0 is not a whole number"),
        ({"show_every": 0}, "show_every=0 is not a whole number"),
        ({"regularization": "l3"}, "regularization='l3' is not known"),
        ({"data": {"data_train": clouds()}}, "data has no 'data_val', it has: data_train"),
        (
            {"data": images_only()},
            r"data\['data_train'\] is a ndarray, wanted a pair \(images, labels\): .*data\['labels_train'\]",
        ),
        (
            {"data": data() | {"data_val": (np.zeros((0, 4), np.float32), np.zeros(0, int))}},
            r"data\['data_val'\] holds no samples",
        ),
        (
            {"data": data() | {"data_train": (np.zeros((5, 4), np.float32), np.zeros(4, int))}},
            r"holds 5 images and labels of shape \(4,\), wanted \(5,\)",
        ),
        (
            {"data": data() | {"data_train": (np.zeros((5, 4), np.uint8), np.zeros(5, int))}},
            "holds images of dtype uint8, wanted floats",
        ),
        (
            {"data": data() | {"data_train": (np.zeros((5, 4)), np.zeros(5))}},
            "holds labels of dtype float64, wanted integers",
        ),
        (
            {"data": data() | {"data_train": (np.zeros((5, 4)), np.full(5, -1))}},
            "holds the label -1; classes are counted from 0",
        ),
        (
            {"data": data() | {"data_train": clouds(60, 4)}},
            "label holds classes 0 to 3, but feat has 3 columns",
        ),
        ({"optimizer": adam(network())}, "the optimizer was made for another network"),
    ],
)
def test_bad_arguments_are_named(changes, match):
    """Before any time is spent."""
    model = network()
    arguments = {
        "data": data(),
        "model": model,
        "loss_func": cross_entropy(),
        "optimizer": adam(model),
        "batch_size": 20,
        "max_epochs": 1,
    }
    with pytest.raises(ValueError, match=match):
        train_net(**(arguments | changes))


def test_optimizer_without_a_backward_pass_is_told_so():
    """The order of the four calls of a step."""
    model = network()
    with pytest.raises(CallOrderError, match="Run the backward pass before step"):
        adam(model).step()
