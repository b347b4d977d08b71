import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoggedEvent } from '../../../harness/model/events.js';
import type { Manifest } from '../../../harness/model/manifest.js';
import type { Results } from '../../../harness/model/results.js';
import { readSamples } from '../../../harness/store/samples.js';
import type { Workspace } from './workspace.js';

type EventOf<T extends LoggedEvent['type']> = Extract<LoggedEvent, { type: T }>;

/** What the only run of a workspace has recorded so far; nothing if there is no run yet. */
export function events(work: Workspace): LoggedEvent[] {
  if (work.runs.length === 0 || !existsSync(work.run('events.jsonl'))) return [];
  const lines = work.read('events.jsonl').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as LoggedEvent);
}

export function eventsOf<T extends LoggedEvent['type']>(work: Workspace, type: T): EventOf<T>[] {
  return events(work).filter((event): event is EventOf<T> => event.type === type);
}

/** The trial whose measured pass goes on just now: its warm-up is the last thing recorded. */
export function trialInSearch(work: Workspace, build?: string): string | undefined {
  const last = events(work).at(-1);
  if (last?.type !== 'phase' || last.phase !== 'warmup') return undefined;
  return build === undefined || last.build === build ? last.trial : undefined;
}

export function manifest(work: Workspace): Manifest {
  return work.json<Manifest>('manifest.json');
}

export function states(work: Workspace): Record<string, string> {
  return Object.fromEntries(work.json<Results>('results.json').trials.map(({ id, state }) => [id, state]));
}

/** Samples files of a run with their bytes. */
export function sampleFiles(work: Workspace): Map<string, Buffer> {
  const folder = work.run('samples');
  const names = readdirSync(folder).filter((name) => name.endsWith('.parquet'));
  return new Map(names.map((name) => [name.replace(/\.parquet$/, ''), readFileSync(join(folder, name))]));
}

/** How often each pair of query and repetition was measured in a trial: all 1 if nothing is lost or double. */
export async function passCounts(work: Workspace, trial: string): Promise<{ pairs: number; most: number }> {
  const { ks } = manifest(work);
  const samples = await readSamples(work.run('samples', `${trial}.parquet`), ks.at(-1)!);
  const counts = new Map<string, number>();
  for (let i = 0; i < samples.length; i++) {
    const pair = `${samples.query[i]} ${samples.repetition[i]}`;
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  return { pairs: counts.size, most: Math.max(...counts.values()) };
}
