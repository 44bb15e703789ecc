"""Opens GGUF files with llama.cpp, around what is known to crash.

llama.cpp's own kernels for Intel's AMX tiles (ggml-cpu's extra buffer type) end the process with a segmentation fault
in `ldtilecfg` on some machines that have them, whatever the model. Where the build has them they are left out; its
AVX-512 kernels take their place.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def open_llama(path: Path, **options: Any) -> Any:
    """A `llama_cpp.Llama` of the file. Raises what it raises: `ValueError` for a file that is no model."""
    import llama_cpp
    from llama_cpp import llama_cpp as native

    if b"AMX_INT8 = 1" not in native.llama_print_system_info():
        return llama_cpp.Llama(str(path), **options)
    usual = native.llama_model_default_params

    def without_tiles() -> Any:
        params = usual()
        params.use_extra_bufts = False
        return params

    # Llama() has no option for this and takes its defaults from here.
    native.llama_model_default_params = without_tiles
    try:
        return llama_cpp.Llama(str(path), **options)
    finally:
        native.llama_model_default_params = usual
