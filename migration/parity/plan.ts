import { stringify } from 'yaml';
import type { DatasetInfo } from '../../datasets/dataset.js';
import type { ScoreForm } from '../../engines/contract/capabilities.js';
import type { Chosen } from '../../harness/app/choose-queries.js';
import { distanceOf } from '../../harness/measures/scores.js';
import { type Manifest, RUN_SCHEMA, type TruthRecord } from '../../harness/model/manifest.js';
import type { PlannedBuild, PlannedParity } from '../../harness/model/plan.js';
import type { Truth } from '../../harness/model/samples.js';
import { readEnvironment } from '../../harness/run/environment.js';
import { readManifest } from '../../harness/store/manifests.js';
import type { QueriesFile } from '../../harness/store/queries.js';
import { type RunFolder, runFolder } from '../../harness/store/run-folder.js';
import { isSimilarity } from '../mapping/scores.js';
import { exactTrial, type Measured, trialsOf } from './measure.js';
import type { CompareRequest } from './request.js';
import { settingsOf } from './settings.js';
import type { Side } from './side.js';
import { ANN, EXACT } from './thresholds.js';

/** What is measured where, and how it is compared. */
export interface PlannedRun {
  builds: readonly Measured[];
  /** Why there is no comparison of exhaustive searches; undefined: there is one. */
  noExact: string | undefined;
  manifest(id: string, data: Chosen, truth: TruthRecord, version: string): Manifest;
  read(folder: RunFolder): Manifest;
}

type Sides = { source: Side; target: Side };

/** Trials of both sides: as the application searches, exhaustive ones, and the source once more for the noise floor. */
export async function planLive(
  sides: Sides,
  info: DatasetInfo,
  request: CompareRequest,
  apart: number,
): Promise<PlannedRun> {
  const { k } = request.thresholds;
  const size = { count: info.count, metric: info.metric, dimensions: info.dimensions, k };
  const source = annBuild('source', sides.source, request);
  const plain = annBuild('target', sides.target, request);
  const exact = await exactTrial(sides.target, plain, size);
  const noExact = 'reason' in exact ? exact.reason : undefined;
  const target = 'reason' in exact ? plain : { ...plain, trials: [...plain.trials, exact] };
  const again: PlannedBuild = {
    ...source,
    id: 'source-again',
    series: 'source again',
    trials: [{ ...source.trials[0]!, id: 'source.again' }],
  };
  const parity = paritiesOf(noExact === undefined, sides, info, request, apart);
  return {
    builds: [
      { side: sides.source, build: source, probes: source.trials.map(({ id }) => id) },
      { side: sides.target, build: target, probes: target.trials.map(({ id }) => id) },
      { side: sides.source, build: again, probes: [] },
    ],
    noExact,
    manifest: (id, data, truth, version) => {
      const { places, suite } = suiteOf(request, info);
      return {
        schema: RUN_SCHEMA,
        id,
        vecproof: version,
        created: new Date().toISOString(),
        command: commandOf(request),
        suite,
        dataset: {
          name: info.name,
          source: places.source,
          hash: info.hash,
          metric: info.metric,
          metricSource: info.metricSource,
          dimensions: info.dimensions,
          count: info.count,
          licence: null,
          provenance: null,
        },
        datasetOptions: {
          nameOrPath: places.source,
          metric: null,
          queriesFile: null,
          queryFile: request.queries.shown,
        },
        queries: {
          set: data.grouped === undefined ? 'queries' : request.queries.shown,
          count: data.count,
          hash: data.hash,
        },
        truth,
        ks: [k],
        repeat: request.thresholds.repeat,
        warmup: request.warmup,
        seed: request.seed,
        threads: 1,
        memoryLimitBytes: null,
        deadlineSeconds: { create: 1, load: 1, index: 1, search: 600 },
        environment: readEnvironment(),
        packages: {},
        plan: [source, target],
        parity,
        rebuilds: [again],
        ...(request.thresholds.lock.state !== 'none' && { lock: request.thresholds.lock }),
      };
    },
    read: (folder) => readManifest(runFolder(folder.path)),
  };
}

