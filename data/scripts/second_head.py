"""A second head for a net of the sample, on its own frozen encoder: an explainer that was trained on the encoder (TVE)
serves it too.

    python3 second_head.py ../models/scenes-cnn.onnx DIR --output number-cnn.onnx [--task number]

number: whether a scene has one object or several.  sky: day, dusk or night, in places with a sky.  DIR holds random
scenes as folder.py rendered them, any set.  Only the last layer is fitted, everything up to it stays as it is.  Beside
the net lie its sidecar and labels.
"""
import argparse
import json
import os

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from PIL import Image

WITHOUT_SKY = ("room", "underwater")
TIMES = {"day": 0, "morning": 0, "overcast": 0, "sunset": 1, "dusk": 1, "night": 2}
#: labels, and the index of a scene's (None: the scene says nothing)
TASKS = {
    "number": (["one", "several"], lambda scene: int(len(scene["objects"]) > 1)),
    "sky": (["day", "dusk", "night"], lambda scene: None if scene["place"] in WITHOUT_SKY else TIMES[scene["sky"]]),
}
#: weights of the penalty to choose from: more than that leaves nothing of a head, less is no better on held-out scenes
DECAYS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)


def labelled(folder, task):
    """-> paths of the scenes that say something, [N] their labels."""
    with open(os.path.join(folder, "scenes.json"), encoding="utf-8") as file:
        known = [(s["file"], TASKS[task][1](s)) for s in json.load(file)]
    known = [(os.path.join(folder, name), label) for name, label in known if label is not None]
    return [path for path, _ in known], np.array([label for _, label in known])


def picture(path, side):
    """The picture as the nets of the sample see it: see ../models/scenes-cnn.json."""
    image = Image.open(path).convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
    return (np.asarray(image, np.float32).transpose(2, 0, 1) / 255 - 0.5) / 0.25


def last_layer(model):
    last = next(n for n in model.graph.node if n.output[0] == model.graph.output[0].name)
    if last.op_type != "Gemm":
        raise SystemExit(f"The model ends in {last.op_type}, not in Gemm.")
    return last


def embed(model, paths):
    """-> [N,D]: what feeds the last layer."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    del probe.graph.output[:]
    probe.graph.output.append(helper.make_tensor_value_info(last_layer(model).input[0], onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(probe.SerializeToString(), providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    parts = [paths[i:i + 32] for i in range(0, len(paths), 32)]
    return np.concatenate([session.run(None, {given.name: np.stack([picture(p, given.shape[-1]) for p in part])})[0]
                           for part in parts]).reshape(len(paths), -1)


def softmax(logits):
    e = np.exp(logits - logits.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def fit(x, y, n, decay):
    """Multinomial logistic regression with a penalty of `decay` |W|^2 / 2, by Newton's method -> W [n,D], b [n]."""
    mean, spread = x.mean(0, dtype=np.float64), x.std(0, dtype=np.float64) + 1e-6
    z = np.hstack([(x - mean) / spread, np.ones((len(x), 1))])
    target, width = np.eye(n)[y], z.shape[1]
    # Softmax leaves the mean over the classes open: a little penalty on the biases, too, fixes it.
    penalty = np.tile(np.append(np.full(width - 1, decay), 1e-6), n)
    w = np.zeros((n, width))

    def loss(w):
        return -(np.log(softmax(z @ w.T) + 1e-300) * target).sum() / len(z) + (penalty * w.ravel() ** 2).sum() / 2

    for _ in range(50):
        p = softmax(z @ w.T)
        slope = ((p - target).T @ z).ravel() / len(z) + penalty * w.ravel()
        if np.abs(slope).max() < 1e-8:
            break
        hessian = np.zeros((n, width, n, width))
        for a in range(n):
            for b in range(n):
                hessian[a, :, b] = (z * (p[:, a] * ((a == b) - p[:, b]))[:, None]).T @ z / len(z)
        step = np.linalg.solve(hessian.reshape(n * width, -1) + np.diag(penalty), slope).reshape(w.shape)
        length, now = 1.0, loss(w)
        while loss(w - length * step) > now and length > 1e-4:
            length /= 2
        w -= length * step
    weight = w[:, :-1] / spread
    return weight, w[:, -1] - weight @ mean


def right(x, y, head):
    return float(np.mean((x @ head[0].T + head[1]).argmax(1) == y))


def fit_best(x, y, n):
    """The decay that does best on each fifth scene, then all scenes -> W, b, share of those fifths that were right."""
    held = np.arange(len(y)) % 5 == 4
    scores = [right(x[held], y[held], fit(x[~held], y[~held], n, d)) for d in DECAYS]
    best = int(np.argmax(scores))
    return *fit(x, y, n, DECAYS[best]), scores[best]


def replace_head(model, w, b):
    last = last_layer(model)
    transposed = next((a.i for a in last.attribute if a.name == "transB"), 0)
    values = {last.input[1]: w if transposed else w.T, last.input[2]: b}
    for tensor in model.graph.initializer:
        if tensor.name in values:
            tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values[tensor.name], np.float32), tensor.name))
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = len(b)


def write(model, path, sidecar, task):
    stem = os.path.splitext(path)[0]
    onnx.checker.check_model(model)
    onnx.save(model, path)
    with open(sidecar, encoding="utf-8") as file:
        facts = json.load(file)
    facts |= {"name": f"{task.capitalize()} of the scenes ({os.path.basename(stem)})", "labels": os.path.basename(stem) + ".txt"}
    with open(stem + ".json", "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=1)
        file.write("\n")
    with open(stem + ".txt", "w", encoding="utf-8") as file:
        file.writelines(f"{label}\n" for label in TASKS[task][0])


def make(path, folder, task, output, fresh=None):
    """Writes the net with the second head -> share of the scenes of `fresh` (None: of those held out) it is right on."""
    model = onnx.load(str(path))
    paths, y = labelled(folder, task)
    w, b, score = fit_best(embed(model, paths), y, len(TASKS[task][0]))
    if fresh:
        paths, y = labelled(fresh, task)
        score = right(embed(model, paths), y, (w, b))
    replace_head(model, w, b)
    write(model, str(output), os.path.splitext(path)[0] + ".json", task)
    return score


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", metavar="MODEL.onnx")
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--task", choices=list(TASKS), default="number")
    parser.add_argument("--output", required=True, metavar="FILE.onnx")
    options = parser.parse_args()
    score = make(options.model, options.folder, options.task, options.output)
    print(f"{', '.join(TASKS[options.task][0])}: right on {score:.1%} of the scenes held out")


if __name__ == "__main__":
    main()
