"""Sightline beside PyTorch on the same files: every line of the benchmark table, in one command.

    python3 tests/bench/suite.py BUILD --shared ../shared [--nets FOLDER] [--only ltx,forward] [--models vit_tiny,resnet50]
                                       [--rounds 5] [--json FILE]

In each round first Sightline, once for each of its kernel sets and precisions, then PyTorch, with as many threads; printed
are the medians and the median of the rounds' ratios. What a kernel set reaches of the machine's peak is the operations of
its products and convolutions (as `sightline-cli predict --profile` counts them) over the rate of one large product on the
same set (tests/bench/bench-kernels). Sightline's seconds of a map include preparing the picture and predicting its class.
PyTorch is tried with its own threads, with a BLAS of one thread, and with one thread; the fastest counts.

--shared holds models, images and the reference implementations. --nets is where ViT-B/16 and ResNet-50 with random weights
lie or are put (BUILD/nets): see models.py. Needs torch, torchvision, onnx, numpy and Pillow; captum and grad-cam for the
lines of those names. Run it on an idle machine.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import numpy as np

import fidelity
from own import Failed, Programs, run

HERE = pathlib.Path(__file__).resolve().parent
STEPS, LTX = 25, ["steps=25", "learning-rate=0.0005", "lambda=50", "stop=never"]
METHODS = {"rise": [], "integrated-gradients": ["steps=50", "rule=gauss-legendre"], "grad-cam": [],
           "score-cam": ["variant=softmax-over-channels"], "smooth-grad": ["samples=25"]}


class Torch:
    """A process of torch_side.py, with the setting of threads that is fastest at what it is to measure."""

    def __init__(self, options, model, request):
        n = str(options.threads)
        settings = [(n, n), (n, "1")] + ([("1", "1")] if request["what"] == "ltx" else [])
        trials = []
        for threads, blas in dict.fromkeys(settings):
            process = self.start(options, model, threads, blas)
            trial = self.ask(process, dict(request, **{"try": True}))
            trials.append((trial["seconds"], "%s/%s" % (threads, blas), process))
        trials.sort(key=lambda t: t[0])
        for _, _, process in trials[1:]:
            self.end(process)
        _, self.setting, self.process = trials[0]
        self.request = request

    def start(self, options, model, threads, blas):
        environment = dict(os.environ, OMP_NUM_THREADS=threads, MKL_NUM_THREADS=blas, OPENBLAS_NUM_THREADS=blas)
        process = subprocess.Popen(
            [sys.executable, HERE / "torch_side.py", "serve", options.shared / "reference", model, options.image, threads],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
        self.hello = json.loads(process.stdout.readline() or '{"problem": "PyTorch did not start"}')
        if "problem" in self.hello:
            raise Failed(self.hello["problem"])
        return process

    def ask(self, process, request):
        print(json.dumps(request), file=process.stdin, flush=True)
        reply = json.loads(process.stdout.readline() or '{"problem": "PyTorch ended"}')
        if "problem" in reply:
            self.end(process)
            raise Failed(reply["problem"])
        return reply

    def measure(self):
        return self.ask(self.process, self.request)

    def end(self, process=None):
        process = process or self.process
        process.stdin.close()
        process.wait()


# ---- lines: (context, model) -> rows ----

class Suite:
    def __init__(self, options, programs, variants):
        self.options, self.programs, self.variants = options, programs, variants
        self.rows, self.peaks = [], {}

    def peak(self, variant):
        """Of the precision; of all sets the best, measured once."""
        if variant.precision not in self.peaks:
            rates = [self.programs.peak(v) for v in self.variants if v.precision == variant.precision]
            self.peaks[variant.precision] = max(rates)
        return self.peaks[variant.precision]

    def compare(self, line, model, own, theirs, operations=None):
        """@own: (variant) -> {"seconds", ...}; @theirs: () -> the same. Alternating, in every round each of them once."""
        ours, peer, left_out = {v: [] for v in self.variants}, [], {}
        for _ in range(self.options.rounds):
            for v in self.variants:
                try:
                    if v not in left_out:
                        ours[v].append(own(v))
                except Failed as problem:
                    left_out[v] = str(problem)
            peer.append(theirs())
        for v in self.variants:
            if v in left_out:
                self.say("%-22s %-24s %-14s left out: %s" % (line, model.stem, v, left_out[v]))
                continue
            seconds = statistics.median(r["seconds"] for r in ours[v])
            row = {"line": line, "model": model.stem, "kernels": v.kernels, "precision": v.precision,
                   "sightline_seconds": [r["seconds"] for r in ours[v]], "torch_seconds": [r["seconds"] for r in peer],
                   "sightline_median": seconds, "torch_median": statistics.median(r["seconds"] for r in peer),
                   "times_faster": statistics.median(b["seconds"] / a["seconds"] for a, b in zip(ours[v], peer)),
                   "sightline_megabytes": max(r.get("megabytes", 0) for r in ours[v]) or None,
                   "torch_megabytes": max(r.get("megabytes", 0) for r in peer) or None,
                   "peak_fraction": operations / seconds / self.peak(v) * 1e-9 if operations else None,
                   "note": ours[v][-1].get("note", "")}
            self.rows.append(row)
            self.print_row(row, v)

    def print_row(self, row, variant):
        memory = "%6.0f / %.0f MB" % (row["sightline_megabytes"], row["torch_megabytes"]) \
            if row["sightline_megabytes"] and row["torch_megabytes"] else ""
        fraction = "%5.1f %%" % (100 * row["peak_fraction"]) if row["peak_fraction"] else ""
        self.say("%-22s %-24s %-14s %9.4f s %9.4f s %6.2f x %8s %16s  %s" % (
            row["line"], row["model"], variant, row["sightline_median"], row["torch_median"], row["times_faster"], fraction,
            memory, row["note"]))

    def say(self, text):
        print(text.rstrip(), flush=True)

    def save(self):
        """After every model: a run of hours that is cut off has not been for nothing."""
        if self.options.json:
            self.options.json.write_text(json.dumps({
                "date": time.strftime("%Y-%m-%d"), "threads": self.options.threads, "rounds": self.options.rounds,
                "peak_gflops": self.peaks, "load": os.getloadavg()[0], "rows": self.rows}, indent=1) + "\n")

    def against_torch(self, line, model, request, own, operations=None):
        torch = Torch(self.options, model, request)
        try:
            self.compare(line, model, lambda v: own(v, torch), torch.measure, operations)
        finally:
            torch.end()


def ltx(suite, model):
    def own(variant, torch):
        results, done = suite.programs.explain(variant, model, [suite.options.image], "ltx", torch.hello["target"], LTX)
        record = results[0][0]
        steps = record["trajectory"]
        return {"seconds": record["seconds"] / len(steps), "megabytes": done.megabytes,
                "note": "a step, of %d; PyTorch %s" % (len(steps), torch.setting)}
    suite.against_torch("ltx", model, {"what": "ltx", "steps": STEPS}, own)


def passes(gradient):
    def line(suite, model):
        for batch in (1, 16):
            repeats = 3 if batch > 1 else 10
            operations = None if gradient else batch * suite.programs.pass_operations(suite.variants[0], model,
                                                                                     suite.options.image)
            suite.against_torch(
                "%s, batch %d" % ("gradient" if gradient else "forward", batch), model,
                {"what": "pass", "gradient": gradient, "batch": batch, "repeats": repeats},
                lambda v, torch: {"seconds": suite.programs.pass_seconds(v, model, gradient, batch, repeats)}, operations)
    return line


def method(name):
    def line(suite, model):
        masks = suite.options.masks
        settings = METHODS[name] + (["masks=%d" % masks] if name == "rise" else [])
        torch_map = []

        def theirs(torch):
            reply = torch.measure()
            torch_map[:] = [np.asarray(reply.pop("map"), np.float32)]
            return reply

        def own(variant, torch):
            # A map that takes milliseconds is measured warm, as PyTorch's is: the second of two counts.
            images = [suite.options.image] * (1 if name == "rise" else 2)
            results, done = suite.programs.explain(variant, model, images, name, torch.hello["target"], settings)
            record, native, at_input = results[-1]
            maps = [m for m in (native, at_input) if torch_map and fidelity.plane(m).shape == fidelity.plane(torch_map[0]).shape]
            note = "Pearson %.5f" % fidelity.pearson(maps[0], torch_map[0]) if maps else ""
            return {"seconds": record["seconds"], "megabytes": done.megabytes, "note": note}

        torch = Torch(suite.options, model, {"what": name, "layer": suite.programs.cam_layer(model), "masks": masks})
        try:
            suite.compare(name, model, lambda v: own(v, torch), lambda: theirs(torch))
        finally:
            torch.end()
    return line


def predict(suite, model):
    """Whole processes, from the command to its end."""
    options, image = suite.options, suite.options.image

    def own(variant):
        done = suite.programs.predict(variant, model, [image])[1]
        return {"seconds": done.seconds, "megabytes": done.megabytes}

    def theirs():
        done = run([sys.executable, HERE / "torch_side.py", "predict", options.shared / "reference", model, image,
                    options.threads])
        return {"seconds": done.seconds, "megabytes": done.megabytes}
    suite.compare("predict, process", model, own, theirs)


def compare_variants(suite, model):
    rows = fidelity.measure(suite.programs, suite.variants, model, suite.options, LTX)
    for row in rows:
        suite.rows.append(row)
        suite.say(fidelity.describe(row))


LINES = {"ltx": ltx, "forward": passes(False), "gradient": passes(True), "predict": predict,
         "fidelity": compare_variants, **{name: method(name) for name in METHODS}}
TRAINED_ONLY = {"fidelity", *METHODS}  # random weights say nothing, or the model adds nothing to the comparison
PASSES = {"forward", "gradient"}
PASSES_ONLY = "squeezenet1.0_227"  # its convolutions are of other shapes; for methods the other models do


# ---- the command ----

def find_models(options):
    trained = [options.shared / "models" / (name + ".onnx") for name in ("vit_tiny_patch16_224", "mobilenet_v2_224")]
    wanted = options.models.split(",") if options.models else None
    chosen = lambda name: not wanted or any(w in name for w in wanted)
    found = [path for path in trained + [options.shared / "models" / (PASSES_ONLY + ".onnx")] if chosen(path.stem)]
    for name in ("vit_b16", "resnet50"):
        if chosen(name):
            run([sys.executable, HERE / "models.py", options.nets, name])
            found.append(options.nets / (name + ".onnx"))
    return found, trained


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--shared", type=pathlib.Path, required=True)
    parser.add_argument("--image", type=pathlib.Path)
    parser.add_argument("--nets", type=pathlib.Path)
    parser.add_argument("--only", default=",".join(LINES), help="lines: " + ", ".join(LINES))
    parser.add_argument("--models", default="", help="parts of names, with commas between")
    parser.add_argument("--kernels", default="", help="sets of kernels to time, with commas between; all that are there")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--masks", type=int, default=4000, help="of RISE")
    parser.add_argument("--pictures", type=int, default=200, help="of which fidelity compares the predicted class")
    parser.add_argument("--maps", type=int, default=8, help="of which fidelity compares LTX's maps")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    options.image = options.image or options.shared / "images/chelsea.png"
    options.nets = options.nets or options.build / "nets"
    options.scenes = HERE.parents[1] / "data/scenes"
    unknown = [name for name in options.only.split(",") if name not in LINES]
    if unknown:
        parser.error("there is no line %s; there are %s" % (unknown[0], ", ".join(LINES)))
    return options


def main():
    options = parse()
    models, trained = find_models(options)
    programs = Programs(options.build, options.threads)
    variants = [v for v in programs.variants(trained[0], options.image)
                if not options.kernels or v.kernels in options.kernels.split(",")]
    suite = Suite(options, programs, variants)
    suite.say("%s, %d threads, %d rounds; Sightline with %s" % (
        platform.processor() or platform.machine(), options.threads, options.rounds, ", ".join(map(str, suite.variants))))
    suite.say("%-22s %-24s %-14s %11s %11s %8s %8s %16s" % ("line", "model", "kernels", "Sightline", "PyTorch", "faster",
                                                           "of peak", "peak memory"))
    for name in options.only.split(","):
        for model in models:
            if (name in TRAINED_ONLY and model not in trained) or (name not in PASSES and model.stem == PASSES_ONLY):
                continue
            try:
                LINES[name](suite, model)
            except Failed as problem:
                suite.say("%-22s %-24s left out: %s" % (name, model.stem, problem))
            suite.save()


if __name__ == "__main__":
    main()
