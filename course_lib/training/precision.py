"""The number format in which nets compute: float32, or bfloat16 where the processor has it.

bfloat16 halves the memory of every activation and keeps float32's range, but has only about three
decimal digits. On a processor without instructions for it, it is emulated and far slower than
float32.
"""

import keras

from course_lib.machine import BFLOAT16_INSTRUCTIONS, cpu_features


def policy(name):
    """The Keras policy of "float32", "bfloat16" or "auto": bfloat16 where instructions for it are.

    >>> policy("bfloat16")
    'mixed_bfloat16'
    """
    if name == "auto":
        name = "bfloat16" if BFLOAT16_INSTRUCTIONS & cpu_features() else "float32"
    if name not in ("float32", "bfloat16"):
        raise ValueError(f"precision must be 'float32', 'bfloat16' or 'auto', got {name!r}")
    return "mixed_bfloat16" if name == "bfloat16" else "float32"


def set_precision(name: str = "float32") -> str:
    """Set and return the `policy` of every layer that is made from now on.

    In bfloat16 the weights stay float32.
    """
    keras.config.set_dtype_policy(policy(name))
    return policy(name)
