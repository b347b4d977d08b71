import { suggest } from '../../common/nearest.js';
import { definitionOf, depthOf, measureNames } from '../model/measures/catalogue.js';
import type { MeasureDefinition } from '../model/measures/measure.js';
import { PERCENTILES } from '../model/measures/speed.js';

/**
 * A gate is one entry of the map `gates:` in a suite; YAML's colon stands between subject and check.
 *
 *   subject   = measure [ "{" selector *( "," selector ) "}" ]
 *   measure   = name of a measure | "latency"          ; latency with mean or p(…), see docs/measures.md
 *   selector  = key ":" value                          ; a field of the trial, or a parameter of index or search
 *   check     = aggregate operator number [ unit ]
 *   aggregate = "mean" | "total" | "value" | "p(" number ")" | "change(baseline)" | "drop(baseline)"
 *   operator  = ">=" | ">" | "<=" | "<" | "==" | "!="
 *   unit      = "%" | "pt" | "us" | "ms" | "s" | "B" | "KB" | "MB" | "GB" | "KiB" | "MiB" | "GiB"
 *
 * Measures of two trials compared (overlap@k, jaccard@k, rbo@k, tau@k, parity.…) are those of the suite's `parity:`.
 * They take the selector `parity` with its name, as in `overlap@10{parity:move}: mean >= 0.98`; other selectors name the
 * candidate's trial. They compare two trials already, so they take mean or total, never a baseline.
 *
 * Spaces may stand anywhere between these. Without a unit a number is in the measure's own (ms, s, bytes, 0..1).
 */
export type Operator = '>=' | '>' | '<=' | '<' | '==' | '!=';
export type Aggregate = 'mean' | 'total' | 'value' | 'change' | 'drop';

export interface Selector {
  key: string;
  value: string;
}

/** A parity of the suite that gates may speak of. */
export interface GateParity {
  name: string;
  k: number;
}

export interface Subject {
  /** As written: `latency` may still need the aggregate. */
  name: string;
  selectors: Selector[];
}

export interface Check {
  /** Full name in results: `latency` with `p(99)` is `latency.p99`. */
  measure: string;
  about: MeasureDefinition;
  aggregate: Aggregate;
  operator: Operator;
  /** In the measure's own unit; for a change a difference, or a share of the baseline where `relative`. */
  limit: number;
  relative: boolean;
  /** As written, spaces made regular: `mean >= 0.95`. */
  text: string;
}

/** A fault at a character of the text. */
export class GrammarFault extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** @throws GrammarFault */
export function parseSubject(
  text: string,
  ks: readonly number[],
  parities: readonly GateParity[] = [],
): Subject {
  const open = text.indexOf('{');
  const name = (open < 0 ? text : text.slice(0, open)).trim();
  if (name === '') throw new GrammarFault('needs the name of a measure before "{"', 0);
  checkName(name, ks, parities);
  if (open < 0) return { name, selectors: [] };
  if (!text.trimEnd().endsWith('}')) throw new GrammarFault('has a "{" without a "}" at its end', open);
  const selectors = parseSelectors(text.slice(open + 1, text.lastIndexOf('}')), open + 1);
  checkParity(name, selectors, parities, open);
  return { name, selectors };
}

/** The selector `parity` belongs to measures of parities, and names one that measures this depth. */
function checkParity(
  name: string,
  selectors: readonly Selector[],
  parities: readonly GateParity[],
  at: number,
): void {
  const wanted = selectors.find(({ key }) => key === 'parity')?.value;
  if (wanted === undefined) return;
  if (definitionOf(name)?.parity !== true) {
    throw new GrammarFault(`selects by "parity", but ${name} is measured on one trial`, at);
  }
  const found = parities.find((each) => each.name === wanted);
  const depth = depthOf(name);
  if (found !== undefined && (depth === undefined || depth === found.k)) return;
  if (found !== undefined) {
    throw new GrammarFault(`is not measured: the parity "${wanted}" has k ${found.k}, not ${depth}`, at);
  }
  const known = parities.map((each) => each.name);
  const message = `names the parity "${wanted}", which the suite does not declare`;
  throw new GrammarFault(suggest(message, wanted, known), at);
}

