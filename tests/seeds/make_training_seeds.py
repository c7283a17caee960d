"""Writes the fuzz seeds of checkpoint/: a training's state of 3 weights, as engine/train/checkpoint.c lays it out."""
import hashlib
import os
import struct

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "checkpoint")


def write(name, best, points, marks):
    body = struct.pack("<8s64s6iqQ", b"SLTRAIN1", b"0" * 64, 5, 2, best, points, marks, 0, 3, 32)
    body += b"".join(struct.pack("<i4x2d6d", i + 1, 0.5, 1e-3, *[0.25] * 6) for i in range(points))
    body += b"".join(struct.pack("<i4x2di4x", i, 0.5, 0.75, i == best) for i in range(marks))
    body += struct.pack("<3f", 1, 2, 3) + struct.pack("<q6f", 5, *[0.1] * 6)
    body += struct.pack("<3f", 4, 5, 6) if best >= 0 else b""
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(body + hashlib.sha256(body).digest())


os.makedirs(FOLDER, exist_ok=True)
write("with-best", 1, 5, 3)
write("no-best", -1, 0, 1)
