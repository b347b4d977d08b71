import type { Fault } from '../../common/faults.js';
import { suggest } from '../../common/nearest.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { PlannedBuild } from '../model/plan.js';
import type { TrialRow } from '../model/results.js';
import type { Gate } from './gates.js';
import type { Selector } from './grammar.js';

/** Fields of a trial that selectors may name. */
const FIELDS = [
  'dataset',
  'engine',
  'series',
  'build',
  'id',
  'workload',
  'group',
  'engineVersion',
  'parity',
] as const;
/** Known only once a trial was measured. */
const LATE: readonly string[] = ['dataset', 'group', 'engineVersion', 'parity'];

export type Selectable = Pick<TrialRow, 'engine' | 'series' | 'build' | 'id' | 'index' | 'search'> &
  Partial<
    Pick<TrialRow, 'dataset' | 'workload' | 'workloadOptions' | 'group' | 'engineVersion' | 'effective'>
  > & {
    /** Name of the parity, where the row compares two trials. */
    parity?: string;
  };

/** Every trial of a plan as selectors see it. */
export function selectableOf(builds: readonly Omit<PlannedBuild, 'server'>[]): Selectable[] {
  return builds.flatMap(({ engine, series, id: build, index, trials }) =>
    trials.map(({ id, search, workload }) => ({
      engine,
      series,
      build,
      index,
      id,
      search,
      workload: workload.type,
      workloadOptions: workload.options,
    })),
  );
}

/** Whether all selectors hold. Numbers compare as numbers: `ef:64` is 64 and 64.0. */
export function isSelected(selectors: readonly Selector[], row: Selectable): boolean {
  return selectors.every(({ key, value }) => {
    if ((FIELDS as readonly string[]).includes(key)) {
      const field = row[key as (typeof FIELDS)[number]];
      return field !== undefined && field !== null && same(field, value);
    }
    const [part, name] = PART.exec(key)?.slice(1) ?? [];
    if (part !== undefined) return same(parameter(partsOf(row)[part as Part], name!), value);
    const { index, search, workload } = partsOf(row);
    return same(parameter(index, key) ?? parameter(search, key) ?? parameter(workload, key), value);
  });
}

type Part = 'index' | 'search' | 'workload';
/** `search.ef`, where more than one part has an `ef`. */
const PART = /^(index|search|workload)\.(.+)$/;

function partsOf({ index, search, workloadOptions }: Selectable): Record<Part, ParameterSet> {
  return { index, search, workload: workloadOptions ?? {} };
}

function parameter(parameters: ParameterSet, key: string) {
  return Object.hasOwn(parameters, key) ? parameters[key] : undefined;
}

function same(found: string | number | boolean | undefined, wanted: string): boolean {
  if (found === undefined) return false;
  return typeof found === 'number' ? found === Number(wanted) : String(found) === wanted;
}

/** The same setting in another run, whatever its label. */
export function settingKey(row: TrialRow): string {
  const { engine, index, search, workload, workloadOptions, group } = row;
  const sorted = (object: object) => Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const sent = [workload, ...(workloadOptions === undefined ? [] : [sorted(workloadOptions)])];
  return JSON.stringify([engine, sorted(index), sorted(search), ...sent, group]);
}

/**
 * Gates of a suite that can match nothing of its plan: a key that no trial has, or values that none has. What is known
 * only after measuring (group) is left to the verdict, which fails where nothing matched.
 */
export function checkSelectors(gates: readonly Gate[], builds: readonly PlannedBuild[]): Fault[] {
  const rows = selectableOf(builds);
  const known = new Set<string>(FIELDS);
  for (const row of rows)
    for (const part of Object.values(partsOf(row))) for (const key of Object.keys(part)) known.add(key);
  return gates.flatMap((gate) => {
    const path = ['gates', gate.source === 'suite' ? keyOf(gate) : 'preset'];
    const strange = gate.selectors.find(({ key }) => !known.has(key.replace(PART, '$2')));
    if (strange !== undefined) {
      const { key } = strange;
      const what = suggest(`selects by "${key}", which no trial has`, key, [...known]);
      return [{ path, inKey: true, what }];
    }
    const early = gate.selectors.filter(({ key }) => !LATE.includes(key));
    if (rows.length === 0 || rows.some((row) => isSelected(early, row))) return [];
    return [
      { path, inKey: true, what: 'matches no trial of the plan', next: 'see their ids with --dry-run' },
    ];
  });
}

/** The key as far as it can be found again: faults of a key that was written otherwise point at `gates`. */
function keyOf({ name }: Gate): string {
  const end = name.indexOf('}');
  return end < 0 ? name.slice(0, name.indexOf(':')) : name.slice(0, end + 1);
}
