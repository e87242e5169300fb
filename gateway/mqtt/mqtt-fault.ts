import { PitwallError } from '../../core/errors.js';
import { REASON } from './reason-codes.js';

/** The peer broke the protocol: the connection ends with `reason` (MQTT 5), or without a word (3.1.1). */
export class MqttFault extends PitwallError {
  constructor(
    readonly reason: number,
    message: string,
  ) {
    super('protocol-error', message, { stage: 'gateway' });
    this.name = 'MqttFault';
  }
}

export function malformed(message: string): MqttFault {
  return new MqttFault(REASON.malformedPacket, message);
}

export function protocolError(message: string): MqttFault {
  return new MqttFault(REASON.protocolError, message);
}
