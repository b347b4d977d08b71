import type { Context } from '../../cli/context.js';
import { startingLines } from '../../cli/output.js';
import { InputError } from '../../common/errors.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import { loadEngine } from '../../engines/registry.js';
import type { LoggedEvent } from '../model/events.js';
import type { Manifest } from '../model/manifest.js';
import { readEnvironment } from '../run/environment.js';
import {
  cleanRunFolder,
  type RunFolder,
  readEvents,
  readManifest,
  repairEvents,
} from '../store/run-folder.js';
import { type ParsedSuite, parseSuite } from '../suite/parse.js';
import { checkAgainstData, checkAvailability, shapeOf, skipReasons } from './check-builds.js';
import { openData } from './data.js';
import { revealManifest } from './manifest-secrets.js';
import type { Ready } from './measure-run.js';
import { groupingOf } from './prepare-run.js';
import { withRefusals } from './refused-groups.js';

/** Takes up a run where it stopped: same plan, same data; what has ended is not measured again. */
export async function resumeRun(
  folder: RunFolder,
  options: { retryFailed?: boolean | undefined },
  context: Context,
): Promise<Ready> {
  const stored = readManifest(folder);
  cleanRunFolder(folder);
  repairEvents(folder);
  const parsed = parseSuite(stored.suite.text, stored.suite.path, context.env);
  const { secrets, redactor } = parsed;
  context.hide(secrets);
  const manifest = revealManifest(stored, redactor);
  const { datasetOptions } = manifest;
  const plan = [...manifest.plan, ...(manifest.rebuilds ?? [])];
  const { set, count } = manifest.queries;
  const grouping = resumedGrouping(parsed, datasetOptions);
  const limit = grouping.filters.length === 0 ? count : parsed.suite.queries.limit;
  const { nameOrPath, metric, queriesFile } = datasetOptions;
  const request = {
    nameOrPath,
    metric,
    queriesFile,
    set,
    limit,
    seed: manifest.seed,
    lenient: grouping.filters.length > 0,
    grouping,
  };
  const data = await openData(context, request, startingLines(context));
  if (data.info.hash !== manifest.dataset.hash || data.hash !== manifest.queries.hash) {
    throw new InputError('the dataset or its queries have changed since this run began', {
      where: folder.path,
      got: data.info.hash.slice(0, 12),
      next: `restore the dataset with hash ${manifest.dataset.hash.slice(0, 12)}…, or start a new run`,
    });
  }
  const definitions = new Map<string, EngineDefinition>();
  for (const { engine } of plan) definitions.set(engine, await loadEngine(engine));
  const { unavailable, packages } = await checkAvailability(plan, manifest.threads, context);
  const shape = shapeOf(data.info, manifest.ks.at(-1)!);
  const refusing = withRefusals(plan, definitions, data, grouping.fields);
  const unfit = checkAgainstData(plan, definitions, shape, folder.path, refusing.unfit);
  return {
    folder,
    manifest,
    data,
    redactor,
    skips: skipReasons(plan, unfit, unavailable),
    finished: finished(readEvents(folder), options.retryFailed === true),
    extraFields: grouping.fields,
    warnings: differences(manifest, packages),
  };
}

/** Groups and filters as the run began with them: the suite's text is the run's, the query file may have moved. */
function resumedGrouping(parsed: ParsedSuite, { queryFile }: Manifest['datasetOptions']) {
  const grouping = groupingOf(parsed, '');
  return queryFile === undefined ? grouping : { ...grouping, file: { shown: queryFile, path: queryFile } };
}

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
