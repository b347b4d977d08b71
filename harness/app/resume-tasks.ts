import { InputError } from '../../common/errors.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import { engineOf, tryEngineModule } from '../../engines/open.js';
import type { LoggedEvent } from '../model/events.js';
import type { Manifest } from '../model/manifest.js';
import { readEnvironment } from '../run/environment.js';
import { readEvents, repairEvents } from '../store/event-log.js';
import { lockRun } from '../store/lock.js';
import { readManifest } from '../store/manifests.js';
import { cleanRunFolder } from '../store/run-folder.js';
import { type ParsedSuite, parseSuite } from '../suite/parse.js';
import { suiteEnv } from './allowed-env.js';
import { recordedOptions } from './dataset-options.js';
import { revealManifest } from './manifest-secrets.js';
import { openRun } from './open-run.js';
import { groupingOf, type Planned } from './plan-run.js';
import { type Remeasure, trialsAgain } from './remeasure.js';
import { requireOwn } from './run-mark.js';
import { need, type RunState } from './run-state.js';
import type { Task } from './tasks.js';

/** Takes up a run where it stopped: same plan, same data; what has ended is not measured again. */
export function storedRunTask(
  reference: string,
  options: { retryFailed?: boolean | undefined; remeasure?: Remeasure | undefined },
): Task<RunState> {
  return {
    title: 'read the run',
    async setup(state) {
      const { context } = state;
      const folder = openRun(reference, context);
      state.folder = folder;
      state.unlock = lockRun(folder);
      const stored = readManifest(folder);
      cleanRunFolder(folder);
      repairEvents(folder);
      if (stored.shard?.load !== undefined)
        throw new InputError('a shard of a load cannot be continued: the others do not wait for it', {
          where: folder.path,
          next: 'measure all shards again, with a new --start-at',
        });
      const parsed = parseSuite(stored.suite.text, stored.suite.path, suiteEnv(context));
      context.hide(parsed.secrets);
      state.manifest = revealManifest(stored, parsed.redactor);
      requireOwn({ ...state.manifest, suite: stored.suite }, parsed, folder.path, context);
      state.planned = await storedPlan(state.manifest, parsed, folder.path);
      const done = finished(readEvents(folder), options.retryFailed === true);
      const again =
        options.remeasure === undefined
          ? new Set<string>()
          : await trialsAgain(folder, state.manifest, options.remeasure);
      state.finished = new Set([...done].filter((id) => !again.has(id)));
    },
    teardown: ({ unlock }) => unlock?.(),
  };
}

async function storedPlan(manifest: Manifest, parsed: ParsedSuite, place: string): Promise<Planned> {
  const { plan: builds, rebuilds = [], parity = [], shard, suite } = manifest;
  const all = [...builds, ...rebuilds];
  const modules = new Set(all.flatMap(({ module }) => module ?? []));
  for (const module of modules) await tryEngineModule(module);
  const definitions = new Map<string, EngineDefinition>();
  for (const build of all) definitions.set(build.engine, await engineOf(build));
  const data = storedRequest(manifest, parsed);
  return {
    parsed,
    suite: { text: suite.text, given: place, path: suite.path },
    definitions,
    builds,
    rebuilds,
    parity,
    shard,
    data,
    several: false,
  };
}

/** The data as the run began with it. */
function storedRequest(manifest: Manifest, parsed: ParsedSuite): Planned['data'] {
  const { nameOrPath, queryFile } = manifest.datasetOptions;
  // The suite's text is the run's, the query file may have moved.
  const plain = groupingOf(parsed, '');
  const grouping =
    queryFile === undefined ? plain : { ...plain, file: { shown: queryFile, path: queryFile } };
  const filtered = grouping.filters.length > 0;
  const { set, count } = manifest.queries;
  return {
    nameOrPath,
    ...recordedOptions(manifest.datasetOptions),
    relevance: parsed.suite.relevance,
    set,
    limit: filtered ? parsed.suite.queries.limit : count,
    seed: manifest.seed,
    lenient: filtered,
    grouping,
  };
}

/** The data must be what the run began with: figures of two datasets would be mixed. */
export const sameDataTask: Task<RunState> = {
  title: 'compare the data with the run’s',
  setup(state) {
    const [manifest, data] = [need(state, 'manifest'), need(state, 'data')];
    if (data.info.hash === manifest.dataset.hash && data.hash === manifest.queries.hash) return;
    throw new InputError('the dataset or its queries have changed since this run began', {
      where: need(state, 'folder').path,
      got: data.info.hash.slice(0, 12),
      next: `restore the dataset with hash ${manifest.dataset.hash.slice(0, 12)}…, or start a new run`,
    });
  },
};

/** Trials that need not be measured again, by the last word of the log. */
function finished(events: readonly LoggedEvent[], retryFailed: boolean): Set<string> {
  const done = new Set<string>();
  for (const event of events) {
    if (event.type !== 'trialEnd') continue;
    if (retryFailed && event.state !== 'completed') done.delete(event.trial);
    else done.add(event.trial);
  }
  return done;
}

/** A run continued on another machine or with other packages mixes figures: that must be said. */
export const differencesTask: Task<RunState> = {
  title: 'compare the machine with the run’s',
  setup(state) {
    // What the data says was said when the run began.
    state.warnings = differences(need(state, 'manifest'), need(state, 'packages'));
  },
};

function differences(manifest: Manifest, packages: Record<string, string>): string[] {
  const now = readEnvironment();
  const before = manifest.environment;
  const changed = (['cpu', 'cores', 'memoryBytes', 'node', 'kernel'] as const).filter(
    (key) => now[key] !== before[key],
  );
  const versions = Object.keys(packages).filter((name) => manifest.packages[name] !== packages[name]);
  return [
    ...changed.map(
      (key) => `the run was continued with another ${key}: ${now[key]} instead of ${before[key]}`,
    ),
    ...versions.map((name) => {
      const old = manifest.packages[name] ?? 'none';
      return `the run was continued with ${name} ${packages[name]} instead of ${old}`;
    }),
  ];
}
