"""Where the objects stand: skies, grounds, and things that belong to no class.

A place is painted by one function `place(pen, rng, sky)`, which returns the height of the
horizon; `sky` is a row of SKIES.  Props are drawn like objects: one unit high, standing on (0, 0).
"""
import math

import cairo

from canvas import HEIGHT as H, WIDTH as W, light, mix, rgb, vary

#: name -> (sky above, sky at the horizon, tint of the things below, its strength)
SKIES = {
    "day": (rgb("5fa3d9"), rgb("cfe6f2"), rgb("ffffff"), 0.0),
    "morning": (rgb("8fb8dc"), rgb("fbe3cf"), rgb("ffd9b0"), 0.10),
    "sunset": (rgb("f29a6b"), rgb("fbd9a3"), rgb("d9653f"), 0.20),
    "dusk": (rgb("4d4f8f"), rgb("e79a8f"), rgb("4b3a78"), 0.28),
    "overcast": (rgb("9aa7b3"), rgb("d5dadd"), rgb("7d8894"), 0.16),
    "night": (rgb("121a3c"), rgb("2f3f70"), rgb("121a40"), 0.42),
}


def gradient(pen, y0, y1, top, bottom):
    ramp = cairo.LinearGradient(0, y0, 0, y1)
    ramp.add_color_stop_rgb(0, *top)
    ramp.add_color_stop_rgb(1, *bottom)
    pen.ctx.rectangle(0, y0, W, y1 - y0)
    pen.ctx.set_source(ramp)
    pen.ctx.fill()


def glow(pen, x, y, r, colour, alpha):
    ramp = cairo.RadialGradient(x, y, 0, x, y, r)
    ramp.add_color_stop_rgba(0, *colour, alpha)
    ramp.add_color_stop_rgba(1, *colour, 0)
    pen.ctx.set_source(ramp)
    pen.ellipse(x, y, r, r).ctx.fill()


def toned(rng, colour, sky, amount=0.03):
    """A ground colour under the light of the sky."""
    return vary(rng, mix(colour, sky[2], sky[3]), amount)


def cloud(p, rng, alpha=0.85):
    tone = light(rgb("ffffff"), -rng.uniform(0, 0.06))
    for x, y, r in ((-0.9, -0.28, 0.3), (-0.4, -0.5, 0.46), (0.15, -0.62, 0.5), (0.62, -0.38, 0.38), (1.05, -0.22, 0.24)):
        k = rng.uniform(0.85, 1.1)
        p.ellipse(x, y, r * k, r * k * 0.8)
    p.rect(-1.15, -0.32, 2.4, 0.32, 0.16).flat(tone, alpha)


def heavens(pen, rng, sky, horizon):
    """Sky with sun or moon, stars, clouds and birds."""
    dark = sum(sky[0]) < 1
    low = vary(rng, sky[1])
    gradient(pen, 0, horizon, vary(rng, sky[0]), low)
    gradient(pen, horizon - 1, H, low, low)
    if dark:
        for _ in range(rng.randrange(25, 60)):
            r = rng.uniform(0.5, 1.4)
            pen.ellipse(rng.uniform(0, W), rng.uniform(0, horizon), r, r).flat((1, 1, 0.9), rng.uniform(0.3, 0.9))
    if rng.random() < 0.65:
        x, y, r = rng.uniform(30, W - 30), rng.uniform(30, max(40, horizon - 15)), rng.uniform(13, 26)
        tone = rgb("fdf3d0") if dark else rgb("fff0b8")
        glow(pen, x, y, r * 4, tone, 0.4)
        pen.ellipse(x, y, r, r).flat(tone, 0.95)
    for _ in range(rng.choice([0, 1, 2, 3, 4])):
        k = rng.uniform(14, 34)
        pen.ctx.save()
        pen.ctx.translate(rng.uniform(0, W), rng.uniform(25, max(30, horizon * 0.8)))
        pen.ctx.scale(k, k * 0.8)
        cloud(pen, rng, 0.25 if dark else rng.uniform(0.55, 0.9))
        pen.ctx.restore()
    if rng.random() < 0.35:
        for _ in range(rng.randrange(2, 6)):
            x, y, k = rng.uniform(20, W - 20), rng.uniform(20, horizon * 0.8), rng.uniform(4, 9)
            pen.smooth((x - k, y - k * 0.3), (x - k * 0.4, y - k * 0.55), (x, y), (x + k * 0.4, y - k * 0.55),
                       (x + k, y - k * 0.3), close=False).line(rgb("2c2f3a"), 1.6, 0.8)


