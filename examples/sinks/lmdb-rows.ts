import { open, type RootDatabase } from 'lmdb';
import { type JsonRequest, JsonRequests, type ModuleStore, type SinkModuleContext, StoreFault } from 'pitwall';

interface Options {
  /** The file of the database. */
  path: string;
}

/**
 * A store of rows in LMDB, an embedded database, by their positions on the bus: a row that is sent again takes the place of
 * itself, so each is there once whatever happens. Pitwall gathers rows to requests, sends them again after a fault, and keeps
 * the position of the branch.
 */
export default function createSink({ options }: SinkModuleContext<Options>): ModuleStore<JsonRequest> {
  if (typeof options.path !== 'string') throw new Error('options.path must name the file of the database');
  const place = { path: options.path, encoding: 'string' } as const;
  const requests = new JsonRequests({ format: 'jsonl', positions: true });
  let database: RootDatabase<string, string> | null = null;

  return {
    what: `lmdb ${options.path}`,
    async open() {
      try {
        database ??= open<string, string>({ ...place, overlappingSync: false });
      } catch (error) {
        throw new StoreFault('setup', `cannot be opened: ${(error as Error).message}`, { cause: error });
      }
    },
    builder: () => requests.builder(),
    async send({ body }) {
      // The transaction is on disk when its promise resolves.
      await database!.transaction(() => {
        for (const line of body.toString().trimEnd().split('\n')) {
          const { position } = JSON.parse(line) as { position: string };
          void database!.put(position, line);
        }
      });
      return [];
    },
    async close() {
      await database?.close();
      database = null;
    },
    auditor() {
      const rows = open<string, string>({ ...place, readOnly: true });
      return {
        async *times({ name }) {
          const times: number[] = [];
          for (const { value } of rows.getRange()) {
            const { stream, timeUs } = JSON.parse(value) as { stream: string; timeUs: number };
            if (stream === name) times.push(timeUs);
          }
          yield Float64Array.from(times);
        },
        close: () => rows.close(),
      };
    },
  };
}
