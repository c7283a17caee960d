"""PyTorch's side of the suite: a process that measures one thing as often as asked and stays warm in between.

    python3 tests/bench/torch_side.py serve REFERENCE MODEL.onnx IMAGE THREADS     requests, see answer(), and answers are
                                                                          lines of JSON on standard input and output
    python3 tests/bench/torch_side.py predict REFERENCE MODEL.onnx IMAGE THREADS   prints the predicted class and ends

REFERENCE is the folder of onnx_torch.py, preprocess.py and ltx.py. Where there are several ways to do the same thing in
PyTorch, each is tried first and the fastest is measured.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import sys
import time

import onnx
import torch

STEPS_TO_TRY, MASKS_TO_TRY = 2, 160


def add_operators(operators):
    """What torchvision's ViT needs beyond the reference's interpreter: shape arithmetic."""
    operators.setdefault("Expand", lambda x, shape: x.expand(torch.broadcast_shapes(x.shape, tuple(shape.tolist()))))
    operators.setdefault("Equal", lambda a, b: a == b)
    operators.setdefault("Where", lambda c, a, b: torch.where(c, a, b))
    operators.setdefault("Mod", lambda a, b, **k: torch.remainder(a, b))
    operators.setdefault("ConstantOfShape", lambda shape, value=None: torch.full(
        shape.tolist(), 0.0 if value is None else onnx.numpy_helper.to_array(value).item()))


def open_case(reference, model, image):
    sys.path.insert(0, reference)
    import onnx_torch
    import preprocess
    add_operators(onnx_torch.OPS)
    config = preprocess.sidecar(str(pathlib.Path(model).with_suffix(".json")))
    net = onnx_torch.OnnxModule(model).eval()
    pixels = preprocess.load_pixels(image, config)
    x = preprocess.normalise(pixels, config)
    with torch.no_grad():
        target = int(net(x)[0].argmax())
    return argparse.Namespace(net=net, pixels=pixels, x=x, target=target, model=model, config=config, chosen={})


def fastest(case, key, ways, measure):
    """The way of @ways, functions or modules, that is fastest; found out once for each @key."""
    if key not in case.chosen:
        for way in ways:
            measure(way)  # warm
        case.chosen[key] = min(ways, key=measure) if len(ways) > 1 else ways[0]
    return case.chosen[key]


def seconds_of(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


# ---- passes ----

class ChannelsLast(torch.nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net.to(memory_format=torch.channels_last)

    def forward(self, x):
        return self.net(x.to(memory_format=torch.channels_last))


def modules(case):
    """The file's graph and, for a network of models.py, torchvision's module, which has to give the same logits."""
    if not hasattr(case, "modules"):
        case.modules = [case.net]
        if pathlib.Path(case.model).with_suffix(".pt").exists():
            import models
            made = [models.module(case.model), ChannelsLast(models.module(case.model))]
            torch.backends.mha.set_fastpath_enabled(True)
            with torch.no_grad():
                for net in made:
                    torch.testing.assert_close(net(case.x), case.net(case.x), rtol=1e-3, atol=1e-3)
            case.modules += made
    return case.modules


def run_pass(net, x, gradient):
    if gradient:
        net(x.clone().requires_grad_(True)).sum().backward()
    else:
        with torch.no_grad():
            net(x)


def passes(case, gradient, batch, repeats):
    x = torch.randn(batch, *case.x.shape[1:])
    net = fastest(case, (gradient, batch), modules(case), lambda way: seconds_of(lambda: run_pass(way, x, gradient)))
    return {"seconds": statistics.median(seconds_of(lambda: run_pass(net, x, gradient)) for _ in range(repeats))}


# ---- LTX ----

def ltx_head(case):
    """As ltx.init_head(), which knows one name of the last normalisation only."""
    import ltx
    softmax = case.net.of_type("Softmax")
    if not softmax or "norm.weight" in case.net.keys:
        return ltx.init_head(case.net, bool(softmax), case.config["input_size"][1])
    cut = [n.input[0] for n in case.net.nodes if n.op_type == "Gather"][-1]
    with torch.no_grad():
        d = case.net.run(case.x, [cut])[0].shape[-1]
    zeros, normal = (lambda *s: torch.zeros(*s).numpy()), (lambda *s: (0.02 * torch.randn(*s)).numpy())
    return {"fc1_weight": normal(d, d), "fc1_bias": zeros(d), "fc2_weight": normal(1, d), "fc2_bias": zeros(1)}


def train(case, steps):
    """Seconds of one step with judging, as the official code does it: f(x) again in every step, ten pictures judged one
    by one."""
    import ltx
    torch.manual_seed(0)
    head, start = ltx_head(case), time.perf_counter()
    log, best, _ = ltx.finetune(case.model, case.config, case.pixels, case.target, head, 5e-4, 50.0, steps, stop_below=-1,
                                check_batch=1, recompute=True)
    return {"seconds": (time.perf_counter() - start) / len(log), "auc": log[best]["pos_auc"]}


# ---- methods ----

def method(case, name, layer, masks):
    from torch_methods import METHODS
    case.layer, case.masks = layer, MASKS_TO_TRY
    way = fastest(case, name, METHODS[name][2], lambda peer: seconds_of(lambda: peer(case)))
    case.masks = masks
    start = time.perf_counter()
    result = way(case)
    return {"seconds": time.perf_counter() - start,
            "map": (result.detach() if torch.is_tensor(result) else torch.as_tensor(result)).tolist()}


# ---- serving ----

def answer(case, request):
    """One measurement; with "try" a short one, by which settings of threads are compared."""
    what, short = request.pop("what"), request.pop("try", False)
    if what == "ltx":
        if short:
            train(case, 1)  # warm
        reply = train(case, STEPS_TO_TRY if short else request["steps"])
    elif what == "pass":
        reply = passes(case, request["gradient"], request["batch"], 1 if short else request["repeats"])
    else:
        reply = method(case, what, request["layer"], MASKS_TO_TRY if short else request["masks"])
    reply["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return reply


def serve(case, replies):
    print(json.dumps({"target": case.target, "torch": torch.__version__}), file=replies, flush=True)
    for line in sys.stdin:
        try:
            reply = answer(case, json.loads(line))
        except Exception as problem:  # a line of the table says so; the others are measured all the same
            reply = {"problem": "%s: %s" % (type(problem).__name__, problem)}
        print(json.dumps(reply), file=replies, flush=True)


def main():
    command, reference, model, image, threads = sys.argv[1:6]
    torch.set_num_threads(int(threads))
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what packages print is no answer
    case = open_case(reference, model, image)
    if command == "serve":
        serve(case, replies)
    else:
        print(case.target, file=replies)


if __name__ == "__main__":
    main()