def ridge(pen, rng, y, swing, colour, sharp=False):
    """A line of hills (or peaks) from edge to edge, filled down to the bottom."""
    n = rng.randrange(4, 8)
    tops = [(-40 + (W + 80) * i / n, y + (rng.uniform(-swing, swing) if not sharp or i % 2 else swing)) for i in range(n + 1)]
    pen.poly(*tops, close=False) if sharp else pen.smooth(*tops, close=False)
    pen.ctx.line_to(W + 60, H)
    pen.ctx.line_to(-60, H)
    pen.ctx.close_path()
    pen.fill(colour, 0.12, vertical=True)


def speckle(pen, rng, y0, colours, count, size=2.0):
    """Small dots or blades on the ground, larger near the viewer."""
    for _ in range(count):
        y = y0 + (H - y0) * rng.random() ** 0.7
        k = size * (0.4 + 0.8 * (y - y0) / max(1, H - y0))
        pen.ellipse(rng.uniform(0, W), y, k * 1.3, k * 0.7).flat(rng.choice(colours), rng.uniform(0.25, 0.7))


def tufts(pen, rng, y0, colour, count):
    for _ in range(count):
        x, y = rng.uniform(0, W), rng.uniform(y0 + 8, H)
        k = 3 + 8 * (y - y0) / max(1, H - y0)
        for dx in (-0.5, 0, 0.5):
            pen.poly((x, y), (x + dx * k, y - k), close=False).line(colour, 1.2, 0.6)


def waves(pen, rng, y0, y1, count):
    for _ in range(count):
        t = rng.random()
        y, k = y0 + 3 + (y1 - y0) * t, 4 + 16 * t
        x = rng.uniform(0, W)
        pen.poly((x, y), (x + k, y), close=False).line((1, 1, 1), 1 + t, rng.uniform(0.12, 0.4))


def sea(pen, rng, sky):
    y = rng.uniform(0.4, 0.66) * H
    heavens(pen, rng, sky, y)
    if rng.random() < 0.4:
        ridge(pen, rng, y - 4, 9, toned(rng, rgb("8aa6b5"), sky))
    top, bottom = toned(rng, rng.choice([rgb("4a8fb8"), rgb("5fa9b5"), rgb("6b9fc4")]), sky), toned(rng, rgb("1d4f78"), sky)
    gradient(pen, y, H, top, bottom)
    waves(pen, rng, y, H, rng.randrange(30, 80))
    return y


def beach(pen, rng, sky):
    y = rng.uniform(0.36, 0.5) * H
    heavens(pen, rng, sky, y)
    gradient(pen, y, H, toned(rng, rgb("4f9fbf"), sky), toned(rng, rgb("7fc4cf"), sky))
    waves(pen, rng, y, y + 70, 30)
    sand = toned(rng, rgb("ecd3a0"), sky)
    ridge(pen, rng, y + rng.uniform(50, 80), 6, light(sand, 0.35))
    ridge(pen, rng, y + rng.uniform(60, 90), 6, sand)
    speckle(pen, rng, y + 95, [light(sand, -0.25), light(sand, 0.4)], 70)
    return y + 60


def meadow(pen, rng, sky):
    y = rng.uniform(0.42, 0.64) * H
    heavens(pen, rng, sky, y + 25)
    green = rng.choice([rgb("7fae5a"), rgb("94b85f"), rgb("6a9f5f"), rgb("b3a860")])
    for i, tone in enumerate((0.35, 0.12, -0.12)):
        ridge(pen, rng, y + i * rng.uniform(18, 34), 14, toned(rng, light(green, tone), sky))
    tufts(pen, rng, y + 70, toned(rng, light(green, -0.45), sky), rng.randrange(10, 45))
    if rng.random() < 0.6:
        speckle(pen, rng, y + 70, [rgb("f7f4ec"), rgb("f0b43c"), rgb("d2567f"), rgb("b58ad0")], rng.randrange(10, 50))
    return y + 40


