"""Sightline's side of the suite: runs its programs and reads what they print and write.

A variant is a kernel set and a precision. Which there are is asked of the programs: where an option is unknown to one of
them, the variants that need it are left out there.
"""
import collections
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

import numpy as np

Variant = collections.namedtuple("Variant", "kernels precision options")
Variant.__str__ = lambda v: v.kernels if v.precision == "float32" else "%s %s" % (v.kernels, v.precision)

KERNELS, PRECISIONS = ("openblas", "onednn"), ("float32", "bf16")
Run = collections.namedtuple("Run", "output seconds megabytes")


class Failed(Exception):
    """A program that ended with an error, with what it said."""


def run(command):
    """Runs to the end; seconds of the whole process, and the most memory it held."""
    environment = {k: v for k, v in os.environ.items() if k not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        if process.returncode:
            raise Failed((err.read() or out.read()).strip().splitlines()[-1:])
        return Run(out.read(), seconds, usage.ru_maxrss / 1024)


class Programs:
    def __init__(self, build, threads):
        self.cli, self.bench = pathlib.Path(build) / "app/sightline-cli", pathlib.Path(build) / "tests"
        self.threads = ["--threads", str(threads)]
        os.environ["OMP_NUM_THREADS"] = str(threads)

    def variants(self, model, image):
        """Those that work here, on @model."""
        known = run([self.cli, "explain", "--help"]).output
        plain = self.kernels_in_use(model, image)
        if "--kernels" not in known:
            return [Variant(plain, "float32", ())]
        found = []
        for kernels in KERNELS:
            for precision in PRECISIONS if "--precision" in known else PRECISIONS[:1]:
                options = ("--kernels", kernels) + (("--precision", precision) if precision != "float32" else ())
                try:
                    run([self.cli, "predict", "--model", model, *options, image])
                    found.append(Variant(kernels, precision, options))
                except Failed:
                    pass
        return found

    def explain(self, variant, model, images, method, target, settings):
        """[(record, map, map at the input's size)] of each picture, and the run."""
        command = [self.cli, "explain", "--model", model, "--method", method] + self.threads + [*variant.options]
        command += ["--class", target] if target is not None else []
        for pair in settings:
            command += ["--set", pair]
        with tempfile.TemporaryDirectory() as folder:
            done = run(command + ["--output", folder] + images)
            results = []
            for path in sorted(pathlib.Path(folder).glob("*.json"), key=lambda p: p.stat().st_mtime_ns):
                stem = str(path)[:-len(".json")]
                results.append((json.loads(path.read_text()), np.load(stem + ".npy"), np.load(stem + ".input.npy")))
        return results, done

    def kernels_in_use(self, model, image):
        return self.explain(Variant("", "", ()), model, [image], "gradient", None, [])[0][0][0]["kernels"]

    def predict(self, variant, model, images):
        done = run([self.cli, "predict", "--json", "--model", model] + self.threads + [*variant.options, *images])
        return [picture["predictions"] for picture in json.loads(done.output)], done

    def cam_layer(self, model):
        return json.loads(run([self.cli, "inspect", "--json", model]).output)["default_cam_target"]

    def pass_seconds(self, variant, model, gradient, batch, repeats):
        done = run([self.bench / "bench-pass", *variant.options, "--repeats", repeats, "--batch", batch, model])
        name = "forward and gradient" if gradient else "forward"
        return float(re.search(r"^%s ([0-9.]+) ms" % name, done.output, re.M).group(1)) / 1e3

    def pass_operations(self, variant, model, image):
        """Of one forward pass: products and convolutions, as counted by --profile."""
        done = run([self.cli, "predict", "--json", "--profile", "--model", model, *variant.options, image])
        rows = json.loads(done.output)[0]["profile"]["rows"]
        return sum(r["gflops"] * r["seconds"] * 1e9 for r in rows if r["phase"] == "forward" and r["gflops"])

    def peak(self, variant):
        """GFLOP/s of one large product."""
        done = run([self.bench / "bench-kernels", "--products", *self.threads, *variant.options])
        return float(re.search(r"^large product +([0-9.]+)", done.output, re.M).group(1))
