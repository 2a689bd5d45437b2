"""The data sets by name."""

import numpy as np
import pytest

from course_lib import data


def test_load_is_the_switch_for_shapes10():
    by_name = data.load("shapes10", n_train=20, n_test=10, seed=3)
    direct = data.load_shapes10(n_train=20, n_test=10, seed=3)
    for (x, y), (x_direct, y_direct) in zip(by_name, direct, strict=True):
        np.testing.assert_array_equal(x, x_direct)
        np.testing.assert_array_equal(y, y_direct)
    assert len(data.load("shapes10", n_train=20).test[0]) == 1000


def test_load_refuses_an_unknown_name():
    with pytest.raises(ValueError, match=r"shapes10, cifar10 or cifar100, got 'mnist'"):
        data.load("mnist")
