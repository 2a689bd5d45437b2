"""An outline has the model's counts, and leaves the rest of the program as it was."""

import random
import threading

import keras
import numpy as np
import pytest

from course_lib.models import MODELS, outline


def test_an_outline_has_names_and_counts():
    model, real = outline(MODELS["googlenet_aux"]), MODELS["lenet5"]()
    assert model.count_params() == 13_378_280
    assert model.output_names == ["probabilities", "auxiliary1", "auxiliary2"]
    assert np.isfinite(real(np.zeros((1, 32, 32, 1)))).all()  # what is built after it has values


def draws():
    """What a program draws after its seed: Python, NumPy, Keras, and a layer's weights."""
    layer = keras.layers.Dense(3)
    layer.build((None, 2))
    return (
        random.random(),
        np.random.random(),
        float(keras.random.uniform(())),
        layer.kernel.numpy().tolist(),
        layer.name,
    )


def test_an_outline_changes_nothing_that_is_drawn_after_it():
    found = []
    for build in (lambda: None, MODELS["nin"]):  # with dropout, which draws seeds
        keras.utils.clear_session()
        keras.utils.set_random_seed(3)
        draws()  # Keras's generator exists by now
        outline(build)
        found.append(draws())
    assert found[0] == found[1]


def test_an_outline_that_fails_leaves_no_trace():
    def build():
        keras.layers.Dense(10**5).build((None, 10**6))
        raise KeyError("none of Keras's errors")

    state = random.getstate()
    with pytest.raises(KeyError, match="none of Keras's"):
        outline(build)
    assert random.getstate() == state
    assert not keras.src.backend.common.stateless_scope.in_stateless_scope()
    keras.layers.Dense(2).build((None, 2))  # would fill 400 GB if the others were still waiting
    assert threading.active_count() < 50


def test_an_outline_computes_in_the_policy_of_its_caller():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = outline(MODELS["lenet5"])
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy(policy)
    assert model.get_layer("c1").compute_dtype == "bfloat16"


def test_outlines_within_outlines():
    inner = outline(lambda: (outline(MODELS["lenet5"]), MODELS["lenet5"]()))
    assert [model.count_params() for model in inner] == [61_706, 61_706]
