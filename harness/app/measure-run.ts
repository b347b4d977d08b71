import { join } from 'node:path';
import { fileFailure, makeFolder, writeFileAtomic } from '../../common/files.js';
import { isLogged, type RunEvent } from '../model/events.js';
import { sameMachine } from '../model/machines.js';
import type { Environment, Manifest } from '../model/manifest.js';
import { shareText } from '../model/shared-load.js';
import { readEnvironment } from '../run/environment.js';
import type { RunFiltering } from '../run/filtering.js';
import { hideEvent } from '../run/hide-event.js';
import { runPlan } from '../run/run.js';
import { RunSeals } from '../store/checksums.js';
import { appendEvent, readEvents } from '../store/event-log.js';
import { cleanRunFolder, type RunFolder } from '../store/run-folder.js';
import { serverEnv } from './allowed-env.js';
import { skipReasons } from './check-builds.js';
import type { Data } from './data.js';
import { hideManifest } from './manifest-secrets.js';
import { need, type RunState } from './run-state.js';
import type { Task } from './tasks.js';

/** Measures all that is to be measured. What has ended is on disk, whatever happens to the rest. */
export function measureTask(
  resumed: boolean,
  { inspectBuild }: { inspectBuild?: number | undefined },
): Task<RunState> {
  return {
    title: 'measure',
    async setup(state) {
      try {
        state.measured = { state: await measure(state, resumed, inspectBuild) };
      } catch (error) {
        state.measured = { state: 'failed', error };
        throw error;
      }
    },
    teardown({ folder }) {
      if (folder !== undefined) cleanRunFolder(folder);
    },
  };
}

async function measure(
  state: RunState,
  resumed: boolean,
  inspect: number | undefined,
): Promise<'completed' | 'interrupted'> {
  const [planned, manifest, data] = [need(state, 'planned'), need(state, 'manifest'), need(state, 'data')];
  const [folder, finished] = [need(state, 'folder'), need(state, 'finished')];
  const { signal, onEvent: listen } = state.context;
  const { redactor } = planned.parsed;
  const plan = [...planned.builds, ...planned.rebuilds];
  const skips = skipReasons(plan, need(state, 'unfit'), need(state, 'unavailable'));
  const now = () => new Date().toISOString();
  const seals = new RunSeals(folder);
  // First on disk, then told.
  const onEvent = (given: RunEvent) => {
    const event = hideEvent(given);
    if (isLogged(event)) {
      appendEvent(folder, event);
      seals.follow(event);
    }
    listen(event);
  };
  const shown = hideManifest(manifest, redactor);
  const builds = [...shown.plan, ...(shown.rebuilds ?? [])];
  onEvent({ type: 'plan', time: now(), run: manifest.id, builds, finished: [...finished] });
  onEvent({ type: 'runBegin', time: now(), resumed, ...elsewhere(manifest) });
  const shared = shareText(
    manifest.shard,
    manifest.plan.flatMap(({ trials }) => trials),
    manifest.repeat,
  );
  if (shared !== undefined) onEvent({ type: 'notice', time: now(), message: shared });
  for (const message of [...state.warnings, ...inspectWarnings(inspect), ...skipWarnings(skips, finished)])
    onEvent({ type: 'warning', time: now(), message: redactor.text(message) });
  const input = {
    folder,
    manifest,
    vectors: data.vectors,
    ...writeQueries(folder, data, manifest.warmup),
    filtering: filteringOf(data, manifest, planned.parsed.suite.fields ?? []),
    skips,
    begun: begunBefore(folder),
    native: need(state, 'native'),
    env: serverEnv(state.context),
    signal,
    redact: redactor.text,
    onEvent,
    inspect,
  };
  const end = await runPlan(input, finished);
  onEvent({ type: 'runEnd', time: now(), state: end });
  return end;
}

/** Where the run goes on, if that is another machine. */
function elsewhere({ environment }: Manifest): { environment?: Environment } {
  const here = readEnvironment();
  return sameMachine(environment, here) ? {} : { environment: here };
}

/** Groups, filters and metadata for the builds' processes; undefined where there is nothing to tell them. */
function filteringOf(
  { grouped, metadata, ids }: Data,
  { ks }: Manifest,
  extraFields: readonly string[],
): RunFiltering | undefined {
  if (grouped === undefined && extraFields.length === 0) return undefined;
  const plain = { group: 'all', filter: null, text: null, k: ks.at(-1)!, tenant: null };
  return {
    queries: grouped ?? ids.map(() => plain),
    metadata: metadata && { folder: metadata.folder, fields: metadata.fields },
    extraFields,
  };
}

/** How often each build was begun so far. */
function begunBefore(folder: RunFolder): Map<string, number> {
  const begun = new Map<string, number>();
  for (const event of readEvents(folder))
    if (event.type === 'buildBegin') begun.set(event.build, (begun.get(event.build) ?? 0) + 1);
  return begun;
}

function inspectWarnings(inspect: number | undefined): string[] {
  return inspect === undefined
    ? []
    : ['builds ran under a debugger: their times, and what is derived from them, are not the engine’s'];
}

export function skipWarnings(skips: ReadonlyMap<string, string>, finished: ReadonlySet<string>): string[] {
  const counts = new Map<string, number>();
  for (const [id, reason] of skips) if (!finished.has(id)) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(
    ([reason, count]) => `${count === 1 ? '1 trial is' : `${count} trials are`} skipped: ${reason}`,
  );
}

/** The measured queries and up to `warmup` others, flat, for the builds' processes. */
function writeQueries(folder: RunFolder, { info, queries, spare }: Data, warmup: number) {
  const queriesFile = join(folder.work, 'queries.f32');
  const warmupQueryCount = Math.min(warmup, spare.length / info.dimensions);
  const both = new Float32Array(queries.length + warmupQueryCount * info.dimensions);
  both.set(queries);
  both.set(spare.subarray(0, warmupQueryCount * info.dimensions), queries.length);
  try {
    makeFolder(folder.work);
  } catch (error) {
    throw fileFailure(folder.work, 'the work folder cannot be made', error);
  }
  writeFileAtomic(queriesFile, new Uint8Array(both.buffer));
  return { queriesFile, warmupQueryCount };
}
