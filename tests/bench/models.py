"""ViT-B/16 and ResNet-50 of torchvision with random weights: what the suite measures beside the small networks.

    python3 tests/bench/models.py FOLDER [vit_b16] [resnet50]

Writes NAME.onnx, its sidecar NAME.json and NAME.pt, the same weights for torchvision's own module; leaves what is there.
Needs torch, torchvision, onnx and numpy. Random weights cost what trained ones do; what they say about a picture is
nothing, so that the suite takes no scores from them.
"""
import json
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "compare"))

from torchvision_models import build, export

NAMES = {"vit_b16": "vit_b_16", "resnet50": "resnet50"}
SIDECAR = {"input_size": [3, 224, 224], "interpolation": "bilinear", "resize_short": 256, "crop": "center",
           "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "scale": "0-1", "channel_order": "RGB"}


def make(name):
    """The module. No two weights are equal, as the exporter would keep one of them; logits spread by about 2."""
    net = build(NAMES[name])
    head = net.heads.head if name == "vit_b16" else net.fc
    smooth = torch.nn.functional.interpolate(torch.randn(4, 3, 14, 14), size=(224, 224), mode="bilinear")
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.dim() == 1:
                parameter += 0.02 * torch.randn_like(parameter)
        head.weight *= 2 / net(smooth).std(1).mean()
    return net


def write(folder, name):
    """Paths of the ONNX file and of the weights. A file is whole when it has its name."""
    path = pathlib.Path(folder) / (name + ".onnx")
    if not path.exists() or not path.with_suffix(".pt").exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        net, part = make(name), path.with_suffix(".part")
        path.with_suffix(".json").write_text(json.dumps(SIDECAR, indent=1) + "\n")
        torch.save(net.state_dict(), path.with_suffix(".pt"))
        export(net, torch.randn(1, 3, 224, 224), str(part), new=False)
        part.rename(path)
    return path


def module(path):
    """torchvision's module with the weights of @path, a file that write() made; None: another file."""
    weights = pathlib.Path(path).with_suffix(".pt")
    if not weights.exists():
        return None
    net = build(NAMES[weights.stem])
    net.load_state_dict(torch.load(weights))
    return net


if __name__ == "__main__":
    for each in sys.argv[2:] or NAMES:
        print(write(sys.argv[1], each))
