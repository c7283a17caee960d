"""Writes the seeds of fuzz-onnx: models of at most 2 KB that touch every part of the reader.

    python3 make_onnx_seeds.py          (Debian: python3-onnx)

The files are committed; run this only to change them.
"""
import os

import numpy as np
from onnx import AttributeProto, TensorProto, helper, numpy_helper

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "onnx")
F, I64 = TensorProto.FLOAT, TensorProto.INT64
RANDOM = np.random.default_rng(1)


def tensor(name, *shape, dtype=np.float32):
    return numpy_helper.from_array(RANDOM.integers(-8, 8, shape).astype(dtype) / dtype(8), name)


def ints(name, values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def save(name, nodes, weights=(), shape=("N", 3, 6, 6), outputs=("y",), opset=13, functions=(), **extra):
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", F, shape)],
                              [helper.make_tensor_value_info(o, F, None) for o in outputs], weights)
    opsets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid("local", 1)] if functions else [])
    model = helper.make_model(graph, opset_imports=opsets, functions=list(functions), producer_name="seed")
    for change in extra.values():
        change(model)
    with open(os.path.join(HERE, name + ".onnx"), "wb") as f:
        f.write(model.SerializeToString())


node = helper.make_node
os.makedirs(HERE, exist_ok=True)

save("conv", [
    node("Conv", ["x", "w", "b"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2], group=1),
    node("BatchNormalization", ["a", "s", "b", "b", "s"], ["n"]),
    node("Relu", ["n"], ["r"]),
    node("MaxPool", ["r"], ["m", "indices"], kernel_shape=[2, 2], ceil_mode=1),
    node("GlobalAveragePool", ["m"], ["p"]),
    node("Flatten", ["p"], ["f"]),
    node("Gemm", ["f", "g", "b"], ["y"], transB=1, alpha=0.5),
], [tensor("w", 4, 3, 3, 3), tensor("b", 4), numpy_helper.from_array(np.full(4, 2, np.float32), "s"), tensor("g", 4, 4)])

save("attention", [
    node("Shape", ["x"], ["shape"]),
    node("Gather", ["shape", "zero"], ["batch"], axis=0),
    node("Unsqueeze", ["batch", "axis0"], ["batch1"]),
    node("Concat", ["batch1", "rest"], ["target"], axis=0),
    node("Reshape", ["x", "target"], ["tokens"]),
    node("LayerNormalization", ["tokens", "scale", "bias"], ["norm"], epsilon=1e-6),
    node("MatMul", ["norm", "qk"], ["both"]),
    node("Split", ["both"], ["q", "k"], axis=-1),
    node("Transpose", ["k"], ["kt"], perm=[0, 2, 1]),
    node("MatMul", ["q", "kt"], ["scores"]),
    node("Softmax", ["scores"], ["probs"], axis=-1),
    node("Einsum", ["probs", "tokens"], ["y"], equation="bij,bjc->bic"),
], [ints("zero", 0), ints("axis0", [0]), ints("rest", [-1, 6]), tensor("scale", 6), tensor("bias", 6), tensor("qk", 6, 8)],
    opset=17)

save("shapes", [
    node("Constant", [], ["three"], value=ints("", [3])),
    node("ConstantOfShape", ["three"], ["ones"], value=helper.make_tensor("", I64, [1], [1])),
    node("Range", ["r0", "r1", "r2"], ["range"]),
    node("Cast", ["range"], ["rangef"], to=F),
    node("Slice", ["x", "starts", "ends", "axes", "steps"], ["s"]),
    node("Pad", ["s", "pads"], ["p"], mode="reflect"),
    node("Resize", ["p", "", "scales"], ["z"], mode="linear", coordinate_transformation_mode="half_pixel"),
    node("Expand", ["z", "ones"], ["e"]),
    node("ReduceMean", ["e"], ["m"], axes=[2, 3], keepdims=0),
    node("Add", ["m", "rangef"], ["t"]),
    node("Tile", ["t", "reps"], ["tt"]),
    node("Where", ["cond", "tt", "three_f"], ["y"]),
], [ints("r0", 0), ints("r1", 3), ints("r2", 1), ints("starts", [-1]), ints("ends", [-7]), ints("axes", [3]),
    ints("steps", [-2]), ints("pads", [0, 0, 1, 1, 0, 0, 1, 1]), numpy_helper.from_array(np.array([1, 1, 2, 1.5], np.float32), "scales"),
    ints("reps", [1, 2]), numpy_helper.from_array(np.array([True, False, True] * 2), "cond"), tensor("three_f", 1)])

ref = node("LeakyRelu", ["a"], ["t"])
attribute = AttributeProto(name="alpha", ref_attr_name="slope", type=AttributeProto.FLOAT)
ref.attribute.append(attribute)
inner = helper.make_function("local", "Inner", ["a"], ["b"], [ref, node("Add", ["t", "a"], ["b"])],
                             [helper.make_opsetid("", 13)], ["slope"])
