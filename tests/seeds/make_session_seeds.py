"""Writes the seeds of fuzz-session: sessions that are well, and sessions that want to do harm.

    python3 make_session_seeds.py
"""
import base64
import json
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
DIGEST = "ab" * 32


def head(**more):
    return {"format": "sightline-session", "version": 1, "program": "0.1.0", **more}


def picture(path, **more):
    return {"path": path, "relative": os.path.basename(path), "sha256": DIGEST, **more}


def recipe(**more):
    return {"picture": 0, "method": "ltx", "values": {"steps": 25}, "class": 3, "contrast": -1, "seed": "0", "progress": 1,
            **more}


def main():
    folder = os.path.join(HERE, "session")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(HERE, "map", "plain.map"), "rb") as file:
        values = base64.b64encode(file.read()).decode()
    logits = base64.b64encode(struct.pack("<3f", 1, 2, -0.5)).decode()
    state = {"target": {"follow": False, "class": 3}, "display": {"opacity": 0.5}}
    whole = head(model={"path": "/models/net.onnx", "relative": "net.onnx", "sha256": DIGEST, "output": "logits"},
                 current=0, pictures=[picture("/pictures/a.png", logits=logits)], state=state,
                 maps=[recipe(map=values), recipe(method="rise", progress=0.62)])
    seeds = {
        "empty": head(),
        "whole": whole,
        "newer": {**whole, "version": 2},
        "outside": head(model={"path": "../../../../etc/passwd"}, **{"saved-as": "/etc/passwd"},
                        pictures=[picture("file:///etc/%00passwd"), {"relative": "../" * 400 + "dev/zero"}]),
        "numbers": head(current=1e300, pictures=[picture("/a.png", logits=logits[:-2])],
                        maps=[recipe(picture=-1, seed="99999999999999999999")]),
        "files": head(state={"object": {"masks": "/home/a/masks"}, "own-maps": {"masks": ["/home/a/../b", "/"]}},
                      pictures=[picture("/home/a/a.png")], maps=[recipe(values={"explainer": "/home/a/e.onnx"})],
                      files=[{"path": "/home/a/masks", "relative": "../../../../../../../../tmp"},
                             {"path": "/home/a/e.onnx", "relative": "../dev/null"}, {"relative": ""}]),
        "types": head(model=[], pictures={"a": 1}, maps=[1, None], state="x"),
        "map": head(pictures=[picture("/a.png")], maps=[recipe(map="AAAA" + values[4:]), recipe(map="=" * 9)]),
    }
    texts = {name: json.dumps(seed) for name, seed in seeds.items()}
    texts["cut"] = texts["whole"][:len(texts["whole"]) * 2 // 3]
    texts["deep"] = '{"format": "sightline-session", "version": 1, "state": ' + '{"a": ' * 5000
    for name, text in texts.items():
        with open(os.path.join(folder, name + ".sightline"), "w") as file:
            file.write(text)


main()
