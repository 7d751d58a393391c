"""Child process that converts a folder's pickled weights to safetensors; it reads tensors only."""

import sys
from pathlib import Path


def main(folder: Path) -> None:
    """Write model.safetensors beside pytorch_model.bin."""
    import torch
    from safetensors.torch import save_file

    weights = torch.load(folder / "pytorch_model.bin", map_location="cpu", weights_only=True)
    tensors = {name: tensor.clone().contiguous() for name, tensor in weights.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
