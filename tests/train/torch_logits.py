"""Computes the logits of MODEL.pt in PyTorch for torch_test.cpp, before and after changing every value in it.

torch_logits.py MODEL.pt IMAGES.h5 CHANGED.pt LOGITS.h5
"""
import os
import sys

import h5py
import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts"))
from torch_model import Network, Spec  # noqa: E402


def logits(saved, images):
    network = Network(Spec(**saved["spec"]), saved["classes"])
    network.load_state_dict(saved["model"])
    with torch.no_grad():
        return network.eval()(images)


def main():
    model, images_file, changed, output = sys.argv[1:]
    saved = torch.load(model)
    with h5py.File(images_file, "r") as file:
        images = torch.from_numpy(file["images"][()])
    with h5py.File(output, "w") as file:
        file["before"] = logits(saved, images).numpy()
        # Every value changes by another amount, so that a transposed or misplaced array is detected.
        for number, value in enumerate(saved["model"].values()):
            value *= 1 + 0.2 * torch.sin(torch.arange(value.numel()) + number).reshape(value.shape)
        for value in saved["momentum"].values():
            value *= 2
        file["after"] = logits(saved, images).numpy()
    torch.save(saved, changed)


if __name__ == "__main__":
    main()
