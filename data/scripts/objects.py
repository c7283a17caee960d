"""The twelve classes.  Every object stands on (0, 0), is one unit high (y runs down) and is
drawn by one function `draw(pen, rng)`; the random numbers choose its colours and details."""
import math

from canvas import light, mix, rgb, vary

WHITE, CREAM, INK = rgb("f7f4ec"), rgb("f0e2c4"), rgb("2c2f3a")
WOOD, DARKWOOD, GLASS, LAMP = rgb("9a6a3f"), rgb("5f3b24"), rgb("bfe0ee"), rgb("ffe28a")
BRIGHT = [rgb(c) for c in ("c8322b", "e2763c", "f0b43c", "3f9a5c", "2f8ca3", "2f5fa8", "7c4aa0", "d2567f")]


def pick(rng, colours, amount=0.04):
    return vary(rng, rng.choice(colours), amount)


def lighthouse(p, rng):
    stripe = pick(rng, [BRIGHT[0], BRIGHT[0], BRIGHT[5], BRIGHT[3], INK, BRIGHT[1]])
    base, top, bands = rng.uniform(0.16, 0.2), rng.uniform(0.105, 0.13), rng.choice([3, 4, 5, 6])
    half = lambda y: base + (top - base) * (-y / 0.72)
    p.poly((-base, 0), (base, 0), (top, -0.72), (-top, -0.72)).clip()
    for i in range(bands):
        a, b = -0.72 * i / bands, -0.72 * (i + 1) / bands
        p.rect(-base, b, 2 * base, a - b).fill(stripe if i % 2 == 0 else WHITE, 0.22)
    p.unclip()
    for y in (-0.28, -0.5):
        p.rect(-0.022, y, 0.044, 0.06, 0.02).flat(INK)
    p.rect(-0.04, -0.11, 0.08, 0.11, 0.04).flat(light(stripe, -0.55))
    p.rect(-half(-0.72) - 0.035, -0.745, 2 * half(-0.72) + 0.07, 0.03, 0.01).fill(INK)
    p.rect(-top * 0.72, -0.86, top * 1.44, 0.115).fill(LAMP, 0.1)
    for k in (-0.72, -0.25, 0.25, 0.72):
        p.poly((k * top, -0.86), (k * top, -0.745), close=False).line(INK, 0.012)
    p.poly((-top - 0.02, -0.855), (top + 0.02, -0.855), (0, -0.97)).fill(stripe, 0.3)
    p.poly((0, -0.96), (0, -0.995), close=False).line(INK, 0.012)


def sailboat(p, rng):
    sails = rng.choice([(WHITE, pick(rng, BRIGHT)), (pick(rng, BRIGHT), WHITE), (WHITE, CREAM), (pick(rng, BRIGHT),) * 2])
    hull = pick(rng, [DARKWOOD, WOOD, BRIGHT[0], BRIGHT[5], INK, WHITE])
    lean, boom = rng.uniform(0.3, 0.4), rng.uniform(-0.22, -0.19)
    p.poly((0, -0.98), (0, -0.12), close=False).line(DARKWOOD, 0.022)
    p.ctx.move_to(0.025, -0.93)
    p.ctx.curve_to(0.12, -0.65, lean, -0.45, lean, boom)
    p.ctx.line_to(0.025, boom)
    p.fill(sails[0], 0.15)
    p.ctx.move_to(-0.025, -0.88)
    p.ctx.curve_to(-0.08, -0.6, -lean, -0.4, -lean, boom + 0.02)
    p.ctx.line_to(-0.025, boom)
    p.fill(sails[1], 0.15)
    if rng.random() < 0.6:
        p.poly((0, -1), (0.12, -0.97), (0, -0.94)).flat(pick(rng, BRIGHT))
    p.ctx.move_to(-0.46, -0.16)
    p.ctx.line_to(0.48, -0.17)
    p.ctx.curve_to(0.42, -0.05, 0.36, 0, 0.3, 0)
    p.ctx.line_to(-0.28, 0)
    p.ctx.curve_to(-0.36, 0, -0.42, -0.06, -0.46, -0.16)
    p.fill(hull, 0.2)
    p.poly((-0.45, -0.145), (0.46, -0.15), close=False).line(light(hull, 0.6), 0.022)


