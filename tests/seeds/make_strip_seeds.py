"""Writes the seeds of fuzz-truth and fuzz-thumbnail: tables of labels, and cached thumbnails.

    python3 make_strip_seeds.py

The files are committed; run this only to change them.
"""
import os
import struct
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
URI, TIME = b"file:///pictures/a.png", b"1700000000"  # as in fuzz-thumbnail.c


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def text(key, value):
    return chunk(b"tEXt", key + b"\0" + value)


def thumbnail(width=4, height=3, uri=URI, time=TIME, more=b""):
    rows = b"".join(b"\0" + bytes((9 * x + 17 * y) % 256 for x in range(3 * min(width, 64))) for y in range(min(height, 64)))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + text(b"Thumb::URI", uri) + text(b"Thumb::MTime", time) + more
            + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


THUMBNAILS = {
    "plain.png": thumbnail(more=text(b"Thumb::Image::Width", b"480") + text(b"Thumb::Image::Height", b"360")),
    "bare.png": thumbnail(),
    "other.png": thumbnail(uri=b"file:///pictures/b.png"),
    "older.png": thumbnail(time=b"1600000000"),
    "huge.png": thumbnail(60000, 60000),
    "sizes.png": thumbnail(more=text(b"Thumb::Image::Width", b"-4") + text(b"Thumb::Image::Height", b"99999999999999999999")),
    "cut.png": thumbnail()[:120],
    "long-chunk.png": thumbnail(more=struct.pack(">I", 0x7FFFFFFF) + b"tEXt"),
}
TABLES = {
    "plain.csv": "a.png,cat\nb.png,dög\n".encode(),
    "titles.csv": b"\xef\xbb\xbffilename;label;split\r\nx/a.png;\"cat; tabby\";train\r\n\r\nb.png;dog\r\n",
    "tabs.tsv": b"a.png\tcat\nb.png\t3\n",
    "quotes.csv": b'"a ""1"".png","line\nbreak"\n',
    "open-quote.csv": b'a.png,"cat\nb.png,dog\n',
    "no-label.csv": b"a.png\nb.png,dog\n",
    "no-name.csv": b",cat\n",
    "latin1.csv": b"a.png,caf\xe9\n",
    "empty.csv": b"\n\n",
}


def main():
    for folder, files in (("thumbnail", THUMBNAILS), ("truth", TABLES)):
        os.makedirs(os.path.join(HERE, folder), exist_ok=True)
        for name, data in files.items():
            with open(os.path.join(HERE, folder, name), "wb") as file:
                file.write(data)


main()
