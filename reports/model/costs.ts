import type { LoggedEvent } from '../../harness/model/events.js';
import type { Measure, TrialRow } from '../../harness/model/results.js';
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
  const fastest = new Map<string, number>();
  for (const { series, measures } of points) {
    const value = measures['throughput']?.value;
    if (value !== undefined) fastest.set(series.key, Math.max(fastest.get(series.key) ?? 0, value));
  }
  const slowest = Math.min(...fastest.values());
  return Number.isFinite(slowest) && slowest > 0 ? roundDown(slowest) : undefined;
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
  const first = new Map<string, TrialRow>();
  for (const row of trials) if (!first.has(row.build)) first.set(row.build, row);
  const rows = [...first.values()];
  return rows.map((row) => {
    const key = seriesKey(row);
    const siblings = rows.filter((other) => seriesKey(other) === key).map(({ index }) => index);
    return {
      id: row.build,
      series: refs.get(key)!,
      setting: settingText(row.index, varyingKeys(siblings)),
      fullSetting: settingText(row.index),
      measures: buildMeasures(trials.filter(({ build }) => build === row.build)),
      details: details.get(row.build),
      flags: [...new Set(trials.filter(({ build }) => build === row.build).flatMap(({ flags }) => flags))],
      atFloor: accurateAt(
        points.filter(({ build }) => build === row.build),
        floor,
      ),
    };
  });
}

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
  return points
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
