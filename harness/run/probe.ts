import { existsSync } from 'node:fs';
import { messageOf } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { ExhaustiveSearch } from '../../engines/contract/capabilities.js';
import type { Collection } from '../../engines/contract/collection.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { PreparedSearch } from '../../engines/contract/search.js';
import { engineOf } from '../../engines/open.js';
import { marginOf, tieLimit } from '../measures/distance.js';
import { isComplete } from '../measures/parity.js';
import { askedOf } from '../model/depths.js';
import type { PlannedTrial } from '../model/plan.js';
import { EXACT, type Samples, type Truth } from '../model/samples.js';
import { writeProbe } from '../store/evidence.js';
import { runFolder, samplesFile } from '../store/run-folder.js';
import { joinSamples, readSamples } from '../store/samples.js';
import { readTruth } from '../truth/files.js';
import { type BuildContext, inPhase } from './context.js';
import { serial } from './executors/serial.js';
import { findFlaws, translateFilters } from './filtering.js';
import type { Job } from './job.js';
import { type Filters, lookFor, lookUnder } from './look-up.js';
import { recomputeDistances } from './recompute.js';

/** Queries asked between two looks at the clock. */
const CHUNK = 20;
/** Part of the search phase's deadline that explaining one trial may take. */
const BUDGET = 0.5;

/**
 * After all measured passes: asks the build of each trial that is compared with another what an exhaustive search would
 * have returned, for the queries that were not answered with all exact neighbours, and looks for the rows that even
 * that leaves out by their own vectors. A failure here costs the explanation, never the trial.
 */
export async function probeTrials(
  context: BuildContext,
  collection: Pick<Collection, 'prepare' | 'prepareExact'>,
  queries: readonly Float32Array[],
): Promise<void> {
  const { job, send, signal } = context;
  for (const { trial, ks } of job.probes) {
    if (!existsSync(samplesFile(runFolder(job.runFolder), trial))) continue;
    try {
      await inPhase(context, 'probe', { total: job.queryCount, unit: 'queries' }, () =>
        probeOne(context, collection, job.build.trials.find(({ id }) => id === trial)!, ks, queries),
      );
    } catch (error) {
      if (signal.aborted) throw error;
      const what = `the answers of ${trial} cannot be explained: its exhaustive search failed: ${messageOf(error)}`;
      await send({ type: 'warning', message: what });
    }
  }
}

async function probeOne(
  context: BuildContext,
  collection: Pick<Collection, 'prepare' | 'prepareExact'>,
  trial: PlannedTrial,
  ks: readonly number[],
  queries: readonly Float32Array[],
): Promise<void> {
  const { job } = context;
  const folder = runFolder(job.runFolder);
  const definition = await engineOf(job.build);
  const scan = job.scans === true ? collection.prepareExact : undefined;
  const exhaustive =
    scan === undefined
      ? exhaustiveSearch(definition, { ...job, k: askedOf(trial, job.ks) }, trial.search)
      : { kind: 'scan' as const, search: { exhaustive: true } };
  const base = {
    schema: 1 as const,
    trial: trial.id,
    kind: exhaustive.kind,
    quantized: scan === undefined && (job.build.index['quantization'] ?? 'none') !== 'none',
    scores: definition.capabilities.scores[job.metric] ?? null,
  };
  if ('reason' in exhaustive) {
    const none = { search: null, wanted: 0, asked: 0, note: exhaustive.reason, rows: [] };
    writeProbe(folder, { ...base, ...none }, undefined);
    return;
  }
  const truth = await readTruth(folder.truth);
  const asked = askedOf(trial, job.ks);
  const own = { ...context, job: { ...job, ks: [asked] } };
  const samples = await readSamples(samplesFile(folder, trial.id), asked);
  const wanted = incomplete(samples, truth, ks, job);
  const search =
    scan === undefined
      ? await collection.prepare(exhaustive.search, asked)
      : await scan.call(collection, asked);
  try {
    const end = performance.now() + BUDGET * 1000 * job.searchSeconds;
    const filters = job.filtering && (await translateFilters(search, job.filtering));
    const hits = await ask(context, search, { wanted, filters, asked }, queries, end);
    const k = Math.max(...ks);
    const gone = leftOut(hits, truth, k, job.metric);
    const rows = await lookFor(own, search, [...new Set([...gone.values()].flat())], end);
    const there = new Set(rows?.filter(({ found }) => found).map(({ row }) => row));
    const excluded = filters && (await lookUnder(own, search, { gone, there, filters }, end));
    // What a filter may have left out is asked for without it: some engines filter what they have found.
    const doubtful = shortOf(hits, truth, k).filter((query) => (job.filtering?.filterOf[query] ?? -1) >= 0);
    const plain = await ask(context, search, { wanted: doubtful, filters: undefined, asked }, queries, end);
    const late =
      hits.length < wanted.length ||
      rows === undefined ||
      plain.length < doubtful.length ||
      performance.now() > end;
    const note = late
      ? `only ${hits.length} of ${wanted.length} queries were explained within half of deadline.search`
      : null;
    const done = { search: exhaustive.search, wanted: wanted.length, asked: hits.length };
    const all = plain.length === 0 ? hits : joinSamples([hits, plain]);
    writeProbe(folder, { ...base, ...done, note, rows: rows ?? [], ...(excluded && { excluded }) }, all);
  } finally {
    await search.close();
  }
}

