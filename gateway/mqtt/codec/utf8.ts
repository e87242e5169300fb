/**
 * Whether `bytes[start, end)` is well-formed UTF-8 without U+0000, as MQTT wants its strings ([MQTT-1.5.4-1],
 * [MQTT-1.5.4-2]; 3.1.1: [MQTT-1.5.3-1], [MQTT-1.5.3-2]). With `strict` also without control characters and
 * non-characters, which the standard lets a receiver refuse: in names they are never meant.
 */
export function isMqttText(bytes: Uint8Array, start: number, end: number, strict: boolean): boolean {
  let at = start;
  while (at < end) {
    const a = bytes[at++];
    if (a < 0x80) {
      if (a === 0 || (strict && (a < 0x20 || a === 0x7f))) return false;
      continue;
    }
    let more: number;
    let point: number;
    let least: number;
    if (a >= 0xc2 && a <= 0xdf) {
      more = 1;
      point = a & 0x1f;
      least = 0x80;
    } else if (a >= 0xe0 && a <= 0xef) {
      more = 2;
      point = a & 0x0f;
      least = 0x800;
    } else if (a >= 0xf0 && a <= 0xf4) {
      more = 3;
      point = a & 0x07;
      least = 0x10000;
    } else return false;
    if (at + more > end) return false;
    for (; more > 0; more--) {
      const b = bytes[at++];
      if ((b & 0xc0) !== 0x80) return false;
      point = (point << 6) | (b & 0x3f);
    }
    if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    if (strict && (point <= 0x9f || (point & 0xfffe) === 0xfffe || (point >= 0xfdd0 && point <= 0xfdef))) return false;
  }
  return true;
}
