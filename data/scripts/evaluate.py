"""Measures the nets of the sample.

    python3 evaluate.py accuracy --cache DIR [--net cnn]
        top-1 on 2,000 fresh single-object scenes (for the shortcut net: with the mark on its class)
    python3 evaluate.py ltx [--net cnn] [--lambdas 0.1,1,10] [--seeds 3] [--verbose]
        how well LTX points at the object in the sample scenes; needs the PyTorch reference
        implementation, looked for in ../shared/reference beside the project

For `ltx` the figures are means over scenes and head seeds:
  main    share of the top 10 % of the mask's pixels inside the mask of the predicted class's object
  second  where a scene shows other objects: of the N highest pixels, N being the object's size, the
          share inside it when its class is explained (before: when the main class is explained).
          POS AUC is 0 for a class that is not the prediction, so that its selection would keep
          the mask of step 0: here the mask with the lowest loss is taken
  mark    scenes with the shortcut's mark, where it decides (the shortcut net): of the N highest
          pixels, N being the mark's size, the share inside it; in brackets how often the highest
          pixel of all lies within four pixels of the mark
"""
import argparse
import json
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.dirname(HERE)


def accuracy(name, cache, count):
    import onnxruntime
    import dataset
    from train import MEAN, STD, with_marks
    data = dataset.load(cache, "fresh", count)
    images = with_marks(data["image"], data["label"], data["corner"]) if name == "shortcut" else data["image"]
    session = onnxruntime.InferenceSession(os.path.join(DATA, "models", f"scenes-{name}.onnx"))
    hits = 0
    for i in range(0, count, 100):
        x = ((images[i:i + 100] / 255 - MEAN) / STD).astype(np.float32).transpose(0, 3, 1, 2)
        logits = session.run(None, {"input": np.ascontiguousarray(x)})[0]
        hits += int((logits.argmax(1) == data["label"][i:i + 100, 0]).sum())
    print(f"scenes-{name}: {100 * hits / count:.2f} % of {count} fresh scenes")


def top_inside(heat, mask, count):
    """Share of the `count` highest pixels that lie inside the mask."""
    order = np.argsort(-heat.reshape(-1), kind="stable")[:count]
    return float(mask.reshape(-1)[order].mean())


class Sample:
    """A sample scene as the net sees it."""

    def __init__(self, entry, size):
        from PIL import Image
        folder = os.path.join(DATA, "scenes")
        shrink = lambda image: np.asarray(image.resize((size, size), Image.Resampling.BILINEAR), np.float32) / 255
        self.name = entry["file"]
        self.pixels = shrink(Image.open(os.path.join(folder, entry["file"])).convert("RGB")).transpose(2, 0, 1)[None].copy()
        self.masks = {o["class"]: shrink(Image.open(os.path.join(folder, o["mask"]))) >= 0.5 for o in entry["objects"]}
        self.mark = shrink(Image.open(os.path.join(folder, entry["mark"]))) >= 0.5 if "mark" in entry else None


