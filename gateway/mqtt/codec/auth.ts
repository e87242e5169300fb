import { type MqttFault, malformed, protocolError } from '../mqtt-fault.js';
import type { ProtocolLevel } from './packet-type.js';

/**
 * The fault an AUTH packet is. No connection here has an authentication method, since CONNECT with one is refused with
 * 0x8C; and without a method AUTH is a protocol error ([MQTT-4.12.0-7]). In 3.1.1 packet type 15 is reserved.
 */
export function refuseAuth(level: ProtocolLevel): MqttFault {
  return level === 5
    ? protocolError('AUTH on a connection without an authentication method')
    : malformed('packet type 15 does not exist in this protocol version');
}
