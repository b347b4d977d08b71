import { EXIT, type ExitCode, InputError } from '../../../common/errors.js';
import { gateMeasure } from '../../gate/catalog.js';
import type { Column } from '../../gate/changes.js';
import { type Power, powerOf } from '../../gate/power.js';
import { findBaseline } from '../../store/baselines.js';
import { readColumns } from '../../store/columns.js';
import { findRun, readManifest } from '../../store/run-folder.js';
import type { Context } from '../context.js';
import { loadResults } from '../judge-run.js';
import { table } from '../table.js';

export interface PowerCommand {
  measure?: string;
  drop: string;
  power: number;
  alpha: number;
  baseline?: string;
  json?: boolean;
}

/** `vecparity power`: how many queries and builds a gate needs to see a drop. */
export async function powerCommand(
  reference: string,
  options: PowerCommand,
  context: Context,
): Promise<ExitCode> {
  const folder = findRun(reference, context.runs);
  const manifest = readManifest(folder);
  const measure = options.measure ?? `recall.ties@${manifest.ks.at(-1)}`;
  if (gateMeasure(measure)?.kind !== 'mean') {
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
  const done = (await loadResults(folder)).trials.filter(({ state }) => state === 'completed');
  const ids = [...new Set(done.map(({ id }) => id))];
  const own = await readColumns(folder, ids);
  const sides: Map<string, Map<string, Column>>[] = [];
  for (const other of others) {
    const there = new Set(
      (await loadResults(other)).trials.filter(({ state }) => state === 'completed').map(({ id }) => id),
    );
    sides.push(
      await readColumns(
        other,
        ids.filter((id) => there.has(id)),
      ),
    );
  }
  const rows = ids.flatMap((id) => {
    const column = own.get(id)?.get(measure);
    const partners = sides.map((side) => side.get(id)?.get(measure));
    if (column === undefined || partners.some((each) => each === undefined)) return [];
    const [values, ...rest] = shared([column, ...(partners as Column[])]);
    return [{ trial: id, ...powerOf(values!, rest, { drop, power: options.power, alpha: options.alpha }) }];
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
  context: Context,
  measure: string,
  drop: number,
  { power, alpha }: PowerCommand,
  rows: readonly (Power & { trial: string })[],
  builds: number,
): void {
  const points = (value: number) => `${Number((value * 100).toPrecision(3))} pt`;
  const shown = rows.map((row) => ({
    trial: row.trial,
    mean: row.mean.toFixed(4),
    queries: row.queries,
    deviation: row.deviation.toFixed(4),
    'queries needed': row.needed ?? 'no number',
    'smallest drop seen': points(row.smallest),
    ...(builds > 1 && {
      'rebuild SD': row.rebuild === null ? '' : points(row.rebuild),
      'builds needed': row.builds ?? '',
    }),
  }));
  const kind =
    builds === 0
      ? 'No other build was given (--baseline): these are figures for comparing without pairs, far above what pairs need.'
      : `Paired by query with ${builds} other ${builds === 1 ? 'run' : 'runs'}.${builds < 3 ? ' Three or more are needed to tell what rebuilds alone change.' : ''}`;
  context.out.write(
    `${measure}: to see a drop of ${points(drop)} with a chance of ${power * 100}%, at ${alpha * 100}% false alarms (one-sided, one gate).\n${kind}\n\n${table(shown)}`,
  );
}
