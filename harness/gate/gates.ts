import type { Fault } from '../../common/faults.js';
import { suggest } from '../../common/nearest.js';
import {
  type Check,
  type GateParity,
  GrammarFault,
  parseCheck,
  parseSubject,
  type Selector,
} from './grammar.js';
import { LEVELS, type Level } from './levels.js';
import { PRESETS } from './presets.js';

/** `interval`: judged by the 95% interval; `value`: by the figure alone. */
export type JudgedBy = 'interval' | 'value';

export interface Gate extends Check {
  /** `recall@10{engine:usearch}: mean >= 0.95` */
  name: string;
  selectors: readonly Selector[];
  level: Level;
  by: JudgedBy;
  /** `suite`, or `preset nightly`. */
  source: string;
  /** Of a preset: only about trials that have the measure; not judged where none has. */
  whereMeasured?: true;
}

/** All gates of a suite. */
export interface GateSet {
  gates: readonly Gate[];
  /** What a verdict that the data cannot decide counts as. */
  inconclusive: Level;
  /** What a setting, engine or group counts as that the baseline has and the run has not; `error` if absent. */
  missing?: Level;
}

/** Keys that are no measures. */
const RESERVED: readonly string[] = ['preset', 'inconclusive', 'missing'];

export const NO_GATES: GateSet = { gates: [], inconclusive: 'warn' };

/**
 * Reads `gates:` of a suite, as YAML gave it. Keys are subjects; `preset`, `inconclusive` and `missing` are reserved. A value is
 * a check, `{ check, level, by }`, or a list of those. Pure; never throws for bad input: all faults are returned.
 *
 * @param ks depths that the suite measures, ascending
 * @param parities what the suite compares
 * @param places two places are compared that others have filled: presets have gates of their own for that
 */
export function parseGates(
  given: unknown,
  ks: readonly number[],
  parities: readonly GateParity[] = [],
  places = false,
): { set: GateSet; faults: Fault[] } {
  if (given === undefined) return { set: NO_GATES, faults: [] };
  const reader = new Reader(ks, parities, places);
  if (given === null || typeof given !== 'object' || Array.isArray(given)) {
    reader.fault({ path: ['gates'], what: 'must be a map from a measure to a check', got: given });
    return { set: NO_GATES, faults: reader.faults };
  }
  const map = given as Record<string, unknown>;
  for (const [key, value] of Object.entries(map)) {
    if (!RESERVED.includes(key)) reader.subject(key, value);
  }
  const preset = reader.preset(map['preset']);
  const inconclusive = reader.level(map['inconclusive'], ['gates', 'inconclusive']) ?? preset?.inconclusive;
  const missing = reader.level(map['missing'], ['gates', 'missing']);
  if (reader.gates.length === 0 && reader.faults.length === 0) {
    reader.fault({ path: ['gates'], what: 'must not be empty' });
  }
  const set = { gates: reader.gates, inconclusive: inconclusive ?? 'warn', ...(missing && { missing }) };
  return { set, faults: reader.faults };
}

class Reader {
  readonly gates: Gate[] = [];
  readonly faults: Fault[] = [];
  readonly #ks: readonly number[];
  readonly #parities: readonly GateParity[];
  readonly #places: boolean;

  constructor(ks: readonly number[], parities: readonly GateParity[], places: boolean) {
    this.#places = places;
    this.#ks = ks;
    this.#parities = parities;
  }

  fault(fault: Fault): void {
    this.faults.push(fault);
  }

