import type { Fault } from '../../common/faults.js';
import { suggest } from '../../common/nearest.js';
import type { GateParity, Selector } from '../gate/grammar.js';
import { isSelected, type Selectable, selectableOf } from '../gate/select.js';
import { measuresDepth } from '../model/depths.js';
import type { PlannedBuild, PlannedParity } from '../model/plan.js';
import { replicaId } from '../model/replicas.js';
import { changesCollection } from '../model/workload.js';
import type { Suite } from './schema.js';

type Entry = NonNullable<Suite['parity']>[number];
export type SideChoice = Entry['reference'];

/** A suite's `parity:` as written: a list, or one entry alone. */
export function parityEntries(written: unknown): { given: unknown; path: (string | number)[] }[] {
  if (written === undefined) return [];
  return Array.isArray(written)
    ? written.map((given, i) => ({ given, path: ['parity', i] }))
    : [{ given: written, path: ['parity'] }];
}

/** Names and depths that gates may speak of, as far as they can be read. */
export function declaredParities(written: unknown, ks: readonly number[]): GateParity[] {
  const entries = parityEntries(written);
  return entries.map(({ given }, i) => {
    const { name, k } = (given ?? {}) as { name?: unknown; k?: unknown };
    return {
      name: typeof name === 'string' ? name : defaultName(i, entries.length),
      k: Number.isInteger(k) ? (k as number) : (ks.at(-1) ?? 0),
    };
  });
}

const defaultName = (i: number, count: number): string => (count === 1 ? 'parity' : `parity-${i + 1}`);

/**
 * What a suite's parities compare, found in its plan, and the builds that are made a second time for them. Where the
 * suite makes every build several times anyway, the first ones are compared, and the others are the rebuilds.
 *
 * @param builds each once
 */
export function planParity(
  suite: Pick<Suite, 'parity' | 'builds'>,
  ks: readonly number[],
  builds: readonly PlannedBuild[],
  isList: boolean,
): { parity: PlannedParity[]; rebuilds: PlannedBuild[]; faults: Fault[] } {
  const faults: Fault[] = [];
  const parity: PlannedParity[] = [];
  const rebuilds = new Map<string, PlannedBuild>();
  const entries = suite.parity ?? [];
  const deepest = ks.at(-1)!;
  for (const [i, entry] of entries.entries()) {
    const path = isList ? ['parity', i] : ['parity'];
    const name = entry.name ?? defaultName(i, entries.length);
    const k = entry.k ?? deepest;
    if (k > deepest) {
      const what = `must be at most the suite's k (${deepest}): no search asks for more`;
      faults.push({ path: [...path, 'k'], what, got: k });
    }
    if (parity.some((other) => other.name === name)) {
      faults.push({ path: [...path, 'name'], what: 'is the name of another parity', got: name });
    }
    const [reference, candidate] = (['reference', 'candidate'] as const).map((side) => {
      const found = chooseTrial(entry[side], builds, k);
      if ('fault' in found)
        faults.push({ path: [...path, side], what: found.fault, got: shown(entry[side]) });
      return 'trial' in found ? found.trial : undefined;
    });
    if (reference === undefined || candidate === undefined) continue;
    if (reference === candidate) {
      const what = 'is the reference itself: a build against its own rebuild is measured anyway (rebuild)';
      faults.push({ path: [...path, 'candidate'], what, got: shown(entry.candidate) });
      continue;
    }
    const twin = parity.find((other) => other.candidate === candidate && other.reference === reference);
    if (twin?.k === k) faults.push({ path: [...path], what: `compares the same as "${twin.name}"` });
    const second = (id: string) => (suite.builds > 1 ? replicaId(id, 2) : addRebuild(id, builds, rebuilds));
    const rebuild = entry.rebuild ? second(reference) : null;
    parity.push({ name, k, reference, candidate, rebuild });
  }
  return { parity, rebuilds: [...rebuilds.values()], faults };
}

/** Adds the reference's setting to the second build of its index; returns that trial's id. */
function addRebuild(
  reference: string,
  builds: readonly PlannedBuild[],
  rebuilds: Map<string, PlannedBuild>,
): string {
  const build = builds.find(({ trials }) => trials.some(({ id }) => id === reference))!;
  const trial = build.trials.find(({ id }) => id === reference)!;
  const second = rebuilds.get(build.id) ?? { ...build, id: `${build.id}.rebuild`, trials: [] };
  const id = `${reference}.rebuild`;
  if (!second.trials.some((each) => each.id === id)) second.trials.push({ ...trial, id });
  rebuilds.set(build.id, second);
  return id;
}

/**
 * The one trial that a side names: by its id, by its build or series where that has one setting, or by `key:value`
 * selectors as gates have them (a map says the same). Of a setting that was built several times it is the first build,
 * unless the id of another one is given; of one that was asked for several depths that which has `k`.
 */
export function chooseTrial(
  choice: SideChoice,
  builds: readonly Omit<PlannedBuild, 'server'>[],
  k?: number,
): { trial: string } | { fault: string } {
  const rows = withDepth(builds, k).filter(
    ({ workload }) => !changesCollection({ type: workload ?? 'serial' }),
  );
  const wanted = selectorsOf(choice);
  const exact = selectableOf(builds).find(({ id }) => id === wanted);
  if (exact?.workload !== undefined && changesCollection({ type: exact.workload }))
    return { fault: 'is measured while its points are written: its answers are to no one collection' };
  const named = rows.filter((row) =>
    typeof wanted === 'string'
      ? [row.id, row.build, row.series, row.engine].includes(wanted)
      : isSelected(wanted, row),
  );
  if (exact !== undefined) return { trial: exact.id };
  const firsts = new Set(
    selectableOf(builds.filter(({ replica }) => replica === undefined)).map(({ id }) => id),
  );
  const first = named.filter(({ id }) => firsts.has(id));
  const found = first.length > 0 ? first : named;
  if (found.length === 1) return { trial: found[0]!.id };
  if (found.length > 1) {
    const ids = found.slice(0, 4).map(({ id }) => id);
    const more = found.length > ids.length ? ', …' : '';
    return {
      fault: `names ${found.length} trials (${ids.join(', ')}${more}): add parameters until it names one`,
    };
  }
  const names = [...new Set(rows.map(({ series }) => series)), ...rows.map(({ id }) => id)];
  const otherwise = 'See the ids of all trials with --dry-run.';
  return { fault: suggest('names no trial of the plan', wanted, names, otherwise) };
}

/** Trials that ask for a depth; all of them where none does, since the first hits of a longer answer can be compared, too. */
function withDepth(builds: readonly Omit<PlannedBuild, 'server'>[], k: number | undefined): Selectable[] {
  const all = selectableOf(builds);
  const fitting = all.filter(
    (row) => row.k !== undefined && k !== undefined && measuresDepth({ ...row, k: row.k }, k),
  );
  return fitting.length > 0 ? fitting : all;
}

/** Text without a colon is a name. */
function selectorsOf(choice: SideChoice): string | Selector[] {
  if (typeof choice !== 'string') {
    return Object.entries(choice).map(([key, value]) => ({ key, value: String(value) }));
  }
  if (!choice.includes(':')) return choice;
  return choice.split(',').map((part) => {
    const colon = part.indexOf(':');
    return colon < 0
      ? { key: part.trim(), value: '' }
      : { key: part.slice(0, colon).trim(), value: part.slice(colon + 1).trim() };
  });
}

const shown = (choice: SideChoice): string =>
  typeof choice === 'string'
    ? choice
    : Object.entries(choice)
        .map(([key, value]) => `${key}:${value}`)
        .join(',');