call = node("Inner", ["p"], ["q"], domain="local")
call.attribute.append(AttributeProto(name="slope", ref_attr_name="slope", type=AttributeProto.FLOAT))
outer = helper.make_function("local", "Outer", ["p"], ["r"], [call, node("Neg", ["q"], ["r"])],
                             [helper.make_opsetid("", 13), helper.make_opsetid("local", 1)], ["slope"])
save("functions", [
    node("Outer", ["x"], ["o"], domain="local", slope=0.25),
    node("Outer", ["o"], ["y"], domain="local", slope=0.5),
], functions=[inner, outer], shape=(1, 2))

then = helper.make_graph([node("Squeeze", ["x"], ["v"], axes=[0])], "then", [], [helper.make_tensor_value_info("v", F, None)])
other = helper.make_graph([node("Add", ["x", "c"], ["v2"])], "else", [], [helper.make_tensor_value_info("v2", F, None)],
                          [tensor("c", 3)])
save("if", [
    node("Shape", ["x"], ["s"]),
    node("Gather", ["s", "zero"], ["n"]),
    node("Equal", ["n", "one"], ["single"]),
    node("If", ["single"], ["y"], then_branch=then, else_branch=other),
], [ints("zero", 0), ints("one", 1)], shape=("N", 3), opset=11)

half = TensorProto(name="half", data_type=TensorProto.FLOAT16, dims=[2], int32_data=[0x3C00, 0xBC00])
brain = TensorProto(name="brain", data_type=TensorProto.BFLOAT16, dims=[2], raw_data=b"\x80\x3f\x80\xbf")
double = TensorProto(name="double", data_type=TensorProto.DOUBLE, dims=[2], double_data=[0.5, 2])
byte = TensorProto(name="byte", data_type=TensorProto.UINT8, dims=[1], int32_data=[200])
long = TensorProto(name="long", data_type=TensorProto.INT64, dims=[1], int64_data=[-1])
save("types", [
    node("Cast", ["half"], ["h"], to=F), node("Cast", ["brain"], ["b"], to=F), node("Cast", ["double"], ["d"], to=F),
    node("Cast", ["byte"], ["u"], to=F), node("Cast", ["long"], ["l"], to=F),
    node("Sum", ["x", "h", "b", "d", "u", "l"], ["s"]),
    node("Clip", ["s", "", "top"], ["y"]),
], [half, brain, double, byte, long, numpy_helper.from_array(np.float32(3), "top")], shape=(1, 2))


def external(model):
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "w.bin"), ("offset", "0"), ("length", "8")):
        weight.external_data.add(key=key, value=value)


save("external", [node("Mul", ["x", "w"], ["y"])], [tensor("w", 2)], shape=(1, 2), change=external)

save("old", [
    node("Squeeze", ["x"], ["a"], axes=[0]),
    node("Unsqueeze", ["a"], ["b"], axes=[0]),
    node("Upsample", ["b"], ["c"], scales=[1.0, 1.0, 2.0, 2.0], mode="nearest"),
    node("Slice", ["c"], ["d"], starts=[1], ends=[100], axes=[2]),
    node("Pad", ["d"], ["e"], pads=[0, 0, 1, 1, 0, 0, 0, 0], value=1.0),
    node("Dropout", ["e"], ["f"], ratio=0.5),
    node("Clip", ["f"], ["g"], min=0.0, max=6.0),
    node("LRN", ["g"], ["h"], size=3),
    node("ReduceSum", ["h"], ["i"], axes=[2, 3]),
    node("Softmax", ["i"], ["y"], axis=1),
], shape=(1, 3, 2, 2), opset=7)

save("moves", [
    node("ConvTranspose", ["x", "w"], ["a"], strides=[2, 2], output_padding=[1, 1]),
    node("DepthToSpace", ["a"], ["b"], blocksize=2, mode="CRD"),
    node("GatherElements", ["b", "index"], ["c"], axis=3),
    node("InstanceNormalization", ["c", "s", "s"], ["d"]),
    node("PRelu", ["d", "s1"], ["e"]),
    node("AveragePool", ["e"], ["f"], kernel_shape=[2, 2], auto_pad="SAME_UPPER", count_include_pad=1),
    node("ArgMax", ["f"], ["g"], axis=1, keepdims=0),
    node("Cast", ["g"], ["h"], to=F),
    node("Trilu", ["h", "k"], ["t"], upper=0),
    node("HardSwish", ["t"], ["y"]),
], [tensor("w", 2, 4, 2, 2), numpy_helper.from_array(np.zeros((1, 1, 2, 3), np.int64), "index"), tensor("s", 1),
    tensor("s1", 1), ints("k", 0)], shape=(1, 2, 2, 2), opset=14)
