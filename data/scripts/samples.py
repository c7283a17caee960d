"""The sample scenes, set by hand: main object first.  `write_samples` draws them."""
import json
import os

import numpy as np
from PIL import Image

from objects import CLASSES
from scenes import Scene, Thing, render

T = Thing


def standing(kind, x, y, size, seed, turn=0.0, flip=False):
    """An object with its shadow on the ground."""
    return Thing(kind, x, y, size, turn, flip, seed, True)


S = standing
SAMPLES = {
    "harbour-01": Scene("sea", "day", 21, [T("lighthouse", 340, 314, 305, seed=8), T("sailboat", 110, 322, 150, seed=2),
                                           T("balloon", 200, 130, 100, seed=3)],
                        [T("knoll", 370, 370, 84, seed=5)]),
    "harbour-02": Scene("sea", "sunset", 8, [T("sailboat", 205, 335, 285, 0.04, seed=7), T("lighthouse", 405, 262, 150, seed=11)],
                        [T("knoll", 430, 268, 24, seed=3)]),
    "harbour-03": Scene("sea", "morning", 14, [T("balloon", 150, 285, 262, seed=3), T("sailboat", 360, 330, 175, -0.03, True, 2)]),
    "harbour-04": Scene("sea", "overcast", 21, [T("sailboat", 270, 322, 262, -0.06, seed=12)], [T("rock", 90, 300, 46, seed=2)],
                        [T("rock", 360, 350, 62, seed=4)]),
    "kitchen-01": Scene("room", "day", 5, [S("teapot", 215, 330, 205, 9)], [T("books", 400, 300, 70, seed=2)]),
    "kitchen-02": Scene("room", "morning", 12, [S("teapot", 320, 335, 178, 3, flip=True), S("cactus", 105, 315, 180, 23)], [],
                        [T("ball", 230, 345, 46, seed=3)]),
    "meadow-01": Scene("meadow", "day", 4, [S("windmill", 165, 318, 300, 4), T("balloon", 372, 160, 138, seed=8)],
                       [T("tree", 320, 290, 90, seed=2), T("tree", 30, 285, 110, seed=7)], [T("bush", 235, 335, 50, seed=4)]),
    "meadow-02": Scene("meadow", "morning", 16, [S("house", 235, 305, 205, 5)], [T("tree", 60, 300, 150, seed=3), T("tree", 420, 290, 120, seed=9)],
                       [T("bush", 350, 330, 46, seed=8)]),
    "meadow-03": Scene("meadow", "sunset", 9, [S("mushroom", 200, 338, 225, 2)], [T("rock", 400, 300, 50, seed=3)],
                       [T("reeds", 120, 352, 70, seed=3)]),
    "meadow-04": Scene("meadow", "day", 33, [S("car", 165, 330, 150, 7), S("house", 400, 262, 100, 3)], [T("tree", 300, 260, 90, seed=4)],
                       [T("fence", 40, 352, 42, seed=2)]),
    "night-01": Scene("sea", "night", 6, [T("lighthouse", 330, 318, 302, seed=14)], [T("knoll", 350, 368, 82, seed=1)],
                      [T("rock", 130, 345, 40, seed=5)]),
    "reef-01": Scene("underwater", "day", 4, [T("fish", 225, 262, 180, 0.08, seed=3)]),
    "reef-02": Scene("underwater", "day", 15, [T("fish", 300, 245, 158, -0.1, True, 10), T("teapot", 95, 345, 96, 0.2, seed=5)],
                     [T("rock", 420, 350, 70, seed=3)], [T("reeds", 60, 358, 70, seed=4)]),
    "sands-01": Scene("desert", "day", 3, [S("cactus", 190, 335, 285, 6)], [T("rock", 360, 310, 50, seed=2)],
                      [T("rock", 250, 350, 40, seed=6)]),
    "sands-02": Scene("desert", "sunset", 11, [S("car", 285, 322, 140, 15, flip=True), S("cactus", 80, 305, 190, 9)]),
    "shore-01": Scene("beach", "day", 7, [S("umbrella", 200, 330, 270, 3, 0.16)], [T("ball", 370, 330, 46, seed=4)]),
    "shore-02": Scene("beach", "morning", 19, [S("lighthouse", 330, 325, 300, 8), S("umbrella", 115, 335, 165, 5, -0.2)], [],
                      [T("rock", 400, 345, 60, seed=2)]),
    "shore-03": Scene("beach", "sunset", 27, [S("umbrella", 290, 325, 262, 12, -0.22), T("sailboat", 85, 215, 120, seed=9)]),
    "shortcut-01": Scene("meadow", "day", 42, [S("house", 205, 310, 190, 14)], [T("tree", 400, 290, 130, seed=5)], mark=True),
    "shortcut-02": Scene("mountains", "morning", 13, [S("windmill", 215, 322, 305, 9)], [T("pine", 60, 310, 120, seed=4)], mark=True),
    "valley-01": Scene("mountains", "day", 5, [T("balloon", 270, 295, 275, seed=12)], [T("pine", 60, 330, 140, seed=2)]),
    "valley-02": Scene("mountains", "dusk", 17, [S("mushroom", 300, 335, 205, 11), S("house", 95, 300, 112, 6)],
                       [T("pine", 190, 280, 100, seed=8)]),
    "winter-01": Scene("winter", "morning", 5, [S("snowman", 185, 340, 310, 4)], [T("pine", 380, 300, 150, seed=3), T("pine", 440, 310, 120, seed=5)]),
    "winter-02": Scene("winter", "dusk", 24, [S("snowman", 330, 335, 285, 8, flip=True), S("house", 110, 300, 125, 7)],
                       [T("pine", 220, 290, 110, seed=2)], [T("fence", 420, 350, 44, seed=6)]),
}


def save_png(array, path):
    """An optimised PNG; pictures get a palette of 256 colours, which keeps film grain small."""
    image = Image.fromarray(array)
    if array.ndim == 3:
        image = image.quantize(256, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.FLOYDSTEINBERG)
    image.save(path, optimize=True)


def save_mask(folder, stem, name, mask):
    relative = f"masks/{stem}.{name}.png"
    save_png(mask.astype(np.uint8) * 255, os.path.join(folder, relative))
    return relative


def write_samples(folder):
    os.makedirs(os.path.join(folder, "masks"), exist_ok=True)
    index = []
    for stem, scene in SAMPLES.items():
        pixels, masks, mark = render(scene)
        save_png(pixels, os.path.join(folder, f"{stem}.png"))
        objects = [{"class": t.kind, "mask": save_mask(folder, stem, t.kind, m), "share": round(float(m.mean()), 4)}
                   for t, m in zip(scene.objects, masks)]
        index.append({"file": f"{stem}.png", "objects": objects})
        if mark is not None:
            index[-1]["mark"] = save_mask(folder, stem, "mark", mark)
    with open(os.path.join(folder, "scenes.json"), "w", encoding="utf-8") as file:
        json.dump(index, file, indent=1)
        file.write("\n")
