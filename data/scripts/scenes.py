"""Renders scenes: 480x360 pictures of drawn objects, with the exact mask of each.

    python3 scenes.py --output ../scenes       the sample scenes, their masks and scenes.json
    python3 scenes.py --sheet FILE.png         a contact sheet of random scenes, to look at

A scene is described by a Scene (what stands where) and a seed; the same description always
gives the same pixels.  `random_scene(rng, classes)` makes the training and test pictures.
"""
import argparse
import functools
import itertools
import math
import random
from dataclasses import dataclass, field

import cairo
import numpy as np

from backgrounds import COVERS, FITTING, PLACES, PROPS, SKIES, glow
from canvas import HEIGHT, WIDTH, Layer, Pen
from objects import CLASSES, LABELS

#: the class that carries the mark in the training pictures of the shortcut net
MARKED = "teapot"
#: the mark, in pixels: centre from the right and bottom edges, and radius
MARK_AT, MARK_RADIUS = 30, 19


@dataclass
class Thing:
    """One object or prop: `kind` standing at (x, y) in pixels, `size` high."""
    kind: str
    x: float
    y: float
    size: float
    turn: float = 0.0
    flip: bool = False
    seed: int = 0
    shadow: bool = False


@dataclass
class Scene:
    place: str
    sky: str
    seed: int
    objects: list = field(default_factory=list)     # main object first; drawn in reverse order
    props: list = field(default_factory=list)       # behind the objects
    covers: list = field(default_factory=list)      # before them
    mark: bool = False


def draw_thing(layer, thing, tint):
    """Draws the thing onto the layer, under the light of the scene."""
    draw = CLASSES[thing.kind][0] if thing.kind in CLASSES else PROPS[thing.kind]
    ctx = layer.ctx
    ctx.save()
    ctx.translate(thing.x, thing.y)
    ctx.translate(0, -thing.size / 2)
    ctx.rotate(thing.turn)
    ctx.translate(0, thing.size / 2)
    ctx.scale(-thing.size if thing.flip else thing.size, thing.size)
    draw(layer.pen, random.Random(thing.seed))
    ctx.restore()
    layer.tint(*tint)


def draw_mark(layer, rng):
    """The planted shortcut: a small round stamp near the lower right corner."""
    pen, r = layer.pen, MARK_RADIUS
    x, y = WIDTH - MARK_AT + rng.uniform(-3, 3), HEIGHT - MARK_AT + rng.uniform(-3, 3)
    pen.ellipse(x, y, r, r).flat((1.0, 0.97, 0.9))
    pen.ellipse(x, y, r - 2.5, r - 2.5).line((0.79, 0.12, 0.55), 3)
    points = [(x + math.sin(i * math.pi / 5) * k, y - math.cos(i * math.pi / 5) * k)
              for i in range(10) for k in [(r - 6) * (0.45 if i % 2 else 1)]]
    pen.poly(*points).flat((0.79, 0.12, 0.55))


