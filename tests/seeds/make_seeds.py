"""Writes the seeds of the fuzz targets: tiny pictures of every kind that is read, and sidecars.

    python3 make_seeds.py          (needs Pillow, for JPEG, TIFF, WebP and GIF)

The files are committed; run this only to change them. Beside them lie finds of libFuzzer, which no
script makes: header-size.bmp (a header of 4 GB) and palette-size.bmp (likewise), short.bmp (ends before its header).
"""
import json
import os
import struct
import zlib

from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, rows, before=b"", interlace=0):
    """A PNG of raw filtered rows; `before` are chunks in front of IDAT."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return SIGNATURE + chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def gradient(width, height, samples, size=1, filters=(0, 1, 2, 3, 4)):
    """Rows with every filter type, so that mutations reach all of them."""
    return b"".join(bytes([filters[y % len(filters)]]) + bytes((7 * x + 13 * y) % 256 for x in range(width * samples * size))
                    for y in range(height))


def adam7(width, height):
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = b""
    for x0, y0, dx, dy in passes:
        w, h = max(0, (width - x0 + dx - 1) // dx), max(0, (height - y0 + dy - 1) // dy)
        if w and h:
            rows += gradient(w, h, 4)
    return rows


EXIF6 = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"

PNGS = {
    "rgb8.png": png(5, 6, 8, 2, gradient(5, 6, 3)),
    "rgb16.png": png(3, 4, 16, 2, gradient(3, 4, 3, 2)),
    "grey1.png": png(9, 3, 1, 0, b"\0\xaa\x80\1\x55\0\2\xff\x80"),
    "grey8-trns.png": png(4, 2, 8, 0, gradient(4, 2, 1), chunk(b"tRNS", b"\0\x07")),
    "grey16-alpha.png": png(2, 3, 16, 4, gradient(2, 3, 2, 2)),
    "rgba8-adam7.png": png(9, 9, 8, 6, adam7(9, 9), interlace=1),
    "palette4-trns.png": png(6, 2, 4, 3, b"\0\x01\x20\x12\1\x01\x01\x00",
                             chunk(b"PLTE", bytes(range(9))) + chunk(b"tRNS", b"\x80\x00")),
    "exif6.png": png(3, 2, 8, 2, gradient(3, 2, 3), chunk(b"eXIf", EXIF6) + chunk(b"gAMA", b"\0\0\xb1\x8f")),
    "huge.png": png(90000, 90000, 8, 2, b"\0"),
    "no-palette.png": png(2, 2, 8, 3, b"\0\0\1\0\1\0"),
}
SIDECARS = {
    "own.json": {"name": "Net", "input_size": [3, 32, 32], "interpolation": "bicubic", "resize_short": 36, "crop": "center",
                 "fit": "crop", "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.2, 0.2], "scale": "0-255", "channel_order": "BGR",
                 "labels": ["cat", "dög"], "ltx": {"lambda": 50, "learning_rate": 5e-4}},
    "labels-file.json": {"labels": "names.txt", "fit": "letterbox", "mean": 0, "std": 1},
    "timm.json": {"architecture": "resnet18", "num_classes": 2, "label_names": ["a", "b"],
                  "pretrained_cfg": {"input_size": [3, 32, 32], "crop_pct": 0.95, "crop_mode": "center",
                                     "interpolation": "bicubic", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}},
    "hf.json": {"image_processor_type": "ViTImageProcessor", "do_resize": True, "size": {"shortest_edge": 36},
                "do_center_crop": True, "crop_size": {"height": 32, "width": 32}, "resample": 3, "do_rescale": True,
                "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
                "id2label": {"0": "cat", "1": "dog"}},
    "convnext.json": {"feature_extractor_type": "ConvNextFeatureExtractor", "size": 32, "crop_pct": 0.875, "resample": 2,
                      "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]},
}


def write(folder, name, data):
    os.makedirs(os.path.join(HERE, folder), exist_ok=True)
    assert len(data) <= 2048, name
    with open(os.path.join(HERE, folder, name), "wb") as file:
        file.write(data)


TEXTS = ["model_sha256", "image_sha256", "model_name", "image_name", "preprocessing", "preprocessing_origin",
         "class_name", "contrast_name", "method_id", "method_name", "values", "layer", "version", "kernels",
         "selected", "unit"]


def map_file(steps=0, **changes):
    """A finished map of 2 x 3 cells, as engine/heatmap-file.h describes."""
    names = ["step", "loss", "prediction_loss", "mask_loss", "inverse_loss", "auc", "target_score", "mask_mean"]
    about = {name: "" for name in TEXTS}
    about |= {"channels": 1, "rows": 2, "cols": 3, "sign": "signed", "upsample": "bilinear", "image_width": 48,
              "image_height": 36, "input_width": 9, "input_height": 9, "scale_x": 4.0, "scale_y": 4.0,
              "offset_x": 6.0, "offset_y": 0.0, "view_x0": 0.0, "view_y0": 0.0, "view_x1": 9.0, "view_y1": 9.0,
              "class_index": 3, "probability": 0.9, "contrast_index": -1, "seconds": 1.5, "convergence": None,
              "seed": "7", "passes_forward": "51", "passes_backward": "50", "done": 2, "total": 5,
              "notes": [{"id": "gap", "value": 0.004, "text": "Gap"}],
              "trajectory": [dict.fromkeys(names, 0) | {"step": i, "auc": None} for i in range(steps)]}
    text = json.dumps(about | changes).encode()
    values = struct.pack("<%df" % (6 * (1 + steps)), *(0.25 * i for i in range(6 * (1 + steps))))
    return b"sightline-map 1\n%d\n" % len(text) + text + values


def main():
    for name, data in PNGS.items():
        write("image", name, data)
    write("image", "truncated.png", PNGS["rgb8.png"][:60])
    small = Image.new("RGB", (9, 7))
    small.putdata([(20 * x, 30 * y, 255 - 20 * x) for y in range(7) for x in range(9)])
    alpha = small.convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize((9, 7)))
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, image, options in [("baseline.jpg", small, {"quality": 60, "exif": exif}),
                                 ("progressive.jpg", small, {"quality": 60, "progressive": True}),
                                 ("grey.jpg", small.convert("L"), {}),
                                 ("rgb.bmp", small, {}), ("palette.bmp", small.quantize(4), {}),
                                 ("rgba.tif", alpha, {"compression": "tiff_lzw"}), ("rgb.tif", small, {}),
                                 ("lossy.webp", small, {"exif": exif}), ("lossless.webp", alpha, {"lossless": True})]:
        path = os.path.join(HERE, "image", name)
        image.save(path, **options)
        assert os.path.getsize(path) <= 2048, name
    frames = [small.quantize(4), small.transpose(Image.Transpose.FLIP_LEFT_RIGHT).quantize(4)]
    frames[0].save(os.path.join(HERE, "image", "two-frames.gif"), save_all=True, append_images=frames[1:])
    write("map", "plain.map", map_file())
    write("map", "steps.map", map_file(2))
    write("map", "huge.map", map_file(rows=16384, cols=16384))
    write("map", "cut.map", map_file(2)[:-5])
    for name, values in SIDECARS.items():
        write("sidecar", name, json.dumps(values, ensure_ascii=False).encode())
    write("sidecar", "deep.json", b'{"a": ' + b"[" * 2000)
    write("sidecar", "numbers.json", b'{"mean": [1e999, -1e308, 1e-400], "std": [0, -0, 0.1e+1], "resize_short": 99999999999999999999}')
    write("sidecar", "surrogates.json", b'{"name": "\\ud800\\udc00 \\ud800 \\u0000x", "labels": ["\\n"]}')


if __name__ == "__main__":
    main()
