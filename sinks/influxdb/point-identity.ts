import type { SinkBatch } from '../sink.js';
import { LineSeries } from './line-series.js';
import type { LineLayout, Precision } from './line-template.js';
import { PointTimes } from './point-times.js';

/** What a row's point is told by, beside the row's own time: its series, and where stamps are spread its slot. */
export class PointIdentity {
  private readonly series: LineSeries;
  private readonly times: PointTimes;
  private record: SinkBatch | null = null;
  private texts: string[] = [];

  constructor(layout: LineLayout, { batch }: SinkBatch, precision: Precision) {
    const { fields } = batch.schema;
    this.series = new LineSeries(layout, (column) => fields[column]!.type === 'bool', null);
    this.times = new PointTimes(precision);
  }

  of(record: SinkBatch, row: number): string {
    if (record !== this.record) this.load(record);
    const { seriesOf } = this.series;
    const { slots } = this.times;
    const text = this.texts[seriesOf === null ? 0 : seriesOf[row]!]!;
    return slots === null ? text : `${text} ${slots[row]}`;
  }

  private load(record: SinkBatch): void {
    const { series, times } = this;
    series.load(record.batch);
    times.load(record.batch, record.offset, series.seriesOf, series.starts.length);
    this.texts = series.starts.map((start) => start.toString());
    this.record = record;
  }
}
