"""The number format in which nets compute: float32, or bfloat16 where the processor has it.

bfloat16 halves the memory of every activation and keeps float32's range, but has only about three
decimal digits. On a processor without instructions for it, it is emulated and far slower than
float32.
"""

import keras

from course_lib.machine import BFLOAT16_INSTRUCTIONS, cpu_features


def set_precision(name: str = "float32") -> str:
    """Set the number format of every Keras layer that is made from now on.

    Args:
        name: "float32"; "bfloat16", which computes in bfloat16 but keeps the weights in float32;
            or "auto": bfloat16 if the processor has instructions for it, else float32.

    Returns:
        The name of Keras's new policy, "float32" or "mixed_bfloat16".

    >>> set_precision("float32")
    'float32'
    """
    if name not in ("float32", "bfloat16", "auto"):
        raise ValueError(
            f"name must be 'float32', 'bfloat16' or 'auto', got {name!r}; choose 'auto' if unsure"
        )
    if name == "auto":
        name = "bfloat16" if BFLOAT16_INSTRUCTIONS & cpu_features() else "float32"
    policy = "mixed_bfloat16" if name == "bfloat16" else "float32"
    keras.config.set_dtype_policy(policy)
    return policy
