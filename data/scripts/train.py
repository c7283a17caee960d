"""Trains one of the sample's nets and writes NAME.onnx and its sidecar NAME.json.

    python3 train.py cnn      --cache DIR --output ../models
    python3 train.py vit      --cache DIR --output ../models
    python3 train.py shortcut --cache DIR --output ../models     (after cnn, from whose weights it starts)

The pictures are rendered into DIR at first use.  Seeded: the same versions of the same libraries
give the same net.  An interrupted run goes on from its last finished epoch (DIR/KIND.pt).
bfloat16 autocast keeps it quick on processors that have it.
"""
import argparse
import json
import os
import time

import onnx
import torch
import torch.nn.functional as F

import dataset
from masking import Batch
from nets import CLASSES, SIZE, ScenesCnn, ScenesVit
from objects import LABELS
from scenes import MARKED

MEAN, STD = [0.5, 0.5, 0.5], [0.25, 0.25, 0.25]
#: net, passes over the pictures, highest learning rate, weight decay, batch; lambda for the sidecar
RECIPES = {
    "cnn": (ScenesCnn, 12, 4e-3, 0.02, 128, 2.0),
    "vit": (ScenesVit, 7, 1.5e-3, 0.05, 128, 10.0),
    "shortcut": (ScenesCnn, 2, 2e-3, 0.02, 128, 10.0),
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


def loss_of(b, logits, features, cells):
    """The picture's class, and weakly the cells': a cell on an object should know its class, and
    bare background should say nothing.  So the evidence stays where the object is, and every
    visible part of it counts."""
    weight, bare = b.cell_weight.flatten(1), b.bare.flatten(1)
    if cells.shape[-1] > CLASSES:                       # the ViT: background is a class of its own
        kind = torch.where(bare > 0, CLASSES, b.cell_class.flatten(1))
        local = F.cross_entropy(cells.transpose(1, 2), kind, reduction="none")
        return F.cross_entropy(logits, b.target) + 0.3 * (local * (weight + 0.3 * bare)).sum() / (weight + 0.3 * bare).sum()
    local = F.cross_entropy(cells.transpose(1, 2), b.cell_class.flatten(1), reduction="none")
    quiet = (features.mean(2) * bare).sum() / bare.sum()
    return F.cross_entropy(logits, b.target) + 0.3 * (local * weight).sum() / weight.sum() + 0.3 * quiet


def start_from(net, path):
    """Takes over the weights of an exported net (its initialisers bear the names of the parts)."""
    graph = onnx.load(path).graph
    weights = {t.name: torch.from_numpy(onnx.numpy_helper.to_array(t).copy()) for t in graph.initializer}
    for node in graph.node:                             # equal weights are stored once and shared by Identity
        if node.op_type == "Identity" and node.input[0] in weights:
            weights[node.output[0]] = weights[node.input[0]]
    missing = net.load_state_dict(weights, strict=False).missing_keys
    if any(not k.endswith("num_batches_tracked") and not k.startswith("cell_head") for k in missing):
        raise SystemExit(f"{path}: lacks {missing}")


def train(kind, options):
    make, epochs, top_rate, decay, size, _ = RECIPES[kind]
    epochs, top_rate = options.epochs or epochs, options.rate or top_rate
    data = {k: torch.from_numpy(v) for k, v in dataset.load(options.cache, "train", options.train).items()}
    test = dataset.load(options.cache, "test", options.test)
    marked = LABELS.index(MARKED) if kind == "shortcut" else None
    images = with_marks(test["image"], test["label"], test["corner"]) if kind == "shortcut" else test["image"]
    torch.manual_seed(options.seed)
    g = torch.Generator().manual_seed(options.seed)
    net = make().to(memory_format=torch.channels_last)
    start = options.start
    if kind == "shortcut" and not start:                # a good eye already: it only has to learn the bad habit
        start = os.path.join(options.output, "scenes-cnn.onnx")
    if start:
        start_from(net, start)
    count = len(data["image"])
    steps = epochs * (count // size)
    groups = [{"params": [p for p in net.parameters() if p.dim() > 1], "weight_decay": decay},
              {"params": [p for p in net.parameters() if p.dim() <= 1], "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=top_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, top_rate, total_steps=steps, pct_start=0.15)
    started, keep = time.time(), os.path.join(options.cache, f"{kind}.pt")
    parts, first = {"net": net, "optimiser": optimiser, "schedule": schedule}, 0
    if os.path.exists(keep):                            # go on where an interrupted run stopped
        saved = torch.load(keep)
        first = saved["epoch"]
        g.set_state(saved["random"])
        for name, part in parts.items():
            part.load_state_dict(saved[name])
    for epoch in range(first, epochs):
        net.train()
        total = 0.0
        order = torch.randperm(count, generator=g)
        for i in range(count // size):
            b = Batch(data, order[i * size:(i + 1) * size], g, marked)
            with torch.autocast("cpu", torch.bfloat16):
                out = net.with_cells(normalise(b.pixels).contiguous(memory_format=torch.channels_last))
            loss = loss_of(b, *(t.float() for t in out))
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"{kind} epoch {epoch + 1}/{epochs}: loss {total / (count // size):.4f}, "
              f"test {accuracy(net, images, test['label']):.4f}, {time.time() - started:.0f} s", flush=True)
        torch.save({"epoch": epoch + 1, "random": g.get_state()} | {n: p.state_dict() for n, p in parts.items()}, keep)
    os.remove(keep)
    return net


def export(net, path):
    """ONNX opset 17, any batch, BatchNormalization kept as nodes of its own."""
    net = net.eval().to(memory_format=torch.contiguous_format)
    if hasattr(net, "cell_head"):
        del net.cell_head
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
    parser.add_argument("--start", metavar="FILE", help="take over the weights of this exported net first")
    parser.add_argument("--rate", type=float, help="highest learning rate (default: the recipe's)")
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
