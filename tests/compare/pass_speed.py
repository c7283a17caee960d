"""Times one forward pass plus input gradient in PyTorch and in Sightline, alternating, batch 1, two threads.

    python3 tests/compare/pass_speed.py BUILD/tests/bench-pass ../shared/models/vit_tiny_patch16_224.onnx [ROUNDS]

Needs torch and the reference interpreter in ../shared/reference (Debian: python3-torch, python3-onnx).
"""
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

os.environ["OMP_NUM_THREADS"] = "2"
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "shared" / "reference"))


def torch_seconds(path, repeats=30):
    import torch
    from onnx_torch import OnnxModule
    torch.set_num_threads(2)
    net, size = OnnxModule(path), {"squeeze": 227, "resnet2": 32}.get(pathlib.Path(path).name[:7], 224)
    x = torch.randn(1, 3, size, size)
    times = []
    for i in range(repeats + 2):
        leaf = x.clone().requires_grad_(True)
        start = time.perf_counter()
        net(leaf).sum().backward()
        if i >= 2:
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def own_seconds(tool, path):
    out = subprocess.run([tool, path], check=True, capture_output=True, text=True).stdout
    return float(re.search(r"forward and gradient ([0-9.]+) ms", out).group(1)) / 1e3


def main():
    tool, path, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 5
    ratios = []
    for _ in range(rounds):
        ours, theirs = own_seconds(tool, path), torch_seconds(path)
        ratios.append(ours / theirs)
        print("Sightline %.1f ms, PyTorch %.1f ms, ratio %.2f" % (ours * 1e3, theirs * 1e3, ratios[-1]), flush=True)
    print("median ratio %.2f" % statistics.median(ratios))


if __name__ == "__main__":
    main()
