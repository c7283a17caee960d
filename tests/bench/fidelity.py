"""What a kernel set and a precision change in the results, beside the first variant (float32): how often the predicted
class is the same over many varied pictures, how alike LTX's maps are, how well they do."""
import pathlib
import random
import tempfile

import numpy as np
from PIL import Image, ImageEnhance


def plane(values):
    """Channels summed."""
    values = np.asarray(values, np.float64)
    return values.reshape((-1,) + values.shape[-2:]).sum(0)


def pearson(a, b):
    return float(np.corrcoef(plane(a).ravel(), plane(b).ravel())[0, 1])


def varied_pictures(sources, n, folder):
    """@n PNG files made of @sources: crops, turned, mirrored, in other colours; every third mixed with another one."""
    rng = random.Random(0)

    def one():
        image = Image.open(rng.choice(sources)).convert("RGB")
        side = int(min(image.size) * rng.uniform(0.5, 1))
        left, top = (rng.randint(0, extent - side) for extent in image.size)
        image = image.crop((left, top, left + side, top + side)).rotate(rng.uniform(-20, 20), Image.BICUBIC)
        for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            image = enhance(image).enhance(rng.uniform(0.6, 1.5))
        return image.resize((256, 256), Image.BICUBIC)

    paths = []
    for i in range(n):
        image = one() if i % 3 else Image.blend(one(), one(), rng.uniform(0.3, 0.7))
        paths.append(pathlib.Path(folder) / ("%04d.png" % i))
        image.save(paths[-1])
    return paths


def results_of(programs, variant, model, pictures, n_maps, settings):
    """(predicted classes, maps, POS AUC of each map as judged while it was made)."""
    classes = [p[0]["index"] for p in programs.predict(variant, model, pictures)[0]]
    maps, scores = [], []
    for picture in pictures[:n_maps]:
        record, values, _ = programs.explain(variant, model, [picture], "ltx", None, settings)[0][0]
        maps.append(values)
        scores.append(min(s["auc"] for s in record["trajectory"] if s["auc"] is not None))
    return classes, maps, scores


def measure(programs, variants, model, options, settings):
    sources = sorted(options.scenes.glob("*.png")) + [options.shared / "images" / n for n in ("chelsea.png", "coffee.png")]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        pictures = varied_pictures(sources, options.pictures, folder)
        for variant in variants:
            classes, maps, scores = results_of(programs, variant, model, pictures, options.maps, settings)
            if not rows:
                first = classes, maps
            alike = [pearson(a, b) for a, b in zip(maps, first[1])]
            rows.append({"line": "fidelity", "model": model.stem, "kernels": variant.kernels,
                         "precision": variant.precision, "pictures": len(classes), "classes": len(set(classes)),
                         "same_class": float(np.mean([a == b for a, b in zip(classes, first[0])])),
                         "maps": len(maps), "pearson_mean": float(np.mean(alike)), "pearson_least": min(alike),
                         "pos_auc": float(np.mean(scores))})
    return rows


def describe(row):
    return "%-22s %-24s %-14s %5.1f %% of %d pictures (%d classes); LTX on %d: Pearson %.4f (least %.4f), POS AUC %.2f" % (
        row["line"], row["model"], row["kernels"] if row["precision"] == "float32" else "%(kernels)s %(precision)s" % row,
        100 * row["same_class"], row["pictures"], row["classes"], row["maps"], row["pearson_mean"], row["pearson_least"],
        row["pos_auc"])
