"""Looks at the machine from the process that would hold the models. `python -m engine.studio.machine` prints JSON."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path

from engine.tiers import Hardware


def look() -> Hardware:
    """This machine, seen from this process. Imports torch; never raises: what cannot be seen is said in `problem`."""
    import psutil

    memory = psutil.virtual_memory()
    here = Hardware(cores=psutil.cpu_count(logical=False) or os.cpu_count() or 1, ram_bytes=memory.total,
                    ram_free_bytes=memory.available)
    try:
        from llama_cpp import llama_supports_gpu_offload

        here = replace(here, llama_on_gpu=bool(llama_supports_gpu_offload()))
    except Exception as error:             # a build that cannot be loaded: no writer either, but that is said elsewhere
        here = replace(here, problem=f"llama.cpp cannot be loaded ({type(error).__name__})")
    try:
        import torch
    except Exception as error:             # whatever a broken installation raises
        return replace(here, problem=f"torch cannot be imported ({type(error).__name__})")
    try:
        if torch.cuda.is_available():
            device = torch.cuda.current_device()
            properties = torch.cuda.get_device_properties(device)
            free, _ = torch.cuda.mem_get_info(device)
            return replace(here, device="cuda", name=properties.name, memory_bytes=properties.total_memory,
                           free_bytes=free, capability=(properties.major, properties.minor))
        if torch.backends.mps.is_available():
            return replace(here, device="mps", name="Apple GPU", memory_bytes=memory.total, free_bytes=memory.available)
    except Exception as error:             # a driver that is there and does not work
        return replace(here, problem=f"the GPU cannot be used ({type(error).__name__})")
    if torch.version.cuda is None and Path("/dev/nvidia0").exists():
        return replace(here, problem="there is an NVIDIA GPU, but this torch was built without CUDA")
    return here


if __name__ == "__main__":
    print(json.dumps(asdict(look())))
