import { renameSync, rmSync } from 'node:fs';
import type { Times } from '../model/samples.js';
import { readSamples } from '../store/samples.js';
import { numberedTimes, readTimes, timesFiles, writeTimes } from '../store/times.js';
import type { Recording } from './recorder.js';
import { readSpools, removeSpools } from './spool.js';

/** Writes the times of a pass that are too many for its file of samples beside it; those of an earlier attempt go. */
export async function keepTimes(path: string, { all }: Recording): Promise<void> {
  removeTimes(path);
  if (all === undefined) return;
  await writeTimes(path, readSpools(all.spools));
  await removeSpools(all.spools);
}

export function removeTimes(path: string): void {
  for (const file of timesFiles(path)) rmSync(file);
}

/** Moves times to another file of samples, behind those that it has. */
export function moveTimes(from: string, to: string): void {
  let number = timesFiles(to).length;
  for (const file of timesFiles(from)) renameSync(file, numberedTimes(to, ++number));
}

/** The times of passes become those of their trial; once one has its own, all have: the others' samples are theirs. */
export async function joinTimes(
  parts: readonly { path: string; samples: Times }[],
  to: string,
): Promise<void> {
  if (parts.every(({ path }) => timesFiles(path).length === 0)) return;
  for (const { path, samples } of parts) {
    if (timesFiles(path).length > 0) moveTimes(path, to);
    else await writeTimes(to, [samples]);
  }
}

/** A pass takes the place of another one, whose times go to `replaced`. */
export async function replaceTimes(
  path: string,
  pass: number,
  { all, ...samples }: Recording,
  replaced: string,
): Promise<void> {
  const known = timesFiles(path);
  if (known.length === 0 && all === undefined) return;
  const before =
    known.length > 0
      ? () => readTimes(known)
      : async function* () {
          yield await readSamples(path, samples.k);
        };
  if (known.length > 0)
    await writeTimes(
      replaced,
      passOf(before(), (each) => each === pass),
    );
  const next = `${path.slice(0, -'.parquet'.length)}.next.parquet`;
  await writeTimes(
    next,
    passOf(before(), (each) => each !== pass),
  );
  await writeTimes(next, all === undefined ? [samples] : readSpools(all.spools));
  removeTimes(path);
  moveTimes(next, path);
  if (all !== undefined) await removeSpools(all.spools);
}

async function* passOf(
  blocks: AsyncIterable<Times>,
  isMeant: (pass: number) => boolean,
): AsyncGenerator<Times> {
  for await (const block of blocks) {
    const entries = Array.from(block.repetition.keys()).filter((i) => isMeant(block.repetition[i]!));
    yield {
      length: entries.length,
      query: Int32Array.from(entries, (i) => block.query[i]!),
      repetition: Int32Array.from(entries, (i) => block.repetition[i]!),
      due: Float64Array.from(entries, (i) => block.due[i]!),
      sent: Float64Array.from(entries, (i) => block.sent[i]!),
      answered: Float64Array.from(entries, (i) => block.answered[i]!),
      returned: Int32Array.from(entries, (i) => block.returned[i]!),
      error: entries.map((i) => block.error[i]!),
    };
  }
}
