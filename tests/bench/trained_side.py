"""What trained.py works with: Sightline's programs, the pictures and their masks, and the same nets in onnxruntime."""
import collections
import csv
import json
import os
import pathlib
import statistics
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from PIL import Image

from own import run

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "data/scripts"
sys.path.append(str(SCRIPTS))
import second_head  # noqa: E402


class Scenes:
    """A folder made by data/scripts/folder.py with --masks."""

    def __init__(self, folder, most=None):
        self.folder = pathlib.Path(folder)
        self.index = json.loads((self.folder / "scenes.json").read_text())[:most]

    def path(self, scene):
        return self.folder / scene["file"]

    def paths(self):
        return [self.path(s) for s in self.index]

    def cover(self, thing, size):
        """How much of each pixel at @size (width, height) the object covers."""
        mask = Image.open(self.folder / thing["mask"]).convert("L")
        return np.asarray(mask.resize(size, Image.Resampling.BOX), np.float32) / 255


class Net:
    """An ONNX classifier in onnxruntime, with the preprocessing of the scenes' sidecars."""

    def __init__(self, path, values=()):
        model = onnx.load(str(path))
        self.output = model.graph.output[0].name
        known = {o.name for o in model.graph.output}
        model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(v) for v in values if v not in known)
        self.session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        self.name = self.session.get_inputs()[0].name
        sidecar = json.loads(pathlib.Path(path).with_suffix(".json").read_text())
        _, self.height, self.width = sidecar["input_size"]
        self.mean, self.std = (np.float32(sidecar[k]).reshape(3, 1, 1) for k in ("mean", "std"))
        self.labels = (pathlib.Path(path).parent / sidecar["labels"]).read_text().splitlines()

    def input(self, path):
        image = Image.open(path).convert("RGB").resize((self.width, self.height), Image.Resampling.BILINEAR)
        return (np.asarray(image, np.float32).transpose(2, 0, 1) / 255 - self.mean) / self.std

    def run(self, inputs, name=None):
        """@inputs: [n, 3, h, w]."""
        parts = [self.session.run([name or self.output], {self.name: inputs[i:i + 16]})[0] for i in range(0, len(inputs), 16)]
        return np.concatenate(parts)


def softmax(logits):
    e = np.exp(logits - logits.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def metadata(path):
    """What an explainer's file says of itself, keys without the prefix."""
    props = onnx.load(str(path)).metadata_props
    return {p.key.removeprefix("sightline."): p.value for p in props if p.key.startswith("sightline.")}


def run_explainer(path, given):
    """@given: [n, ...]; -> {name of the output: [n, ...]}. The file is for one picture at a time."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name, outputs = session.get_inputs()[0].name, [o.name for o in session.get_outputs()]
    rows = [session.run(outputs, {name: given[i:i + 1]}) for i in range(len(given))]
    return {o: np.concatenate([np.asarray(r[k]) for r in rows]) for k, o in enumerate(outputs)}


class Sightline:
    def __init__(self, build, model, threads):
        self.cli, self.model = pathlib.Path(build) / "app/sightline-cli", pathlib.Path(model)
        self.options = ["--model", self.model, "--threads", str(threads)]

    def train(self, kind, folder, output, seed, settings=()):
        """As data/scripts/explainers.sh does, unless the file is there already; -> path, seconds (None)."""
        path = pathlib.Path(output) / f"{self.model.stem}.{kind}.explainer.onnx"
        if path.exists():
            return path, None
        os.environ |= {"SEED": str(seed), "NETS": self.model.stem, "SETTINGS": " ".join(settings)}
        seconds = run(["sh", SCRIPTS / "explainers.sh", self.cli, folder, output, kind]).seconds
        return path, seconds

    def explain(self, method, pictures, explainer=None, settings=(), target=None, seed=0, before=()):
        """[(record, map, map at the input's size)], in the order of @pictures. @before: methods that come first, so
        that the classifier's prediction is known and no part of @method's time."""
        command = [self.cli, "explain", *self.options, "--method", ",".join([*before, method]), "--seed", str(seed)]
        command += ["--class", target] if target is not None else []
        command += ["--explainer", explainer] if explainer else []
        command += [a for s in settings for a in ("--set", s)]
        with tempfile.TemporaryDirectory() as folder:
            run(command + ["--output", folder, *pictures])
            stems = [pathlib.Path(folder) / f"{pathlib.Path(p).stem}.{method}" for p in pictures]
            return [(json.loads(pathlib.Path(f"{s}.json").read_text()), np.load(f"{s}.npy"), np.load(f"{s}.input.npy"))
                    for s in stems]

    def scores(self, method, pictures, protocols, masks, explainer=None, settings=(), seed=0):
        """{protocol: values of the pictures that have one}."""
        with tempfile.TemporaryDirectory() as folder:
            table = pathlib.Path(folder) / "scores.csv"
            command = [self.cli, "evaluate", *self.options, "--methods", method, "--protocols", ",".join(protocols),
                       "--seed", str(seed), "--masks", masks, "--output", table]
            command += [a for s in settings for a in ("--set", s)]
            command += ["--explainer", explainer] if explainer else []
            run(command + list(pictures))
            values = collections.defaultdict(list)
            for row in csv.DictReader(table.open()):
                if row["value"]:
                    values[row["metric"]].append(float(row["value"]))
        return values


def mean(values):
    values = list(values)
    return float(np.mean(values)) if values else float("nan")


def median(values):
    return statistics.median(values)
