import { resolve } from 'node:path';
import { readColumns } from '../harness/derive/columns.js';
import { deriveResults } from '../harness/derive/derive.js';
import type { BaselineData } from '../harness/gate/comparison.js';
import { moments } from '../harness/gate/statistics.js';
import type { Column } from '../harness/measures/by-query.js';
import { meanFigure, meansOf } from '../harness/measures/figures.js';
import { Random } from '../harness/measures/random.js';
import { firstId, replicaId } from '../harness/model/replicas.js';
import type { TrialRow } from '../harness/model/results.js';
import { runFolder } from '../harness/store/run-folder.js';

/** A setting with its values by query in every build; all have the same queries. */
export interface Setting {
  row: TrialRow;
  builds: Float64Array[];
  /** Over all builds and queries. */
  mean: number;
}

/** The settings of a run with many builds, poorest first left out. */
export async function readSettings(
  path: string,
  leastRecall: number,
): Promise<{ settings: Setting[]; measure: string; k: number }> {
  const folder = runFolder(resolve(path));
  const results = await deriveResults(folder);
  const k = Math.max(...results.ks);
  const measure = `recall.ties@${k}`;
  const done = results.trials.filter(({ state, group }) => state === 'completed' && group === 'all');
  const columns = await readColumns(
    folder,
    done.map(({ id }) => id),
  );
  const byId = grouped(done);
  const settings = [...byId.values()].map((rows): Setting => {
    const builds = rows.map(({ id }) => columns.get(id)!.get(measure)!.values);
    return { row: rows[0]!, builds, mean: moments(builds.map((values) => moments(values).mean)).mean };
  });
  return { settings: settings.filter(({ mean }) => mean >= leastRecall), measure, k };
}

function grouped(rows: readonly TrialRow[]): Map<string, TrialRow[]> {
  const found = new Map<string, TrialRow[]>();
  for (const row of rows) found.set(firstId(row.id), [...(found.get(firstId(row.id)) ?? []), row]);
  return found;
}

export interface Loss {
  /** Of the mean. */
  size: number;
  /** `spread`: each hit is lost with the same chance; `whole`: some queries lose all, as those of a lost tenant. */
  how: 'spread' | 'whole';
  /** Everywhere, in one index, one setting, or the first group of all settings. */
  where: 'all' | 'index' | 'one' | 'group';
}

export interface NightOptions {
  measure: string;
  k: number;
  /** Builds of each setting tonight, and in the baseline. */
  now: number;
  before: number;
  /** Drawn with replacement; undefined: those of the run, as they are. */
  queries?: number | undefined;
  /** Equal groups that the queries are split into; 1: none. */
  groups?: number | undefined;
  loss?: Loss | undefined;
  /** Whether rows need the bounds of their means: thresholds are judged by them. */
  bounds?: boolean | undefined;
}

/** A night and its baseline from different builds: what `judge` is given of a real run. */
export function simulateNight(settings: readonly Setting[], options: NightOptions, random: Random) {
  const { measure, k, now, before, queries, groups = 1, loss, bounds = false } = options;
  const all = settings[0]!.builds[0]!.length;
  const builds = shuffled(settings[0]!.builds.length, random);
  const [tonight, earlier] = [builds.slice(0, now), builds.slice(now, now + before)];
  const drawn = Int32Array.from({ length: queries ?? all }, (_, i) =>
    queries === undefined ? i : random.below(all),
  );
  const victim = settings[random.below(settings.length)]!.row;
  const seed = random.uint32();
  const isHurt = ({ id, build }: TrialRow) =>
    loss !== undefined &&
    (loss.where === 'all' ||
      loss.where === 'group' ||
      (loss.where === 'index' ? build === victim.build : id === victim.id));
  const names = ['all', ...(groups > 1 ? Array.from({ length: groups }, (_, g) => `group ${g + 1}`) : [])];
  const part = (values: Float64Array, group: string): Column => {
    const g = names.indexOf(group) - 1;
    const kept = Array.from(drawn.keys()).filter((i) => g < 0 || i % groups === g);
    return {
      queries: Int32Array.from(kept),
      values: Float64Array.from(kept, (i) => values[drawn[i]!]!),
    };
  };
  const columns = new Map<string, Column>();
  const partners = new Map<string, { rows: TrialRow[]; columns: Column[] }>();
  const trials: TrialRow[] = [];
  const key = ({ id, group }: TrialRow) => `${id} ${group}`;
  for (const { row, builds: values } of settings) {
    const own = tonight.map((b) => {
      if (!isHurt(row)) return values[b]!;
      const hurt = planted(values[b]!, loss!, k, seed);
      return loss!.where === 'group' ? hurt.map((v, i) => (i % groups === 0 ? v : values[b]![i]!)) : hurt;
    });
    for (const group of names) {
      const old = earlier.map((b) => part(values[b]!, group));
      own.forEach((each, i) => {
        const column = part(each, group);
        const figure = meanFigure(measure, column.values)!;
        const plain = { value: moments(column.values).mean, low: null, high: null, n: figure.n };
        const measures = bounds ? meansOf([figure]) : { [measure]: plain };
        const trial = { ...row, group, id: i === 0 ? row.id : replicaId(row.id, i + 1), measures };
        trials.push(trial);
        columns.set(key(trial), column);
        partners.set(key(trial), { rows: earlier.map(() => row), columns: old });
      });
    }
  }
  const baseline: BaselineData = {
    name: null,
    runs: earlier.map(String),
    paired: true,
    column: (row) => columns.get(key(row)),
    partner: (row) => partners.get(key(row)),
  };
  return { trials, baseline };
}

/** The same hits or queries in every build: a defect. */
function planted(values: Float64Array, { size, how }: Loss, k: number, seed: number): Float64Array {
  const random = new Random(seed);
  const chance = size / moments(values).mean;
  const isLost = () => random.uint32() / 2 ** 32 < chance;
  return values.map((value) => {
    if (how === 'whole') return isLost() ? 0 : value;
    let hits = 0;
    for (let i = 0; i < k; i++) if (!isLost() && i < Math.round(value * k)) hits++;
    return hits / k;
  });
}

function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = 0; i < count - 1; i++) {
    const j = i + random.below(count - i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
