"""Drawing helpers shared by the scene scripts: colours, a pen, transparent layers."""
import math

import cairo
import numpy as np

WIDTH, HEIGHT = 480, 360


def rgb(hexa):
    """'c0392b' -> three floats in [0,1]."""
    return tuple(int(hexa[i:i + 2], 16) / 255 for i in (0, 2, 4))


def mix(a, b, t):
    """Colour between a (t = 0) and b (t = 1)."""
    return tuple(p + (q - p) * t for p, q in zip(a, b))


def light(colour, k):
    """Lighter (k > 0) or darker (k < 0) variant of a colour."""
    return mix(colour, (1, 1, 1) if k > 0 else (0, 0, 0), abs(k))


def vary(rng, colour, amount=0.05):
    """The colour with a small random change of each channel."""
    return tuple(min(1, max(0, c + rng.uniform(-amount, amount))) for c in colour)


class Pen:
    """A cairo context with the few shapes that flat illustrations are made of.

    Path methods return the pen, so that a shape reads as one line:
    `pen.ellipse(0, 0, 1, 1).fill(red)`.
    """

    def __init__(self, ctx):
        self.ctx = ctx
        ctx.set_line_cap(cairo.LINE_CAP_ROUND)
        ctx.set_line_join(cairo.LINE_JOIN_ROUND)

    def poly(self, *points, close=True):
        for x, y in points:
            self.ctx.line_to(x, y)
        if close:
            self.ctx.close_path()
        return self

    def smooth(self, *points, close=True):
        """A soft curve through all the points (Catmull-Rom)."""
        n = len(points)
        at = (lambda i: points[i % n]) if close else (lambda i: points[min(max(i, 0), n - 1)])
        self.ctx.move_to(*points[0])
        for i in range(n if close else n - 1):
            (ax, ay), (bx, by), (cx, cy), (dx, dy) = at(i - 1), at(i), at(i + 1), at(i + 2)
            self.ctx.curve_to(bx + (cx - ax) / 6, by + (cy - ay) / 6, cx - (dx - bx) / 6, cy - (dy - by) / 6, cx, cy)
        if close:
            self.ctx.close_path()
        return self

    def ellipse(self, x, y, rx, ry, start=0.0, end=2 * math.pi):
        ctx = self.ctx
        ctx.save()
        ctx.translate(x, y)
        ctx.scale(rx, ry)
        ctx.new_sub_path()
        ctx.arc(0, 0, 1, start, end)
        ctx.restore()
        return self

    def rect(self, x, y, w, h, r=0.0):
        """Rectangle, its corners rounded by r."""
        ctx = self.ctx
        if r <= 0:
            ctx.rectangle(x, y, w, h)
            return self
        r = min(r, w / 2, h / 2)
        ctx.new_sub_path()
        for cx, cy, k in ((x + w - r, y + r, -1), (x + w - r, y + h - r, 0), (x + r, y + h - r, 1), (x + r, y + r, 2)):
            ctx.arc(cx, cy, r, k * math.pi / 2, (k + 1) * math.pi / 2)
        ctx.close_path()
        return self

    def fill(self, colour, shade=0.16, alpha=1.0, vertical=False, keep=False):
        """Fills the path: lit from the left (or top), `shade` darker at the other side."""
        x0, y0, x1, y1 = self.ctx.path_extents()
        ramp = cairo.LinearGradient(x0, y0, x0, y1) if vertical else cairo.LinearGradient(x0, y0, x1, y0)
        ramp.add_color_stop_rgba(0, *light(colour, shade * 0.6), alpha)
        ramp.add_color_stop_rgba(0.45, *colour, alpha)
        ramp.add_color_stop_rgba(1, *light(colour, -shade), alpha)
        self.ctx.set_source(ramp)
        self.ctx.fill_preserve() if keep else self.ctx.fill()
        return self

    def flat(self, colour, alpha=1.0):
        self.ctx.set_source_rgba(*colour, alpha)
        self.ctx.fill()
        return self

    def line(self, colour, width, alpha=1.0):
        self.ctx.set_source_rgba(*colour, alpha)
        self.ctx.set_line_width(width)
        self.ctx.stroke()
        return self

    def clip(self):
        """Limits what follows to the path, until `unclip`."""
        self.ctx.save()
        self.ctx.clip()
        return self

    def unclip(self):
        self.ctx.restore()
        return self


class Layer:
    """A transparent picture of its own, laid over the scene once it is drawn."""

    def __init__(self):
        self.surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, WIDTH, HEIGHT)
        self.ctx = cairo.Context(self.surface)
        self.pen = Pen(self.ctx)

    def tint(self, colour, alpha):
        """Colours what is drawn so far, as evening light does."""
        if alpha > 0:
            self.ctx.identity_matrix()
            self.ctx.set_operator(cairo.OPERATOR_ATOP)
            self.ctx.set_source_rgba(*colour, alpha)
            self.ctx.paint()

    def pixels(self):
        """[H,W,4] uint8: blue, green, red, alpha (premultiplied)."""
        self.surface.flush()
        stride = self.surface.get_stride()
        return np.ndarray((HEIGHT, WIDTH, 4), np.uint8, self.surface.get_data(), 0, (stride, 4, 1))

    def solid(self):
        """[H,W] bool: where the layer covers what lies below."""
        return self.pixels()[..., 3] > 127
