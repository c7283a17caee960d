"""A second head for a net of the sample: tells day, dusk and night by the sky, on the net's own frozen encoder.

    python3 sky-head.py ../models/scenes-cnn.onnx DIR --output sky-cnn.onnx

DIR holds random scenes as folder.py rendered them (any set); which sky a scene has follows from its number.  Places
without a sky are left out.  Only the last layer is fitted: everything up to it stays as it is, so an explainer that
was trained on the encoder (TVE) serves the new net too.  Beside the net lie its sidecar and labels.
"""
import argparse
import glob
import json
import os
import random
import re

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from PIL import Image

from dataset import FIRST_SEED, random_classes
from scenes import random_scene

TIMES = {"day": "day", "morning": "day", "overcast": "day", "sunset": "dusk", "dusk": "dusk", "night": "night"}
LABELS = ["day", "dusk", "night"]
WITHOUT_SKY = ("room", "underwater")


def time_of(path):
    """Index of the time of day of a picture of folder.py; None where no sky is to be seen."""
    match = re.fullmatch(r"(\w+)-(\d+)\.png", os.path.basename(path))
    if not match or match[1] not in FIRST_SEED:
        return None
    index = int(match[2])
    rng = random.Random(FIRST_SEED[match[1]] + index)
    scene = random_scene(rng, random_classes(rng, index))
    return None if scene.place in WITHOUT_SKY else LABELS.index(TIMES[scene.sky])


def picture(path, side):
    """The picture as the nets of the sample see it: see ../models/scenes-cnn.json."""
    image = Image.open(path).convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
    return (np.asarray(image, np.float32).transpose(2, 0, 1) / 255 - 0.5) / 0.25


def embed(model, last, paths):
    """-> [N,D]: what feeds the last layer."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    del probe.graph.output[:]
    probe.graph.output.append(helper.make_tensor_value_info(last.input[0], onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(probe.SerializeToString(), providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    parts = [paths[i:i + 32] for i in range(0, len(paths), 32)]
    return np.concatenate([session.run(None, {given.name: np.stack([picture(p, given.shape[-1]) for p in part])})[0]
                           for part in parts])


def fit(x, y, decay=1e-3):
    """Multinomial logistic regression, classes weighted alike -> W [3,D], b [3]."""
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    mean, spread = x.mean(0), x.std(0) + 1e-6
    layer = torch.nn.Linear(x.shape[1], len(LABELS))
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    weight = len(y) / (len(LABELS) * torch.bincount(y, minlength=len(LABELS)).float())
    optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=300, line_search_fn="strong_wolfe")

    def closure():
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(layer((x - mean) / spread), y, weight)
        loss = loss + decay * layer.weight.square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    w = (layer.weight / spread).detach()
    return w.numpy(), (layer.bias.detach() - w @ mean).numpy()


def replace_head(model, last, w, b):
    values = {last.input[1]: w, last.input[2]: b}
    for tensor in model.graph.initializer:
        if tensor.name in values:
            tensor.CopyFrom(numpy_helper.from_array(values[tensor.name].astype(np.float32), tensor.name))
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = len(LABELS)


def write(model, path, sidecar):
    stem = os.path.splitext(path)[0]
    onnx.checker.check_model(model)
    onnx.save(model, path)
    with open(sidecar, encoding="utf-8") as file:
        facts = json.load(file)
    facts |= {"name": f"Sky of the scenes ({os.path.basename(stem)})", "labels": os.path.basename(stem) + ".txt"}
    with open(stem + ".json", "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=1)
        file.write("\n")
    with open(stem + ".txt", "w", encoding="utf-8") as file:
        file.writelines(f"{label}\n" for label in LABELS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", metavar="MODEL.onnx")
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--output", required=True, metavar="FILE.onnx")
    options = parser.parse_args()
    torch.manual_seed(1)
    model = onnx.load(options.model)
    last = next(n for n in model.graph.node if n.output[0] == model.graph.output[0].name)
    if last.op_type != "Gemm":
        raise SystemExit(f"{options.model}: ends in {last.op_type}, not in Gemm")
    known = [(p, t) for p in sorted(glob.glob(os.path.join(options.folder, "*.png"))) if (t := time_of(p)) is not None]
    paths, y = [p for p, _ in known], np.array([t for _, t in known])
    x = embed(model, last, paths)
    held = np.arange(len(y)) % 5 == 4
    w, b = fit(x[~held], y[~held])
    print(f"{len(y)} scenes with a sky; right on {np.mean((x[held] @ w.T + b).argmax(1) == y[held]):.1%} of those held out")
    replace_head(model, last, w, b)
    write(model, options.output, os.path.splitext(options.model)[0] + ".json")


if __name__ == "__main__":
    main()
