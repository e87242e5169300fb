/** What becomes of a request and its answer between a client and a server, whatever protocol they speak. */
export type ConnectionFault =
  /** The server never sees it, and nothing is answered. */
  | 'no-request'
  /** The connection ends in the middle of it. */
  | 'half-request'
  /** The server has it and does it, and: nothing is answered; */
  | 'no-answer'
  /** the connection ends before the answer; */
  | 'lost-answer'
  /** the connection ends in the middle of the answer. */
  | 'half-answer';

export const CONNECTION_FAULTS: readonly ConnectionFault[] = [
  'no-request',
  'half-request',
  'no-answer',
  'lost-answer',
  'half-answer',
];
