/**
 * Stream names as paths below a folder, reversible and never outside it. A level becomes a folder of the same name;
 * what a file system may not take is percent-encoded: `% \ : * ? " < > |`, control characters, a dot at the start
 * (`.`, `..`, hidden names), a dot or blank at the end, Windows device names, and `=` in `partition=`.
 * A level over 200 bytes is cut into several folders; each but the last ends in a bare `%`.
 *
 * `extension` (`.jsonl`, `.csv`; empty for formats with a folder a stream) is what files end in: a folder that ends so
 * and, for csv, a name that looks like a numbered part (`a.2`) have that dot encoded, so that no two streams meet in one path.
 * With `foldCase` (a file system that does not tell `A` from `a`), capitals and all beyond ASCII are encoded too.
 */
export function pathOfStream(stream: string, extension: string, foldCase: boolean): string {
  const levels = stream.split('/');
  return levels.map((level, i) => encodeLevel(level, i === levels.length - 1, extension, foldCase)).join('/');
}

/** The stream a path of `pathOfStream` names. */
export function streamOfPath(path: string): string {
  return path
    .replaceAll('%/', '')
    .split('/')
    .map((level) => (level === EMPTY ? '' : decodeURIComponent(level)))
    .join('/');
}

const LEVEL_BYTES_MAX = 200;
const EMPTY = '%-';
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const RESERVED = /[\u0000-\u001f\u007f%\\:*?"<>|]/;
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

function encodeLevel(level: string, last: boolean, extension: string, foldCase: boolean): string {
  if (level === '') return EMPTY;
  const characters = [...level];
  const escaped = new Set<number>();
  characters.forEach((c, i) => {
    if (RESERVED.test(c) || (foldCase && (/[A-Z]/.test(c) || c.charCodeAt(0) > 0x7e))) escaped.add(i);
  });
  if (level[0] === '.' || DEVICE.test(level)) escaped.add(0);
  if (/[. ]$/.test(level)) escaped.add(characters.length - 1);
  if (/^partition=/i.test(level)) escaped.add('partition'.length);
  if (extension !== '' && !last && level.endsWith(extension)) escaped.add(characters.length - extension.length);
  const part = extension === '.csv' && last ? /\.\d+$/.exec(level) : null;
  if (part) escaped.add(characters.length - part[0].length);
  return cut(characters.map((c, i) => (escaped.has(i) ? percent(c) : c)));
}

function percent(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

function cut(units: readonly string[]): string {
  let path = '';
  let bytes = 0;
  for (const unit of units) {
    const size = Buffer.byteLength(unit);
    if (bytes + size > LEVEL_BYTES_MAX) {
      path += '%/';
      bytes = 0;
    }
    path += unit;
    bytes += size;
  }
  return path;
}