def mountains(pen, rng, sky):
    y = rng.uniform(0.46, 0.62) * H
    heavens(pen, rng, sky, y + 20)
    for k, tone in ((0.55, 0.3), (0.75, 0.0)):
        ridge(pen, rng, y * k + 20, rng.uniform(28, 46), toned(rng, light(rgb("7d8aa5"), tone), sky), sharp=True)
    green = rng.choice([rgb("5f8f57"), rgb("86a35c"), rgb("8a7f52")])
    ridge(pen, rng, y + 15, 10, toned(rng, light(green, 0.15), sky))
    ridge(pen, rng, y + 50, 10, toned(rng, green, sky))
    tufts(pen, rng, y + 60, toned(rng, light(green, -0.4), sky), 25)
    return y + 20


def winter(pen, rng, sky):
    y = rng.uniform(0.44, 0.62) * H
    heavens(pen, rng, sky, y + 20)
    for i, tone in enumerate((rgb("c9d8e6"), rgb("dbe6f0"), rgb("edf3f8"))):
        ridge(pen, rng, y + i * 30, 12, toned(rng, tone, sky))
    for _ in range(rng.choice([0, 60, 120])):
        r = rng.uniform(0.8, 2.2)
        pen.ellipse(rng.uniform(0, W), rng.uniform(0, H), r, r).flat((1, 1, 1), 0.8)
    return y + 40


def desert(pen, rng, sky):
    y = rng.uniform(0.46, 0.62) * H
    heavens(pen, rng, sky, y + 10)
    rock = toned(rng, rgb("c47b55"), sky)
    for _ in range(rng.randrange(0, 3)):                # table mountains
        x, w, h = rng.uniform(0, W), rng.uniform(30, 70), rng.uniform(25, 60)
        pen.poly((x - w, y + 12), (x - w * 0.7, y - h), (x + w * 0.6, y - h), (x + w, y + 12)).fill(rock, 0.2)
    sand = toned(rng, rng.choice([rgb("e8c07f"), rgb("dda874"), rgb("efd29b")]), sky)
    for i, tone in enumerate((0.1, -0.04, -0.14)):
        ridge(pen, rng, y + 8 + i * 34, 12, light(sand, tone) if tone > 0 else light(sand, tone))
    speckle(pen, rng, y + 60, [light(sand, -0.35), light(sand, 0.3)], 50)
    return y + 30


def room(pen, rng, sky):
    y = rng.uniform(0.6, 0.75) * H
    wall = vary(rng, rng.choice([rgb("d9c7b0"), rgb("b9cbc4"), rgb("e3c4b5"), rgb("9fb2c4"), rgb("cfc3d6"), rgb("6f8f86")]), 0.05)
    gradient(pen, 0, y, light(wall, 0.08), light(wall, -0.08))
    step, paper = rng.uniform(18, 40), rng.choice(["stripes", "dots", "plain"])
    for i in range(int(W / step) + 1):
        if paper == "stripes":
            pen.rect(i * step, 0, step / 2, y).flat(light(wall, 0.2), 0.5)
        for j in range(int(y / step) if paper == "dots" else 0):
            pen.ellipse((i + 0.5 * (j % 2)) * step, j * step + 8, 2.5, 2.5).flat(light(wall, 0.45), 0.7)
    x, k = rng.uniform(60, W - 60), rng.uniform(50, 75)
    if rng.random() < 0.7:                              # a window or a picture
        frame, view = rng.choice([(rgb("f7f4ec"), sky[0]), (rgb("9a6a3f"), vary(rng, rgb("a9b08a"), 0.15))])
        pen.rect(x - k, 30, 2 * k, 1.7 * k, 3).fill(frame, 0.1)
        pen.rect(x - k + 7, 37, 2 * k - 14, 1.7 * k - 14).fill(view, 0.2, vertical=True)
        if frame[0] > 0.9:
            pen.poly((x, 37), (x, 23 + 1.7 * k), close=False).line(frame, 5)
    wood = vary(rng, rng.choice([rgb("a8743f"), rgb("7d5233"), rgb("c79c6a"), rgb("8c8f94")]), 0.04)
    gradient(pen, y, H, wood, light(wood, -0.25))
    for i in range(1, 5):
        yy = y + (H - y) * (i / 5) ** 1.3
        pen.poly((0, yy), (W, yy), close=False).line(light(wood, -0.3), 1.2, 0.6)
    pen.rect(0, y - 5, W, 7).flat(light(wood, 0.2))
    return y


