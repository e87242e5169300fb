/** One field of a protobuf message: a number of its varint, or the bytes of what has a length. */
type ProtobufField = { number: number; value: number | Uint8Array };

/** Fields of onnx.proto that hold the numbers of a model: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. */
const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
const TENSOR_NAME = 8;
const TENSOR_RAW_DATA = 9;

/** The initializers of an ONNX model of 32-bit floats, by name, read without any runtime of it. */
export function onnxInitializers(model: Uint8Array): Record<string, Float32Array> {
  const initializers = inner(model, MODEL_GRAPH).flatMap((graph) => inner(graph, GRAPH_INITIALIZER));
  const named = initializers.map((tensor) => {
    const [name] = inner(tensor, TENSOR_NAME);
    const [raw] = inner(tensor, TENSOR_RAW_DATA);
    return [Buffer.from(name!).toString(), new Float32Array(Uint8Array.from(raw!).buffer)] as const;
  });
  return Object.fromEntries(named);
}

function inner(message: Uint8Array, number: number): Uint8Array[] {
  const its = [...fields(message)].filter((field) => field.number === number);
  return its.map(({ value }) => value as Uint8Array);
}

function* fields(message: Uint8Array): Generator<ProtobufField> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[at++]!;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (wire === 0) yield { number, value: varint() };
    else if (wire === 2) {
      const length = varint();
      yield { number, value: message.subarray(at, (at += length)) };
    } else throw new Error(`a field of wire type ${wire}`);
  }
}
