/** `indices` into the texts that occur (`used`), in the order they first do. */
export interface TextDictionary {
  indices: Int32Array;
  used: string[];
}

export function textDictionary(values: Int32Array, dictionary: readonly string[]): TextDictionary {
  const places = new Int32Array(dictionary.length).fill(-1);
  const used: string[] = [];
  const indices = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const index = values[i]!;
    let place = places[index]!;
    if (place < 0) places[index] = place = used.push(dictionary[index] ?? '') - 1;
    indices[i] = place;
  }
  return { indices, used };
}

/** Texts with their lengths before them; by `indices`, or each once. */
export function plainTexts(texts: readonly string[], indices: Int32Array | null): Uint8Array {
  const encoded = texts.map((text) => Buffer.from(text));
  let bytes = 0;
  for (const i of indices ?? encoded.keys()) bytes += 4 + encoded[i]!.length;
  const out = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const i of indices ?? encoded.keys()) {
    at = out.writeUInt32LE(encoded[i]!.length, at);
    at += encoded[i]!.copy(out, at);
  }
  return out;
}
