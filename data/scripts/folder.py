"""Renders a folder of random scenes: pictures to train an explainer on, or to judge it with.

    python3 folder.py DIR --count 1500 --size 240x180       training: half with one object, the rest with two or three
    python3 folder.py DIR --set test --masks                 held out, with the exact mask of each object
    python3 folder.py DIR --set test --masks --twins         two objects of one class in each scene

DIR gets NAME.png, labels.csv (name,label; the classes of a scene joined by semicolons, main one first), scenes.json
as ../scenes has it, with the place and the sky too, and with --masks the masks.  No two sets share a scene, and the
same options always give the same pixels.
"""
import argparse
import csv
import functools
import itertools
import json
import multiprocessing
import os
import random

import numpy as np
from PIL import Image

from dataset import FIRST_SEED, random_classes
from objects import LABELS
from scenes import crowded, random_scene, render

#: added to the first seed of a set for scenes with two objects of one class
TWINS = 2_000_000
#: an object that shows less of itself, as a share of the picture, is no second answer to ask for
SMALLEST = 0.01


def twins(rng, index):
    """Two objects of one class, apart from each other and both to be seen."""
    kind = LABELS[index % len(LABELS)]
    while True:
        scene = random_scene(rng, [kind, kind])
        if any(crowded(a, b) for a, b in itertools.combinations(scene.objects, 2)):
            continue
        pixels, masks, _ = render(scene)
        if min(m.mean() for m in masks) >= SMALLEST:
            return scene, pixels, masks


def resized(pixels, size):
    image = Image.fromarray(pixels)
    return image if image.size == size else image.resize(size, Image.Resampling.BILINEAR)


def write_scene(options, index):
    """Renders scene `index` of the set into the folder -> its entry in scenes.json."""
    rng = random.Random(FIRST_SEED[options.set] + (TWINS if options.twins else 0) + index)
    if options.twins:
        scene, pixels, masks = twins(rng, index)
    else:
        scene = random_scene(rng, random_classes(rng, index))
        pixels, masks, _ = render(scene)
    stem = f"{'twins' if options.twins else options.set}-{index:05d}"
    resized(pixels, options.size).save(os.path.join(options.folder, f"{stem}.png"))
    objects = []
    for number, (thing, mask) in enumerate(zip(scene.objects, masks)):
        objects.append({"class": thing.kind})
        if options.masks:
            again = sum(t.kind == thing.kind for t in scene.objects[:number])
            path = f"masks/{stem}.{thing.kind}{f'-{again + 1}' if again else ''}.png"
            solid = np.asarray(resized(mask.astype(np.uint8) * 255, options.size)) > 127
            Image.fromarray(solid.astype(np.uint8) * 255).save(os.path.join(options.folder, path), optimize=True)
            objects[-1] |= {"mask": path, "share": round(float(solid.mean()), 4)}
    return {"file": f"{stem}.png", "place": scene.place, "sky": scene.sky, "objects": objects}


def write_folder(options):
    os.makedirs(os.path.join(options.folder, "masks") if options.masks else options.folder, exist_ok=True)
    with multiprocessing.Pool(options.workers) as pool:
        index = pool.map(functools.partial(write_scene, options), range(options.count), chunksize=10)
    with open(os.path.join(options.folder, "labels.csv"), "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["name", "label"])
        for entry in index:
            table.writerow([entry["file"], ";".join(dict.fromkeys(o["class"] for o in entry["objects"]))])
    with open(os.path.join(options.folder, "scenes.json"), "w", encoding="utf-8") as file:
        json.dump(index, file, indent=1)
        file.write("\n")


def size_of(text):
    width, height = map(int, text.split("x"))
    return width, height


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--set", choices=list(FIRST_SEED), default="train")
    parser.add_argument("--count", type=int, default=200, metavar="N")
    parser.add_argument("--size", type=size_of, default=(480, 360), metavar="WxH")
    parser.add_argument("--masks", action="store_true", help="write the objects' masks")
    parser.add_argument("--twins", action="store_true", help="two objects of one class in each scene")
    parser.add_argument("--workers", type=int, default=2)
    write_folder(parser.parse_args())


if __name__ == "__main__":
    main()
