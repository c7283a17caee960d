"""Trained explainers on scenes that none of them has seen: the numbers that each kind has to reach.

    python3 tests/bench/trained.py BUILD --scenes DIR --work DIR [--model data/models/scenes-cnn.onnx] [--seeds 3]
                                         [--only pltx,nn] [--pictures 60] [--threads 2] [--json FILE]

--scenes holds train, test and twins, made by data/scripts:

    python3 folder.py DIR/train --count 1500 --size 240x180
    python3 folder.py DIR/test --set test --masks
    python3 folder.py DIR/twins --set test --masks --twins --count 40

--work keeps what is trained, by seed; what lies there is not trained again. Where a row has several figures they are
medians over the seeds. Needs numpy, Pillow, onnx, onnxruntime. Run it on an idle machine: three seeds train for hours.
"""
import argparse
import json
import pathlib

import numpy as np

from trained_side import Net, Scenes, Sightline, mean, median, metadata, run_explainer, second_head, softmax

HALF = 0.5  # a mask's value from which a pixel counts as selected


class Bench:
    def __init__(self, options):
        self.sightline = Sightline(options.build, options.model, options.threads)
        self.model, self.work = options.model, options.work
        self.folder = options.scenes / "train"
        self.test, self.twins = Scenes(options.scenes / "test", options.pictures), Scenes(options.scenes / "twins")
        self.seeds = range(options.seeds)
        self.net = Net(options.model)
        self.size = (self.net.width, self.net.height)
        self.work.mkdir(parents=True, exist_ok=True)

    def train(self, kind, seed, tag="", settings=()):
        path, seconds = self.sightline.train(kind, self.folder, self.work / f"{seed}{tag}", seed, settings)
        facts = metadata(path)
        print(f"  {path.relative_to(self.work)}: {facts['score-name']} {facts['score']} at step {facts['best-step']}"
              + (f", {seconds:.0f} s" if seconds else ""), flush=True)
        return path

    def each_seed(self, line, reach, figures):
        """@figures (seed) -> {name: value}; the row of their medians."""
        rows = [figures(s) for s in self.seeds]
        return {"line": line, "model": self.model.stem, "reach": reach, "seeds": len(rows),
                "figures": {k: median([r[k] for r in rows]) for k in rows[0]}}

    # ---- LTX ----

    def pltx(self):
        def figures(seed):
            explainer = self.train("ltx", seed)
            pictures, masks = self.test.paths(), self.test.folder / "masks"
            protocols = ["ltx-pos", "ltx-neg", "energy-inside"]
            sparsity = ["lambda=%s" % json.loads(metadata(explainer)["settings"])["lambda"]]
            start = ["steps=25", "start=%s" % explainer, *sparsity]
            settings = {"scratch": ["steps=25"], "scratch, lambda of pLTX": ["steps=25", *sparsity], "from pLTX": start}
            scores = {f"{name}{said}": self.sightline.scores("ltx", pictures, protocols, masks, None, [*s, *chosen], seed)
                      for said, chosen in (("", []), (", lowest loss", ["selection=lowest-loss"]))
                      for name, s in settings.items()}
            scores["one pass"] = self.sightline.scores("ltx-pretrained", pictures, protocols, masks, explainer, seed=seed)
            times = {m: median(r["seconds"] for r, _, _ in
                               self.sightline.explain(m, pictures[:20], e, s, before=["grad-cam"]))
                     for m, e, s in (("ltx", None, ["ltx.steps=25", "ltx.stop=never"]), ("ltx-pretrained", explainer, []))}
            found = {"times as fast": times["ltx"] / times["ltx-pretrained"]}
            for name, values in scores.items():
                found |= {f"{name}: {p}": mean(values[p]) for p in protocols}
            for said in ("", ", lowest loss"):
                tuned, sparse = found[f"from pLTX{said}: ltx-pos"], found[f"scratch, lambda of pLTX{said}: ltx-pos"]
                found[f"POS lower by, equal lambda{said}"] = 1 - tuned / sparse
            return found
        return self.each_seed("pLTX, LTX finetuned from it", "POS of one pass <= scratch at 1/100 of the time; finetuned "
                              "POS >= 20 % lower than scratch, energy inside >= 0.75", figures)

    def inverse(self):
        """On two objects of the class: how much of the less covered one is in the map."""
        def recalls(explainer):
            at_half, at_area = [], []
            for label, scenes in by_class(self.twins.index, lambda s: {s["objects"][0]["class"]}):
                maps = self.sightline.explain("ltx-pretrained", [self.twins.path(s) for s in scenes],
                                              explainer, target=label)
                for scene, (_, _, shown) in zip(scenes, maps):
                    objects = [self.twins.cover(o, self.size) > HALF for o in scene["objects"]]
                    values = shown.reshape(self.size[::-1])
                    top = np.sort(values.ravel())[-int(objects[0].sum() + objects[1].sum())]
                    at_half.append(min((values >= HALF)[o].mean() for o in objects))
                    at_area.append(min((values >= top)[o].mean() for o in objects))
            return mean(at_half), mean(at_area)

        def figures(seed):
            without, inverse = (recalls(self.train("ltx", seed, f"inverse{w}", [f"inverse={w}"])) for w in (0, 1))
            return {"recall, weight 0": without[0], "recall, weight 1": inverse[0], "times": inverse[0] / max(without[0], 1e-9),
                    "recall at both objects' area, weight 0": without[1], "the same, weight 1": inverse[1]}
        return self.each_seed("inverse mask, two objects of the class", "recall of the second object >= 2 x", figures)

    # ---- NN-Explainer ----

    def nn(self):
        def figures(seed):
            explainer = self.train("nn-explainer", seed)
            masks = [[m.reshape(self.size[::-1]) for _, _, m in
                      self.sightline.explain("nn-explainer", self.test.paths(), explainer, target=label)]
                     for label in self.net.labels]
            masks = np.asarray(masks)
            ious = [iou(masks[self.net.labels.index(o["class"]), i] >= HALF, self.test.cover(o, self.size) >= HALF)
                    for i, s in enumerate(self.test.index) for o in s["objects"] if o["share"] > 0.005]
            table = self.specificity(masks)
            off = table[~np.eye(len(table), dtype=bool)]
            return {"mean IoU": mean(ious), "diagonal": float(np.diag(table).mean()), "off": float(off.mean()),
                    "times": float(np.diag(table).mean() / off.mean())}
        return self.each_seed("NN-Explainer", "IoU >= 0.6; diagonal >= 5 x the rest", figures)

    def specificity(self, masks):
        """Probability of the row's class when its pictures show the mask of the column's alone, over thresholds."""
        n = len(self.net.labels)
        inputs = np.stack([self.net.input(p) for p in self.test.paths()])
        rows = [[i for i, s in enumerate(self.test.index) if s["objects"][0]["class"] == label] for label in self.net.labels]
        table = np.zeros((n, n))
        for threshold in np.arange(0.1, 0.95, 0.1):
            for column in range(n):
                p = softmax(self.net.run(inputs * (masks[column] >= threshold)[:, None].astype(np.float32)))
                table[:, column] += [p[r, k].mean() / 9 for k, r in enumerate(rows)]
        return table

    # ---- selectors ----

    def bla(self):
        def figures(seed):
            explainer = self.train("bla", seed)
            net = Net(self.model, [metadata(explainer)["given"]])
            inputs = np.stack([net.input(p) for p in self.test.paths()])
            answers = run_explainer(explainer, net.run(inputs, metadata(explainer)["given"]))
            labels = [{net.labels.index(o["class"]) for o in s["objects"]} for s in self.test.index]
            plain, bounded = net.run(inputs).argmax(1), answers["logits"].argmax(1)
            return {"accuracy of the classifier": mean(k in c for k, c in zip(plain, labels)),
                    "accuracy of BLA-PH": mean(k in c for k, c in zip(bounded, labels)),
                    "agreement": mean(plain == bounded), "cells selected": mean((answers["hard"] > 0).ravel())}
        return self.each_seed("BLA-PH", "accuracy within 0.02 of the classifier's; <= 0.4 of the cells", figures)

    def l2x(self):
        def figures(seed):
            explainer = self.train("l2x", seed)
            inputs = np.stack([self.net.input(p) for p in self.test.paths()])
            kept = []
            for _, grid, _ in self.sightline.explain("l2x", self.test.paths(), explainer):
                cells = grid.reshape(grid.shape[-2:])
                most = np.argsort(-cells.ravel(), kind="stable")[:cells.size // 4]
                chosen = np.zeros(cells.size, np.float32)
                chosen[most] = 1
                scale = self.net.height // cells.shape[0], self.net.width // cells.shape[1]
                kept.append(np.kron(chosen.reshape(cells.shape), np.ones(scale, np.float32)))
            plain = self.net.run(inputs).argmax(1)
            return {"agreement": mean(self.net.run(inputs * np.stack(kept)[:, None]).argmax(1) == plain)}
        return self.each_seed("L2X, a quarter of the patches", "agreement >= 0.9", figures)

    # ---- TVE ----

    def tve(self):
        """Against the exact form, for the net's own head and for others on the same encoder."""
        heads, found = {}, {}
        for task, (labels, _) in second_head.TASKS.items():
            path = self.work / f"{self.model.stem}.{task}.onnx"
            found[f"accuracy of {', '.join(labels)}"] = second_head.make(self.model, self.folder, task, path, self.test.folder)
            heads[", ".join(labels)] = Sightline(self.sightline.cli.parents[1], path, self.sightline.options[-1])

        def figures(seed):
            explainer = self.train("tve", seed)
            return {"scene classes": self.correlation(self.sightline, explainer), **found,
                    **{name: self.correlation(head, explainer) for name, head in heads.items()}}
        return self.each_seed("TVE, rank correlation with the exact form", ">= 0.85; second head >= 0.75", figures)

    def correlation(self, sightline, explainer):
        pictures = self.test.paths()
        learned = sightline.explain("tve", pictures, explainer)
        windows = json.loads(metadata(explainer)["settings"])
        exact = sightline.explain("tve-exact", pictures, None, ["grid=%d" % learned[0][1].shape[-1],
                                                                "radius=%s" % windows["radius"]])
        return mean(spearman(a, b) for (_, a, _), (_, b, _) in zip(exact, learned))

    # ---- the file elsewhere ----

    def elsewhere(self):
        """The pretrained LTX in onnxruntime."""
        explainer = self.train("ltx", 0)
        pictures = self.test.paths()[:10]
        inputs = np.stack([self.net.input(p) for p in pictures])
        theirs = [m[c if len(m) > 1 else 0] for m, c in
                  zip(run_explainer(explainer, inputs)["mask"], self.net.run(inputs).argmax(1))]
        ours = [m for _, m, _ in self.sightline.explain("ltx-pretrained", pictures, explainer)]
        return {"line": "pLTX in onnxruntime", "model": self.model.stem, "reach": "difference <= 1e-4", "seeds": 1,
                "figures": {"largest difference": max(float(np.abs(a.ravel() - b.ravel()).max()) for a, b in zip(ours, theirs))}}


def by_class(index, classes):
    """(label, its scenes), for all labels."""
    found = {}
    for scene in index:
        for label in sorted(classes(scene)):
            found.setdefault(label, []).append(scene)
    return found.items()


def iou(a, b):
    return (a & b).sum() / max((a | b).sum(), 1)


def ranks(values):
    """Equal ones share their mean rank."""
    _, inverse, counts = np.unique(np.asarray(values).ravel(), return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[inverse]


def spearman(a, b):
    return float(np.corrcoef(ranks(a), ranks(b))[0, 1])


ROWS = {"pltx": Bench.pltx, "inverse": Bench.inverse, "nn": Bench.nn, "bla": Bench.bla, "l2x": Bench.l2x, "tve": Bench.tve,
        "elsewhere": Bench.elsewhere}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--scenes", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path, default=pathlib.Path("data/models/scenes-cnn.onnx"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--only", default=",".join(ROWS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    bench, rows = Bench(options), []
    for name in options.only.split(","):
        rows.append(ROWS[name](bench))
        print("%(line)s, %(model)s, %(seeds)d seeds; to reach: %(reach)s" % rows[-1])
        for figure, value in rows[-1]["figures"].items():
            print("  %-45s %.4g" % (figure, value), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
