"""Say which Python, PyTorch, GPU and packages there are; fail at once if one is missing."""

import importlib
import os
import platform
import sys

NEEDED = (
    *("torch", "numpy", "PIL", "safetensors", "transformers", "tokenizers", "huggingface_hub"),
    *("diffusers", "peft", "scipy", "skimage", "cv2", "pydantic", "typer", "rich"),
    *("dicebear", "dicebear_styles", "resvg_py"),
)

missing = []
print(f"python {platform.python_version()} ({sys.executable}), {os.cpu_count()} cores")
for name in NEEDED:
    try:
        module = importlib.import_module(name)
    except Exception as error:
        missing.append(name)
        print(f"{name}: {type(error).__name__}: {error}")
    else:
        print(name, getattr(module, "__version__", ""))
try:
    import torch

    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory
        print(f"{torch.cuda.get_device_name(0)}, {memory / 2**30:.0f} GiB")
    else:
        print("no GPU that PyTorch can use")
except ImportError:
    pass
if missing:
    sys.exit("these packages are missing; add them to the wheels: " + ", ".join(missing))