/** A side's build, searched as the application searches it. */
function annBuild(
  id: 'source' | 'target',
  side: Side,
  { search, mapping, thresholds }: CompareRequest,
): PlannedBuild {
  const known = id === 'target' ? mapping?.mapping.target.index : undefined;
  const settings = settingsOf(side.definition, side.description, search[id], known);
  const remote = side.open.place.includes('://');
  const build: PlannedBuild = {
    id,
    engine: side.definition.name,
    series: id,
    index: settings.index,
    ...(side.definition.server !== undefined && {
      server: { mode: remote ? 'url' : (side.definition.local?.mode ?? 'url') },
    }),
    trials: [{ id: `${id}.${ANN}`, search: settings.search, workload: thresholds.workload }],
  };
  // Before anything is written: what cannot run is refused.
  trialsOf(side, build, thresholds);
  return build;
}

function paritiesOf(
  exact: boolean,
  sides: Sides,
  { metric }: DatasetInfo,
  { mapping, thresholds: { k } }: CompareRequest,
  apart: number,
): PlannedParity[] {
  const own = mapping?.mapping.thresholds.find(({ target: to }) => to !== null);
  const [mine, theirs] = [sides.source, sides.target].map(
    ({ definition }) => definition.capabilities.scores[metric],
  );
  const atLeast = (form: ScoreForm | undefined) => form !== undefined && isSimilarity(form);
  const candidate = own && {
    score: own.target!,
    atLeast: own.keeps === null ? atLeast(theirs) : own.keeps === 'at least',
  };
  const reference = own && { score: own.source, atLeast: atLeast(mine) };
  // Answers that are the exact neighbours have distances for scores.
  const distance = own && mine && { score: distanceOf(own.source, mine), atLeast: false };
  const both = (of: typeof reference) =>
    of && candidate ? { thresholds: { reference: of, candidate } } : {};
  const common = { k, apart, reference: `source.${ANN}` };
  const ann = {
    name: ANN,
    ...common,
    ...both(reference),
    candidate: `target.${ANN}`,
    rebuild: 'source.again',
  };
  if (!exact) return [ann];
  const truth = { name: EXACT, ...common, ...both(distance), candidate: `target.${EXACT}`, rebuild: null };
  return [{ ...truth, truth: true }, ann];
}

/** The gates as those of a suite, so that a stored comparison is judged as any run. */
function suiteOf({ source, target, thresholds, mapping, queries }: CompareRequest, info: DatasetInfo) {
  const places = { source, target };
  const text = stringify({
    version: 1,
    name: `parity of ${info.name}`,
    places,
    queries: { file: queries.shown },
    ...(mapping && { mapping: mapping.hash }),
    k: thresholds.k,
    workload: thresholds.workload,
    parity: [EXACT, ANN].map((name) => ({ name, k: thresholds.k })),
    gates: thresholds.gates,
  });
  const name = `parity of ${info.name}`;
  const description = `The target ${target} against the source ${source}, both as they are.`;
  return { places, suite: { name, path: queries.shown, text, description } };
}

function commandOf({ source, target, queries }: CompareRequest): string {
  const quote = (part: string) =>
    /^[\w@%+=:,./#-]+$/.test(part) ? part : `'${part.replaceAll("'", "'\\''")}'`;
  return ['vecproof', 'parity', source, target, '--queries', queries.shown].map(quote).join(' ');
}

/** `queries.json` of the run. */
export function queriesRecord(data: Chosen, truth: Truth): QueriesFile {
  const { ids, grouped, sources } = data;
  const numbers = new Map<number, number>();
  const own = Array.from(sources, (source) => {
    const number = numbers.get(source) ?? numbers.size;
    numbers.set(source, number);
    return number;
  });
  const repeated = numbers.size < own.length;
  return {
    set: 'queries',
    ids: [...ids],
    ...(repeated && { sources: own }),
    ...(grouped && {
      queries: grouped.map(({ group, filter, text, k, tenant }, i) => ({
        group,
        filter: text,
        matches: filter === null ? null : (truth.matches?.[i] ?? null),
        k,
        tenant: tenant?.field ?? null,
      })),
    }),
  };
}