def underwater(pen, rng, sky):
    top = vary(rng, rng.choice([rgb("5fc0cf"), rgb("4a9fcf"), rgb("58b5a5")]), 0.05)
    gradient(pen, 0, H, top, mix(top, rgb("12305a"), 0.75))
    for _ in range(rng.randrange(2, 6)):                # shafts of light
        x, w = rng.uniform(0, W), rng.uniform(10, 40)
        pen.poly((x, 0), (x + w, 0), (x + w - 90, H), (x - 130, H)).flat((1, 1, 1), 0.07)
    sand = mix(rgb("e3cf9c"), rgb("2f6f8f"), 0.35)
    ridge(pen, rng, H - rng.uniform(40, 80), 12, light(sand, -0.15))
    ridge(pen, rng, H - rng.uniform(20, 45), 8, sand)
    for _ in range(rng.randrange(3, 9)):
        x, h, tone = rng.uniform(0, W), rng.uniform(30, 110), vary(rng, rng.choice([rgb("2f7d5b"), rgb("7d9f4a"), rgb("8f5a7d")]), 0.04)
        pen.smooth((x, H - 15), (x + 8, H - 15 - h / 3), (x - 6, H - 15 - h * 0.7), (x + 4, H - 15 - h), close=False).line(tone, 6, 0.9)
    for _ in range(rng.randrange(5, 25)):
        r = rng.uniform(1.5, 6)
        pen.ellipse(rng.uniform(0, W), rng.uniform(0, H), r, r).line((1, 1, 1), 1.2, 0.5)
    return H - 60


PLACES = {"sea": sea, "beach": beach, "meadow": meadow, "mountains": mountains, "winter": winter, "desert": desert,
          "room": room, "underwater": underwater}


# ---- things that belong to no class: behind the objects, or before them ----

def rock(p, rng):
    grey = vary(rng, rng.choice([rgb("8d8f94"), rgb("a3978a"), rgb("6f7480")]), 0.04)
    p.smooth((-0.8, 0), (-0.65, -0.6), (-0.1, -0.98), (0.5, -0.75), (0.82, 0)).fill(grey, 0.3)
    p.poly((-0.3, -0.65), (0.05, -0.8), (0.2, -0.5), close=False).line(light(grey, 0.3), 0.05)


def bush(p, rng):
    green = vary(rng, rng.choice([rgb("4f7d45"), rgb("6a8f4a"), rgb("3d6f55"), rgb("7d7a3f")]), 0.04)
    for x, y, r in ((-0.75, -0.3, 0.36), (0.72, -0.28, 0.34), (-0.3, -0.52, 0.45), (0.32, -0.5, 0.42)):
        p.ellipse(x, y, r, r).fill(green, 0.25)
    p.rect(-0.95, -0.3, 1.9, 0.3, 0.1).fill(green, 0.25)
    for _ in range(8):
        p.ellipse(rng.uniform(-0.8, 0.8), rng.uniform(-0.7, -0.1), 0.06, 0.04).flat(light(green, 0.3), 0.7)


def tree(p, rng):
    green = vary(rng, rng.choice([rgb("5a8f4a"), rgb("3f7a52"), rgb("a38a3f"), rgb("b5703f")]), 0.04)
    p.poly((-0.05, 0), (0.05, 0), (0.03, -0.5), (-0.03, -0.5)).fill(rgb("6b4a30"), 0.3)
    for x, y, r in ((-0.16, -0.55, 0.18), (0.17, -0.54, 0.17), (0, -0.76, 0.23), (0, -0.55, 0.2)):
        p.ellipse(x, y, r, r).fill(green, 0.2)