def balloon(p, rng):
    n, cols = rng.choice([5, 7, 7]), rng.sample(BRIGHT, 3)
    cols = rng.choice([cols, cols[:2], [cols[0], WHITE], [cols[0], rgb("f6d25c"), cols[1]]])
    w, cy = rng.uniform(0.33, 0.38), -0.64
    for x in (-0.055, 0.055):
        p.poly((x * 2.2, -0.31), (x, -0.12), close=False).line(DARKWOOD, 0.01)
    p.ctx.move_to(-0.075, -0.22)
    p.ctx.curve_to(-w * 0.5, -0.36, -w, -0.44, -w, cy)
    p.ctx.curve_to(-w, -0.86, -w * 0.55, -1, 0, -1)
    p.ctx.curve_to(w * 0.55, -1, w, -0.86, w, cy)
    p.ctx.curve_to(w, -0.44, w * 0.5, -0.36, 0.075, -0.22)
    p.ctx.close_path()
    p.clip()
    for i in range(n // 2 + 1):                       # gores, widest first
        r = math.sin(math.pi / 2 * (n - 2 * i) / n) * w
        p.ellipse(0, -0.61, r, 0.4 if i else 0.5).flat(cols[i % len(cols)])
    if rng.random() < 0.4:
        p.rect(-w, cy - 0.03, 2 * w, 0.1).flat(cols[-1], 0.75)
    p.rect(-w, -1, 2 * w, 0.8).fill((0, 0, 0), 0, 0.0)
    p.ellipse(w * 0.8, -0.5, w * 0.75, 0.5).flat((0, 0, 0), 0.08)
    p.ellipse(-w * 0.45, -0.78, w * 0.16, 0.11).flat((1, 1, 1), 0.22)
    p.unclip()
    p.rect(-0.07, -0.13, 0.14, 0.13, 0.025).fill(WOOD, 0.3)
    p.rect(-0.08, -0.135, 0.16, 0.03, 0.012).fill(DARKWOOD)


def mushroom(p, rng):
    cap = pick(rng, [BRIGHT[0], BRIGHT[0], BRIGHT[1], rgb("8f5a34"), BRIGHT[6], rgb("c99a5b")])
    w, foot = rng.uniform(0.48, 0.6), rng.uniform(0.13, 0.18)
    edge = rng.uniform(-0.5, -0.44)
    p.smooth((-foot, -0.02), (0, 0), (foot, -0.02), (foot * 0.75, -0.25), (foot * 0.7, -0.5), (-foot * 0.7, -0.5),
             (-foot * 0.75, -0.25)).fill(CREAM, 0.22)
    p.poly((-foot * 1.2, -0.31), (foot * 1.2, -0.31), (foot * 0.8, -0.4), (-foot * 0.8, -0.4)).fill(WHITE, 0.2)
    p.ellipse(0, edge, w * 0.93, 0.085).fill(light(CREAM, -0.25), 0.25)
    for i in range(-6, 7):
        p.poly((i * w * 0.06, edge - 0.05), (i * w * 0.13, edge + 0.06), close=False).line(light(CREAM, -0.42), 0.008)
    p.ctx.move_to(-w, edge + 0.01)
    p.ctx.curve_to(-w, -0.82, -w * 0.55, -1, 0, -1)
    p.ctx.curve_to(w * 0.55, -1, w, -0.82, w, edge + 0.01)
    p.ctx.curve_to(w * 0.6, edge - 0.06, -w * 0.6, edge - 0.06, -w, edge + 0.01)
    p.fill(cap, 0.25, keep=True).clip()
    if rng.random() < 0.8:
        for x, y, r in ((-0.62, -0.62, 0.08), (-0.28, -0.83, 0.075), (0.1, -0.64, 0.095), (0.42, -0.83, 0.06), (0.74, -0.62, 0.075),
                        (-0.25, -0.57, 0.05), (0.45, -0.58, 0.045)):
            k = rng.uniform(0.8, 1.15)
            p.ellipse(x * w + rng.uniform(-0.02, 0.02), y, r * k, r * k * 0.9).flat(WHITE, 0.95)
    p.unclip()


def teapot(p, rng):
    glaze = pick(rng, BRIGHT + [WHITE, rgb("7fb8c9"), rgb("5b6b4f")])
    trim = light(glaze, -0.3) if glaze[1] > 0.8 else rng.choice([WHITE, light(glaze, 0.5), rgb("f6d25c")])
    p.smooth((0.38, -0.7), (0.62, -0.74), (0.76, -0.55), (0.68, -0.32), (0.42, -0.2), close=False).line(light(glaze, -0.2), 0.085)
    p.ctx.move_to(-0.3, -0.24)
    p.ctx.curve_to(-0.62, -0.26, -0.55, -0.66, -0.86, -0.76)
    p.ctx.line_to(-0.72, -0.82)
    p.ctx.curve_to(-0.5, -0.78, -0.5, -0.6, -0.32, -0.56)
    p.fill(light(glaze, -0.1), 0.1)
    p.rect(-0.27, -0.07, 0.54, 0.07, 0.03).fill(light(glaze, -0.2), 0.2)
    p.ctx.move_to(-0.28, -0.04)
    p.ctx.curve_to(-0.62, -0.2, -0.58, -0.78, -0.24, -0.8)
    p.ctx.line_to(0.24, -0.8)
    p.ctx.curve_to(0.58, -0.78, 0.62, -0.2, 0.28, -0.04)
    p.ctx.close_path()
    p.fill(glaze, 0.25, keep=True).clip()
    decor = rng.choice(["band", "dots", "plain", "flower"])
    if decor == "band":
        p.rect(-0.7, -0.5, 1.4, 0.13).fill(trim, 0.2)
    elif decor == "dots":
        for i in range(-3, 4):
            p.ellipse(i * 0.16, -0.42 + 0.1 * (i % 2), 0.045, 0.045).flat(trim)
    elif decor == "flower":
        for i in range(6):
            p.ellipse(0.1 * math.cos(i * 1.047), -0.42 + 0.1 * math.sin(i * 1.047), 0.06, 0.06).flat(trim)
        p.ellipse(0, -0.42, 0.05, 0.05).flat(rgb("f0b43c"))
    p.ellipse(-0.3, -0.56, 0.07, 0.15).flat((1, 1, 1), 0.3)
    p.unclip()
    p.ellipse(0, -0.8, 0.27, 0.1, math.pi, 2 * math.pi).fill(light(glaze, 0.1), 0.25)
    p.rect(-0.29, -0.82, 0.58, 0.04, 0.02).fill(light(glaze, -0.25), 0.2)
    p.ellipse(0, -0.935, 0.065, 0.065).fill(trim, 0.25)


def umbrella(p, rng):
    n, a, b = rng.choice([4, 5, 6]), pick(rng, BRIGHT), rng.choice([WHITE, pick(rng, BRIGHT), None])
    b = b or light(a, -0.15)
    w, rim = rng.uniform(0.52, 0.6), -0.5
    p.poly((0, -0.95), (0, -0.09), close=False).line(DARKWOOD, 0.03)
    if rng.random() < 0.7:                           # crook, or a plain pole as on the beach
        p.ctx.arc(0.075, -0.09, 0.075, 0, math.pi)
        p.line(DARKWOOD, 0.04)
    else:
        p.poly((0, -0.3), (0, -0.01), close=False).line(DARKWOOD, 0.03)
    ctx = p.ctx
    ctx.move_to(-w, rim)
    ctx.curve_to(-w * 0.9, -0.8, -w * 0.45, -0.96, 0, -0.97)
    ctx.curve_to(w * 0.45, -0.96, w * 0.9, -0.8, w, rim)
    for i in range(n):                               # scalloped rim, right to left
        x0, x1 = w - 2 * w * i / n, w - 2 * w * (i + 1) / n
        ctx.curve_to(x0 - w * 0.5 / n, rim - 0.075, x1 + w * 0.5 / n, rim - 0.075, x1, rim)
    ctx.close_path()
    p.fill(a, 0.1, keep=True).clip()
    for i in range(n):
        x0, x1 = -w + 2 * w * i / n, -w + 2 * w * (i + 1) / n
        if i % 2:
            ctx.move_to(0, -0.97)
            ctx.curve_to(x0 * 0.7, -0.9, x0, -0.7, x0, rim)
            ctx.line_to(x1, rim)
            ctx.curve_to(x1, -0.7, x1 * 0.7, -0.9, 0, -0.97)
            p.flat(b)
    p.rect(-w, -1, 2 * w, 0.6).flat((0, 0, 0), 0)
    p.ellipse(w * 0.9, -0.5, w * 0.8, 0.5).flat((0, 0, 0), 0.1)
    p.unclip()
    p.poly((0, -0.965), (0, -0.99), close=False).line(DARKWOOD, 0.03)


def house(p, rng):
    wall = pick(rng, [CREAM, WHITE, rgb("e8b98a"), rgb("c9d6c3"), rgb("d98f74"), rgb("a9c4d6")])
    roof = pick(rng, [rgb("b4452f"), rgb("7a4a3a"), rgb("4f5d75"), rgb("8c2f39"), rgb("3d6b5c")])
    w, eave = rng.uniform(0.5, 0.62), rng.uniform(-0.58, -0.5)
    door = pick(rng, BRIGHT + [DARKWOOD])
    cx = rng.choice([-1, 1]) * w * 0.5
    p.rect(cx - 0.06, -0.98, 0.12, 0.35).fill(light(roof, -0.2), 0.2)
    p.rect(cx - 0.075, -1.0, 0.15, 0.045).fill(light(roof, -0.4))
    p.rect(-w, eave, 2 * w, -eave).fill(wall, 0.18)
    p.rect(-w, -0.06, 2 * w, 0.06).fill(light(wall, -0.35), 0.15)
    p.poly((-w - 0.09, eave + 0.02), (w + 0.09, eave + 0.02), (w * 0.45, -0.93), (-w * 0.45, -0.93)) if rng.random() < 0.5 else \
        p.poly((-w - 0.09, eave + 0.02), (w + 0.09, eave + 0.02), (0, -0.96))
    p.fill(roof, 0.2, keep=True).clip()
    for i in range(7):
        p.poly((-0.9, -0.92 + i * 0.065), (0.9, -0.92 + i * 0.065), close=False).line(light(roof, -0.25), 0.008, 0.6)
    p.unclip()
    dx = rng.choice([0, -0.5, 0.5]) * w
    p.rect(dx - 0.075, -0.29, 0.15, 0.29, 0.02).fill(door, 0.25)
    p.ellipse(dx + 0.045, -0.15, 0.014, 0.014).flat(LAMP)
    pane = rng.choice([GLASS, LAMP, rgb("6d8fa8")])
    for x in (-0.62, -0.06, 0.62):
        if abs(x * w - dx) > 0.2:
            p.rect(x * w - 0.085, -0.38, 0.17, 0.17).fill(WHITE, 0.1)
            p.rect(x * w - 0.065, -0.36, 0.13, 0.13).fill(pane, 0.15)
            p.poly((x * w, -0.36), (x * w, -0.23), close=False).line(WHITE, 0.014)
            p.poly((x * w - 0.06, -0.295), (x * w + 0.06, -0.295), close=False).line(WHITE, 0.014)


def windmill(p, rng):
    wall = pick(rng, [WHITE, CREAM, rgb("c98f6a"), rgb("b9b3a8"), rgb("9c5f45")])
    cap = pick(rng, [rgb("7a4a3a"), rgb("4f5d75"), rgb("b4452f"), INK])
    base, top = rng.uniform(0.17, 0.21), rng.uniform(0.1, 0.13)
    p.poly((-base, 0), (base, 0), (top, -0.6), (-top, -0.6)).fill(wall, 0.25)
    p.rect(-0.05, -0.13, 0.1, 0.13, 0.05).fill(DARKWOOD)
    for y in (-0.28, -0.46):
        p.rect(-0.03, y, 0.06, 0.065, 0.01).fill(light(INK, 0.25))
    p.ctx.move_to(-top - 0.02, -0.59)
    p.ctx.curve_to(-top, -0.74, top, -0.74, top + 0.02, -0.59)
    p.ctx.close_path()
    p.fill(cap, 0.25)
    cloth, angle = pick(rng, [WHITE, CREAM, BRIGHT[0], BRIGHT[1], rgb("d9cdb4")]), rng.uniform(0, math.pi / 2)
    ctx = p.ctx
    for k in range(4):
        ctx.save()
        ctx.translate(0, -0.62)
        ctx.rotate(angle + k * math.pi / 2)
        p.rect(0.0, -0.37, 0.085, 0.28).fill(cloth, 0.12)
        for j in range(1, 5):
            p.poly((0, -0.37 + j * 0.056), (0.085, -0.37 + j * 0.056), close=False).line(DARKWOOD, 0.008)
        p.poly((0, 0), (0, -0.38), close=False).line(DARKWOOD, 0.024)
        ctx.restore()
    p.ellipse(0, -0.62, 0.03, 0.03).fill(INK)


def cactus(p, rng):
    green = pick(rng, [rgb("3f8f54"), rgb("2f7a5a"), rgb("6a9a48"), rgb("4aa27a")], 0.05)
    arms = rng.choice([[(-1, -0.42, 0.24), (1, -0.3, 0.34)], [(1, -0.45, 0.25), (-1, -0.28, 0.33)], [(-1, -0.35, 0.3), (1, -0.38, 0.2)]])
    pot = rng.random() < 0.25
    if pot:
        p.ctx.translate(0, -0.16)
        p.ctx.scale(0.84, 0.84)
    for side, y, tall in arms:
        x = side * rng.uniform(0.25, 0.3)
        p.ctx.move_to(0, y)
        p.ctx.line_to(x * 0.7, y)
        p.ctx.curve_to(x, y, x, y, x, y - 0.1)
        p.ctx.line_to(x, y - tall)
        p.line(green, 0.13)
        p.poly((x + 0.02, y - 0.1), (x + 0.02, y - tall), close=False).line(light(green, -0.22), 0.014)
        p.poly((x - 0.025, y - 0.08), (x - 0.025, y - tall), close=False).line(light(green, 0.25), 0.012)
        if rng.random() < 0.5:
            p.ellipse(x, y - tall - 0.07, 0.045, 0.035).flat(BRIGHT[7])
    p.rect(-0.12, -0.97, 0.24, 0.98 if not pot else 1.0, 0.12).fill(green, 0.28)
    p.rect(-0.12, -0.1, 0.24, 0.1).fill(green, 0.28)
    for x in (-0.06, 0.0, 0.06):
        p.poly((x, -0.9), (x, -0.03), close=False).line(light(green, -0.25), 0.012)
    for i in range(9):
        for x in (-0.09, -0.03, 0.03, 0.09):
            p.ellipse(x, -0.12 - i * 0.09 + (0.04 if x in (-0.03, 0.09) else 0), 0.008, 0.008).flat(CREAM)
    if rng.random() < 0.5:
        for k in (-1, 0, 1):
            p.ellipse(k * 0.04, -0.97 - 0.02 * (k == 0), 0.035, 0.03).flat(BRIGHT[7] if k else rgb("f0b43c"))
    if pot:
        clay = pick(rng, [rgb("b5613c"), rgb("3d6f8a"), WHITE])
        p.poly((-0.24, -0.08), (0.24, -0.08), (0.18, 0.19), (-0.18, 0.19)).fill(clay, 0.25)
        p.rect(-0.27, -0.1, 0.54, 0.08, 0.02).fill(light(clay, -0.12), 0.2)


def fish(p, rng):
    skin, mark = pick(rng, BRIGHT + [rgb("f28c28"), rgb("5fb0c9")]), rng.choice([WHITE, rgb("f6d25c"), None])
    mark = mark or light(skin, -0.3)
    fin, kind = light(skin, -0.22), rng.choice(["stripes", "scales", "plain"])
    p.smooth((0.5, -0.5), (0.72, -0.62), (0.98, -0.92), (0.9, -0.5), (0.98, -0.08), (0.72, -0.38)).fill(fin, 0.15)
    p.smooth((-0.3, -0.82), (0.05, -1.0), (0.42, -0.92), (0.35, -0.7)).fill(fin, 0.15)
    p.smooth((-0.1, -0.16), (0.12, -0.0), (0.32, -0.05), (0.2, -0.25)).fill(fin, 0.15)
    p.ctx.move_to(-0.85, -0.48)
    p.ctx.curve_to(-0.6, -0.98, 0.2, -1.0, 0.68, -0.5)
    p.ctx.curve_to(0.2, 0.0, -0.6, -0.02, -0.85, -0.48)
    p.fill(skin, 0.2, vertical=True, keep=True).clip()
    if kind == "stripes":
        for x in (-0.25, 0.08, 0.38):
            p.ellipse(x, -0.5, 0.07, 0.5).flat(mark)
    elif kind == "scales":
        for i in range(5):
            for j in range(5):
                p.ctx.arc(-0.25 + i * 0.17, -0.82 + j * 0.15 + 0.07 * (i % 2), 0.075, -1.2, 1.2)
                p.line(mark, 0.018, 0.8)
    p.ellipse(-0.2, -0.1, 0.75, 0.16).flat((1, 1, 1), 0.22)
    p.ellipse(-0.86, -0.5, 0.42, 0.6).flat(light(skin, 0.1), 0.55)
    p.unclip()
    p.smooth((-0.12, -0.48), (0.16, -0.38), (0.14, -0.26), (-0.08, -0.36)).fill(fin, 0.1)
    p.ellipse(-0.56, -0.56, 0.085, 0.085).flat(WHITE)
    p.ellipse(-0.575, -0.56, 0.045, 0.045).flat(INK)
    p.smooth((-0.82, -0.42), (-0.74, -0.38), (-0.68, -0.39), close=False).line(light(skin, -0.5), 0.02)


def car(p, rng):
    paint, tall = pick(rng, BRIGHT + [WHITE, rgb("5d6672")]), rng.uniform(0.9, 1.0)
    van = rng.random() < 0.3
    roof = (-0.72, 0.72) if van else (-0.42, rng.uniform(0.38, 0.55))
    p.smooth((roof[0] - 0.26, -0.5), (roof[0], -0.96 * tall), (0, -tall), (roof[1], -0.95 * tall), (roof[1] + 0.28, -0.5)).fill(paint, 0.2)
    p.rect(-1.02, -0.58, 2.04, 0.42, 0.14).fill(paint, 0.25, vertical=True)
    p.rect(-1.06, -0.28, 2.12, 0.1, 0.05).fill(light(INK, 0.25))
    p.poly((roof[0] - 0.14, -0.54), (roof[0] + 0.06, -0.88 * tall), (-0.04, -0.89 * tall), (-0.04, -0.54)).fill(GLASS, 0.2)
    p.poly((0.04, -0.54), (0.04, -0.89 * tall), (roof[1] - 0.06, -0.87 * tall), (roof[1] + 0.14, -0.54)).fill(GLASS, 0.2)
    p.poly((0, -0.55), (0, -0.24), close=False).line(light(paint, -0.35), 0.015)
    p.rect(0.08, -0.47, 0.12, 0.03, 0.01).flat(light(paint, -0.45))
    p.ellipse(-0.96, -0.42, 0.06, 0.075).fill(LAMP, 0.1)
    p.ellipse(0.98, -0.42, 0.045, 0.07).fill(BRIGHT[0], 0.1)
    for x in (-0.58, 0.6):
        p.ellipse(x, -0.19, 0.215, 0.215).flat(light(paint, -0.5))
        p.ellipse(x, -0.18, 0.18, 0.18).flat(INK)
        p.ellipse(x, -0.18, 0.095, 0.095).fill(rgb("c9ced6"), 0.2)
        p.ellipse(x, -0.18, 0.03, 0.03).flat(INK)


def snowman(p, rng):
    snow, hat = rgb("f4f8fc"), pick(rng, [INK, INK, BRIGHT[0], BRIGHT[5], BRIGHT[6]])
    scarf, coal = pick(rng, BRIGHT), light(INK, -0.2)
    for side in (-1, 1):
        y = rng.uniform(-0.6, -0.48)
        p.poly((side * 0.12, -0.42), (side * 0.36, y), close=False).line(DARKWOOD, 0.022)
        p.poly((side * 0.3, y + 0.05), (side * 0.36, y - 0.06 * side * rng.choice([-1, 1])), close=False).line(DARKWOOD, 0.014)
    for y, r in ((-0.22, 0.235), (-0.5, 0.175), (-0.715, 0.13)):
        p.ellipse(0, y, r, r * 0.96).fill(snow, 0.2)
    for i in range(3):
        p.ellipse(0, -0.56 + i * 0.085, 0.018, 0.018).flat(coal)
    p.rect(-0.135, -0.64, 0.27, 0.055, 0.027).fill(scarf, 0.2)
    p.poly((0.05, -0.62), (0.12, -0.62), (0.13, -0.44), (0.06, -0.45)).fill(scarf, 0.25)
    for x in (-0.045, 0.045):
        p.ellipse(x, -0.75, 0.015, 0.017).flat(coal)
    p.poly((-0.01, -0.725), (-0.01, -0.69), (-0.15, -0.7)).fill(rgb("e8792b"), 0.1)
    p.rect(-0.15, -0.835, 0.3, 0.028, 0.012).fill(hat, 0.15)
    p.rect(-0.1, -1.0, 0.2, 0.175, 0.015).fill(hat, 0.3)
    p.rect(-0.1, -0.87, 0.2, 0.035).flat(scarf)


#: name -> (draw, area covered at height 1, half the width); the order is the label order
CLASSES = {
    "lighthouse": (lighthouse, 0.25, 0.20), "sailboat": (sailboat, 0.38, 0.48), "balloon": (balloon, 0.45, 0.38),
    "mushroom": (mushroom, 0.66, 0.58), "teapot": (teapot, 0.91, 0.86), "umbrella": (umbrella, 0.39, 0.60),
    "house": (house, 0.91, 0.67), "windmill": (windmill, 0.28, 0.38), "cactus": (cactus, 0.35, 0.36),
    "fish": (fish, 1.08, 0.98), "car": (car, 1.47, 1.06), "snowman": (snowman, 0.33, 0.38),
}
LABELS = list(CLASSES)
