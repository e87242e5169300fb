const READ_BYTES_MAX = 64 * 1024;
const SHOWN_CHARACTERS = 500;
/** Shorter ones, such as `1`, would hide what says nothing about them. */
const SECRET_CHARACTERS_MIN = 4;

/** What an HTTP response says, in words for a message. */
export interface ResponseText {
  /** Its body's start, as it came. */
  body: string;
  /** The same for people: without control characters and secrets, and not longer than 500 characters. */
  shown: string;
}

/**
 * Reads a response to its end and keeps its first 64 KiB. Rejects where the body breaks off, and where `signal` of the
 * request is aborted.
 */
export async function responseText(response: Response, secrets: readonly string[] = []): Promise<ResponseText> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    if (bytes < READ_BYTES_MAX) parts.push((part as Uint8Array).subarray(0, READ_BYTES_MAX - bytes));
    bytes += (part as Uint8Array).length;
  }
  const body = Buffer.concat(parts).toString('utf8');
  return { body, shown: shownText(body, secrets) };
}

/** A server's words for a message: one line, up to 500 characters, with `***` for each of the secrets. */
export function shownText(text: string, secrets: readonly string[] = []): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret.length >= SECRET_CHARACTERS_MIN) clean = clean.replaceAll(secret, '***');
  }
  clean = clean.replaceAll(/[\s\p{Cc}\p{Cf}\ufffd]+/gu, ' ').trim();
  return clean.length > SHOWN_CHARACTERS ? `${clean.slice(0, SHOWN_CHARACTERS)}…` : clean;
}
