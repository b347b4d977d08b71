import type { ParameterSet } from '../../common/parameters.js';
import { doubtSigns, doubtsOf, voidedBy } from '../../harness/model/flags.js';
import { definitionOf } from '../../harness/model/measures/catalogue.js';
import type { Measure, TrialRow } from '../../harness/model/results.js';
import { formatMeasure, formatShare, unitLabel } from '../format.js';
import type { SeriesRef } from '../model/types.js';

/** One figure as the templates print it. Exactly one of `text` and `absent` is set. */
export interface Cell {
  text?: string;
  /** `6 700–7 050`; undefined without an interval. */
  interval?: string;
  /** Why there is no figure. */
  absent?: string;
  /** Number to sort by; undefined sorts last. */
  sort?: number;
  best?: true;
  close?: true;
  /** A count that ought to be 0 and is not. */
  bad?: boolean;
  /** Signs of doubts about the figure, and what they are. */
  doubt?: Doubt;
}

export interface Doubt {
  signs: string;
  why: string;
}

/** Undefined for a figure that stands. */
export function doubtOf(name: string, flags: readonly string[]): Doubt | undefined {
  const doubts = doubtsOf(flags, name);
  if (doubts.length === 0) return undefined;
  return { signs: doubtSigns(flags, name), why: doubts.map(({ short }) => short).join('; ') };
}

/** @param flags of the trial or build that the figure is of */
export function cell(name: string, measure: Measure | undefined, flags: readonly string[]): Cell {
  const definition = definitionOf(name);
  if (measure === undefined) return { absent: absence(name, flags) };
  const doubt = doubtOf(name, flags);
  const unit = definition?.unit ?? 'ratio';
  const interval = [intervalText(name, measure), tiesText(measure)]
    .filter((text) => text !== undefined)
    .join('; ');
  return {
    text: formatMeasure(measure.value, unit),
    sort: Number(measure.value.toPrecision(6)),
    ...(interval === '' ? {} : { interval }),
    ...(doubt && { doubt }),
  };
}

function absence(name: string, flags: readonly string[]): string {
  const by = voidedBy(flags, name);
  return by === undefined ? (definitionOf(name)?.absent ?? 'not measured') : `void: ${by.short}`;
}

/** As `cell`, of a trial's row, whose reason for having no figure may be one of its own. */
export function rowCell(name: string, row: Pick<TrialRow, 'group' | 'measures' | 'flags'>): Cell {
  const figure = cell(name, row.measures[name], row.flags);
  return figure.absent === undefined ? figure : { absent: absentInRow(row, name, figure.absent) };
}

/**
 * Costs and throughput stand in the row of all queries, as groups are sent together; and answers may have had no neighbour
 * to find.
 */
function absentInRow(
  { group, measures }: Pick<TrialRow, 'group' | 'measures'>,
  name: string,
  otherwise: string,
): string {
  if (group !== 'all' && definitionOf(name)?.kind === 'cost')
    return 'of the whole build: see its row for all queries';
  if (group !== 'all' && name === 'throughput')
    return 'queries of all groups are sent together: see the row for all queries';
  const unfound = (measures['filter.wrongFilled']?.n ?? 0) > 0;
  const ofNeighbours = name.startsWith('recall') || name === 'distance.error';
  return unfound && ofNeighbours
    ? 'undefined: no point passes the filters, so there is no neighbour to find'
    : otherwise;
}

/** What recall by id could be, had the truth listed others of the points at the same distance. */
function tiesText({ ties }: Measure): string | undefined {
  return ties && `ties ${formatShare(ties.low, 'down')}–${formatShare(ties.high, 'up')}`;
}

/** The 95% interval, its ends rounded outwards for shares; undefined where none is defined. */
export function intervalText(name: string, { value, low, high }: Measure): string | undefined {
  // A figure that does not vary at all (recall 1 for every query) has no spread to show.
  if (low === null || high === null || (low === value && high === value)) return undefined;
  const unit = definitionOf(name)?.unit ?? 'ratio';
  return `${formatMeasure(low, unit, 'down')}–${formatMeasure(high, unit, 'up')}`;
}

