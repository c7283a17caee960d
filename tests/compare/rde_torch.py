"""Pixel RDE, CartoonX, AttEXplore and TVE (exact) once more in PyTorch, from their definitions, compared with the
program's maps on one model and one picture.

    python3 tests/compare/rde_torch.py BUILD/app/sightline-cli ../shared/models/resnet20_cifar10.onnx PICTURE.png \\
        --reference ../shared/reference [--steps 300] [--samples 16] [--only tve-exact,pixel-rde]

--reference is the folder of onnx_torch.py and preprocess.py. Needs torch, numpy, onnx, Pillow and PyWavelets (the
filter's taps).

TVE is compared as it is; AttEXplore without its random parts, where both must agree to rounding. The two
rate-distortion masks depend on noise that the two programs draw differently: there the correlation with PyTorch is
printed beside that of PyTorch with another seed, which is as much as can be had.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.setdefault("OMP_NUM_THREADS", "2")

import numpy as np
import torch
import torch.nn.functional as F


class Case:
    def __init__(self, net, normalise, pixels, target):
        self.net, self.normalise, self.pixels, self.target = net, normalise, pixels, target

    def probability(self, pixels):
        return self.net(self.normalise(pixels)).softmax(1)[:, self.target]


# ---- definitions ----

def tve(case, side=14, radius=2):
    x = case.normalise(case.pixels)
    size = x.shape[-1]
    cell = torch.arange(size) * side // size
    out = torch.zeros(side, side)
    with torch.no_grad():
        for u in range(side):
            for v in range(side):
                inside = ((cell - u).abs() <= radius)[:, None] & ((cell - v).abs() <= radius)[None]
                both = case.net(torch.cat([x * inside, x * ~inside]))[:, case.target]
                out[u, v] = both[0] - both[1]
    return out[None]


def attexplore(case, steps=10, epsilon=16 / 255):
    t = torch.arange(-3.0, 4.0)
    k = torch.exp(-t * t / 2)
    kernel = (k[:, None] * k[None] / (k.sum() ** 2)).expand(3, 1, 7, 7)
    x, momentum, total = case.pixels.clone(), 0, 0
    for _ in range(steps):
        leaf = x.clone().requires_grad_()
        loss = F.cross_entropy(case.net(case.normalise(leaf)), torch.tensor([case.target]))
        g = F.conv2d(torch.autograd.grad(loss, leaf)[0], kernel, padding=3, groups=3)
        momentum = momentum + g / g.abs().mean()
        moved = x - epsilon / steps * momentum.sign()
        moved = torch.minimum(torch.maximum(moved, case.pixels - epsilon), case.pixels + epsilon).clamp(0, 1)
        total = total - (moved - x) * momentum
        x = moved
    return total[0]


def optimise(case, shape, picture_of, weight, steps, samples, seed):
    torch.manual_seed(seed)
    with torch.no_grad():
        reference = case.probability(case.pixels)
    mask = torch.ones(shape, requires_grad=True)
    adam = torch.optim.Adam([mask], lr=0.1)
    for _ in range(steps):
        adam.zero_grad()
        distortion = (reference - case.probability(picture_of(mask, samples))).square().mean()
        (distortion + weight * mask.abs().mean()).backward()
        adam.step()
        with torch.no_grad():
            mask.clamp_(0, 1)
    return mask.detach()


def pixel_rde(case, steps, samples, seed):
    x = case.pixels
    def noisy(mask, n):
        v = x.mean() + x.std() * torch.randn(n, *x.shape[1:])
        return mask * x + (1 - mask) * v
    return optimise(case, x.shape[2:], noisy, 4, steps, samples, seed)[None]


def filters():
    import pywt
    low, high = (torch.tensor(f, dtype=torch.float32) for f in pywt.Wavelet("db3").filter_bank[2:])
    return torch.stack([a[:, None] * b[None] for a in (low, high) for b in (low, high)])[:, None]


def analyse(planes, levels, bank):
    """planes: n x 1 x H x W -> list of (size, n x 4 x h x w), finest first. Transpose of the synthesis."""
    out = []
    for _ in range(levels):
        size = planes.shape[2:]
        bands = F.conv2d(F.pad(planes, (4, 5, 4, 5)), bank, stride=2)
        out.append((size, bands[:, :, :(size[0] + 5) // 2, :(size[1] + 5) // 2]))
        planes = out[-1][1][:, :1]
    return out


def synthesise(pyramid, bank):
    low = pyramid[-1][1][:, :1]
    for size, bands in reversed(pyramid):
        full = F.conv_transpose2d(torch.cat([low, bands[:, 1:]], 1), bank, stride=2)
        low = full[:, :, 4:4 + size[0], 4:4 + size[1]]
    return low


def cartoonx(case, steps, samples, seed):
    x, bank = case.pixels, filters()
    side = min(x.shape[2:])
    levels = max(1, min(5, int(np.log2(side / 5))))
    h = analyse(x[0][:, None], levels, bank)
    shapes = [tuple(b.shape[1:]) for _, b in h]
    counts = [4 * s[1] * s[2] if i == levels - 1 else 3 * s[1] * s[2] for i, s in enumerate(shapes)]
    masks_of = lambda mask: [m.reshape(-1, s[1], s[2]) for m, s in zip(mask.split(counts), shapes)]

    def blend(mask, source, noise):
        out = []
        for i, ((size, bands), m) in enumerate(zip(h, masks_of(mask))):
            kept = bands if i == levels - 1 else bands[:, 1:]
            y = m * source(kept) + (1 - m) * noise(kept) if noise else m * source(kept)
            out.append((size, y if i == levels - 1 else torch.cat([torch.zeros_like(y[:, :1]), y], 1)))
        return synthesise(out, bank)

    def noisy(mask, n):
        def draw(bands):
            mean, std = bands.mean((0, 2, 3), keepdim=True), bands.std((0, 2, 3), keepdim=True)
            return mean + std * torch.randn(n * 3, *bands.shape[1:])
        return blend(mask, lambda b: b.repeat(n, 1, 1, 1), draw).reshape(n, 3, *x.shape[2:]).clamp(0, 1)

    mask = optimise(case, (sum(counts),), noisy, 1, steps, samples, seed)
    grey = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1, 1)
    return blend(mask, lambda b: (b * grey).sum(0, keepdim=True), None)[0].clamp(0, 1)


# ---- comparing ----

def program(args, method, settings):
    with tempfile.TemporaryDirectory() as folder:
        command = [args.cli, "explain", "--model", args.model, "--method", method, "--threads", "2", "-o", folder]
        subprocess.run(command + [f"--set={s}" for s in settings] + [args.picture], check=True,
                       stdout=subprocess.DEVNULL)
        stem = pathlib.Path(args.picture).stem
        with open(f"{folder}/{stem}.{method}.json", encoding="utf-8") as f:
            return np.load(f"{folder}/{stem}.{method}.npy"), json.load(f)


def agreement(a, b):
    a, b = np.asarray(a, np.float64).ravel(), np.asarray(b, np.float64).ravel()
    return np.corrcoef(a, b)[0, 1], np.linalg.norm(a - b) / np.linalg.norm(b)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cli")
    parser.add_argument("model")
    parser.add_argument("picture")
    parser.add_argument("--reference", required=True)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--only", default="tve-exact,attexplore,pixel-rde,cartoonx")
    args = parser.parse_args()
    sys.path.insert(0, args.reference)
    import onnx_torch
    import preprocess
    torch.set_num_threads(2)
    cfg = preprocess.sidecar(str(pathlib.Path(args.model).with_suffix(".json")))
    net = onnx_torch.OnnxModule(args.model)
    pixels = preprocess.load_pixels(args.picture, cfg)
    with torch.no_grad():
        target = int(net(preprocess.normalise(pixels, cfg)).argmax())
    case = Case(net, lambda p: preprocess.normalise(p, cfg), pixels, target)
    plain = ["sigma=0", "rho=0", "diversity=0", "samples=1"]
    optimiser = [f"steps={args.steps}", f"samples={args.samples}"]
    rows = {"tve-exact": (lambda seed: tve(case), []), "attexplore": (lambda seed: attexplore(case), plain),
            "pixel-rde": (lambda seed: pixel_rde(case, args.steps, args.samples, seed), optimiser),
            "cartoonx": (lambda seed: cartoonx(case, args.steps, args.samples, seed), optimiser)}
    print(f"{'method':12} {'Pearson':>10} {'relative L2':>12}   torch with another seed")
    for method in args.only.split(","):
        torch_map, settings = rows[method]
        ours, _ = program(args, method, settings)
        first = torch_map(0)
        pearson, l2 = agreement(ours, first)
        line = f"{method:12} {pearson:10.6f} {l2:12.2e}"
        if settings is optimiser:
            pearson, l2 = agreement(torch_map(1), first)
            line += f"   {pearson:10.6f} {l2:12.2e}"
        print(line, flush=True)


if __name__ == "__main__":
    main()
