import type { LoggedEvent } from '../../harness/model/events.js';
import type { Measure, TrialRow } from '../../harness/model/results.js';
import { isDoubtful } from './figures.js';
import { seriesKey, settingText, varyingKeys } from './points.js';
import type { BuildModel, Point, SeriesRef } from './types.js';

/** Measures that belong to a build: the same in each of its trials. */
export const BUILD_MEASURES = [
  'load.seconds',
  'load.pointsPerSecond',
  'index.seconds',
  'build.seconds',
  'memory.peak',
  'memory.index',
  'memory.search',
  'memory.baseline',
  'client.memory.peak',
  'server.disk',
  'server.start.seconds',
  'index.size',
] as const;

/**
 * Throughput that settings must keep in the cost charts: the largest 1-2-5 number that every measured series
 * reaches with at least one setting. Undefined if no throughput was measured.
 */
export function throughputFloor(points: readonly Point[]): number | undefined {
  const keys = new Set(points.map(({ series }) => series.key));
  const fastest = [...keys].flatMap((key) => {
    const own = soundOf(points.filter(({ series }) => series.key === key));
    const rates = own.flatMap(({ measures }) => measures['throughput']?.value ?? []);
    return rates.length === 0 ? [] : [Math.max(...rates)];
  });
  const slowest = Math.min(...fastest);
  return Number.isFinite(slowest) && slowest > 0 ? roundDown(slowest) : undefined;
}

/** A doubtful speed decides nothing where there are others. */
function soundOf(points: readonly Point[]): readonly Point[] {
  const sound = points.filter((point) => !isDoubtful(point, 'throughput'));
  return sound.length > 0 ? sound : points;
}

function roundDown(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [5, 2, 1].find((candidate) => candidate * power <= value) ?? 1;
  return Number((step * power).toPrecision(1));
}

export function buildsOf(
  trials: readonly TrialRow[],
  points: readonly Point[],
  refs: ReadonlyMap<string, SeriesRef>,
  events: readonly LoggedEvent[],
  floor: number | undefined,
): BuildModel[] {
  const details = detailsByBuild(events);
  const made = new Map<string, TrialRow[]>();
  for (const row of trials) made.set(madeKey(row), [...(made.get(madeKey(row)) ?? []), row]);
  const rows = [...made.values()].map(([row]) => row!);
  return rows.map((row) => {
    const key = seriesKey(row);
    const own = made.get(madeKey(row))!;
    const ids = new Set(own.map(({ id }) => id));
    const attempt = row.attempt === undefined ? '' : `attempt ${row.attempt}`;
    const siblings = rows.filter((other) => seriesKey(other) === key).map(({ index }) => index);
    return {
      id: row.build,
      series: refs.get(key)!,
      setting: [settingText(row.index, varyingKeys(siblings)), attempt].filter(Boolean).join(' '),
      fullSetting: [settingText(row.index), attempt].filter(Boolean).join(' '),
      measures: buildMeasures(own),
      details: details.get(row.build),
      flags: [...new Set(own.flatMap(({ flags }) => flags))],
      atFloor: accurateAt(
        points.filter(({ id }) => ids.has(id)),
        floor,
      ),
    };
  });
}

/** A build that was made again after a crash, or in a continued run, is two: each has its own cost. */
const madeKey = ({ build, attempt }: TrialRow): string => JSON.stringify([build, attempt]);

function buildMeasures(rows: readonly TrialRow[]): Record<string, Measure> {
  const found: Record<string, Measure> = {};
  for (const name of BUILD_MEASURES) {
    const measure = rows.map(({ measures }) => measures[name]).find((candidate) => candidate !== undefined);
    if (measure !== undefined) found[name] = measure;
  }
  return found;
}

function accurateAt(points: readonly Point[], floor: number | undefined): Point | undefined {
  if (floor === undefined) return undefined;
  return soundOf(points)
    .filter(({ measures }) => (measures['throughput']?.value ?? 0) >= floor)
    .sort((a, b) => b.recall.value - a.recall.value)[0];
}

function detailsByBuild(events: readonly LoggedEvent[]): Map<string, BuildModel['details']> {
  const found = new Map<string, BuildModel['details']>();
  for (const event of events) {
    if (event.type === 'buildEnd' && event.cost.details !== undefined)
      found.set(event.build, event.cost.details);
  }
  return found;
}