  subject(key: string, value: unknown): void {
    const path = ['gates', key];
    try {
      // Faults of the name are told once, whatever stands behind it.
      parseSubject(key, this.#ks, this.#parities);
    } catch (error) {
      if (!(error instanceof GrammarFault)) throw error;
      this.fault({ path, what: error.message, inKey: true, offset: error.offset });
      return;
    }
    if (!Array.isArray(value)) this.#entry(key, value, path);
    else if (value.length === 0) this.fault({ path, what: 'must not be empty', got: value });
    else for (const [i, each] of value.entries()) this.#entry(key, each, [...path, i]);
  }

  #entry(key: string, value: unknown, path: (string | number)[]): void {
    if (typeof value === 'string') {
      this.#add(key, value, path, undefined, undefined);
      return;
    }
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      this.fault({
        path,
        what: 'must be a check such as "mean >= 0.95", or { check, level, by }',
        got: value,
      });
      return;
    }
    const { check, level, by, ...rest } = value as Record<string, unknown>;
    for (const other of Object.keys(rest)) {
      const what = suggest('is not a known key', other, ['check', 'level', 'by']);
      this.fault({ path: [...path, other], what, inKey: true });
    }
    if (by !== undefined && by !== 'interval' && by !== 'value') {
      this.fault({ path: [...path, 'by'], what: 'must be "interval" or "value"', got: by });
    }
    if (typeof check !== 'string') {
      this.fault({ path: [...path, 'check'], what: 'must be a check such as "mean >= 0.95"', got: check });
      return;
    }
    this.#add(
      key,
      check,
      [...path, 'check'],
      this.level(level, [...path, 'level']),
      by as JudgedBy | undefined,
    );
  }

  #add(
    key: string,
    text: string,
    path: (string | number)[],
    level: Level | undefined,
    by: JudgedBy | undefined,
    { source = 'suite', whereMeasured }: Partial<Pick<Gate, 'source' | 'whereMeasured'>> = {},
  ): void {
    try {
      const subject = parseSubject(key, this.#ks, this.#parities);
      const check = parseCheck(text, subject);
      const selectors = subject.selectors;
      const shown = selectors.map((each) => `${each.key}:${each.value}`).join(',');
      const name = `${subject.name}${shown === '' ? '' : `{${shown}}`}: ${check.text}`;
      // Two runs measured at different hours differ in speed without any cause in the code.
      const advisory = check.aggregate === 'change' && check.about.kind !== 'mean';
      if (advisory && level === 'error') {
        this.fault({
          path,
          what: 'can only be a warning: runs that were not interleaved differ in speed by themselves; set level: warn',
        });
        return;
      }
      const gate: Gate = {
        ...check,
        name,
        selectors,
        level: level ?? (advisory ? 'warn' : 'error'),
        by: by ?? 'interval',
        source,
        ...(whereMeasured && { whereMeasured }),
      };
      if (source === 'suite') this.#checkAgainstOthers(gate, path);
      this.gates.push(gate);
    } catch (error) {
      if (!(error instanceof GrammarFault)) throw error;
      this.fault({ path, what: error.message, got: text, offset: error.offset });
    }
  }

  #checkAgainstOthers(gate: Gate, path: (string | number)[]): void {
    const other = this.gates.find((each) => topicOf(each) === topicOf(gate) && contradict(each, gate));
    if (other !== undefined) {
      this.fault({ path, what: `contradicts "${other.name}": no figure meets both`, got: gate.text });
    }
    if (this.gates.some((each) => each.name === gate.name)) {
      this.fault({ path, what: 'is there twice', got: gate.text });
    }
  }

  level(value: unknown, path: (string | number)[]): Level | undefined {
    // YAML 1.1 tools write off as false.
    const text = value === false ? 'off' : value;
    if (text === undefined || (LEVELS as readonly unknown[]).includes(text)) return text as Level | undefined;
    this.fault({ path, what: `must be ${LEVELS.map((each) => `"${each}"`).join(' or ')}`, got: value });
    return undefined;
  }

  /** A gate of the suite on the same subject and aggregate takes the place of the preset's. */
  preset(name: unknown) {
    if (name === undefined) return undefined;
    const known = Object.keys(PRESETS);
    const preset = typeof name === 'string' && Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
    if (preset === undefined) {
      const what = suggest('is an unknown preset', name, known);
      this.fault({ path: ['gates', 'preset'], what, got: name });
      return undefined;
    }
    if (this.#ks.length === 0) return preset;
    const own = new Set(this.gates.map(topicOf));
    const gates = (this.#places ? preset.places : undefined) ?? preset.gates;
    for (const { subject, check, level, by, whereMeasured } of gates) {
      const key = subject.replace('@k', `@${this.#ks.at(-1)}`);
      const measure = parseSubject(key, this.#ks, this.#parities);
      const parsed = parseCheck(check, measure);
      if (own.has(topicOf({ ...parsed, selectors: measure.selectors }))) continue;
      const origin = { source: `preset ${String(name)}`, ...(whereMeasured && { whereMeasured }) };
      this.#add(key, check, ['gates', 'preset'], level, by, origin);
    }
    return preset;
  }
}

/** What a gate is about, however it is written. */
function topicOf({
  measure,
  aggregate,
  selectors,
}: Pick<Gate, 'measure' | 'aggregate' | 'selectors'>): string {
  const sorted = selectors.map(({ key, value }) => `${key}:${value}`).toSorted();
  return JSON.stringify([measure, aggregate, sorted]);
}

/** Whether no number satisfies both checks. */
function contradict(a: Check, b: Check): boolean {
  if (a.relative !== b.relative) return false;
  const [low, high] = [lowest(a, b), highest(a, b)];
  if (low.at > high.at || (low.at === high.at && (low.open || high.open))) return true;
  return [a, b].some(({ operator, limit }) => operator === '!=' && low.at === limit && high.at === limit);
}

function lowest(...checks: readonly Check[]) {
  let [at, open] = [Number.NEGATIVE_INFINITY, false];
  for (const { operator, limit } of checks) {
    if (operator !== '>=' && operator !== '>' && operator !== '==') continue;
    if (limit > at) [at, open] = [limit, operator === '>'];
    else if (limit === at && operator === '>') open = true;
  }
  return { at, open };
}

function highest(...checks: readonly Check[]) {
  let [at, open] = [Number.POSITIVE_INFINITY, false];
  for (const { operator, limit } of checks) {
    if (operator !== '<=' && operator !== '<' && operator !== '==') continue;
    if (limit < at) [at, open] = [limit, operator === '<'];
    else if (limit === at && operator === '<') open = true;
  }
  return { at, open };
}

/** Whether a gate is about one group by name. */
export function namesGroup({ selectors }: Gate): boolean {
  return selectors.some(({ key }) => key === 'group');
}
