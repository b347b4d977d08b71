import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { openRun } from '../../harness/app/open-run.js';
import { powerOfRun } from '../../harness/app/power.js';
import type { Power } from '../../harness/gate/power.js';
import { plural } from '../../reports/format.js';
import type { CommandContext } from '../context.js';
import { table } from '../table.js';
import { printJson } from '../terminal.js';

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
  const { power, alpha } = options;
  const drop = parseDrop(options.drop);
  const folder = openRun(reference, context);
  const { measure, trials, others } = await powerOfRun(folder, { ...options, drop }, context);
  if (options.json === true) printJson(context.out, { measure, drop, power, alpha, trials });
  else print(context, measure, drop, options, trials, others);
  return EXIT.passed;
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