/** A figure in a sentence or tooltip: value, signs of doubts, unit and interval. */
export function figureText(name: string, measure: Measure, flags: readonly string[]): string {
  const unit = unitLabel(definitionOf(name)?.unit ?? 'ratio');
  const interval = intervalText(name, measure);
  const value = formatMeasure(measure.value, definitionOf(name)?.unit ?? 'ratio');
  return `${value}${doubtSigns(flags, name)}${unit === '' ? '' : ` ${unit}`}${interval === undefined ? '' : ` (${interval})`}`;
}

export interface Heading {
  name: string;
  title: string;
  /** Second line of a column's head: what the title leaves open, then the unit. */
  sub: string;
  unit: string;
  definition: string;
  better: string;
}

export function heading(name: string): Heading {
  const definition = definitionOf(name);
  return {
    name,
    title: definition?.head[0] ?? name,
    sub: [definition?.head[1] ?? '', unitLabel(definition?.unit ?? 'ratio')]
      .filter((part) => part !== '')
      .join(', '),
    unit: unitLabel(definition?.unit ?? 'ratio'),
    definition: definition?.definition ?? '',
    better: definition?.better ?? 'neither',
  };
}

/** The anchor of a trial's row: letters, digits, dot, dash and underscore only, different for different ids. */
export function trialAnchor(id: string, group = 'all'): string {
  const safe = (text: string) =>
    text.replace(/[^A-Za-z0-9.-]/g, (sign) => `_${sign.codePointAt(0)!.toString(16)}_`);
  return `trial-${safe(id)}${group === 'all' ? '' : `.${safe(group)}`}`;
}

export const seriesView = ({ label, about, engine, identity }: SeriesRef) => ({
  label,
  about,
  engine,
  colour: identity.colour,
  swatch: swatchPath(identity.shape),
  fill: identity.fill,
});

/** The mark as an SVG path in a box of 14 x 14 around the origin. */
export function swatchPath(shape: SeriesRef['identity']['shape']): string {
  const paths = {
    circle: 'M5,0A5,5 0 1 1 -5,0A5,5 0 1 1 5,0Z',
    square: 'M-4.4,-4.4H4.4V4.4H-4.4Z',
    triangle: 'M0,-5.6L5.2,3.6H-5.2Z',
    diamond: 'M0,-6L4,0L0,6L-4,0Z',
    hexagon: 'M0,-5.2L4.5,-2.6V2.6L0,5.2L-4.5,2.6V-2.6Z',
    cross: 'M-5,-1.7H-1.7V-5H1.7V-1.7H5V1.7H1.7V5H-1.7V1.7H-5Z',
    star: 'M0,-6L1.4,-1.9H5.7L2.2,0.7L3.5,4.9L0,2.3L-3.5,4.9L-2.2,0.7L-5.7,-1.9H-1.4Z',
  };
  return paths[shape];
}

export interface ParameterView {
  text: string;
  /** The same in every setting of the contender. */
  constant?: true;
  note?: string;
}

/** Each parameter by itself; `effective` are values that the engine changed by itself. */
export function parameterViews(
  parameters: ParameterSet,
  varying: ReadonlySet<string> | undefined,
  effective: ParameterSet = {},
): ParameterView[] {
  return Object.entries(parameters).map(([key, value]) => ({
    ...parameterText(key, value, effective[key]),
    ...(varying === undefined || varying.has(key) ? {} : { constant: true as const }),
  }));
}

function parameterText(key: string, value: unknown, really: unknown): { text: string; note?: string } {
  if (really === undefined || really === value) return { text: `${key}=${value}` };
  return { text: `${key}=${value}→${really}`, note: `the engine used ${really} instead of ${value}` };
}
