import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { currentResults } from '../../harness/derive/current.js';
import { type Power, powerOf } from '../../harness/gate/power.js';
import type { Column } from '../../harness/measures/by-query.js';
import { definitionOf } from '../../harness/model/measures/catalogue.js';
import { firstId } from '../../harness/model/replicas.js';
import { findBaseline } from '../../harness/store/baselines.js';
import { findRun, type RunFolder, readManifest } from '../../harness/store/run-folder.js';
import { plural } from '../../reports/format.js';
import type { CommandContext } from '../context.js';
import { table } from '../table.js';

export interface PowerCommand {
  measure?: string;
  drop: string;
  power: number;
  alpha: number;
  baseline?: string;
  json?: boolean;
}

/** `vecproof power`: how many queries and builds a gate needs to see a drop. */
export async function powerCommand(
  reference: string,
  options: PowerCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const folder = findRun(reference, context.runs);
  const manifest = readManifest(folder);
  const measure = options.measure ?? `recall.ties@${manifest.ks.at(-1)}`;
  if (definitionOf(measure)?.kind !== 'mean') {
    throw new InputError('power needs a mean over queries', {
      where: '--measure',
      got: measure,
      next: `for this run: ${manifest.ks.flatMap((k) => [`recall.ties@${k}`, `recall@${k}`]).join(', ')}`,
    });
  }
  const drop = parseDrop(options.drop);
  const others = options.baseline === undefined ? [] : findBaseline(context.runs, options.baseline).folders;
  for (const other of others) {
    const { dataset, queries, ks } = readManifest(other);
    const same = dataset.hash === manifest.dataset.hash && queries.hash === manifest.queries.hash;
    if (same && ks.join() === manifest.ks.join() && other.path !== folder.path) continue;
    throw new InputError('pairs need another run with the same dataset, queries and k', {
      where: other.path,
      next: 'give such a run with --baseline, or leave it out',
    });
  }
  const own = await builtColumns(folder, measure);
  const sides: Map<string, Column[]>[] = [];
  for (const other of others) sides.push(await builtColumns(other, measure));
  const rows = [...own].flatMap(([trial, columns]) => {
    const partners = sides.map((side) => side.get(trial));
    if (partners.some((each) => each === undefined)) return [];
    const values = shared([...columns, ...partners.flatMap((each) => each!)]);
    const [mine, theirs] = [values.slice(0, columns.length), values.slice(columns.length)];
    const wanted = { drop, power: options.power, alpha: options.alpha };
    return [{ trial, ...powerOf(mine, theirs, wanted) }];
  });
  if (rows.length === 0) {
    throw new InputError(`no trial has ${measure} by query`, {
      where: folder.path,
      next: 'choose another --measure',
    });
  }
  if (options.json === true)
    context.out.write(
      `${JSON.stringify({ measure, drop, power: options.power, alpha: options.alpha, trials: rows })}\n`,
    );
  else print(context, measure, drop, options, rows, others.length);
  return EXIT.passed;
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

/** Values of the queries that all have. */
function shared(columns: readonly Column[]): Float64Array[] {
  const maps = columns.map(
    ({ queries, values }) => new Map(Array.from(queries, (query, i) => [query, values[i]!])),
  );
  const common = [...maps[0]!.keys()].filter((query) =>
    maps.every((map) => !Number.isNaN(map.get(query) ?? Number.NaN)),
  );
  return maps.map((map) => Float64Array.from(common, (query) => map.get(query)!));
}

function parseDrop(text: string): number {
  const [, number, unit] = /^(\d*\.?\d+)(pt|%)?$/.exec(text.trim()) ?? [];
  const value = Number(number) * (unit === undefined ? 1 : 0.01);
  if (number !== undefined && value > 0 && value < 1) return value;
  throw new InputError('must be a drop such as 0.5pt or 0.005', {
    where: '--drop',
    got: text,
    next: 'give a number above 0',
  });
}

function print(
  context: CommandContext,
  measure: string,
  drop: number,
  { power, alpha }: PowerCommand,
  rows: readonly (Power & { trial: string })[],
  runs: number,
): void {
  const points = (value: number) => `${Number((value * 100).toPrecision(3))} pt`;
  const known = rows.some(({ rebuild }) => rebuild !== null);
  const shown = rows.map((row) => ({
    trial: row.trial,
    mean: row.mean.toFixed(4),
    queries: row.queries,
    deviation: row.deviation.toFixed(4),
    'queries needed': row.needed ?? 'no number',
    'smallest drop seen': points(row.smallest),
    ...(known && {
      'rebuild SD': row.rebuild === null ? '' : points(row.rebuild),
      'builds needed': row.builds ?? '',
    }),
  }));
  const pairs = runs === 0 ? 'Between builds of this run' : `With ${plural(runs, 'other run')}`;
  const kind = rows.every((row) => row.kind === 'unpaired')
    ? 'One build and no other run (--baseline): these are figures for comparing without pairs, far above what pairs need.'
    : `${pairs}, paired by query. ${known ? '"builds needed": of each side, at as many queries as now.' : 'One build on each side: what rebuilds change is assumed as gates do, not measured ("builds: 3" in the suite measures it).'}`;
  context.out.write(
    `${measure}: to see a drop of ${points(drop)} with a chance of ${power * 100}%, at ${alpha * 100}% false alarms (one-sided, one gate).\n${kind}\n\n${table(shown)}`,
  );
}