def ltx(name, lambdas, seeds, reference, verbose, steps=25, rate=5e-4):
    sys.path.insert(0, reference)
    import onnx
    import torch
    import torch.nn.functional as F
    import onnx_torch
    from ltx import finetune, init_head
    from objects import LABELS
    from onnx_torch import OnnxModule
    from preprocess import normalise
    # operators of the ViT's export that the reference interpreter does not know
    onnx_torch.OPS.update({
        "Expand": lambda x, shape: x.expand(torch.broadcast_shapes(x.shape, tuple(shape.tolist()))),
        "ConstantOfShape": lambda shape, value: torch.full(shape.tolist(), int(onnx.numpy_helper.to_array(value)[0])),
        "Equal": torch.eq, "Where": torch.where})
    path = os.path.join(DATA, "models", f"scenes-{name}.onnx")
    with open(path[:-5] + ".json", encoding="utf-8") as file:
        config = json.load(file)
    with open(os.path.join(DATA, "scenes", "scenes.json"), encoding="utf-8") as file:
        samples = [Sample(e, config["input_size"][1]) for e in json.load(file)]
    net, size = OnnxModule(path), config["input_size"][1]

    def grow(s):
        return F.interpolate(torch.from_numpy(s)[None, None], size=(size, size), mode="bilinear", align_corners=False)[0, 0].numpy()

    def explain(pixels, cls, seed, lam, predicted=True):
        head = init_head(net, bool(net.of_type("Softmax")), size, seed)
        log, best, _ = finetune(path, config, pixels, cls, head, rate, lam, steps, check=predicted)
        if not predicted:
            return grow(min(log, key=lambda r: r["loss"])["mask"]), None, None
        return grow(log[best]["mask"]), log[best]["pos_auc"], best

    for lam in lambdas:
        main, second, before, marks, aucs, at = [], [], [], [], [], []
        for sample in samples:
            pixels = torch.from_numpy(sample.pixels)
            with torch.no_grad():
                predicted = LABELS[int(net(normalise(pixels, config)).argmax())]
            row = []
            for seed in range(seeds):
                heat, auc, step = explain(pixels, LABELS.index(predicted), seed, lam)
                if predicted in sample.masks:
                    row.append(top_inside(heat, sample.masks[predicted], heat.size // 10))
                    aucs.append(auc)
                    at.append(step)
                elif sample.mark is not None:
                    y, x = np.unravel_index(heat.argmax(), heat.shape)
                    marks.append((top_inside(heat, sample.mark, int(sample.mark.sum())),
                                  sample.mark[max(0, y - 4):y + 5, max(0, x - 4):x + 5].any()))
                for other in sample.masks if predicted in sample.masks else ():
                    if other != predicted:
                        n = int(sample.masks[other].sum())
                        before.append(top_inside(heat, sample.masks[other], n))
                        moved = explain(pixels, LABELS.index(other), seed, lam, False)[0]
                        second.append(top_inside(moved, sample.masks[other], n))
            main += row
            if verbose:
                print(f"  {sample.name}: {predicted}, inside " + " ".join(f"{v:.2f}" for v in row), flush=True)
        mean = lambda v: float(np.mean(v)) if v else float("nan")
        share, hit = (mean([m[k] for m in marks]) for k in (0, 1))
        print(f"scenes-{name} lambda {lam:g}: main {mean(main):.3f}, second {mean(second):.3f} (before {mean(before):.3f}), "
              f"mark {share:.3f} ({hit:.2f}), POS AUC {mean(aucs):.1f}, step {mean(at):.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["accuracy", "ltx"])
    parser.add_argument("--net", default="cnn,vit,shortcut", help="cnn, vit, shortcut; several with commas")
    parser.add_argument("--cache", metavar="DIR", help="where rendered scenes are kept (accuracy)")
    parser.add_argument("--count", type=int, default=2000, help="fresh scenes (accuracy)")
    parser.add_argument("--lambdas", help="sparsity weights to try (ltx; default: the sidecar's)")
    parser.add_argument("--seeds", type=int, default=3, help="random heads per scene (ltx)")
    parser.add_argument("--verbose", action="store_true", help="a line per scene (ltx)")
    parser.add_argument("--reference", metavar="DIR", default=os.path.join(DATA, "..", "..", "shared", "reference"))
    options = parser.parse_args()
    for name in options.net.split(","):
        if options.what == "accuracy":
            if not options.cache:
                parser.error("accuracy needs --cache")
            accuracy(name, options.cache, options.count)
        elif not os.path.isdir(options.reference):
            sys.exit(f"no reference implementation in {options.reference}")
        else:
            with open(os.path.join(DATA, "models", f"scenes-{name}.json"), encoding="utf-8") as file:
                default = json.load(file)["ltx"]["lambda"]
            lambdas = [float(v) for v in options.lambdas.split(",")] if options.lambdas else [default]
            ltx(name, lambdas, options.seeds, options.reference, options.verbose)


if __name__ == "__main__":
    main()
