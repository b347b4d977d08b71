import { doubtSigns } from '../../harness/model/flags.js';
import { definitionOf } from '../../harness/model/measures/catalogue.js';
import type { Measure, Results } from '../../harness/model/results.js';
import { hasSpread, separated } from './compare.js';
import type { Point, ReportModel } from './types.js';

/** One run on one dataset, as its own report has it. */
export interface ComparedPart {
  /** Number of the run in the order in which runs were named, from 1. */
  run: number;
  model: ReportModel;
}

/** What is held against the first run that has the setting; a ratio for times and sizes, a difference for shares. */
export interface Change {
  value: number;
  /** `apart`: the 95% intervals do not overlap. `close`: they do. `unknown`: one has none, or a figure is doubtful. */
  state: 'apart' | 'close' | 'unknown';
  /** Only of those that are apart, and of measures that have a better side. */
  better?: boolean;
}

export interface ComparedFigure {
  measure: Measure;
  flags: readonly string[];
  /** Absent: it is the first; or it was measured on another machine, or in another way. */
  change?: Change;
}

/** One setting by the runs that measured it, in the order of `runs` of its table. */
export interface ComparedRow {
  label: string;
  setting: string;
  figures: readonly (Readonly<Record<string, ComparedFigure>> | undefined)[];
}

/** Runs on the same points with the same queries, metric and depth: their figures are of the same question. */
export interface ComparedTable {
  dataset: string;
  k: number;
  recallName: string;
  workload: string;
  runs: readonly number[];
  measures: readonly string[];
  rows: readonly ComparedRow[];
  /** Settings that one run alone has: they are in its own report. */
  single: number;
  /** Runs whose times cannot be held against those of the first, as another machine measured them. */
  otherMachines: readonly number[];
}

const MEASURES = ['throughput', 'latency.p95', 'latency.p99', 'build.seconds', 'memory.peak'] as const;

/** Settings that several runs have, side by side; pure. */
export function comparisonOf(parts: readonly ComparedPart[]): ComparedTable[] {
  const tables = new Map<string, ComparedPart[]>();
  for (const part of parts) {
    const key = questionOf(part.model);
    tables.set(key, [...(tables.get(key) ?? []), part]);
  }
  return [...tables.values()].filter((own) => own.length > 1).map(tableOf);
}

/** What was asked: figures of other points, queries, depths or workloads are answers to something else. */
function questionOf({ results, k, points }: ReportModel): string {
  const { dataset, queries } = results;
  return JSON.stringify([dataset.hash, dataset.metric, queries.hash, k, points[0]?.workload]);
}

function tableOf(parts: readonly ComparedPart[]): ComparedTable {
  const { results, k, recallName, points } = parts[0]!.model;
  const measures = [recallName, ...MEASURES];
  const all = settingsOf(parts);
  const shared = all.filter((row) => row.filter((point) => point !== undefined).length > 1);
  return {
    dataset: results.dataset.name,
    k,
    recallName,
    workload: points[0]?.workload ?? '',
    runs: parts.map(({ run }) => run),
    measures,
    rows: shared.map((row) => rowOf(row, parts, measures)),
    single: all.length - shared.length,
    otherMachines: parts
      .slice(1)
      .filter(({ model }) => !sameMachine(parts[0]!.model.results, model.results))
      .map(({ run }) => run),
  };
}

/** By setting, its point in each run. */
function settingsOf(parts: readonly ComparedPart[]): (Point | undefined)[][] {
  const rows = new Map<string, (Point | undefined)[]>();
  parts.forEach(({ model }, i) => {
    for (const point of model.points) {
      const key = JSON.stringify([point.series.label, sorted(point.index), sorted(point.search)]);
      const row = rows.get(key) ?? parts.map(() => undefined);
      row[i] ??= point;
      rows.set(key, row);
    }
  });
  return [...rows.values()];
}

const sorted = (parameters: object) => Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1));

function rowOf(
  row: readonly (Point | undefined)[],
  parts: readonly ComparedPart[],
  measures: readonly string[],
): ComparedRow {
  const first = row.findIndex((point) => point !== undefined);
  const reference = row[first]!;
  const figures = row.map((point, i) => {
    if (point === undefined) return undefined;
    const same = sameMachine(parts[first]!.model.results, parts[i]!.model.results);
    return Object.fromEntries(
      measures.flatMap((name): [string, ComparedFigure][] => {
        const measure = figureOf(point, name);
        if (measure === undefined) return [];
        const change = i === first || !comparable(name, same) ? undefined : changeOf(name, reference, point);
        return [[name, { measure, flags: point.flags, ...(change && { change }) }]];
      }),
    );
  });
  return { label: reference.series.label, setting: reference.fullSetting, figures };
}

const figureOf = ({ measures, recall }: Point, name: string): Measure | undefined =>
  name.startsWith('recall') ? recall : measures[name];

/** Recall is the same on every machine; times and memory are not. */
const comparable = (name: string, sameMachine: boolean): boolean => sameMachine || name.startsWith('recall');

function changeOf(name: string, reference: Point, point: Point): Change | undefined {
  const [a, b] = [figureOf(reference, name), figureOf(point, name)];
  if (a === undefined || b === undefined || reference.server !== point.server) return undefined;
  const share = definitionOf(name)?.unit === 'share';
  if (!share && a.value === 0) return undefined;
  const value = share ? b.value - a.value : b.value / a.value;
  const doubtful = doubtSigns([...reference.flags, ...point.flags], name) !== '';
  if (doubtful || !hasSpread(a) || !hasSpread(b)) return { value, state: 'unknown' };
  if (!separated(a, b)) return { value, state: 'close' };
  const better = definitionOf(name)?.better ?? 'neither';
  return {
    value,
    state: 'apart',
    ...(better === 'neither' ? {} : { better: better === 'higher' ? b.value > a.value : b.value < a.value }),
  };
}

/** One machine, and the same whole: a run that knows several is like none. */
function sameMachine(a: Results, b: Results): boolean {
  if (a.machines !== undefined || b.machines !== undefined) return false;
  const [x, y] = [a.environment, b.environment];
  return (
    x.cpu === y.cpu && x.cores === y.cores && x.host === y.host && x.memoryLimitBytes === y.memoryLimitBytes
  );
}
