import { malformed } from '../mqtt-fault.js';
import { isMqttText } from './utf8.js';

/** Reads the fields of one packet in place; every read past the end of the packet is a malformed packet. */
export class PacketReader {
  private bytes: Buffer = Buffer.alloc(0);
  private position = 0;
  private limit = 0;

  /** Starts at `bytes[start]`; the packet ends before `end`. Returns itself. */
  over(bytes: Buffer, start: number, end: number): this {
    this.bytes = bytes;
    this.position = start;
    this.limit = end;
    return this;
  }

  get at(): number {
    return this.position;
  }
  get left(): number {
    return this.limit - this.position;
  }

  u8(): number {
    return this.bytes[this.skip(1)];
  }

  u16(): number {
    const at = this.skip(2);
    return (this.bytes[at] << 8) | this.bytes[at + 1];
  }

  u32(): number {
    return this.bytes.readUInt32BE(this.skip(4));
  }

  /** A Variable Byte Integer in its shortest form ([MQTT-1.5.5-1]). */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) throw malformed('a Variable Byte Integer is longer than needed');
        return value;
      }
    }
    throw malformed('a Variable Byte Integer has more than four bytes');
  }

  /** Length-prefixed bytes: a view into the packet. */
  binary(): Buffer {
    const length = this.u16();
    const at = this.skip(length);
    return this.bytes.subarray(at, at + length);
  }

  /** A UTF-8 string. `strict` refuses control characters and non-characters: for names. */
  text(what: string, strict: boolean): string {
    const length = this.u16();
    const at = this.skip(length);
    if (!isMqttText(this.bytes, at, at + length, strict)) throw malformed(`${what} is not valid UTF-8 text`);
    return this.bytes.toString('utf8', at, at + length);
  }

  /** Moves on and returns where the skipped bytes start. */
  skip(count: number): number {
    const at = this.position;
    if (count > this.limit - at) throw malformed('the packet is shorter than its fields');
    this.position = at + count;
    return at;
  }

  /** The packet has to be used up. */
  finish(): void {
    if (this.position !== this.limit) throw malformed('the packet is longer than its fields');
  }
}
