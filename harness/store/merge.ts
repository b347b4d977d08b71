import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../common/errors.js';
import { appendText, fileFailure, makeFolder } from '../../common/files.js';
import type { LoggedEvent } from '../model/events.js';
import { machinesOf } from '../model/machines.js';
import type { Manifest } from '../model/manifest.js';
import { changedFiles, sealFiles } from './checksums.js';
import { readEvents } from './event-log.js';
import { readManifest, writeManifest } from './manifests.js';
import { mergeLoads } from './merge-loads.js';
import { createRunFolder, EXACT_ENDING, REPLACED_FOLDER, type RunFolder } from './run-folder.js';

interface Shard {
  folder: RunFolder;
  manifest: Manifest;
}

/**
 * One run out of all shards of a suite: the same files as if one machine had measured it, builds in the order of the
 * plan. Nothing is left behind if it fails.
 * @throws InputError if the shards do not belong together, or one is missing
 */
export async function mergeRuns(folders: readonly RunFolder[], runs: string, now: Date): Promise<RunFolder> {
  const shards = folders.map((folder) => ({ folder, manifest: readManifest(folder) }));
  check(shards);
  const ordered = shards.toSorted((a, b) => a.manifest.shard!.index - b.manifest.shard!.index);
  const merged = createRunFolder(runs, ordered[0]!.manifest.suite.name, now);
  try {
    const sameLoad = ordered[0]!.manifest.shard!.load !== undefined;
    copyAbout(ordered[0]!, merged);
    if (sameLoad) writeEvents(ordered, merged, now, await mergeLoads(ordered, merged, now));
    else {
      copySamples(ordered, merged);
      writeEvents(ordered, merged, now, sideBySide(ordered));
    }
    writeManifest(merged, manifestOf(ordered, merged));
    sealMerged(merged);
    rmSync(merged.work, { recursive: true, force: true });
    return merged;
  } catch (error) {
    rmSync(merged.path, { recursive: true, force: true });
    throw error;
  }
}

function check(shards: readonly Shard[]): void {
  for (const { folder, manifest } of shards) {
    if (manifest.shard !== undefined) continue;
    throw new InputError('this run is not a shard', {
      where: folder.path,
      next: 'merge runs that were made with run --shard i/n',
    });
  }
  const first = shards[0]!;
  for (const other of shards.slice(1)) {
    const what = difference(first.manifest, other.manifest);
    if (what === undefined) continue;
    throw new InputError(`this shard has another ${what} than ${first.folder.id}`, {
      where: other.folder.path,
      next: 'merge shards of one suite on the same data, made by the same version',
    });
  }
  const { of } = first.manifest.shard!;
  const indexes = shards.map(({ manifest }) => manifest.shard!.index);
  const twice = indexes.find((index, i) => indexes.indexOf(index) !== i);
  if (twice !== undefined) {
    throw new InputError(`shard ${twice} of ${of} is given twice`, {
      where: shards
        .filter(({ manifest }) => manifest.shard!.index === twice)
        .map(({ folder }) => folder.id)
        .join(', '),
      next: 'give each shard once',
    });
  }
  const missing = Array.from({ length: of }, (_, i) => i + 1).filter((index) => !indexes.includes(index));
  if (missing.length > 0) {
    throw new InputError(`shard ${missing.join(', ')} of ${of} is missing`, {
      where: 'merge',
      next: `measure it: vecproof run <suite> --shard ${missing[0]}/${of}`,
    });
  }
}

/** What must be the same for shards to be parts of one run; undefined if all is. */
function difference(a: Manifest, b: Manifest): string | undefined {
  const parts: Record<string, (manifest: Manifest) => unknown> = {
    'vecproof version': ({ vecproof }) => vecproof,
    suite: ({ suite }) => suite.text,
    dataset: ({ dataset }) => dataset.hash,
    metric: ({ dataset }) => dataset.metric,
    'set of queries': ({ queries }) => queries.hash,
    plan: ({ shard, plan, ks, repeat, seed, warmup, threads }) => [
      shard!.of,
      shard!.builds,
      shard!.load,
      shard!.load && plan.map(({ trials }) => trials),
      ks,
      repeat,
      seed,
      warmup,
      threads,
    ],
  };
  return Object.keys(parts).find((key) => JSON.stringify(parts[key]!(a)) !== JSON.stringify(parts[key]!(b)));
}

const isSample = (name: string): boolean => name.endsWith('.parquet') || name.endsWith(EXACT_ENDING);

function copy(from: string, to: string): void {
  try {
    copyFileSync(from, to);
  } catch (error) {
    throw fileFailure(to, `cannot be copied from ${from}`, error);
  }
}

function copyAbout({ folder: { truth, queries, judgements } }: Shard, merged: RunFolder): void {
  copy(truth, merged.truth);
  copy(queries, merged.queries);
  if (existsSync(judgements)) copy(judgements, merged.judgements);
}

