import { JsonDecoder } from '../../../gateway/decoders/json.js';
import { decoderContract } from '../../contract/decoder.js';

decoderContract('json', {
  create: () => new JsonDecoder(),
  encode: (rows) => {
    const objects = rows.map(({ timeUs, cells }) => ({ t: timeUs, ...cells }));
    return Buffer.from(JSON.stringify(objects.length === 1 ? objects[0] : objects));
  },
  broken: [
    '',
    ' ',
    '{',
    '[{"t":1711111111123',
    '{"a":NaN}',
    '7',
    '[1]',
    '{"t0":1,"dt":0,"v":[1]}',
    '\ufeff{}',
    '\0',
  ].map((text) => Buffer.from(text)),
});
