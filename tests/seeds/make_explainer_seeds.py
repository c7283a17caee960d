"""Writes the seeds of fuzz-explainer: small networks with the metadata of trained explainers.

    python3 make_explainer_seeds.py          (Debian: python3-onnx)

The files are committed; run this only to change them.
"""
import json
import os

import numpy as np
from onnx import TensorProto, helper, numpy_helper

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "explainer")
F = TensorProto.FLOAT
WEIGHTS = numpy_helper.from_array(np.linspace(-1, 1, 12, dtype=np.float32).reshape(1, 3, 2, 2), "head/conv_weight")
os.makedirs(HERE, exist_ok=True)


def save(name, shape=(1, 3, 6, 6), outputs=("mask",), nodes=None, **metadata):
    nodes = nodes or [helper.make_node("Conv", ["input", "head/conv_weight"], ["logits"]),
                      helper.make_node("Sigmoid", ["logits"], ["mask"])]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("input", F, shape)],
                              [helper.make_tensor_value_info(o, F, None) for o in outputs], [WEIGHTS])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="seed")
    for key, value in metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = "sightline." + key.replace("_", "."), value
    with open(os.path.join(HERE, name + ".onnx"), "wb") as f:
        f.write(model.SerializeToString())


COMMON = {"version": "1", "model_sha256": "00" * 32, "model_name": "Sample", "model_output": "logits", "seed": "7",
          "target": "/features/7", "data_sha256": "11" * 32, "steps": "600", "score": "0.98",
          "data_summary": "1,200 pictures, 3 left out; 1,197 with labels of 12 classes",
          "curve": json.dumps([[0, 1.5, 0.1], [400, 0.25, 0.98]])}
SETTINGS = {"steps": 600, "batch": 32, "learning-rate": 2e-4, "schedule": "linear", "target": "automatic"}

save("ltx", kind="ltx", settings=json.dumps(SETTINGS), **COMMON)
save("bla", kind="bla", given="/features/7", settings=json.dumps({"variant": "bla-ph", **SETTINGS}), **COMMON)
save("two", outputs=("mask", "logits"), kind="ltx", **COMMON)
save("free", shape=("N", 3, "H", "W"), kind="ltx", **COMMON)
save("newer", kind="ltx", **{**COMMON, "version": "7"})
save("unknown", kind="other", **COMMON)
save("bare")
save("deep", kind="ltx", settings="[" * 200, **COMMON)
save("range", kind="ltx", settings=json.dumps({"batch": -1, "steps": 1e300}), **COMMON)
