// Replays a log into a SQLite file of the application's own, in a process that is killed. Argument: JSON
// { log: { kind, ... }, file, batch, stopAt }: after so many batches it says "applied" and does no more.
import Database from 'better-sqlite3';
import { Replayer } from '../../../dist/migration/cutover/index.js';
import { FileTarget, openLog } from './replay-target.mjs';

const given = JSON.parse(process.argv[2]);
const { log, close } = await openLog(given.log);
const target = new FileTarget(new Database(given.file));
let batches = 0;
const replayer = new Replayer({
  source: log,
  cursors: log,
  consumer: 'target',
  batch: given.batch,
  target: {
    place: target.place,
    condition: target.condition,
    read: (keys) => target.read(keys),
    apply: async (changes) => {
      const outcomes = await target.apply(changes);
      if (++batches !== given.stopAt) return outcomes;
      process.stdout.write('applied\n');
      return new Promise(() => setInterval(() => {}, 1000));
    },
  },
});
await replayer.drain(await log.watermark());
process.stdout.write('drained\n');
await close();
