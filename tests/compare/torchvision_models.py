"""Compares Sightline's engine with onnxruntime (logits) and PyTorch (input gradient) on torchvision's
classifiers with random weights, exported by both exporters of torch.onnx, at batch 1 and 4.

Run by hand; needs torch, torchvision, onnx, onnxscript and onnxruntime from PyPI:

    python3 tests/compare/torchvision_models.py BUILD/tests/run-model [NAME ...]

Ends with status 1 when a model does not open or a figure is out of bounds.
"""
import copy
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import torch
import torchvision

NAMES = """alexnet convnext_tiny densenet121 efficientnet_b0 efficientnet_v2_s googlenet inception_v3 maxvit_t
mnasnet1_0 mobilenet_v3_large regnet_y_400mf resnet18 resnet50 resnext50_32x4d shufflenet_v2_x1_0 swin_t
swin_v2_t vgg11_bn vit_b_16 wide_resnet50_2""".split()
LOGITS, GRADIENT = 1e-4, 1e-3  # max abs difference / max abs value; relative L2
CLASS = 7


def build(name):
    """The model in eval mode. Random BatchNorm statistics keep activations from fading; the narrow truncated
    normal of the two Inceptions would let them fade until PyTorch's own float32 gradient is half noise."""
    torch.backends.mha.set_fastpath_enabled(False)  # the fused form cannot be exported by the old exporter
    torch.manual_seed(0)
    extra = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    net = getattr(torchvision.models, name)(weights=None, **extra).eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 1.5)
        if isinstance(module, torch.nn.Linear) and not module.weight.any():
            torch.nn.init.normal_(module.weight, std=0.02)  # a head of zeros would explain nothing
    if getattr(net, "aux_logits", False):
        net.aux_logits, net.AuxLogits, net.aux1, net.aux2 = False, None, None, None
    return net.requires_grad_(False)


def export(net, x, path, new):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if new:
            batch = torch.export.Dim("batch", min=1, max=64)
            torch.onnx.export(net, (x,), path, dynamo=True, opset_version=18, dynamic_shapes=({0: batch},),
                              input_names=["input"], output_names=["logits"], verbose=False)
        else:
            torch.onnx.export(net, (x,), path, dynamo=False, opset_version=17, input_names=["input"],
                              output_names=["logits"], dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}})


def gradient_of(net, x):
    leaf = x.clone().requires_grad_(True)
    net(leaf)[:, CLASS].sum().backward()
    return leaf.grad.double().numpy()


def compare(tool, net, folder, path, x):
    """((largest difference of the logits, relative L2 of the gradient by picture, the same of PyTorch's float32),
    text of the tool).  Gradients are measured against PyTorch in float64."""
    import onnxruntime
    np.save(folder / "x.npy", x.numpy())
    done = subprocess.run([tool, path, folder / "x.npy", str(CLASS), folder / "y.npy", folder / "g.npy"],
                          capture_output=True, text=True)
    if done.returncode:
        return None, done.stderr.strip()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    logits = session.run(None, {"input": x.numpy()})[0]
    y, g = np.load(folder / "y.npy"), np.load(folder / "g.npy")
    exact, single = gradient_of(copy.deepcopy(net).double(), x.double()), gradient_of(net, x)
    norm = lambda a: np.sqrt((a ** 2).sum((1, 2, 3)))
    return (np.abs(y - logits).max() / np.abs(logits).max(), norm(g - exact) / norm(exact),
            norm(single - exact) / norm(exact)), done.stdout.strip()


def check(tool, net, folder, path, x, batch):
    """Four pictures, one by one or together.  A picture on which one of millions of ReLU units sits on its
    kink jumps by 1e-3 and more between any two programs, and between float32 and float64 of the same.  So the
    median over pictures counts, and where PyTorch's own float32 is further from float64 than the bound, it may
    be twice that; the worst picture is shown."""
    parts = list(x.split(batch))
    results = [compare(tool, net, folder, path, part) for part in parts]
    for figures, text in results:
        if figures is None:
            return False, text
    logits = max(figures[0] for figures, _ in results)
    gradients = np.concatenate([figures[1] for figures, _ in results])
    noise = np.median(np.concatenate([figures[2] for figures, _ in results]))
    good = logits <= LOGITS and np.median(gradients) <= max(GRADIENT, 2 * noise)
    return good, "logits %.1e  gradient median %.1e worst %.1e  (PyTorch float32 %.1e)  %s" % (
        logits, np.median(gradients), gradients.max(), noise, results[0][1])


def main():
    tool, names = sys.argv[1], sys.argv[2:] or NAMES
    failed = 0
    for name in names:
        net = build(name)
        size = 299 if name == "inception_v3" else 224
        for new in (False, True):
            label = "%-20s %s" % (name, "new" if new else "old")
            with tempfile.TemporaryDirectory() as tmp:
                folder = pathlib.Path(tmp)
                path = folder / "model.onnx"
                x = torch.randn(4, 3, size, size)
                try:
                    export(net, x[:2], path, new)
                except Exception as problem:  # the exporter's own limits are not ours
                    print(label, "not exported:", str(problem).splitlines()[0][:120], flush=True)
                    failed += 1
                    continue
                for batch in (1, 4):
                    good, text = check(tool, net, folder, path, x, batch)
                    failed += not good
                    print(label, "batch %d" % batch, "ok" if good else "FAILED", text, flush=True)
    print("%d failed" % failed)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
