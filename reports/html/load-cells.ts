import { definitionOf } from '../../harness/model/measures/catalogue.js';
import type { TrialRow } from '../../harness/model/results.js';
import { formatRate } from '../format.js';
import { type LoadedSetting, loadedAs, mostAnswered } from '../model/load.js';
import type { Point, ReportModel } from '../model/types.js';
import { type Cell, doubtOf, type Heading, rowCell } from './cells.js';

type Spent = 'price.perMillion' | 'cpu.perMillion';

/** What a million queries took, as far as any load of the run says it: the price where the suite states one. */
function spentOf({ load }: ReportModel): Spent[] {
  const all = load?.settings.flatMap(({ trials }) => trials) ?? [];
  const measured = (name: Spent) => all.some(({ measures }) => measures[name] !== undefined);
  const names: Spent[] = ['price.perMillion', 'cpu.perMillion'];
  return names.filter(measured);
}

/** Columns that the table of choice has for loads; none where the run had no load. */
export function loadHeadings(model: ReportModel): Heading[] {
  const { load } = model;
  if (load === undefined) return [];
  const rates = load.settings.some((each) => each.rates.length > 0);
  const sustained: Heading = {
    name: 'sustained',
    title: `p99 ≤ ${load.limits.main} ms`,
    sub: 'queries/s',
    unit: 'queries/s',
    definition: `The highest measured rate up to which p99 latency stayed within ${load.limits.main} ms, every rate was reached and no query failed; ≥: none above it was measured.`,
    better: 'higher',
  };
  return [...(rates ? [sustained] : []), ...spentOf(model).map((name) => spentHeading(name, load.currency))];
}

function spentHeading(name: Spent, currency: string | undefined): Heading {
  const { definition, better } = definitionOf(name)!;
  const [title, unit] = name === 'cpu.perMillion' ? ['CPU', 'core-s'] : ['Price', currency ?? ''];
  return {
    name,
    title,
    sub: `${unit} / 10⁶`.trim(),
    unit,
    definition: `${definition} At the sustained rate; without one, under the load that answered most.`,
    better,
  };
}

/** The same for the setting of a row. */
export function loadCells(model: ReportModel, point: Point): Cell[] {
  const { load } = model;
  if (load === undefined) return [];
  const found = loadedAs(load, point);
  const rates = load.settings.some((each) => each.rates.length > 0);
  return [
    ...(rates ? [sustainedCell(found, load.limits.main)] : []),
    ...spentOf(model).map((name): Cell => {
      const trial = found && spendingTrial(found);
      return trial === undefined
        ? { absent: 'this setting was measured under no load' }
        : rowCell(name, trial);
    }),
  ];
}

function sustainedCell(found: LoadedSetting | undefined, limit: number): Cell {
  if (found === undefined) return { absent: 'this setting was measured under no load' };
  const { knee } = found;
  if (knee.state === 'unmeasured') return { absent: 'no constant rate was measured' };
  if (knee.state === 'none') return { absent: `the lowest rate measured does not keep ${limit} ms` };
  const doubt = doubtOf('latency.p99', knee.trial.flags);
  return {
    text: `${knee.state === 'beyond' ? '≥ ' : ''}${formatRate(knee.rate)}`,
    sort: knee.rate,
    ...(doubt && { doubt }),
  };
}

function spendingTrial({ knee, clients }: LoadedSetting): TrialRow | undefined {
  if (knee.state === 'up-to' || knee.state === 'beyond') return knee.trial;
  return mostAnswered(clients)?.trial;
}