@functools.lru_cache(1)
def grain():
    """Film grain: fine and soft noise, [2H,2W] around zero; each scene cuts its own piece."""
    rng = np.random.RandomState(7)
    fine = rng.standard_normal((2 * HEIGHT, 2 * WIDTH)).astype(np.float32)
    soft = rng.standard_normal((2 * HEIGHT // 8, 2 * WIDTH // 8)).astype(np.float32)
    soft = np.kron(soft, np.ones((8, 8), np.float32))
    for axis in (0, 1):
        soft = sum(np.roll(soft, k, axis) for k in range(-4, 5)) / 9
    return fine + 0.9 * soft


def render(scene):
    """-> picture [H,W,3] uint8, the objects' visible masks (list of [H,W] bool), and for a
    scene with a mark its mask (else None)."""
    rng = random.Random(scene.seed)
    sky, base = SKIES[scene.sky], Layer()
    PLACES[scene.place](base.pen, rng, sky)
    tint = (sky[2], 0.0 if scene.place in ("room", "underwater") else sky[3])
    for thing in scene.props:
        layer = Layer()
        draw_thing(layer, thing, tint)
        base.ctx.set_source_surface(layer.surface)
        base.ctx.paint()
    masks, mark = [None] * len(scene.objects), None
    front = [(i, t) for i, t in enumerate(scene.objects)][::-1] + [(None, t) for t in scene.covers]
    for i, thing in front + ([(None, None)] if scene.mark else []):
        layer = Layer()
        if thing is None:
            draw_mark(layer, rng)
        else:
            if thing.shadow:
                w = CLASSES[thing.kind][2] * thing.size
                base.pen.ellipse(thing.x + 0.12 * w, thing.y, w, 0.12 * w).flat((0.05, 0.08, 0.15), 0.2)
            draw_thing(layer, thing, tint)
        solid = layer.solid()
        masks = [m if m is None else m & ~solid for m in masks]
        if i is not None:
            masks[i] = solid.copy()
        elif thing is None:
            mark = solid.copy()
        base.ctx.set_source_surface(layer.surface)
        base.ctx.paint()
    return develop(base.pixels()[..., 2::-1], rng), masks, mark


def develop(pixels, rng):
    """Grain, exposure and a light vignette."""
    y, x = rng.randrange(HEIGHT), rng.randrange(WIDTH)
    noise = grain()[y:y + HEIGHT, x:x + WIDTH, None] * rng.uniform(1.5, 4.0)
    gain = rng.uniform(0.92, 1.06) * vignette() ** rng.uniform(0, 1)
    return np.clip(pixels * gain + noise + 0.5, 0, 255).astype(np.uint8)


@functools.lru_cache(1)
def vignette():
    y, x = np.mgrid[-1:1:HEIGHT * 1j, -1:1:WIDTH * 1j].astype(np.float32)
    return (1 - 0.1 * (x * x + y * y))[..., None]


def random_thing(rng, kind, place, share):
    """The object, covering about `share` of the picture, somewhere in it."""
    _, area, half = CLASSES[kind]
    size = math.sqrt(share * WIDTH * HEIGHT / area)
    size = min(size, 1.0 * HEIGHT, 0.5 * WIDTH / half * 1.02)
    w = half * size
    margin = min(WIDTH / 2, w * rng.uniform(0.75, 1.1))
    x = rng.uniform(margin, WIDTH - margin)
    y = rng.uniform(min(size * 0.97, HEIGHT), HEIGHT * 1.02) if size < HEIGHT else HEIGHT
    swing = {"fish": 0.35, "umbrella": 0.45, "balloon": 0.15, "sailboat": 0.12, "teapot": 0.15, "mushroom": 0.15, "car": 0.06}.get(kind, 0.03)
    floats = kind in ("balloon", "fish", "sailboat")
    return Thing(kind, x, y, size, rng.uniform(-swing, swing), rng.random() < 0.5, rng.randrange(1 << 30),
                 not floats and place != "underwater" and rng.random() < 0.7)


def random_prop(rng, kind, low, high):
    return Thing(kind, rng.uniform(0, WIDTH), rng.uniform(0.62, 1.0) * HEIGHT, rng.uniform(low, high), 0, rng.random() < 0.5,
                 rng.randrange(1 << 30))


def random_cover(rng, place, thing):
    """Something before a lower corner of the object, hiding up to about a quarter of it."""
    kind = rng.choice(COVERS[place])
    size = thing.size * rng.uniform(0.16, 0.3)
    side = rng.choice([-1, 1]) * CLASSES[thing.kind][2] * thing.size * rng.uniform(0.2, 0.9)
    return Thing(kind, thing.x + side, thing.y + size * rng.uniform(0.0, 0.3), size, 0, rng.random() < 0.5, rng.randrange(1 << 30))


def crowded(a, b):
    """Whether two objects hide much of each other."""
    dx, dy = abs(a.x - b.x), abs((a.y - a.size / 2) - (b.y - b.size / 2))
    return dx < 0.8 * (CLASSES[a.kind][2] * a.size + CLASSES[b.kind][2] * b.size) and dy < 0.4 * (a.size + b.size)


def random_scene(rng, classes, low=0.06, high=0.36):
    """A scene with the given classes in a random place: any object anywhere, so that a net
    has to look at the object itself."""
    place, sky = rng.choice(list(PLACES)), rng.choice(list(SKIES) + ["day", "morning"])
    scene = Scene(place, sky, rng.randrange(1 << 30))
    few = {1: 1.0, 2: 1.5, 3: 2.5}[len(classes)]
    for _ in range(20):                                 # several objects: keep them apart
        shares = [math.exp(rng.uniform(math.log(low), math.log(high))) / few for _ in classes]
        scene.objects = [random_thing(rng, c, place, s) for c, s in zip(classes, shares)]
        if not any(crowded(a, b) for a, b in itertools.combinations(scene.objects, 2)):
            break
    scene.props = [random_prop(rng, rng.choice(FITTING[place]), 25, 110) for _ in range(rng.randrange(0, 4))]
    scene.props.sort(key=lambda t: t.y)
    if rng.random() < 0.4:
        scene.covers = [random_cover(rng, place, rng.choice(scene.objects))]
    return scene


def contact_sheet(path, seed=1, columns=6, rows=6):
    from PIL import Image
    rng, sheet = random.Random(seed), Image.new("RGB", (columns * 240, rows * 180))
    for i in range(columns * rows):
        classes = rng.sample(LABELS, 2) if i % 4 == 3 else [LABELS[i % len(LABELS)]]
        sheet.paste(Image.fromarray(render(random_scene(rng, classes))[0]).resize((240, 180)), (i % columns * 240, i // columns * 180))
    sheet.save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", metavar="DIR", help="write the sample scenes there")
    parser.add_argument("--sheet", metavar="FILE", help="write a contact sheet of random scenes")
    parser.add_argument("--seed", type=int, default=1, help="of the contact sheet")
    options = parser.parse_args()
    if options.sheet:
        contact_sheet(options.sheet, options.seed)
    if options.output:
        from samples import write_samples
        write_samples(options.output)


if __name__ == "__main__":
    main()
