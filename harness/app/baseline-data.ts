import { InputError } from '../../common/errors.js';
import { columnOfQueries, groupQueries } from '../derive/columns.js';
import { currentResults, type Derived } from '../derive/current.js';
import type { BaselineData } from '../gate/comparison.js';
import type { GateSet } from '../gate/gates.js';
import { needsBaseline } from '../gate/judge.js';
import { isSelected, settingKey } from '../gate/select.js';
import type { Column } from '../measures/by-query.js';
import type { Manifest } from '../model/manifest.js';
import type { TrialRow } from '../model/results.js';
import type { Baseline } from '../store/baselines.js';
import { readManifest } from '../store/manifests.js';
import { querySources } from '../store/queries.js';
import type { RunFolder } from '../store/run-folder.js';

/** A run with what comparing needs. */
export interface KnownRun extends Pick<Derived, 'results' | 'columns'> {
  folder: RunFolder;
  manifest: Manifest;
}

/** Refuses what cannot be compared before any results are asked for. */
export async function baselineRuns(
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
export async function loadBaseline(
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
