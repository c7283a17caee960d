"""Times Sightline's methods and those of captum (and other packages) on one model and one picture, in pairs: in each
round first one, then the other, two threads each. Prints the medians, their ratio and how the two maps agree.

    python3 tests/bench/peers.py BUILD/app/sightline-cli ../shared/models/vit_tiny_patch16_224.onnx \\
        ../shared/images/chelsea.png --reference ../shared/reference [--rounds 5] [--only smooth-grad,rise]

--reference is the folder of onnx_torch.py and preprocess.py, which make a torch module and its input of the same files.
Needs torch, captum, numpy, onnx and Pillow from PyPI; a row whose package is missing is left out.

Both sides are warm: the program explains the picture twice in one run and the second time counts ("seconds" of the
JSON, which includes preparing the picture and predicting its class), the peer has run once before. Where a peer can
batch, its own default and batches of eight are tried in every round and the faster one counts.
"""
import argparse
import collections
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "2"

os.environ["TQDM_DISABLE"] = "1"

import numpy as np
import torch


# ---- peers: (case) -> map, channels x height x width or height x width ----
# case.net: torch module, batch x 3 x H x W -> batch x K; case.x: 1 x 3 x H x W; case.target: class; case.model: path;
# case.layer: name of the value that class activation maps look at by default

def captum_integrated_gradients(batch):
    def run(case):
        from captum.attr import IntegratedGradients
        return IntegratedGradients(case.net).attribute(case.x, target=case.target, n_steps=50,
                                                       method="gausslegendre", internal_batch_size=batch)
    return run


def captum_smooth_grad(batch):
    def run(case):
        from captum.attr import NoiseTunnel, Saliency
        level = 0.15 * float(case.x.max() - case.x.min())
        return NoiseTunnel(Saliency(case.net)).attribute(case.x, nt_type="smoothgrad", nt_samples=25, stdevs=level,
                                                         nt_samples_batch_size=batch, target=case.target, abs=False)
    return run


def package_cam(name, frozen, batch=None):
    """pytorch-grad-cam, which hooks modules: a module that passes the layer's value on. frozen: the gradient ends at
    the layer; else it runs on to every weight, as it does for a torchvision model out of the box."""
    class Layer(torch.nn.Module):
        def forward(self, value):
            return value.detach().requires_grad_(True) if frozen else value.clone()

    class Net(torch.nn.Module):
        def __init__(self, case):
            super().__init__()
            self.net, self.layer, self.name = case.net, Layer(), case.layer

        def forward(self, x):
            return self.net.run(x, [self.net.output], {self.name: self.layer})[0]

    def grid(tokens):
        side = int((tokens.shape[1] - 1) ** 0.5)
        return tokens[:, 1:].reshape(len(tokens), side, side, -1).permute(0, 3, 1, 2)

    def run(case):
        import pytorch_grad_cam
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
        net = Net(case)
        net.requires_grad_(not frozen)
        with torch.no_grad():
            tokens = case.net.run(case.x, [case.layer])[0].dim() == 3
        with getattr(pytorch_grad_cam, name)(net, [net.layer], reshape_transform=grid if tokens else None) as cam:
            if batch:
                cam.batch_size = batch
            result = cam(case.x, [ClassifierOutputTarget(case.target)])[0]
        net.requires_grad_(False)
        return result
    return run


RISE_MASKS = 400


