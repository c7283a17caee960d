"""Writes the seeds of fuzz-figure: figures that are well in all four containers, and some that want to do harm.

    python3 make_figure_seeds.py
"""
import html
import json
import os
import struct
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
DIGEST = "ab" * 32


def head(**more):
    return {"format": "sightline-figure", "version": 1, **more}


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def main():
    folder = os.path.join(HERE, "figure")
    os.makedirs(folder, exist_ok=True)
    whole = head(
        models=[{"path": "net.onnx", "sha256": DIGEST, "name": "net"}, {"path": "b.onnx", "output": "logits"}],
        rows=[{"path": "a.png", "sha256": DIGEST, "model": 1, "class": 3, "class-name": "sailboat", "label": "a\nb",
               "crop": "inset", "box": [0.1, 0.2, 0.5, 0.6]}, {"path": "file:%FF.png", "crop": "view"}],
        columns=[{"kind": "photo"}, {"kind": "map", "method": "ltx", "values": {"steps": 25}, "seed": "7", "model": 0},
                 {"kind": "masked", "method": "grad-cam", "share": 0.15, "mode": "keep", "fill": "blur"},
                 {"kind": "plot", "protocol": "rise-insertion", "band": True}],
        swapped=True, width=82.6, gap=1.2, font="Serif", show={"letters": True}, display={"opacity": 0.5,
        "threshold": 0.2}, scores=["rise-deletion", "ltx-pos"], seed="18446744073709551615")
    text = json.dumps(whole)
    utf16 = b"\xfe\xff" + text.encode("utf-16-be")
    seeds = {
        "empty.json": json.dumps(head()).encode(),
        "whole.json": text.encode(),
        "newer.json": json.dumps({**whole, "version": 2}).encode(),
        "gone.json": json.dumps(head(columns=[{"kind": "map", "method": "gone"}])).encode(),
        "box.json": json.dumps(head(rows=[{"path": "a", "box": [1, 0, 0, 1]}])).encode(),
        "types.json": json.dumps(head(rows=[7], columns={}, width="wide")).encode(),
        "numbers.json": json.dumps(head(width=1e300, gap=-1)).encode(),
        "deep.json": b'{"format":' + b"[" * 5000,
        "cut.json": text.encode()[:200],
        "literal.pdf": b"%PDF-1.4\n1 0 obj\n<< /Keywords (" + text.replace("\\", "\\\\").replace("(", "\\(").replace(
            ")", "\\)").encode() + b") >>\nendobj\n",
        "hex.pdf": b"%PDF-1.4\n1 0 obj\n<< /Keywords <" + utf16.hex().upper().encode() + b"> >>\nendobj\n",
        "open.pdf": b"%PDF-1.4\n/Keywords (((((\\",
        "whole.svg": b'<?xml version="1.0"?>\n<svg><metadata>' + html.escape(text).encode() + b"</metadata></svg>\n",
        "whole.png": b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)) + chunk(
            b"tEXt", b"sightline-figure\0" + text.encode()) + chunk(b"IEND", b""),
        "long.png": b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 0xfffffff0) + b"tEXtsightline-figure\0{}",
    }
    for name, data in seeds.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main()