function checkName(name: string, ks: readonly number[], parities: readonly GateParity[]): void {
  if (name === 'latency') return;
  if (definitionOf(name) === undefined) {
    const known = ['latency', ...measureNames(ks)];
    throw new GrammarFault(suggest(`is an unknown measure "${name}"`, name, known), 0);
  }
  const depth = depthOf(name);
  if (definitionOf(name)?.parity === true) {
    if (parities.length === 0) {
      throw new GrammarFault('compares two trials: say which under parity: in the suite', 0);
    }
    const depths = parities.map(({ k }) => k);
    if (depth === undefined || depths.includes(depth)) return;
    throw new GrammarFault(
      `is not measured: the suite's parity has k ${[...new Set(depths)].join(', ')}, not ${depth}`,
      name.indexOf('@') + 1,
    );
  }
  if (depth === undefined || ks.includes(depth)) return;
  throw new GrammarFault(
    `is not measured: the suite's k is ${ks.join(', ')}, not ${depth}`,
    name.indexOf('@') + 1,
  );
}

function parseSelectors(text: string, start: number): Selector[] {
  const found: Selector[] = [];
  let offset = start;
  for (const part of text.split(',')) {
    const colon = part.indexOf(':');
    const [key, value] = [part.slice(0, Math.max(0, colon)).trim(), part.slice(colon + 1).trim()];
    if (colon < 0 || key === '' || value === '') {
      throw new GrammarFault(`has a selector that is not key:value, "${part.trim()}"`, offset);
    }
    if (found.some((other) => other.key === key)) {
      throw new GrammarFault(`names the selector "${key}" twice`, offset);
    }
    found.push({ key, value });
    offset += part.length + 1;
  }
  return found;
}

const CHECK =
  /^(\s*)(mean|total|value|p\(\s*[\d.]+\s*\)|change\(\s*baseline\s*\)|drop\(\s*baseline\s*\))(\s*)(>=|<=|==|!=|>|<)(\s*)([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z%µ]*)\s*$/;

/** @throws GrammarFault whose offset points at the part of the text that is wrong */
export function parseCheck(text: string, subject: Subject): Check {
  const match = CHECK.exec(text);
  if (match === null) throw firstFault(text);
  const [, space, aggregateText, gap, operatorText, gap2, numberText, unit] = match as unknown as Tokens;
  const at = { operator: (space + aggregateText + gap).length };
  const numberAt = at.operator + operatorText.length + gap2.length;
  const unitAt = text.indexOf(unit, numberAt + numberText.length);
  const aggregate = aggregateText.replace(/\s/g, '');
  const { measure, about, kind } = resolve(subject.name, aggregate, space.length);
  const operator = operatorText as Operator;
  const relative = (kind === 'change' || kind === 'drop') && unit === '%';
  const limit = inUnit(Number(numberText), unit, about, { kind, relative, at: unitAt });
  const shown = `${aggregate} ${operator} ${numberText}${unit}`;
  const check: Check = { measure, about, aggregate: kind, operator, limit, relative, text: shown };
  checkLimit(check, at.operator, numberAt);
  return check;
}

type Tokens = [string, string, string, string, string, string, string, string];

/** Where the text first leaves the grammar. */
function firstFault(text: string): GrammarFault {
  const start = text.length - text.trimStart().length;
  const aggregate = /^\s*(mean|total|value|p\(\s*[\d.]+\s*\)|(?:change|drop)\(\s*baseline\s*\))/.exec(text);
  if (aggregate === null) {
    return new GrammarFault(
      'must begin with mean, total, value, p(99), change(baseline) or drop(baseline), as in "mean >= 0.95"',
      start,
    );
  }
  const operator = /^\s*(>=|<=|==|!=|>|<)/.exec(text.slice(aggregate[0].length));
  if (operator === null) {
    return new GrammarFault(`needs one of >= > <= < == != after ${aggregate[1]}`, aggregate[0].length);
  }
  const end = aggregate[0].length + operator[0].length;
  return new GrammarFault(`needs one number, with or without a unit, after ${operator[1]}`, end);
}

