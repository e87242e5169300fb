import { type CarMessage, carMessages } from '../devices/fleet/car-messages.js';
import { Fleet } from '../devices/fleet/fleet.js';
import { Pacer } from '../devices/pacer.js';
import { isoTimeUs } from '../devices/recordings/recorded-time.js';
import { senderFor } from '../devices/senders/open-sender.js';
import type { Sender } from '../devices/senders/sender.js';
import { type Command, usageError } from './command.js';
import { LOAD_OPTIONS, positive, senderSettings, speedOf, wholeNumber } from './load/load-options.js';
import { LoadRun } from './load/load-run.js';

export const command: Command = {
  name: 'simulate',
  summary: 'drive a fleet of simulated cars against a gateway',
  usage: '--to URL [--cars N] [--seconds S] [--speed N|max] [--burst]',
  options: {
    ...LOAD_OPTIONS,
    cars: { type: 'string', default: '1', value: 'N', doc: 'cars, each with a connection of its own' },
    seconds: { type: 'string', default: '10', value: 'S', doc: 'how long they drive' },
    burst: {
      type: 'boolean',
      doc: 'no radio in the middle third; then what was kept follows as fast as it goes, beside the live data',
    },
    seed: { type: 'string', default: '1', value: 'N', doc: 'same seed and start, same readings' },
    start: { type: 'string', default: 'now', value: 'ISO|now', doc: 'the time of the first reading' },
    rows: { type: 'string', value: 'N', doc: 'rows of a message (default: what a sensor measures in 200 ms)' },
    prefix: { type: 'string', default: 'car', value: 'NAME', doc: 'the first part of the stream names' },
  },
  help: `Each car sends imu (100 Hz), wheels (50 Hz), g and engine (20 Hz), gps (10 Hz) and temps (1 Hz) as car/N/imu and so on.
Progress goes to stderr, a summary to stdout as one line of JSON.
  pitwall simulate --cars 3 --seconds 30 --to mqtt://127.0.0.1:1883
  pitwall simulate --cars 20 --seconds 600 --speed max --to ws://127.0.0.1:8080/ingest`,
  async run(args, io) {
    const { values } = args;
    const settings = senderSettings(args, 'simulate');
    const cars = wholeNumber(values.cars, '--cars', 1, 10_000);
    const seconds = positive(values.seconds, '--seconds');
    const speed = speedOf(values.speed);
    const rows = values.rows === undefined ? 0 : wholeNumber(values.rows, '--rows', 1, 1_000_000);
    const startUs = values.start === 'now' ? Math.floor(Date.now() / 1000) * 1e6 : isoTimeUs(String(values.start));
    if (startUs === null)
      throw usageError(`--start takes now or a time like 2024-05-01T12:00:00Z, not "${values.start}"`);
    const seed = wholeNumber(values.seed, '--seed', 0, 0xffffffff);
    const fleet = new Fleet({ cars, seed, startUs, prefix: String(values.prefix) });
    const endUs = startUs + Math.round(seconds * 1e6);
    const lostUs = startUs + Math.round((seconds * 1e6) / 3);
    const foundUs = startUs + Math.round((seconds * 2e6) / 3);
    const run = new LoadRun(io);
    const work = async () => {
      const open = (suffix: string) =>
        Promise.all(
          Array.from({ length: cars }, (_, i) =>
            run.open(senderFor({ ...settings, client: `${settings.client}-${i + 1}${suffix}` })),
          ),
        );
      const senders = await open('');
      const keptSenders = values.burst ? await open('-kept') : [];
      const pacer = new Pacer(speed, run.signal, startUs);
      const drive = async (sender: Sender, messages: Iterable<CarMessage>, isPaced: boolean) => {
        for (const { batch, dueUs } of messages) {
          if (isPaced) await pacer.until(dueUs);
          if (run.signal.aborted) return;
          const waiting = run.send(sender, { batch });
          if (waiting) await waiting;
        }
      };
      const drives = senders.map((sender, i) => {
        const range = { car: i + 1, rows };
        if (!values.burst) return drive(sender, carMessages(fleet, { ...range, fromUs: startUs, toUs: endUs }), true);
        const live = async () => {
          await drive(sender, carMessages(fleet, { ...range, fromUs: startUs, toUs: lostUs }), true);
          await pacer.until(foundUs);
          await drive(sender, carMessages(fleet, { ...range, fromUs: foundUs, toUs: endUs }), true);
        };
        const kept = async () => {
          await pacer.until(foundUs);
          await drive(keptSenders[i]!, carMessages(fleet, { ...range, fromUs: lostUs, toUs: foundUs }), false);
        };
        return Promise.all([live(), kept()]);
      });
      await Promise.all(drives);
    };
    return run.complete(work, { cars, seed, start: new Date(startUs / 1000).toISOString() });
  },
};
