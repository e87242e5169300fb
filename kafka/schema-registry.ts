import { PitwallError } from '../core/errors.js';

/** Where a registry is. It may hold a secret: never print it. */
export interface RegistryAddress {
  /** The root of its HTTP interface, such as `http://127.0.0.1:8081`. */
  url: string;
  /** Both or neither. */
  username: string | null;
  password: string | null;
}

const ANSWER_MS = 10_000;
const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json';
/** Of what stands before a value. */
export const PREFIX_BYTES = 5;
/** Of what a registry says, as much stands in a message. */
const SAID_CHARACTERS_MAX = 300;

interface Answer {
  id?: unknown;
  schema?: unknown;
  message?: unknown;
}

/**
 * A schema registry with the HTTP interface of Confluent's, as far as rows need it. What it answers is kept as long
 * as this object lives.
 */
export class SchemaRegistryClient {
  private readonly ids = new Map<string, Promise<number>>();
  private readonly schemas = new Map<number, Promise<string | null>>();
  private readonly root: string;
  private readonly headers: Record<string, string>;

  constructor({ url, username, password }: RegistryAddress) {
    this.root = url.replace(/\/+$/, '');
    this.headers = { accept: `${CONTENT_TYPE}, application/json`, 'content-type': CONTENT_TYPE };
    if (username !== null) {
      this.headers.authorization = `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
    }
  }

  /**
   * The id of an Avro schema under a subject, which it is registered with when it is not there yet. Throws `bus-failed`,
   * retryable where the registry, or whoever sets it up, can mend it.
   */
  id(subject: string, schemaText: string): Promise<number> {
    const key = `${subject}\0${schemaText}`;
    let id = this.ids.get(key);
    if (!id) {
      id = this.register(subject, schemaText);
      this.ids.set(key, id);
      id.catch(() => this.ids.delete(key));
    }
    return id;
  }

  /** The Avro schema with an id; null: there is none. Throws as `id` does. */
  schema(id: number): Promise<string | null> {
    let text = this.schemas.get(id);
    if (!text) {
      text = this.find(id);
      this.schemas.set(id, text);
      text.catch(() => this.schemas.delete(id));
    }
    return text;
  }

  private async register(subject: string, schemaText: string): Promise<number> {
    const doing = `registering a schema under ${subject}`;
    const body = JSON.stringify({ schema: schemaText });
    const { status, answer } = await this.ask(doing, `/subjects/${encodeURIComponent(subject)}/versions`, body);
    const { id } = answer;
    if (status === 200 && typeof id === 'number' && Number.isInteger(id)) return id;
    throw this.refused(doing, answer, meaningOf(status, subject));
  }

  private async find(id: number): Promise<string | null> {
    const doing = `asking for the schema ${id}`;
    const { status, answer } = await this.ask(doing, `/schemas/ids/${id}`, null);
    if (status === 200 && typeof answer.schema === 'string') return answer.schema;
    if (status === 404) return null;
    throw this.refused(doing, answer, meaningOf(status, 'the id'));
  }

  /** With a body it is posted. */
  private async ask(doing: string, path: string, body: string | null): Promise<{ status: number; answer: Answer }> {
    try {
      const answer = await fetch(`${this.root}${path}`, {
        method: body === null ? 'GET' : 'POST',
        headers: this.headers,
        body,
        // The password is for the address that was configured.
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      return { status: answer.status, answer: readAnswer(await answer.text()) };
    } catch (error) {
      throw this.fault(doing, true, unreached(error), error);
    }
  }

  private refused(doing: string, { message }: Answer, [what, retryable]: ReturnType<typeof meaningOf>): PitwallError {
    const said = typeof message === 'string' && message !== '' ? ` (${message.slice(0, SAID_CHARACTERS_MAX)})` : '';
    return this.fault(doing, retryable, `${what}${said}`);
  }

  private fault(doing: string, retryable: boolean, what: string, cause?: unknown): PitwallError {
    const message = `the schema registry at ${this.root}, ${doing}: ${what}`;
    return new PitwallError('bus-failed', message, { stage: 'bus', retryable, cause });
  }
}

/** What stands before a value in Confluent's wire format: a zero, and the schema's id. */
export function registryPrefixBytes(id: number): Buffer {
  const bytes = Buffer.alloc(PREFIX_BYTES);
  bytes.writeInt32BE(id, 1);
  return bytes;
}

/** The id in front of a value; null where the value does not begin so. */
export function registryId(value: Buffer): number | null {
  return value.length >= PREFIX_BYTES && value[0] === 0 ? value.readInt32BE(1) : null;
}

/** The subject that readers take for the values of a topic unless they are told otherwise. */
export function valueSubject(topic: string): string {
  return `${topic}-value`;
}

function readAnswer(text: string): Answer {
  try {
    return (JSON.parse(text) as Answer | null) ?? {};
  } catch {
    return {};
  }
}

/** What can be mended at the registry is tried again; what stands in the configuration is not. */
function meaningOf(status: number, subject: string): [what: string, retryable: boolean] {
  switch (status) {
    case 200:
      return ['the answer holds no id: is it the root of a schema registry?', false];
    case 401:
      return ['it refused the user name or the password: check registry.username and registry.password', false];
    case 403:
      return ['the user has no right to write this subject', false];
    case 404:
    case 405:
      return [`it knows no subjects (${status}): is registry.url the root of a schema registry?`, false];
    case 409:
      return [
        `what is there under ${subject} is not compatible with the schema: set the compatibility of that subject to NONE, or write to another topic; it goes on when that is done`,
        true,
      ];
    case 422:
      return ['it does not accept the schema', false];
  }
  if (status >= 300 && status < 400)
    return [`it sends to another address (${status}): put that into registry.url`, false];
  return [`it answered ${status}`, status >= 500 || status === 408 || status === 429];
}

/** `fetch` says no more than that it failed; its cause says why. */
function unreached(error: unknown): string {
  const { name, cause } = error as { name?: string; cause?: { code?: string; message?: string } };
  if (name === 'TimeoutError') return `no answer within ${ANSWER_MS / 1000} s`;
  const why = cause?.code ?? cause?.message ?? (error as Error).message;
  return `nothing answers (${why}): is it running, and is the address right?`;
}
