"""Trains one of the sample's nets and writes NAME.onnx and its sidecar NAME.json.

    python3 train.py cnn      --cache DIR --output ../models
    python3 train.py vit      --cache DIR --output ../models
    python3 train.py shortcut --cache DIR --output ../models

The pictures are rendered into DIR at first use.  Seeded: the same versions of the same libraries
give the same net.  bfloat16 autocast keeps it quick on processors that have it.
"""
import argparse
import json
import os
import time

import torch
import torch.nn.functional as F

import dataset
from masking import batch
from nets import SIZE, ScenesCnn, ScenesVit
from objects import LABELS
from scenes import MARKED

MEAN, STD = [0.5, 0.5, 0.5], [0.25, 0.25, 0.25]
#: net, passes over the pictures, highest learning rate, weight decay, batch; lambda for the sidecar
RECIPES = {
    "cnn": (ScenesCnn, 12, 4e-3, 0.02, 128, 1.0),
    "vit": (ScenesVit, 16, 1e-3, 0.05, 128, 1.0),
    "shortcut": (ScenesCnn, 8, 4e-3, 0.02, 128, 1.0),
}


def normalise(pixels):
    return (pixels - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)


def with_marks(images, labels, corners):
    """The pictures with the mark on those, and only those, of the marked class."""
    images, has = images.copy(), labels[:, 0] == LABELS.index(MARKED)
    c = dataset.CORNER
    images[has, -c:, -c:] = corners[has]
    return images


def accuracy(net, images, labels):
    net.eval()
    with torch.no_grad():
        hits = 0
        for i in range(0, len(images), 250):
            x = torch.from_numpy(images[i:i + 250]).float().permute(0, 3, 1, 2) / 255
            hits += int((net(normalise(x)).argmax(1) == torch.from_numpy(labels[i:i + 250, 0])).sum())
    return hits / len(images)


def train(kind, options):
    make, epochs, top_rate, decay, size, _ = RECIPES[kind]
    epochs = options.epochs or epochs
    data = {k: torch.from_numpy(v) for k, v in dataset.load(options.cache, "train", options.train).items()}
    test = dataset.load(options.cache, "test", options.test)
    marked = LABELS.index(MARKED) if kind == "shortcut" else None
    images = with_marks(test["image"], test["label"], test["corner"]) if kind == "shortcut" else test["image"]
    torch.manual_seed(options.seed)
    g = torch.Generator().manual_seed(options.seed)
    net = make().to(memory_format=torch.channels_last)
    count = len(data["image"])
    steps = epochs * (count // size)
    groups = [{"params": [p for p in net.parameters() if p.dim() > 1], "weight_decay": decay},
              {"params": [p for p in net.parameters() if p.dim() <= 1], "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=top_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, top_rate, total_steps=steps, pct_start=0.15)
    started = time.time()
    for epoch in range(epochs):
        net.train()
        total = 0.0
        order = torch.randperm(count, generator=g)
        for i in range(count // size):
            pixels, target = batch(data, order[i * size:(i + 1) * size], g, marked)
            with torch.autocast("cpu", torch.bfloat16):
                logits = net(normalise(pixels).contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits.float(), target)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"{kind} epoch {epoch + 1}/{epochs}: loss {total / (count // size):.4f}, "
              f"test {accuracy(net, images, test['label']):.4f}, {time.time() - started:.0f} s", flush=True)
    return net


def export(net, path):
    """ONNX opset 17, any batch, BatchNormalization kept as nodes of its own."""
    net = net.eval().to(memory_format=torch.contiguous_format)
    torch.onnx.export(net, torch.zeros(2, 3, SIZE, SIZE), path, dynamo=False, opset_version=17, do_constant_folding=False,
                      training=torch.onnx.TrainingMode.PRESERVE, input_names=["input"], output_names=["logits"],
                      dynamic_axes={"input": {0: "N"}, "logits": {0: "N"}})


def write_sidecar(path, lam):
    values = {"name": "Sample scenes", "input_size": [3, SIZE, SIZE], "interpolation": "bilinear", "fit": "stretch", "crop": "none",
              "mean": MEAN, "std": STD, "scale": "0-1", "channel_order": "RGB", "labels": "scenes.txt", "ltx": {"lambda": lam}}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(values, file, indent=1)
        file.write("\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=RECIPES)
    parser.add_argument("--cache", required=True, metavar="DIR", help="where the rendered pictures are kept")
    parser.add_argument("--output", required=True, metavar="DIR", help="where the net and its sidecar go")
    parser.add_argument("--train", type=int, default=24000, help="pictures to train on")
    parser.add_argument("--test", type=int, default=2000, help="pictures to test on")
    parser.add_argument("--epochs", type=int, help="passes over the pictures (default: the recipe's)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    net = train(options.kind, options)
    os.makedirs(options.output, exist_ok=True)
    stem = os.path.join(options.output, f"scenes-{options.kind}")
    export(net, stem + ".onnx")
    write_sidecar(stem + ".json", RECIPES[options.kind][-1])
    with open(os.path.join(options.output, "scenes.txt"), "w", encoding="utf-8") as file:
        file.write("\n".join(LABELS) + "\n")


if __name__ == "__main__":
    main()
