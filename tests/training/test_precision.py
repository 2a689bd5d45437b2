import keras
import pytest

from course_lib.training import precision
from course_lib.training.precision import set_precision


@pytest.fixture(autouse=True)
def restored_policy():
    policy = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(policy)


def test_float32_unless_told_otherwise():
    keras.config.set_dtype_policy("mixed_bfloat16")
    assert set_precision() == "float32"
    assert keras.layers.Dense(1).compute_dtype == "float32"


def test_bfloat16_keeps_float32_weights():
    assert set_precision("bfloat16") == "mixed_bfloat16"
    layer = keras.layers.Dense(1)
    assert (layer.compute_dtype, layer.variable_dtype) == ("bfloat16", "float32")


@pytest.mark.parametrize(
    ("features", "policy"),
    [
        ({"sse2", "avx2", "avx512_bf16"}, "mixed_bfloat16"),
        ({"avx512f", "amx_bf16", "amx_tile"}, "mixed_bfloat16"),
        ({"asimd", "sve", "bf16"}, "mixed_bfloat16"),
        ({"sse2", "avx2", "avx512f", "avx512_vnni"}, "float32"),
        (set(), "float32"),
    ],
    ids=["AVX-512", "AMX", "Arm", "none for bfloat16", "unknown"],
)
def test_auto_takes_bfloat16_where_the_processor_has_it(monkeypatch, features, policy):
    monkeypatch.setattr(precision, "cpu_features", lambda: frozenset(features))
    assert set_precision("auto") == policy
    assert keras.config.dtype_policy().name == policy


def test_another_name_is_refused_and_changes_nothing():
    before = keras.config.dtype_policy()
    with pytest.raises(ValueError, match=r"precision must be .* got 'float16'"):
        set_precision("float16")
    assert keras.config.dtype_policy() is before
