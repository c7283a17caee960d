"""Training and test pictures, rendered once and kept in a folder of the caller's choice.

    python3 dataset.py --cache DIR [--train 24000] [--test 2000]

Each set is one .npz: `image` [N,96,96,3] uint8 (what the nets see: the 480x360 picture stretched
with Pillow's antialiased bilinear filter), `label` [N,3] (-1 where there are fewer objects),
`cover` [N,3,24,24] uint8 (how much of each cell the object covers), `corner` [N,CORNER,CORNER,3]
(the lower right corner as it looks with the mark).  Half of the training scenes have two or three objects.
"""
import argparse
import multiprocessing
import os
import random

import numpy as np
from PIL import Image

from objects import LABELS
from scenes import draw_mark, random_scene, render
from canvas import Layer

SIZE, GRID, CORNER, OBJECTS = 96, 24, 18, 3
#: first seed of each set: no two sets share a scene; "fresh" is for evaluate.py alone
FIRST_SEED = {"train": 1_000_000, "test": 5_000_000, "fresh": 9_000_000}


def shrink(pixels, size=SIZE):
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR))


def with_mark(pixels, rng):
    """The picture with the shortcut's mark drawn over it."""
    layer = Layer()
    draw_mark(layer, rng)
    over = layer.pixels().astype(np.float32)
    return (pixels * (1 - over[..., 3:] / 255) + over[..., 2::-1] + 0.5).clip(0, 255).astype(np.uint8)


def random_classes(rng, i):
    """What scene number `i` shows: half have one object, the rest two or three of different classes."""
    first = LABELS[i % len(LABELS)]
    more = rng.choices([0, 1, 2], [0.5, 0.35, 0.15])[0]
    return [first] + rng.sample([c for c in LABELS if c != first], more)


def one(task):
    """Renders one scene of a set: everything about it follows from its seed."""
    name, i = task
    rng = random.Random(FIRST_SEED[name] + i)
    classes = random_classes(rng, i) if name == "train" else [LABELS[i % len(LABELS)]]
    pixels, masks, _ = render(random_scene(rng, classes))
    cover = np.zeros((OBJECTS, GRID, GRID), np.uint8)
    for k, mask in enumerate(masks):
        cover[k] = shrink(mask.astype(np.uint8) * 255, GRID)
    labels = [LABELS.index(c) for c in classes] + [-1] * (OBJECTS - len(classes))
    corner = shrink(with_mark(pixels, rng))[-CORNER:, -CORNER:]
    return shrink(pixels), labels, cover, corner


def load(cache, name, count, workers=2):
    """The set as a dict of arrays, rendered at first use."""
    path = os.path.join(cache, f"{name}-{count}.npz")
    if not os.path.exists(path):
        os.makedirs(cache, exist_ok=True)
        with multiprocessing.Pool(workers) as pool:
            rows = pool.map(one, [(name, i) for i in range(count)], chunksize=50)
        arrays = dict(zip(("image", "label", "cover", "corner"), (np.stack([np.asarray(c) for c in column]) for column in zip(*rows))))
        np.savez(path + ".tmp.npz", **arrays)
        os.replace(path + ".tmp.npz", path)
    with np.load(path) as file:
        return dict(file)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", required=True, metavar="DIR", help="where the rendered sets are kept (about 1 GB)")
    parser.add_argument("--train", type=int, default=24000)
    parser.add_argument("--test", type=int, default=2000)
    options = parser.parse_args()
    for set_name, number in (("test", options.test), ("train", options.train)):
        print(set_name, load(options.cache, set_name, number)["image"].shape)
