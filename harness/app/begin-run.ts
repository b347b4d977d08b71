import { rmSync } from 'node:fs';
import { writeFileAtomic } from '../../common/files.js';
import { packageInfo } from '../../common/paths.js';
import { type Manifest, RUN_SCHEMA } from '../model/manifest.js';
import type { PlannedBuild, PlannedTrial } from '../model/plan.js';
import type { Truth } from '../model/samples.js';
import { secondsOf, slotsOf } from '../model/shared-load.js';
import type { LockState } from '../model/verdict.js';
import { readEnvironment } from '../run/environment.js';
import { sealFiles } from '../store/checksums.js';
import { writeManifest } from '../store/manifests.js';
import type { QueriesFile } from '../store/queries.js';
import type { RunFolder } from '../store/run-folder.js';
import { writeTruth } from '../truth/files.js';
import type { Context } from './context.js';
import type { Data } from './data.js';
import { columnsRecord, recordedOptions } from './dataset-options.js';
import { hideManifest } from './manifest-secrets.js';
import { displayPath } from './places.js';
import type { Planned, RunOptions } from './plan-run.js';
import { markOf, needsMark } from './run-mark.js';

interface Beginning {
  folder: RunFolder;
  planned: Planned;
  data: Data;
  truth: { truth: Truth; record: Manifest['truth'] };
  packages: Record<string, string>;
  options: RunOptions;
  context: Context;
  lock: LockState;
  partOf: Manifest['partOf'];
}

/** Writes everything that is known before the first measurement. A folder that could not be completed is removed. */
export async function beginRun(beginning: Beginning): Promise<Manifest> {
  const { folder, planned, data, truth } = beginning;
  const manifest = marked(manifestOf(beginning), beginning);
  try {
    await writeTruth(folder.truth, truth.truth, { metric: data.info.metric });
    writeFileAtomic(
      folder.queries,
      `${JSON.stringify(planned.parsed.redactor.json(queriesFile(beginning)))}\n`,
    );
    if (data.judgements !== undefined)
      writeFileAtomic(
        folder.judgements,
        `${JSON.stringify({ queries: Object.fromEntries(data.judgements) })}\n`,
      );
    writeManifest(folder, hideManifest(manifest, planned.parsed.redactor));
    sealFiles(folder, [folder.manifest, folder.truth, folder.queries, folder.judgements]);
    return manifest;
  } catch (error) {
    rmSync(folder.path, { recursive: true, force: true });
    throw error;
  }
}

function marked(manifest: Manifest, { planned, context }: Beginning): Manifest {
  return needsMark(manifest, planned.parsed)
    ? { ...manifest, mark: markOf(manifest, context.cache) }
    : manifest;
}

/** What the queries ask, with the number of points that pass each filter. */
function queriesFile({ data, truth }: Beginning): QueriesFile {
  const { set, ids, grouped, sources } = data;
  const repeated = new Set(sources).size < sources.length;
  const about = { set, ids: [...ids], ...(repeated && { sources: [...sources] }) };
  if (grouped === undefined) return about;
  const queries = grouped.map(({ group, filter, text, k, tenant }, i) => ({
    group,
    filter: text,
    matches: filter === null ? null : truth.truth.matches![i]!,
    k,
    tenant: tenant?.field ?? null,
  }));
  return { ...about, queries };
}

function manifestOf(beginning: Beginning): Manifest {
  const { folder, planned, data, truth, packages, options, context, lock, partOf } = beginning;
  const { suite, ks, memoryLimitBytes, text } = planned.parsed;
  const { info } = data;
  const { nameOrPath, name, grouping } = planned.data;
  const columns = columnsRecord(info, data.set);
  return {
    schema: RUN_SCHEMA,
    id: folder.id,
    vecproof: packageInfo().version,
    created: new Date().toISOString(),
    command: commandLine(planned.suite.given, options),
    suite: {
      name: suite.name,
      path: displayPath(planned.suite.path, context.cwd),
      text,
      description: suite.description ?? null,
    },
    dataset: {
      name: name ?? info.name,
      source: displayPath(info.source, context.cwd),
      hash: info.hash,
      metric: info.metric,
      metricSource: info.metricSource,
      dimensions: info.dimensions,
      count: info.count,
      licence: info.licence ?? null,
      provenance: info.provenance ?? null,
      ...(columns && { columns }),
      ...(info.leftOut && { leftOut: [...info.leftOut] }),
    },
    datasetOptions: {
      nameOrPath,
      ...recordedOptions(planned.data),
      ...(grouping.file && { queryFile: grouping.file.path }),
    },
    queries: { set: data.set, count: data.count, hash: data.hash },
    truth: truth.record,
    ks,
    repeat: suite.repeat,
    ...(suite.interleave && { interleave: true as const }),
    // Of a load that several machines send, no pass can be sent again by one.
    remeasure: planned.shard?.load === undefined ? suite.remeasure : { busy: 0 },
    ...(suite.load && { load: suite.load }),
    warmup: suite.warmup,
    seed: suite.seed,
    threads: suite.threads,
    memoryLimitBytes,
    deadlineSeconds: deadlinesOf(planned),
    environment: readEnvironment(),
    packages,
    plan: planned.builds,
    ...(planned.parity.length > 0 && { parity: planned.parity }),
    ...(planned.rebuilds.length > 0 && { rebuilds: planned.rebuilds }),
    ...(planned.shard && { shard: planned.shard }),
    ...(partOf && { partOf }),
    ...(lock.state !== 'none' && { lock }),
  };
}

/** Seconds that the pass of a workload takes by its own options, at most: they come on top of what the engine may take. */
function longestPass(builds: readonly PlannedBuild[]): number {
  const seconds = ({ workload }: PlannedTrial) => secondsOf(workload);
  return Math.max(0, ...builds.flatMap(({ trials }) => trials.map(seconds)));
}

/** What a workload takes by its own options, and waiting for other machines, is no time of the engine's. */
function deadlinesOf(planned: Planned): Manifest['deadlineSeconds'] {
  const { deadline, repeat } = planned.parsed.suite;
  const wait = longestWait(planned, repeat);
  return {
    ...deadline,
    create: deadline.create + wait,
    index: deadline.index + wait,
    search: deadline.search + longestPass(planned.builds) + wait,
  };
}

/** Seconds that a load may wait for the moment at which it begins on all machines: the first, or from one to the next. */
function longestWait({ shard, builds }: Planned, repeat: number): number {
  const { load } = shard ?? {};
  if (load === undefined) return 0;
  const slots = builds.flatMap(({ trials }) => [...slotsOf(trials, { ...load, repeat }).values()].flat());
  const begins = slots.map(({ begin }) => begin).sort((a, b) => a - b);
  const waits = begins.map((begin, i) => begin - (begins[i - 1] ?? Date.now()));
  return Math.ceil(Math.max(0, ...waits) / 1000);
}

/** The command that repeats the run, quoted for a shell. */
export function commandLine(suite: string, { dataset, only, engine, shard, startAt }: RunOptions): string {
  const parts = ['vecproof', 'run', suite];
  if (dataset !== undefined) parts.push('--dataset', dataset);
  if (engine !== undefined) parts.push('--engine', engine.join(','));
  if (only !== undefined) parts.push('--only', only);
  if (shard !== undefined) parts.push('--shard', shard);
  if (startAt !== undefined) parts.push('--start-at', startAt);
  const quote = (part: string) =>
    /^[\w@%+=:,./-]+$/.test(part) ? part : `'${part.replaceAll("'", "'\\''")}'`;
  return parts.map(quote).join(' ');
}
