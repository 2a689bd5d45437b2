"""The arithmetic of windows, against counts in loops and published sizes, without Keras.

Against Keras's own maps and measured fields it is held in test_graph and test_tables.
"""

import itertools
import subprocess
import sys

import numpy as np
import pytest

from course_lib.measure.geometry import (
    Axis,
    conv_cost,
    inception_costs,
    output_size,
    receptive_fields,
    union,
)


def test_it_needs_no_keras():
    code = "import sys, course_lib.measure.geometry; print('keras' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "False", result.stderr


def starts(size, kernel, stride, padding):
    """Where a window begins as it is pushed along an axis, step by step."""
    place = -padding
    while place + kernel <= size + padding:
        yield place
        place += stride


@pytest.mark.parametrize("padding", [0, 1, 3])
def test_output_size_counts_the_windows(padding):
    for size, kernel, stride in itertools.product(range(1, 10), range(1, 6), range(1, 4)):
        if kernel <= size + 2 * padding:
            places = list(starts(size, kernel, stride, padding))
            assert output_size(size, kernel, stride, padding) == len(places)


def test_output_size_of_the_papers():
    """AlexNet's 227 pixels, VGG's halvings, ResNet's stem."""
    assert output_size(227, 11, 4) == output_size(227, 11, 4, "valid") == 55
    assert output_size(output_size(55, 3, 2), 5, padding=2) == 27
    assert [output_size(size, 2, 2) for size in (224, 112, 56, 28, 14)] == [112, 56, 28, 14, 7]
    assert output_size(224, 7, 2, 3) == output_size(224, 7, 2, "same") == 112


def test_same_makes_a_cell_for_each_stride():
    for size, kernel, stride in itertools.product(range(1, 10), range(1, 6), range(1, 4)):
        assert output_size(size, kernel, stride, "same") == len(range(0, size, stride))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 3), "size must be a whole number of at least 1, got 0"),
        ((8, 3.0), "kernel must be a whole number of at least 1, got 3.0"),
        ((8, 3, 0), "stride must be a whole number of at least 1, got 0"),
        ((8, 11), "kernel must be at most 8, the padded map's size, got 11"),
        ((8, 11, 1, 1), "at most 10"),
    ],
)
def test_output_size_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        output_size(*arguments)


def seen(windows):
    """Pixels that one cell sees, by following the windows back from a cell in the middle."""
    cells = {10}
    for kernel, stride in reversed(windows):
        cells = {stride * cell + i for cell in cells for i in range(kernel)}
    return min(cells), max(cells)


@pytest.mark.parametrize(
    "windows", [[(3, 1)] * 3, [(11, 4), (3, 2), (5, 1)], [(2, 2), (1, 3), (4, 1)], [(7, 2), (3, 2)]]
)
def test_receptive_fields_are_what_a_walk_back_finds(windows):
    size, _ = receptive_fields(*zip(*windows, strict=True))[-1]
    first, last = seen(windows)
    assert size == last - first + 1


def test_receptive_fields_of_nothing_and_of_strides_of_one():
    assert receptive_fields([]) == [(1, 1)]
    assert receptive_fields((3, 3)) == receptive_fields((3, 3), (1, 1)) == [(1, 1), (3, 1), (5, 1)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((3, 3), (1,)), "shorter than argument 1"),
        (((3, 0),), "kernel must be a whole number of at least 1, got 0"),
        (((3,), (0.5,)), "stride must be a whole number of at least 1, got 0.5"),
    ],
)
def test_receptive_fields_refuse(arguments, message):
    with pytest.raises(ValueError, match=message):
        receptive_fields(*arguments)


def test_branches_meet_in_what_the_largest_of_them_sees():
    assert union([Axis(3, 2), Axis(1, 2)]) == Axis(3, 2)
    assert union([Axis(9, None), Axis(3, 2)]) == Axis(9, None)
    assert union([Axis(3, 2), Axis(3, 1)]) is None


def test_conv_cost_counts_every_product():
    height, width, (rows, columns), channels, filters, groups = 3, 4, (1, 2), 6, 4, 2
    places = np.ndindex(height, width, rows, columns, channels // groups, filters)
    cost = conv_cost((rows, columns), channels, filters, side=(height, width), groups=groups)
    assert cost == len(list(places))
    assert conv_cost(3, 8, 4) == 3 * 3 * 8 * 4
    assert conv_cost(3, 8, 4, side=5) == conv_cost((3, 3), 8, 4, (5, 5)) == 25 * 3 * 3 * 8 * 4


def test_inception_costs_of_the_paper():
    """inception (3a) of arXiv:1409.4842, Table 1: 128 million operations."""
    costs = inception_costs(192, (64, 96, 128, 16, 32, 32), side=28)
    assert round(sum(costs.values()) / 1e6) == 128
    naive = inception_costs(192, (64, None, 128, None, 32, None), side=28)
    assert naive["3×3 reduce"] == naive["5×5 reduce"] == naive["pool proj"] == 0
    assert naive["5×5"] == conv_cost(5, 192, 32, 28)