def pine(p, rng):
    green = vary(rng, rng.choice([rgb("2f6650"), rgb("45764a"), rgb("54707a")]), 0.04)
    p.rect(-0.04, -0.15, 0.08, 0.15).fill(rgb("5f4630"), 0.3)
    for y, w in ((-0.1, 0.3), (-0.35, 0.24), (-0.58, 0.17)):
        p.poly((-w, y), (w, y), (0, y - 0.4)).fill(green, 0.25)


def fence(p, rng):
    wood = vary(rng, rng.choice([rgb("f2eee4"), rgb("9a6a3f"), rgb("7d7468")]), 0.03)
    for y in (-0.7, -0.35):
        p.rect(-2.2, y, 4.4, 0.13).fill(wood, 0.1)
    for i in range(-4, 5):
        p.poly((i * 0.5 - 0.09, 0), (i * 0.5 + 0.09, 0), (i * 0.5 + 0.09, -0.85), (i * 0.5, -1), (i * 0.5 - 0.09, -0.85)).fill(wood, 0.15)


def knoll(p, rng):
    earth = vary(rng, rng.choice([rgb("5f7d45"), rgb("6b6f45"), rgb("4f6b5a"), rgb("8f8a5a")]), 0.04)
    p.smooth((-2.6, 0.4), (-1.6, -0.55), (-0.2, -1), (1.2, -0.62), (2.6, 0.4)).fill(earth, 0.22)
    for _ in range(10):
        x, y = rng.uniform(-1.4, 1.2), rng.uniform(-0.6, 0)
        p.poly((x, y), (x + 0.03, y - 0.12), close=False).line(light(earth, 0.3), 0.025, 0.7)


def reeds(p, rng):
    green = vary(rng, rng.choice([rgb("5f8a4a"), rgb("8a9a4f"), rgb("3f6f55")]), 0.04)
    for _ in range(16):
        x, lean, tall = rng.uniform(-0.7, 0.7), rng.uniform(-0.25, 0.25), rng.uniform(0.5, 1)
        p.smooth((x, 0.05), (x + lean * 0.3, -tall / 2), (x + lean, -tall), close=False).line(green, 0.055)


def books(p, rng):
    for i in range(3):
        cover = vary(rng, rng.choice([rgb("a8433a"), rgb("3f6f8f"), rgb("c9a35f"), rgb("5f7d5a")]), 0.04)
        p.rect(-0.8 + rng.uniform(-0.1, 0.1), -0.33 * (i + 1), 1.6, 0.3, 0.05).fill(cover, 0.2)


def ball(p, rng):
    tone = vary(rng, rng.choice([rgb("c9453a"), rgb("3f7fb5"), rgb("e0b04a"), rgb("8fb55a")]), 0.04)
    p.ellipse(0, -0.5, 0.5, 0.5).fill(tone, 0.35, keep=True).clip()
    p.ellipse(0, -0.5, 0.16, 0.5).flat(rgb("f7f4ec"), 0.9)
    p.unclip()


PROPS = {f.__name__: f for f in (rock, bush, tree, pine, fence, knoll, reeds, books, ball)}
#: what may stand about in a place
FITTING = {"sea": ["rock"], "beach": ["rock", "ball", "reeds"], "meadow": ["bush", "tree", "rock", "fence"],
           "mountains": ["pine", "rock", "bush"], "winter": ["pine", "rock", "fence"], "desert": ["rock", "bush"],
           "room": ["books", "ball"], "underwater": ["rock", "reeds"]}
#: what may stand before an object and hide a part of it
COVERS = {"sea": ["rock"], "beach": ["rock", "reeds", "knoll"], "meadow": ["bush", "fence", "knoll", "reeds"],
          "mountains": ["bush", "knoll", "rock", "reeds"], "winter": ["fence", "pine", "rock"], "desert": ["rock", "bush", "knoll"],
          "room": ["books", "ball"], "underwater": ["reeds", "rock"]}
