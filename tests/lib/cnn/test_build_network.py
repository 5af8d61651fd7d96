"""A network for any number of classes: the course's class, and one from before there was such an argument."""

import numpy as np
import pytest

from lib.cnn.build import build_network
from lib.cnn.cnn_models import SmallConvolutionalNetwork
from lib.mlp.fully_conn import Module
from lib.mlp.layer_utils import fc, flatten, sequential


class Old(Module):
    """A class that knows its own number of classes."""

    def __init__(self, keep_prob=0, dtype=np.float32, seed=None):
        super().__init__()
        self.keep_prob = keep_prob
        self.net = sequential(flatten("flat"), fc(12, 20, name="out"))


class Passing(Old):
    """A class that takes any keyword and does with it what it likes."""

    def __init__(self, **settings):
        super().__init__()
        self.settings = settings


@pytest.mark.parametrize("num_classes", [10, 20])
def test_course_network_gives_as_many_scores_as_asked_for(num_classes):
    """The number reaches the last layer."""
    model = build_network(SmallConvolutionalNetwork, num_classes, keep_prob=0.5, seed=1)
    assert model.forward(np.zeros((2, 32, 32, 3), np.float32), False).shape == (2, num_classes)
    assert model.net.layers[-2].keep_prob == 0.5


def test_without_the_argument_there_are_ten_scores():
    """Older notebooks call the class with no argument at all."""
    assert SmallConvolutionalNetwork().net.get_params("fc2_w").shape == (128, 10)


def test_old_class_is_made_without_the_number():
    """It gets the settings that it knows."""
    model = build_network(Old, 20, keep_prob=0.3)
    assert model.keep_prob == 0.3
    assert model.forward(np.zeros((1, 2, 2, 3))).shape == (1, 20)


def test_class_that_takes_any_keyword_gets_the_number():
    """Such a constructor would miss it otherwise."""
    assert build_network(Passing, 20, seed=3).settings == {"seed": 3, "num_classes": 20}


def test_mistake_inside_a_constructor_is_not_hidden():
    """An error of the student's own class is shown as it is."""

    class Broken(Old):
        def __init__(self, num_classes):
            raise TypeError("my own mistake")  # noqa: EM101

    with pytest.raises(TypeError, match="my own mistake"):
        build_network(Broken, 20)