function copySamples(shards: readonly Shard[], merged: RunFolder): void {
  for (const { folder } of shards) {
    if (!existsSync(folder.samples)) continue;
    for (const name of readdirSync(folder.samples).filter(isSample)) {
      copy(join(folder.samples, name), join(merged.samples, name));
    }
    const replaced = join(folder.samples, REPLACED_FOLDER);
    if (!existsSync(replaced)) continue;
    makeFolder(join(merged.samples, REPLACED_FOLDER));
    for (const name of readdirSync(replaced).filter(isSample)) {
      copy(join(replaced, name), join(merged.samples, REPLACED_FOLDER, name));
    }
  }
}

/** The logs one after the other, as one run that began first and ended last. */
function writeEvents(
  shards: readonly Shard[],
  merged: RunFolder,
  now: Date,
  told: { events: readonly LoggedEvent[]; warnings: readonly string[] },
): void {
  const logs = shards.map(({ folder }) => readEvents(folder));
  const times = logs
    .flat()
    .map(({ time }) => time)
    .toSorted();
  const complete = logs.every((log) => {
    const last = log.at(-1);
    return last?.type === 'runEnd' && last.state === 'completed';
  });
  const begin: LoggedEvent = { type: 'runBegin', time: times[0] ?? now.toISOString(), resumed: false };
  const altered = shards.flatMap(({ folder }) => changedFiles(folder).map((text) => `${folder.id}: ${text}`));
  const warnings = [...altered, ...told.warnings, ...packageWarnings(shards)].map(
    (message): LoggedEvent => ({ type: 'warning', time: now.toISOString(), message }),
  );
  const end: LoggedEvent = {
    type: 'runEnd',
    time: times.at(-1) ?? begin.time,
    state: complete ? 'completed' : 'interrupted',
  };
  const lines = [begin, ...warnings, ...told.events, end].map((event) => `${JSON.stringify(event)}\n`);
  appendText(merged.events, lines.join(''), { what: 'the merged run cannot be recorded' });
}

/** What each shard measured by itself. */
function sideBySide(shards: readonly Shard[]): { events: LoggedEvent[]; warnings: string[] } {
  const logs = shards.flatMap(({ folder }) => readEvents(folder));
  const events = logs.filter(({ type }) => type !== 'runBegin' && type !== 'runEnd');
  return { events, warnings: [machineWarning(shards)] };
}

function machineWarning(shards: readonly Shard[]): string {
  const machines = machinesOf(shards.map(({ manifest }) => manifest.environment)).map(
    ({ cpu, cores }) => `${cpu}, ${cores} cores`,
  );
  const times =
    'the shards were measured one by one or side by side: compare times of different builds with care';
  const machineText = `the shards ran on different machines (${machines.join('; ')}): times of one do not compare with those of another`;
  return machines.length > 1 ? machineText : times;
}

function packageWarnings(shards: readonly Shard[]): string[] {
  const versions = new Map<string, Set<string>>();
  for (const { manifest } of shards) {
    for (const [name, version] of Object.entries(manifest.packages)) {
      versions.set(name, (versions.get(name) ?? new Set()).add(version));
    }
  }
  const mixed = [...versions].filter(([, found]) => found.size > 1);
  return mixed.map(
    ([name, found]) => `the shards used different versions of ${name}: ${[...found].join(', ')}`,
  );
}

/** What the merged run holds; shards that are not as they were written are told when they are merged. */
function sealMerged(merged: RunFolder): void {
  const { manifest, truth, queries, judgements, events, samples } = merged;
  const observed = readdirSync(samples)
    .filter(isSample)
    .map((name) => join(samples, name));
  sealFiles(merged, [manifest, truth, queries, judgements, events, ...observed]);
}

function manifestOf(shards: readonly Shard[], merged: RunFolder): Manifest {
  const { shard, ...first } = shards[0]!.manifest;
  const builds = new Map(shards.flatMap(({ manifest }) => manifest.plan).map((build) => [build.id, build]));
  const plan = shard!.builds.map((id) => {
    const build = builds.get(id);
    if (build !== undefined) return build;
    throw new InputError(`no shard planned the build ${id}`, {
      where: shards.map(({ folder }) => folder.id).join(', '),
      next: 'measure the shards again',
    });
  });
  const rebuilds = shards.flatMap(({ manifest }) => manifest.rebuilds ?? []);
  const packages = Object.assign(
    {},
    ...shards.map(({ manifest }) => manifest.packages),
  ) as Manifest['packages'];
  const command = first.command.replace(/ --(shard|start-at) \S+/g, '');
  const id = merged.id;
  const measured = shards.map(({ manifest: { environment, plan: own } }) => ({
    environment,
    builds: own.map((build) => build.id),
  }));
  return {
    ...first,
    id,
    command,
    plan,
    packages,
    ...(shard!.load === undefined
      ? { shards: measured }
      : { generators: measured.map(({ environment }) => ({ environment })) }),
    ...(rebuilds.length > 0 && { rebuilds }),
  };
}
