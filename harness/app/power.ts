import { InputError } from '../../common/errors.js';
import { currentResults } from '../derive/current.js';
import { type Power, powerOf } from '../gate/power.js';
import { sampleOf, scaled } from '../gate/sample.js';
import type { Column } from '../measures/by-query.js';
import { definitionOf } from '../model/measures/catalogue.js';
import { firstId } from '../model/replicas.js';
import { findBaseline } from '../store/baselines.js';
import { readManifest } from '../store/manifests.js';
import { querySources } from '../store/queries.js';
import type { RunFolder } from '../store/run-folder.js';
import type { Context } from './context.js';

export interface PowerRequest {
  /** A mean over queries; default: the deepest `recall.ties@k`. */
  measure?: string | undefined;
  /** Loss to be seen, in the measure's own unit. */
  drop: number;
  /** Chance to see it. */
  power: number;
  /** Chance of a false alarm. */
  alpha: number;
  /** Other runs of the same suite, from which pairs and rebuilds are known. */
  baseline?: string | undefined;
}

export interface PowerResult {
  measure: string;
  /** One for each setting that has the measure. */
  trials: (Power & { trial: string })[];
  /** Other runs that took part. */
  others: number;
}

/**
 * How many queries and builds a gate needs to see a drop.
 * @throws InputError for a measure that is no mean over queries, or runs that cannot be paired
 */
export async function powerOfRun(
  folder: RunFolder,
  request: PowerRequest,
  { runs }: Pick<Context, 'runs'>,
): Promise<PowerResult> {
  const { ks } = readManifest(folder);
  const measure = request.measure ?? `recall.ties@${ks.at(-1)}`;
  if (definitionOf(measure)?.kind !== 'mean') {
    throw new InputError('power needs a mean over queries', {
      where: '--measure',
      got: measure,
      next: `for this run: ${ks.flatMap((k) => [`recall.ties@${k}`, `recall@${k}`]).join(', ')}`,
    });
  }
  const others = request.baseline === undefined ? [] : findBaseline(runs, request.baseline).folders;
  for (const other of others) pairable(other, folder);
  const sources = querySources(folder);
  const own = await builtColumns(folder, measure);
  const sides: Map<string, Column[]>[] = [];
  for (const other of others) sides.push(await builtColumns(other, measure));
  const tests = own.size;
  const trials = [...own].flatMap(([trial, columns]) => {
    const partners = sides.map((side) => side.get(trial));
    if (partners.some((each) => each === undefined)) return [];
    const values = scaled(sampleOf([...columns, ...partners.flatMap((each) => each!)], sources));
    const [mine, theirs] = [values.slice(0, columns.length), values.slice(columns.length)];
    return [{ trial, ...powerOf(mine, theirs, { ...request, tests }) }];
  });
  if (trials.length > 0) return { measure, trials, others: others.length };
  throw new InputError(`no trial has ${measure} by query`, {
    where: folder.path,
    next: 'choose another --measure',
  });
}

function pairable(other: RunFolder, folder: RunFolder): void {
  const [a, b] = [readManifest(folder), readManifest(other)];
  const same = a.dataset.hash === b.dataset.hash && a.queries.hash === b.queries.hash;
  if (same && a.ks.join() === b.ks.join() && other.path !== folder.path) return;
  throw new InputError('pairs need another run with the same dataset, queries and k', {
    where: other.path,
    next: 'give such a run with --baseline, or leave it out',
  });
}

/** A measure by query for each setting that was measured, in all its builds. */
async function builtColumns(folder: RunFolder, measure: string): Promise<Map<string, Column[]>> {
  const derived = await currentResults(folder);
  const { trials } = derived.results;
  const done = trials.filter(({ state, group }) => state === 'completed' && group === 'all');
  const columns = await derived.columns(done.map(({ id }) => id));
  const found = new Map<string, Column[]>();
  for (const { id } of done) {
    const column = columns.get(id)?.get(measure);
    if (column !== undefined) found.set(firstId(id), [...(found.get(firstId(id)) ?? []), column]);
  }
  return found;
}
