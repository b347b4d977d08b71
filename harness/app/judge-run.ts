import { InputError } from '../../common/errors.js';
import { columnOfQueries, groupQueries } from '../derive/columns.js';
import { currentResults, type Derived } from '../derive/current.js';
import { parityTrials } from '../derive/parity-trials.js';
import type { BaselineData } from '../gate/changes.js';
import type { GateSet } from '../gate/gates.js';
import { judge, needsBaseline } from '../gate/judge.js';
import { isSelected, settingKey } from '../gate/select.js';
import type { Column } from '../measures/by-query.js';
import type { Manifest } from '../model/manifest.js';
import type { TrialRow } from '../model/results.js';
import { outcomeOf, VERDICT_SCHEMA, type Verdicts } from '../model/verdict.js';
import { type Baseline, defaultBaseline, findBaseline } from '../store/baselines.js';
import { querySources } from '../store/queries.js';
import { partsOf, type RunFolder, readManifest } from '../store/run-folder.js';
import { writeVerdicts } from '../store/verdicts.js';
import { readGates } from '../suite/parse.js';
import type { Context } from './context.js';
import { withCauses } from './find-causes.js';
import { compareWithLock } from './gate-lock.js';
import { readTextFile, type SuiteText } from './places.js';

export interface JudgeOptions {
  /** Name of a baseline, or runs separated by commas; the baseline `main` if absent and there is one. */
  baseline?: string | undefined;
  /** Take the gates of this suite (a path, or the suite itself) instead of the run's own. */
  suite?: string | SuiteText | undefined;
}

/**
 * Judges a stored run by its suite's gates and writes `verdicts.json`. Undefined where there are no gates.
 * @throws InputError where the baseline cannot be compared with
 */
export async function judgeRun(
  folder: RunFolder,
  derived: Derived,
  options: JudgeOptions,
  context: Context,
): Promise<Verdicts | undefined> {
  const { results } = derived;
  const manifest = readManifest(folder);
  const { set: whole, source, lock } = gatesFor(manifest, options);
  const set = gatesOn(whole, manifest);
  if (set.gates.length === 0) return undefined;
  const baseline = chooseBaseline(set, options, context, manifest);
  const before = baseline && (await baselineRuns(baseline, folder, manifest));
  const data = before && (await loadBaseline(baseline.name, before, { folder, manifest, ...derived }, set));
  const found = judge({
    set,
    trials: results.trials,
    parity: parityTrials(results),
    baseline: data,
  });
  // Runs that can be compared have the same depths.
  const k = manifest.ks.at(-1)!;
  const verdicts = await withCauses(
    found,
    { folder, trials: results.trials, k },
    before && { folder: before[0]!.folder, trials: before[0]!.results.trials, k },
  );
  const judged: Verdicts = {
    schema: VERDICT_SCHEMA,
    run: manifest.id,
    suite: source,
    inconclusive: set.inconclusive,
    baseline:
      data === undefined
        ? null
        : { name: data.name, runs: [...data.runs], pairing: data.paired ? 'paired' : 'unpaired' },
    lock,
    outcome: outcomeOf(verdicts, set.inconclusive),
    verdicts,
  };
  writeVerdicts(folder, judged);
  return judged;
}

/** Of a part of a run over several datasets: the gates that are not about another one of them. */
function gatesOn(set: GateSet, { dataset, partOf }: Manifest): GateSet {
  if (partOf === undefined) return set;
  const others = partOf.datasets.filter((name) => name !== dataset.name);
  const isOthers = ({ selectors }: GateSet['gates'][number]) =>
    selectors.some(({ key, value }) => key === 'dataset' && others.includes(value));
  return { ...set, gates: set.gates.filter((gate) => !isOthers(gate)) };
}

function gatesFor(manifest: Manifest, { suite }: JudgeOptions) {
  if (suite === undefined) {
    const set = readGates(manifest.suite.text, manifest.suite.path);
    return {
      set,
      source: manifest.suite.path,
      lock: manifest.lock ?? { state: 'none' as const, changed: [] },
    };
  }
  const { text, given, path } =
    typeof suite === 'string' ? { text: readTextFile(suite, 'the suite'), given: suite, path: suite } : suite;
  const set = readGates(text, given);
  if (set.gates.length === 0) {
    throw new InputError('this suite has no gates', {
      where: given,
      next: 'add gates: to it; see docs/gates.md',
    });
  }
  return { set, source: given, lock: compareWithLock(path, set) };
}

function chooseBaseline(
  set: GateSet,
  { baseline }: JudgeOptions,
  context: Context,
  { partOf, dataset }: Manifest,
): Baseline | undefined {
  if (!set.gates.some(needsBaseline)) {
    // Another dataset of the run may have such a gate.
    if (baseline === undefined || partOf !== undefined) return undefined;
    throw new InputError('a baseline was given, but no gate compares with one', {
      where: '--baseline',
      got: baseline,
      next: 'add a gate such as "recall@10: drop(baseline) < 0.2pt" to the suite',
    });
  }
  const found = baseline === undefined ? defaultBaseline(context.runs) : findBaseline(context.runs, baseline);
  return found && { ...found, folders: found.folders.map((folder) => onDataset(folder, dataset.name)) };
}

