/** What differs between the text formats. Bytes that stand in every row are made once a stream and schema. */
export interface RowDialect {
  readonly extension: '.jsonl' | '.csv';
  /** What every file of this kind begins with. */
  readonly signature: string;
  /** Names of the row's own columns, which no tag or column may have. */
  readonly reserved: readonly string[];
  /** The line at the top of each file; empty when there is none. */
  header(names: readonly string[]): string;
  /** Before the time. */
  rowStart(stream: string): string;
  /** A tag, the same in every row of a run. */
  tag(name: string, value: string): string;
  /** Before a cell. */
  cellStart(name: string): string;
  readonly rowEnd: string;
  /** Whether `cellStart` is written for a null cell, with nothing behind it. */
  readonly keepsNulls: boolean;
  text(value: string): string;
  /** NaN and the infinities. */
  nonFinite(value: number): string;
}

/**
 * One JSON object a line. A null cell is left out. JSON has no NaN and no infinities: such a cell is `null`, so that
 * it can be told from a cell that was not there.
 */
export const jsonlDialect: RowDialect = {
  extension: '.jsonl',
  signature: '{"stream":',
  reserved: ['stream', 'timeUs'],
  header: () => '',
  rowStart: (stream) => `{"stream":${JSON.stringify(stream)},"timeUs":`,
  tag: (name, value) => `,${JSON.stringify(name)}:${JSON.stringify(value)}`,
  cellStart: (name) => `,${JSON.stringify(name)}:`,
  rowEnd: '}\n',
  keepsNulls: false,
  text: (value) => JSON.stringify(value),
  nonFinite: () => 'null',
};

/** RFC 4180: header, CRLF, quotes where needed. A null cell is empty, an empty text is `""`. */
export const csvDialect: RowDialect = {
  extension: '.csv',
  signature: 'stream,timeUs',
  reserved: ['stream', 'timeUs'],
  header: (names) => `${names.map(quoted).join(',')}\r\n`,
  rowStart: (stream) => `${quoted(stream)},`,
  tag: (_name, value) => `,${quoted(value)}`,
  cellStart: () => ',',
  rowEnd: '\r\n',
  keepsNulls: true,
  text: quoted,
  nonFinite: (value) => String(value),
};

function quoted(text: string): string {
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