/** The trial's setting with what makes it exhaustive; or why there is none. */
export function exhaustiveSearch(
  definition: EngineDefinition,
  {
    build,
    count,
    k,
    metric,
    dimensions,
  }: Pick<Job, 'build' | 'count' | 'metric' | 'dimensions'> & { k: number },
  search: ParameterSet,
): { kind: ExhaustiveSearch['kind']; search: ParameterSet } | { kind: 'graph'; reason: string } {
  const type = String(build.index['type']);
  const declared = definition.capabilities.exhaustive?.[type];
  if (declared === undefined) {
    return { kind: 'graph', reason: `${definition.name} has no exhaustive search of ${type}` };
  }
  const size = { points: Math.max(count, k), lists: Number(build.index['nlist'] ?? 1) };
  const parsed = definition.parseOptions({ index: build.index, search: widened(declared, search, size) });
  const issues =
    parsed.state === 'invalid'
      ? parsed.issues
      : definition.checkData({ metric, dimensions, count, k }, parsed.index, parsed.search);
  if (parsed.state === 'ok' && issues.length === 0) return { kind: declared.kind, search: parsed.search };
  const what = issues.map((issue) => issue.what).join('; ');
  return { kind: 'graph', reason: `no exhaustive search of ${count} points: ${what}` };
}

/** The parameters of a search with those that make it exhaustive; what the search does not have is left out. */
export function widened(
  declared: ExhaustiveSearch,
  search: ParameterSet,
  size: { points: number; lists: number },
): ParameterSet {
  const wide = Object.entries(declared.search)
    .filter(([key]) => search[key] !== undefined)
    .map(([key, value]) => [key, typeof value === 'number' ? value : size[value]] as const);
  return { ...search, ...Object.fromEntries(wide) };
}

/** Queries that some pass did not answer with as many exact (or equally near) neighbours as there are. */
function incomplete(samples: Samples, truth: Truth, ks: readonly number[], { metric }: Job): Int32Array {
  const found = new Set<number>();
  for (let i = 0; i < samples.length; i++) {
    const query = samples.query[i]!;
    if (ks.some((k) => misses(samples, i, truth, query, k, metric))) found.add(query);
  }
  return Int32Array.from(found).sort();
}

function misses(
  samples: Samples,
  i: number,
  truth: Truth,
  query: number,
  k: number,
  metric: Job['metric'],
): boolean {
  const exact = neighbours(truth, query, k);
  if (exact.length === 0) return false;
  const near = new Map<number, number>();
  for (let j = i * samples.k; j < i * samples.k + Math.min(k, Math.max(0, samples.returned[i]!)); j++) {
    if (samples.rows[j]! >= 0 && (samples.flaws?.[j] ?? 0) === 0)
      near.set(samples.rows[j]!, samples.distances[j]!);
  }
  const start = query * truth.depth;
  const distances = truth.distances.subarray(start, start + exact.length);
  return !isComplete([...near.values()], distances, marginOf(truth, metric));
}

function neighbours({ rows, depth }: Truth, query: number, k: number): Int32Array {
  return rows.subarray(query * depth, query * depth + Math.min(k, depth)).filter((row) => row >= 0);
}

/** The exact neighbours and what ties with the last of them, as far as the truth goes. */
function withTies(truth: Truth, query: number, k: number, metric: Job['metric']): Int32Array {
  const { rows, distances, depth } = truth;
  const first = neighbours(truth, query, k).length;
  if (first === 0) return rows.subarray(0, 0);
  const start = query * depth;
  const limit = tieLimit(distances[start + first - 1]!, marginOf(truth, metric));
  let size = first;
  while (size < depth && rows[start + size]! >= 0 && distances[start + size]! <= limit) size++;
  return rows.subarray(start, start + size);
}

/**
 * Exhaustive answers, with distances and what fails the filter; ends early at `end`. Those without the queries' filters
 * are `EXACT.unfiltered`, where there are filters.
 */
async function ask(
  { job, vectors, metadata, signal }: BuildContext,
  search: PreparedSearch,
  { wanted, filters, asked: k }: { wanted: Int32Array; filters: Filters | undefined; asked: number },
  queries: readonly Float32Array[],
  end: number,
): Promise<Samples> {
  const parts: Samples[] = [];
  const plain = job.filtering !== undefined && filters === undefined;
  const filtering = { filters, ks: plain ? undefined : job.filtering?.ks };
  const repetition = plain ? EXACT.unfiltered : EXACT.asAsked;
  for (let from = 0; from < wanted.length && performance.now() < end; from += CHUNK) {
    const { count } = job;
    const order = wanted.subarray(from, from + CHUNK);
    parts.push(
      await serial.run({ search, queries, order, ...filtering, k, count, repetition, origin: 0, signal }, {}),
    );
  }
  const hits = parts.length === 0 ? emptyHits(k) : joinSamples(parts);
  recomputeDistances(hits, job.metric, vectors, queries);
  if (metadata !== undefined && job.filtering !== undefined) findFlaws(hits, job.filtering, metadata);
  return hits;
}

const emptyHits = (k: number): Samples => ({ ...joinSamples([]), k });

/** By query the exact neighbours that even the exhaustive search left out. */
function leftOut(hits: Samples, truth: Truth, k: number, metric: Job['metric']): Map<number, number[]> {
  const gone = new Map<number, number[]>();
  for (let i = 0; i < hits.length; i++) {
    if (hits.error[i] !== null) continue;
    const there = hits.rows.subarray(i * hits.k, i * hits.k + Math.min(k, hits.returned[i]!));
    const rows = [...withTies(truth, hits.query[i]!, k, metric)].filter((row) => !there.includes(row));
    if (rows.length > 0) gone.set(hits.query[i]!, rows);
  }
  return gone;
}

/** Queries that the exhaustive search answered with fewer hits than there are neighbours. */
function shortOf(hits: Samples, truth: Truth, k: number): Int32Array {
  const short = Array.from(hits.query).filter((query, i) => {
    if (hits.error[i] !== null) return false;
    return Math.max(0, hits.returned[i]!) < neighbours(truth, query, k).length;
  });
  return Int32Array.from(short);
}