function resolve(name: string, aggregate: string, offset: number) {
  const [, quantile] = /^p\((.*)\)$/.exec(aggregate) ?? [];
  const kind = (quantile === undefined ? aggregate.replace('(baseline)', '') : 'value') as Aggregate;
  if (name === 'latency') {
    const measure = quantile === undefined ? 'latency.mean' : `latency.p${Number(quantile)}`;
    const about = definitionOf(measure);
    if (quantile === undefined && kind !== 'mean') {
      throw new GrammarFault(
        'needs mean or p(…) for latency; for a change name the quantile: latency.p95',
        offset,
      );
    }
    if (about === undefined) {
      const known = PERCENTILES.map((each) => each.name.slice(1));
      throw new GrammarFault(`knows the quantiles ${known.join(', ')} of latency`, offset);
    }
    return { measure, about, kind };
  }
  const about = definitionOf(name)!;
  if (quantile !== undefined) throw new GrammarFault('takes p(…) for latency only', offset);
  if (kind === 'change' || kind === 'drop') {
    if (about.parity === true) {
      throw new GrammarFault(`compares two trials already and takes mean or total, not ${aggregate}`, offset);
    }
    if (about.kind === 'count') {
      throw new GrammarFault(`is a count and takes total, not ${aggregate}`, offset);
    }
    if (kind === 'drop' && about.kind !== 'mean') {
      throw new GrammarFault(
        'takes drop(baseline) only for means over queries such as recall; use change',
        offset,
      );
    }
    return { measure: name, about, kind };
  }
  const fitting = { mean: 'mean', count: 'total', time: 'value', cost: 'value' }[about.kind];
  if (kind !== fitting) throw new GrammarFault(`takes ${fitting}, not ${aggregate}`, offset);
  return { measure: name, about, kind };
}

/** What one of each unit is worth in the base unit of the quantities it measures. */
const UNITS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  ms: { us: 1e-3, µs: 1e-3, ms: 1, s: 1000 },
  s: { us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1 },
  bytes: { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 },
  share: { '%': 0.01, pt: 0.01 },
  ratio: { '%': 0.01, pt: 0.01 },
};

function inUnit(
  value: number,
  unit: string,
  about: MeasureDefinition,
  { kind, relative, at }: { kind: Aggregate; relative: boolean; at: number },
): number {
  const isChange = kind === 'change' || kind === 'drop';
  if (isChange && about.kind !== 'mean' && !relative) {
    throw new GrammarFault('needs a % for the change of this measure', at);
  }
  if (unit === '') return value;
  if (relative) return value / 100;
  const known = { ...UNITS[about.unit] };
  if (!isChange) delete known['pt'];
  const factor = Object.hasOwn(known, unit) ? known[unit] : undefined;
  if (factor !== undefined) return value * factor;
  const names = Object.keys(known);
  const help = names.length === 0 ? 'takes no unit' : `takes ${names.join(', ')}`;
  throw new GrammarFault(`has the unit "${unit}", but this measure ${help}`, at);
}

function checkLimit(
  { measure, aggregate, about, operator, limit, relative }: Check,
  operatorAt: number,
  numberAt: number,
) {
  if (aggregate === 'change') {
    const wanted = about.better === 'lower' ? '<' : '>';
    if (!operator.startsWith(wanted)) {
      throw new GrammarFault(
        `needs ${wanted} or ${wanted}=: it says which change is still acceptable`,
        operatorAt,
      );
    }
    if (Math.abs(limit) > 1 && (relative || about.unit === 'share')) {
      throw new GrammarFault('lies outside of what can change', numberAt);
    }
    return;
  }
  if (aggregate === 'drop') {
    if (!operator.startsWith('<')) throw new GrammarFault('needs < or <= for a drop', operatorAt);
    if (limit < 0) throw new GrammarFault('must not be negative: a drop is a loss', numberAt);
    return;
  }
  if (limit < 0 && !measure.startsWith('tau@')) throw new GrammarFault('must not be negative', numberAt);
  if (about.unit === 'share' && limit > 1) {
    throw new GrammarFault('must lie between 0 and 1 (or 0% and 100%)', numberAt);
  }
  if ((operator === '==' || operator === '!=') && about.kind === 'time') {
    throw new GrammarFault('cannot be met exactly by a time: use < or >', operatorAt);
  }
}
