import { PitwallError } from '../../core/errors.js';
import { IngestSender } from './ingest-sender.js';
import { MqttSender } from './mqtt-sender.js';
import type { Sender, WireFormat } from './sender.js';

export interface SenderSettings {
  url: string;
  format: WireFormat;
  client: string;
  /** See `IngestSenderOptions.known`. */
  known: 'continue' | 'skip';
  qos: 0 | 1 | 2;
  version: 4 | 5;
  /** MQTT messages unanswered at most. */
  inFlight: number;
  giveUpMs: number;
}

const USE = 'use mqtt://HOST:PORT, mqtts://HOST:PORT, ws://HOST:PORT/ingest or ws://HOST:PORT/mqtt';

/** The sender for an address: MQTT for `mqtt:`, `mqtts:` and the path `/mqtt`, else the WebSocket `/ingest`. Not open yet. */
export function senderFor(settings: SenderSettings): Sender {
  let url: URL;
  try {
    url = new URL(settings.url);
  } catch {
    throw new PitwallError('bad-usage', `"${settings.url}" is no address: ${USE}`, { stage: 'command' });
  }
  const isWebSocket = url.protocol === 'ws:' || url.protocol === 'wss:';
  if (url.protocol === 'mqtt:' || url.protocol === 'mqtts:' || (isWebSocket && url.pathname === '/mqtt')) {
    if (settings.format === 'packed' && settings.version === 4) {
      const why = 'packed over MQTT needs version 5, where the content type travels';
      throw new PitwallError('bad-usage', why, { stage: 'command' });
    }
    return new MqttSender(settings);
  }
  if (!isWebSocket) {
    throw new PitwallError('bad-usage', `"${settings.url}" is no address of a gateway: ${USE}`, { stage: 'command' });
  }
  if (url.pathname === '/') url.pathname = '/ingest';
  return new IngestSender({ ...settings, url: url.href });
}
