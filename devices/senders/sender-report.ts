import { LatencyHistogram } from './latency-histogram.js';
import { messageRows, messageValues, type Outgoing, REASONS_MAX, type SenderReport } from './sender.js';

export function newReport(): SenderReport {
  return {
    messages: 0,
    rows: 0,
    values: 0,
    bytes: 0,
    acknowledged: 0,
    rowsAcknowledged: 0,
    rejected: 0,
    reasons: [],
    reconnects: 0,
    latency: new LatencyHistogram(),
  };
}

export function countMessage(report: SenderReport, message: Outgoing): void {
  report.messages++;
  report.rows += messageRows(message);
  report.values += messageValues(message);
}

export function countAnswer(report: SenderReport, rows: number, sentMs: number, refusal: string | null): void {
  report.latency.add(performance.now() - sentMs);
  if (refusal === null) {
    report.acknowledged++;
    report.rowsAcknowledged += rows;
    return;
  }
  report.rejected++;
  if (report.reasons.length < REASONS_MAX) report.reasons.push(refusal);
}

/** One report of many. */
export function addReports(reports: readonly SenderReport[]): SenderReport {
  const sum = newReport();
  for (const one of reports) {
    for (const key of [
      'messages',
      'rows',
      'values',
      'bytes',
      'acknowledged',
      'rowsAcknowledged',
      'rejected',
      'reconnects',
    ] as const) {
      sum[key] += one[key];
    }
    for (const reason of one.reasons) if (sum.reasons.length < REASONS_MAX) sum.reasons.push(reason);
    sum.latency.merge(one.latency);
  }
  return sum;
}