def rise_masks(n, rows, cols, height, width, keep, generator):
    """n x 1 x height x width: random cells enlarged to (cells + 1) cell sizes, cut out at a random offset."""
    down, across = -(-height // rows), -(-width // cols)
    cells = (torch.rand(n, 1, rows, cols, generator=generator) < keep).float()
    large = torch.nn.functional.interpolate(cells, size=((rows + 1) * down, (cols + 1) * across), mode="bilinear",
                                            align_corners=False)
    tops = torch.randint(down, (n,), generator=generator).tolist()
    lefts = torch.randint(across, (n,), generator=generator).tolist()
    return torch.stack([m[:, y:y + height, x:x + width] for m, y, x in zip(large, tops, lefts)])


def torch_rise(batch):
    """RISE from its definition, in torch, as captum has none: mean over masks of p(x m) m / keep, 7 x 7 cells, keep 1/2.
    The masks are other ones than Sightline's, so the maps agree only as far as they have settled."""
    def run(case):
        generator = torch.Generator().manual_seed(0)
        height, width = case.x.shape[-2:]
        total = torch.zeros(height, width)
        with torch.no_grad():
            for start in range(0, RISE_MASKS, batch):
                masks = rise_masks(min(batch, RISE_MASKS - start), 7, 7, height, width, 0.5, generator)
                scores = case.net(case.x * masks).softmax(1)[:, case.target]
                total += torch.tensordot(scores, masks[:, 0], 1)
        return total / (0.5 * RISE_MASKS)
    return run


Row = collections.namedtuple("Row", "method settings peer_name peers")
ROWS = [
    Row("integrated-gradients", ["steps=50", "rule=gauss-legendre"], "captum",
        [captum_integrated_gradients(None), captum_integrated_gradients(8)]),
    Row("grad-cam", [], "pytorch-grad-cam", [package_cam("GradCAM", False), package_cam("GradCAM", True)]),
    Row("score-cam", ["variant=softmax-over-channels"], "pytorch-grad-cam",
        [package_cam("ScoreCAM", True), package_cam("ScoreCAM", True, 8)]),
    Row("smooth-grad", ["samples=25"], "captum", [captum_smooth_grad(None), captum_smooth_grad(8)]),
    Row("rise", ["masks=%d" % RISE_MASKS], "torch", [torch_rise(8), torch_rise(32)]),
]


# ---- running ----

def own(options, row, case):
    """(seconds, map, map at the input's size) of the second of two equal pictures of one run."""
    environment = {k: v for k, v in os.environ.items() if k not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    command = [options.cli, "explain", "--model", options.model, "--method", row.method, "--class", str(case.target),
               "--threads", "2"]
    for pair in row.settings:
        command += ["--set", pair]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(command + ["--output", folder, options.image, options.image], check=True, capture_output=True,
                       env=environment)
        stem = str(pathlib.Path(folder) / (pathlib.Path(options.image).stem + "-2." + row.method))
        record = json.loads(pathlib.Path(stem + ".json").read_text())
        return record["seconds"], np.load(stem + ".npy"), np.load(stem + ".input.npy")


def timed(peer, case):
    start = time.perf_counter()
    result = peer(case)
    seconds = time.perf_counter() - start
    return seconds, result.detach().numpy() if torch.is_tensor(result) else result


def plane(values):
    """Channels summed."""
    values = np.asarray(values, np.float64)
    return values.reshape((-1,) + values.shape[-2:]).sum(0)


def agreement(a, b):
    """Pearson's correlation of two maps; empty when their grids differ."""
    a, b = plane(a), plane(b)
    return "%.5f" % np.corrcoef(a.ravel(), b.ravel())[0, 1] if a.shape == b.shape else ""


def compare(options, row, case):
    for peer in row.peers:
        peer(case)
    ours, theirs = [], []
    for _ in range(options.rounds):
        seconds, map_a, map_at_input = own(options, row, case)
        ours.append(seconds)
        seconds, map_b = min((timed(peer, case) for peer in row.peers), key=lambda pair: pair[0])
        theirs.append(seconds)
    ratio = statistics.median(b / a for a, b in zip(ours, theirs))
    print("%-24s %9.2f s %9.2f s %6.2f x  %8s  %s" % (row.method, statistics.median(ours), statistics.median(theirs),
                                                      ratio, agreement(map_a, map_b) or agreement(map_at_input, map_b),
                                                      row.peer_name), flush=True)


def open_case(options):
    sys.path.insert(0, options.reference)
    from onnx_torch import OnnxModule
    import preprocess
    config = preprocess.sidecar(str(pathlib.Path(options.model).with_suffix(".json")))
    net = OnnxModule(options.model).eval()
    x = preprocess.normalise(preprocess.load_pixels(options.image, config), config)
    with torch.no_grad():
        target = int(net(x)[0].argmax())
    inspected = subprocess.run([options.cli, "inspect", "--json", options.model], check=True, capture_output=True)
    return argparse.Namespace(net=net, x=x, target=target, model=options.model,
                              layer=json.loads(inspected.stdout)["default_cam_target"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cli")
    parser.add_argument("model")
    parser.add_argument("image")
    parser.add_argument("--reference", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    torch.set_num_threads(2)
    case = open_case(options)
    print("%s, %s, class %d, median of %d pairs" % (pathlib.Path(options.model).stem,
                                                    pathlib.Path(options.image).stem, case.target, options.rounds))
    print("%-24s %11s %11s %8s  %8s" % ("method", "Sightline", "peer", "faster", "Pearson"))
    for row in ROWS:
        if options.only and row.method not in options.only.split(","):
            continue
        try:
            compare(options, row, case)
        except ImportError as problem:
            print("%-24s left out: %s" % (row.method, problem))


if __name__ == "__main__":
    main()
