import { basename, join } from 'node:path';
import { DELIVERY_DEFAULTS, type DeliveryOptions } from '../../../sinks/delivery/delivery-options.js';
import { DeliverySink } from '../../../sinks/delivery/delivery-sink.js';
import { JournalKeeper } from '../../../sinks/delivery/journal-keeper.js';
import type { InfluxdbSinkOptions, InfluxdbTarget } from '../../../sinks/influxdb/influxdb-sink-options.js';
import { InfluxdbStore } from '../../../sinks/influxdb/influxdb-store.js';
import type { LineRequest } from '../../../sinks/influxdb/line-request.js';
import type { Position } from '../../../sinks/sink.js';
import type { SinkUnderTest } from '../../contract/sink.js';
import type { Cell, Rows } from '../../contract/sink-workload.js';
import { type Place, readPoints } from './read-points.js';

/** The InfluxDB sinks as the contract suite sees them: a measurement a stream, read back by InfluxQL. */

const OPTIONS: Omit<InfluxdbSinkOptions, 'target'> = {
  measurement: '{stream}',
  tags: null,
  fields: null,
  precision: 'ns',
  integers: 'integer',
  gzip: true,
};
/** A few rows a request, so that several are under way. */
const BATCH = { ...DELIVERY_DEFAULTS.batch, rows: 500, everyMs: 50 };

/** Columns of float32, which are stored in the fewest digits that give them back. */
const FLOAT32 = ['f32', 'ax', 'ay'];

/** What a test needs of a server: databases, or buckets, by name. */
export interface Databases {
  make(name: string): Promise<void>;
  target(name: string): InfluxdbTarget;
  place(name: string): Place;
}

/** Has a database made before the first open, as a user would. */
class SinkInDatabase extends DeliverySink<LineRequest> {
  constructor(
    private readonly databases: Databases,
    private readonly folder: string,
    delivery: Partial<DeliveryOptions>,
  ) {
    const target = databases.target(basename(folder));
    super(
      'under-test',
      new InfluxdbStore({ ...OPTIONS, target }, ['car/{car}/#']),
      new JournalKeeper(join(folder, 'state')),
      { ...DELIVERY_DEFAULTS, batch: BATCH, ...delivery },
      async () => {},
    );
  }

  override async open(): Promise<Position[]> {
    await this.databases.make(basename(this.folder));
    return super.open();
  }
}

export function underTest(databases: Databases, delivery: Partial<DeliveryOptions> = {}): SinkUnderTest {
  return {
    make: (folder) => new SinkInDatabase(databases, folder, delivery),
    readRows: async (folder) => asFloat32(await readPoints(databases.place(basename(folder)))),
    stored: (cell: Cell) => (typeof cell === 'number' && !Number.isFinite(cell) ? undefined : cell),
    holds: (row) => Object.keys(row).some((name) => name !== 'timeUs' && name !== 'car'),
    ordered: false,
  };
}

/** Their server behind a proxy at `host`; databases are made and read back past it. */
export function underTestBehind(databases: Databases, host: string, timeoutMs: number): SinkUnderTest {
  const target = (name: string): InfluxdbTarget => ({ ...databases.target(name), url: `http://${host}` });
  return underTest({ ...databases, target }, { timeoutMs });
}

function asFloat32(rows: Rows): Rows {
  for (const row of [...rows.values()].flat()) {
    for (const name of FLOAT32) if (name in row) row[name] = Math.fround(row[name] as number);
  }
  return rows;
}
