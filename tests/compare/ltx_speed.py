"""Times LTX with 25 steps in Sightline and in the PyTorch reference, alternating, two threads; prints our peak memory.

    python3 tests/compare/ltx_speed.py BUILD/app/sightline-cli ../shared/models/vit_tiny_patch16_224.onnx \\
        ../shared/images/chelsea.png [ROUNDS]

Needs torch and ../shared/reference (Debian: python3-torch, python3-onnx, python3-pil).
"""
import json
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile

REFERENCE = pathlib.Path(__file__).resolve().parents[3] / "shared" / "reference" / "bench_ltx.py"
STEPS = 25


def own(cli, model, image):
    """(seconds per step, steps): all that `explain` does after the model is open."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([cli, "explain", "--model", model, "--method", "ltx", "--set", "steps=%d" % STEPS, "--threads", "2",
                        "--output", folder, image], check=True, capture_output=True)
        result = json.loads(next(pathlib.Path(folder).glob("*.json")).read_text())
    return result["seconds"] / len(result["trajectory"]), len(result["trajectory"])


def reference(model, image, blas_threads):
    out = subprocess.run([sys.executable, REFERENCE, model, image, "--steps", str(STEPS), "--threads", "2",
                          "--blas-threads", str(blas_threads)], check=True, capture_output=True, text=True).stdout
    return float(re.search(r"with +AUC check: ([0-9.]+) s per step", out).group(1))


def main():
    cli, model, image = sys.argv[1:4]
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    ratios = []
    for _ in range(rounds):
        seconds, steps = own(cli, model, image)
        # own() is the only child so far that is not torch's
        if not ratios:
            print("peak resident %.0f MB" % (resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024))
        theirs = min(reference(model, image, 1), reference(model, image, 2))  # its better thread setting
        ratios.append(theirs / seconds)
        print("Sightline %.3f s per step (%d steps), PyTorch %.3f s, %.1f times faster"
              % (seconds, steps, theirs, ratios[-1]), flush=True)
    print("median: %.1f times faster" % statistics.median(ratios))


if __name__ == "__main__":
    os.environ.pop("GOMP_SPINCOUNT", None)
    main()
