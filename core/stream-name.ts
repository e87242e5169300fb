import { STREAM_NAME_BYTES_MAX, STREAM_NAME_LEVELS_MAX } from './limits.js';

/**
 * Why a text cannot name a stream, or null when it can. A stream's name is an MQTT topic name without wildcards,
 * NUL or other control characters, without empty levels, and not starting with `$`, which brokers keep for themselves.
 */
export function streamNameFault(name: string): string | null {
  if (name.length === 0) return 'is empty';
  if (name.length > STREAM_NAME_BYTES_MAX) return `is longer than ${STREAM_NAME_BYTES_MAX} bytes`;
  if (name.charCodeAt(0) === 0x24) return 'starts with $, which is kept for the server';
  let levels = 1;
  let previousSlash = true;
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    if (c === 0x2b || c === 0x23) return 'holds a wildcard (+ or #)';
    if (c < 0x20 || (c >= 0x7f && c <= 0x9f)) return 'holds a control character';
    if (c === 0x2f) {
      if (previousSlash) return 'has an empty level (//, or a / at its start)';
      levels++;
      previousSlash = true;
    } else previousSlash = false;
  }
  if (previousSlash) return 'ends with /';
  if (levels > STREAM_NAME_LEVELS_MAX) return `has more than ${STREAM_NAME_LEVELS_MAX} levels`;
  if (name.length * 3 > STREAM_NAME_BYTES_MAX && Buffer.byteLength(name) > STREAM_NAME_BYTES_MAX) {
    return `is longer than ${STREAM_NAME_BYTES_MAX} bytes`;
  }
  return null;
}

/** The entity a stream belongs to: its name without the last segment; a name of one segment is its own entity. */
export function entityKeyOf(stream: string): string {
  const slash = stream.lastIndexOf('/');
  return slash < 0 ? stream : stream.slice(0, slash);
}
