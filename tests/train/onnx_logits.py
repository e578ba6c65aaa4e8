"""Computes logits with ONNX Runtime for torch_test.cpp: onnx_logits.py MODEL.onnx IMAGES.h5 LOGITS.h5"""
import sys

import h5py
import onnxruntime

model, images_file, output = sys.argv[1:]
with h5py.File(images_file, "r") as file:
    images = file["images"][()]
with h5py.File(output, "w") as file:
    file["onnx"] = onnxruntime.InferenceSession(model).run(["logits"], {"images": images})[0]