/** Of a run over several datasets the part on this one. */
function onDataset(folder: RunFolder, name: string): RunFolder {
  const parts = partsOf(folder);
  if (parts === undefined) return folder;
  const part = parts.find((each) => each.name === name);
  if (part !== undefined) return part.folder;
  throw new InputError(`the baseline has no dataset "${name}"`, {
    where: folder.path,
    got: parts.map((each) => each.name).join(', '),
    next: 'give a baseline of the same suite, or set a new one: vecproof baseline set <run> --name main',
  });
}

interface KnownRun extends Pick<Derived, 'results' | 'columns'> {
  folder: RunFolder;
  manifest: Manifest;
}

/** Refuses what cannot be compared before any results are asked for. */
async function baselineRuns(
  { folders }: Baseline,
  folder: RunFolder,
  manifest: Manifest,
): Promise<KnownRun[]> {
  const manifests = folders.map((each) => comparable(each, folder, manifest));
  const runs: KnownRun[] = [];
  for (const [i, each] of folders.entries()) {
    runs.push({ folder: each, manifest: manifests[i]!, ...(await currentResults(each)) });
  }
  return runs;
}

/** What the gates need of both sides. */
async function loadBaseline(
  name: string | null,
  runs: readonly KnownRun[],
  run: KnownRun,
  set: GateSet,
): Promise<BaselineData> {
  const paired = runs.every((each) => each.manifest.queries.hash === run.manifest.queries.hash);
  const wanted = run.results.trials.filter((row) => set.gates.some((gate) => byQuery(gate, row)));
  const own = await readSide(run, wanted);
  const sides: Side[] = [];
  for (const each of runs) sides.push(await readSide(each, wanted));
  return {
    name,
    runs: runs.map(({ folder }) => folder.id),
    paired,
    gone: goneFrom(
      runs.flatMap(({ results }) => results.trials),
      run.results.trials,
    ),
    sources: { now: querySources(run.folder), before: querySources(runs[0]!.folder) },
    column: (row, measure) => own.column(row, measure),
    partner: (row, measure) => {
      const rows = sides.map((side) => side.rows.get(settingKey(row)));
      if (rows.some((each) => each === undefined)) return undefined;
      const columns = sides.flatMap((side, i) => rows[i]!.map((each) => side.column(each, measure)));
      const whole = columns.every((each) => each !== undefined);
      return { rows: rows.flatMap((each) => each!), columns: whole ? (columns as Column[]) : [] };
    },
  };
}

/** Completed trials before that have none of the same setting now. */
function goneFrom(before: readonly TrialRow[], now: readonly TrialRow[]): TrialRow[] {
  const here = new Set(now.map(settingKey));
  const found = new Map<string, TrialRow>();
  for (const row of before) {
    if (row.state === 'completed' && !here.has(settingKey(row))) found.set(settingKey(row), row);
  }
  return [...found.values()];
}

/** One run as a comparison sees it. */
interface Side {
  /** By setting, workload and group. */
  rows: ReadonlyMap<string, TrialRow[]>;
  /** Values by query, of a group those of its queries. */
  column(row: TrialRow, measure: string): Column | undefined;
}

async function readSide(
  { folder, results: { trials }, columns: columnsOf }: KnownRun,
  wanted: readonly TrialRow[],
): Promise<Side> {
  const keys = new Set(wanted.map(settingKey));
  const rows = new Map<string, TrialRow[]>();
  for (const row of trials) rows.set(settingKey(row), [...(rows.get(settingKey(row)) ?? []), row]);
  const done = trials.filter((row) => row.state === 'completed' && keys.has(settingKey(row)));
  const columns = await columnsOf(idsOf(done));
  const groups = groupQueries(folder);
  return {
    rows,
    column: ({ id, group }, measure) => {
      const whole = columns.get(id)?.get(measure);
      if (group === 'all' || whole === undefined) return whole;
      const queries = groups.get(group);
      return queries && columnOfQueries(whole, queries);
    },
  };
}

function byQuery(gate: GateSet['gates'][number], row: TrialRow): boolean {
  return (
    needsBaseline(gate) &&
    gate.about.kind === 'mean' &&
    row.state === 'completed' &&
    isSelected(gate.selectors, row)
  );
}

const idsOf = (rows: readonly TrialRow[]): string[] => [...new Set(rows.map(({ id }) => id))];

function comparable(baseline: RunFolder, folder: RunFolder, manifest: Manifest): Manifest {
  if (baseline.path === folder.path) {
    throw new InputError('a run cannot be its own baseline', {
      where: folder.path,
      next: 'give another run with --baseline, or judge another run',
    });
  }
  const other = readManifest(baseline);
  const differs = (what: string, a: unknown, b: unknown): InputError =>
    new InputError(`the baseline was measured with another ${what}`, {
      where: baseline.path,
      got: `${String(b)}; this run has ${String(a)}`,
      next: 'give a baseline of the same data and suite, or set a new one: vecproof baseline set <run> --name main',
    });
  const [mine, theirs] = [manifest.dataset, other.dataset];
  if (mine.hash !== theirs.hash) {
    const label = (record: Manifest['dataset']) => `${record.name} (${record.hash.slice(0, 12)})`;
    throw differs('dataset', label(mine), label(theirs));
  }
  if (mine.metric !== theirs.metric) throw differs('metric', mine.metric, theirs.metric);
  if (manifest.ks.join() !== other.ks.join()) throw differs('k', manifest.ks.join(', '), other.ks.join(', '));
  return other;
}
