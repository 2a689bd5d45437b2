"""Which number format the nets compute in: float32, or bfloat16 where the processor has it.

bfloat16 halves the memory of every activation and keeps float32's range, with about three decimal
digits. On a processor without instructions for it, it is emulated, and far slower than float32.
"""

from archspec.cpu import host
from archspec.cpu.detect import detected_info

BFLOAT16_INSTRUCTIONS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})  # Intel and AMD; Arm: bf16


def cpu_features() -> frozenset[str]:
    """Instruction sets of this processor, by the names that Linux gives them.

    Returns:
        frozenset of str, such as "avx2" or "amx_bf16".

    Example:
        >>> all(isinstance(name, str) for name in cpu_features())
        True
    """
    # A virtual machine may hide one feature of a model: then only the running system's own list
    # is complete. On Apple's processors only the model's list is there.
    return frozenset(detected_info().features) | frozenset(host().features)


def set_precision(name: str = "float32") -> str:
    """Set the number format of every Keras layer that is made from now on.

    Args:
        name: "float32"; "bfloat16", which computes in bfloat16 and keeps the weights in float32;
            or "auto", which is bfloat16 where the processor has instructions for it and float32
            elsewhere.

    Returns:
        Name of the Keras policy in force: "float32" or "mixed_bfloat16".

    Raises:
        ValueError: another name.

    Example:
        >>> set_precision("float32")
        'float32'
    """
    import keras

    if name not in ("float32", "bfloat16", "auto"):
        raise ValueError(
            f"name must be 'float32', 'bfloat16' or 'auto', got {name!r}; choose 'auto' if unsure"
        )
    if name == "auto":
        name = "bfloat16" if BFLOAT16_INSTRUCTIONS & cpu_features() else "float32"
    policy = "mixed_bfloat16" if name == "bfloat16" else "float32"
    keras.config.set_dtype_policy(policy)
    return keras.config.dtype_policy().name
