import type { z } from 'zod';
import type { Fault } from '../../common/faults.js';
import { suggest } from '../../common/nearest.js';
import { datasetBlockSchema, engineEntrySchema, parityEntrySchema, suiteSchema } from './schema.js';
import { valueAt } from './written.js';

/** A zod issue in the suite's own words. */
export function shellFaults(issue: z.core.$ZodIssue, json: unknown): Fault[] {
  const whole = issue.path.filter((part): part is string | number => typeof part !== 'symbol');
  const path = asWritten(whole, json);
  const got = valueAt(json, path);
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      what: suggest('is not a known key', key, known),
    }));
  }
  if (issue.code === 'invalid_union' && got !== undefined) {
    const key = path.at(-1);
    const wanted =
      typeof key === 'number' && path[0] !== 'datasets'
        ? 'a text, a number, true or false'
        : (UNION_WORDS[String(key)] ?? UNION_WORDS[String(path.at(-2))] ?? 'of another type');
    const inner = issue.errors.find((errors) => errors.some(({ path: deeper }) => deeper.length > 0));
    if (inner !== undefined && typeof got === 'object') {
      return inner.flatMap((each) =>
        shellFaults({ ...each, path: [...issue.path, ...each.path] } as z.core.$ZodIssue, json),
      );
    }
    return [{ path, what: `must be ${wanted}`, got }];
  }
  if (got === undefined) return [{ path, what: 'is required' }];
  return [{ path, what: issueWords(issue), got }];
}

/** `parity` may be one entry instead of a list of one: its faults have no index then. */
function asWritten(path: (string | number)[], json: unknown): (string | number)[] {
  const alone = path[0] === 'parity' && path[1] === 0 && !Array.isArray(valueAt(json, ['parity']));
  return alone ? path.toSpliced(1, 1) : path;
}

const UNION_WORDS: Record<string, string> = {
  reference: 'the name of a trial, or selectors such as { engine: …, ef: 64 }',
  candidate: 'the name of a trial, or selectors such as { engine: …, ef: 64 }',
  dataset: 'a name from the catalog, a path, or { path, metric, queries }',
  datasets: 'a name from the catalog, a path, or { path, name, metric, queries }',
  k: 'an integer from 1 to 1000, or a list of such',
  memoryLimit: 'a size such as 512MiB or 4GiB',
  memory: 'a size such as 512MiB or 4GiB',
  workloads: 'the name of a workload, or { type, … } with its options',
  index: 'a value or a list of values that is not empty',
  search: 'a value or a list of values that is not empty',
};

/** What is wrong with a value, as the rest of a sentence that begins with its place. */
export function issueWords(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${issue.expected === 'int' ? 'an integer' : ({ object: 'a map', array: 'a list', record: 'a map', string: 'a text', number: 'a number', boolean: 'true or false' }[issue.expected as string] ?? issue.expected)}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_small':
      return issue.origin === 'array'
        ? 'must not be empty'
        : issue.origin === 'string'
          ? 'must not be empty'
          : `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'string'
        ? `must have at most ${issue.maximum} characters`
        : `must be at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

const SHELL_KEYS: Record<string, readonly string[]> = {
  '': Object.keys(suiteSchema.shape),
  dataset: Object.keys(datasetBlockSchema.shape),
  datasets: Object.keys(datasetBlockSchema.shape),
  queries: ['set', 'limit', 'file'],
  filters: ['group', 'filter', 'tenant'],
  deadline: ['create', 'load', 'index', 'search'],
  engines: Object.keys(engineEntrySchema.shape),
  parity: Object.keys(parityEntrySchema.shape),
};

function knownKeys(path: readonly (string | number)[]): readonly string[] {
  return SHELL_KEYS[String(path[0] ?? '')] ?? [];
}
