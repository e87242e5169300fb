import type { MqttServer } from '../mqtt/mqtt-server.js';
import type { SocketRoute } from './http-listener.js';

/** A client that leaves this much unread is not reading its answers. */
const UNSENT_BYTES_MAX = 4 * 1024 * 1024;

/**
 * The route `/mqtt`: MQTT in binary WebSocket messages, whose borders mean nothing (MQTT 5, 6.0). A WebSocket cannot be
 * told to stop reading; what bounds it is the receive maximum, and new connections are refused over budget.
 */
export function mqttSocketRoute(server: MqttServer, payloadBytesMax: number): SocketRoute {
  return {
    payloadBytesMax: payloadBytesMax + 1024,
    unsentBytesMax: UNSENT_BYTES_MAX,
    subprotocols: ['mqtt', 'mqttv3.1'],
    accept: () => (peer) => {
      const connection = server.attach({
        remoteAddress: peer.remoteAddress,
        canPause: false,
        get unsentBytes() {
          return peer.unsentBytes;
        },
        write: (bytes) => peer.send(bytes),
        end: () => peer.end(1000, ''),
        pause() {},
        resume() {},
      });
      return {
        message(data, isBinary) {
          if (isBinary) connection.receive(data);
          else peer.end(1003, 'MQTT travels in binary messages');
        },
        drained: () => connection.drained(),
        closed: () => connection.closed(),
      };
    },
  };
}
