"""Makes oil.onnx, which estimates how warm a car's oil should be, and prints what it says of a few rows.

    # Python 3.11
    pip install numpy==2.4.6 scikit-learn==1.9.1 onnx==1.23.2
    python train.py

The rows it learns from are made up as the simulator's are. For cars of your own give `healthy` the rows of drives in which
nothing was wrong, and leave the rest as it is.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from sklearn.neural_network import MLPRegressor

SEED = 7


def healthy(rows: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Water, brakes and tyres [rows, 3] and oil [rows], in degrees Celsius, from the pit to a long drive."""
    warm = rng.uniform(0, 1, rows)
    breath = rng.uniform(-1, 1, rows)
    braking = np.where(rng.uniform(size=rows) < 0.3, rng.uniform(0, 16, rows), 0)
    cornering = rng.uniform(0, 25, rows)
    water = 78 + 12 * warm + breath + rng.normal(0, 0.2, rows)
    brakes = 280 + 150 * warm + 14 * braking + rng.normal(0, 4, rows)
    tyres = 68 + 22 * warm + 0.4 * cornering + rng.normal(0, 0.3, rows)
    oil = 85 + 28 * warm + 1.5 * breath + rng.normal(0, 0.2, rows)
    return np.column_stack([water, brakes, tyres]), oil


def model(temps: np.ndarray, oil: np.ndarray) -> onnx.ModelProto:
    """`temps` [rows, 3] to `oil` [rows, 1], both as they are measured: the scaling is part of it."""
    mean, scale = temps.mean(axis=0), temps.std(axis=0)
    oil_mean, oil_scale = oil.mean(), oil.std()
    network = MLPRegressor(hidden_layer_sizes=(8, 8), activation="tanh", solver="lbfgs", max_iter=3000, random_state=SEED)
    network.fit((temps - mean) / scale, (oil - oil_mean) / oil_scale)

    weights = {"mean": mean, "scale": scale, "oil_mean": oil_mean, "oil_scale": oil_scale}
    for i, (weight, bias) in enumerate(zip(network.coefs_, network.intercepts_)):
        weights |= {f"w{i}": weight, f"b{i}": bias}
    nodes = [
        helper.make_node("Sub", ["temps", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "scale"], ["scaled"]),
        helper.make_node("Gemm", ["scaled", "w0", "b0"], ["sum0"]),
        helper.make_node("Tanh", ["sum0"], ["layer0"]),
        helper.make_node("Gemm", ["layer0", "w1", "b1"], ["sum1"]),
        helper.make_node("Tanh", ["sum1"], ["layer1"]),
        helper.make_node("Gemm", ["layer1", "w2", "b2"], ["sum2"]),
        helper.make_node("Mul", ["sum2", "oil_scale"], ["oil_centred"]),
        helper.make_node("Add", ["oil_centred", "oil_mean"], ["oil"]),
    ]
    graph = helper.make_graph(
        nodes,
        "oil",
        [helper.make_tensor_value_info("temps", TensorProto.FLOAT, ["rows", 3])],
        [helper.make_tensor_value_info("oil", TensorProto.FLOAT, ["rows", 1])],
        [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in weights.items()],
    )
    # Old enough for every runtime of the last years.
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made, full_check=True)
    return made


def main() -> None:
    made = model(*healthy(4000, np.random.default_rng(SEED)))
    path = Path(__file__).with_name("oil.onnx")
    onnx.save(made, path)
    print(f"{path.name}: {path.stat().st_size} bytes")

    evaluate = ReferenceEvaluator(made)
    temps, oil = healthy(100_000, np.random.default_rng(SEED + 1))
    (expected,) = evaluate.run(None, {"temps": temps.astype(np.float32)})
    off = np.abs(oil - expected[:, 0])
    print(f"other healthy rows: {np.median(off):.2f} degrees off in the median, {off.max():.2f} at most")
    # Those of oil.test.yaml.
    shown = [[78, 280, 68], [84, 355, 81], [90, 430, 92], [88, 620, 90]]
    (expected,) = evaluate.run(None, {"temps": np.array(shown, np.float32)})
    for row, estimate in zip(shown, expected[:, 0]):
        print(f"water, brakes, tyres {row}: oil {estimate:.5f}")


if __name__ == "__main__":
    main()
