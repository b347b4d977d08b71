import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import { makeFolder, writeFileAtomic } from '../../common/files.js';
import { packageInfo } from '../../common/paths.js';
import type { RehearsalData } from './data.js';
import { chosenFaults } from './faults/catalogue.js';
import { Ledger } from './ledger.js';
import { WorkerLink } from './link.js';
import { type MappingFiles, openMapping } from './mapped.js';
import { type Rehearsal, rehearsalSchema } from './model.js';
import { type Mix, Operations } from './operations.js';
import type { ScratchPlace, Side, WorkerConfig } from './protocol.js';
import { type ProtocolResult, runProtocol } from './protocol-run.js';
import type { Recorded } from './recorded.js';
import { Rehearsing } from './rehearsing.js';
import { Traffic, type TrafficSettings } from './traffic.js';

export interface RehearseOptions {
  name: string;
  /** New: of this rehearsal alone. */
  folder: string;
  places: Readonly<Record<Side, ScratchPlace & { index: WorkerConfig['index'][Side] }>>;
  data: RehearsalData;
  /** Names of faults, `name@window`, or `all`. */
  faults: readonly string[];
  traffic: TrafficSettings & { mix: Mix };
  /** How rows become those of the target; absent: they stay as they are. */
  mapping?: MappingFiles | undefined;
  /** What an application has really asked and written, in place of what is made up. */
  recorded?: Recorded | undefined;
  seed: number;
  signal: AbortSignal;
  /** How long a gate may stay closed, milliseconds. */
  patienceMs: number;
  onProgress(words: string): void;
}

export const RESULT = 'rehearsal.json';

/**
 * Rehearses a migration on scratch collections of its own: every window of the protocol under traffic, with faults.
 * @throws InputError for a fault that there is not, FailureError if an engine or the worker fails beside the faults
 */
export async function rehearse(options: RehearseOptions): Promise<Rehearsal> {
  const faults = chosenFaults(options.faults);
  const { folder, data, places, seed } = options;
  if (existsSync(join(folder, RESULT))) throw new FailureError('is there already', { where: folder });
  makeFolder(folder);
  const startedAt = new Date().toISOString();
  const begun = performance.now();
  const link = new WorkerLink();
  const ledger = new Ledger(data.points);
  const operations = new Operations(data, ledger, seed, options.traffic.mix, options.recorded);
  const traffic = new Traffic(link, ledger, operations, options.traffic);
  const { signal, patienceMs, onProgress } = options;
  const config = configOf(options);
  const mapped = options.mapping === undefined ? undefined : await openMapping(options.mapping);
  const parts = { link, traffic, ledger, operations, data, config, mapped, signal, patienceMs, onProgress };
  const rehearsing = new Rehearsing(parts);
  try {
    const versions = await rehearsing.start();
    await link.call('create', data.points);
    const result = await runProtocol(rehearsing, faults);
    await link.call('drop');
    await link.call('close');
    const { writes, reads, embeddingLag } = options.traffic;
    const told: Rehearsal = {
      version: 1,
      vecproof: packageInfo().version,
      name: options.name,
      startedAt,
      seconds: Math.round((performance.now() - begun) / 100) / 10,
      seed,
      ...judge(result, ledger.acknowledged),
      sides: {
        source: { engine: places.source.engine, version: versions.source, where: places.source.address },
        target: { engine: places.target.engine, version: versions.target, where: places.target.address },
      },
      data: { from: data.from, points: data.points.length, leftOut: [...data.leftOut] },
      traffic: {
        from: operations.recordedWords ?? 'made up',
        writesPerSecond: writes,
        readsPerSecond: reads,
        embeddingLag,
        ...countsOf(traffic),
      },
      windows: result.windows,
      faults: result.faults,
      lost: result.lost,
      timeline: rehearsing.timeline,
      samples: rehearsing.samples,
    };
    const rehearsal = rehearsalSchema.parse(told);
    writeFileAtomic(join(folder, RESULT), `${JSON.stringify(rehearsal, undefined, 2)}\n`);
    return rehearsal;
  } finally {
    await traffic.pause();
    await link.kill();
  }
}

function configOf({ name, folder, places, data, mapping }: RehearseOptions): WorkerConfig {
  const { index: sourceIndex, ...source } = places.source;
  const { index: targetIndex, ...target } = places.target;
  return {
    folder,
    places: { source, target },
    spec: data.spec,
    index: { source: sourceIndex, target: targetIndex },
    vector: data.vector,
    mapping,
    k: 10,
    madeBy: `rehearsal ${name}`,
    embeddingVersion: 'model@1',
  };
}

function countsOf({ counts }: Traffic) {
  const { written, unknown, read, failedReads, by, stale, deletedServed, stalest } = counts;
  const rounded = { source: Math.round(stalest.source), target: Math.round(stalest.target) };
  return { written, unknown, read, failedReads, answeredBy: by, stale, deletedServed, stalest: rounded };
}

function judge(
  { lost, faults, stopped }: ProtocolResult,
  acknowledged: number,
): Pick<Rehearsal, 'state' | 'answer'> {
  const missed = faults.filter(({ state }) => state === 'missed');
  const caught = `${faults.length - missed.length} of ${faults.length} planted faults were noticed`;
  const said = faults.length === 0 ? '' : `; ${caught}`;
  if (stopped !== undefined) return { state: 'stopped', answer: `It stopped: ${stopped}${said}.` };
  if (lost.length > 0) {
    const [first] = lost;
    return {
      state: 'lost',
      answer: `${lost.length} rows are not as they were acknowledged; the first: id ${first!.id} is ${first!.kind} in the ${first!.side}${said}.`,
    };
  }
  if (missed.length > 0)
    return {
      state: 'missed',
      answer: `Nothing was lost, but not every fault was noticed (${missed.map(({ fault, window }) => `${fault}@${window}`).join(', ')})${said}.`,
    };
  return { state: 'safe', answer: `Nothing of ${acknowledged} acknowledged writes was lost${said}.` };
}
