import type { Fault } from '../common/faults.js';
import type { FieldSchema } from '../datasets/dataset.js';
import { unknownName, wrongValue } from './faults.js';
import { CONDITION_OPERATORS, type Filter, LOGICAL_OPERATORS } from './filter.js';
import { parseCondition } from './parse-condition.js';

export type ParsedFilter = { state: 'ok'; filter: Filter } | { state: 'invalid'; faults: readonly Fault[] };

/** Filters inside one another (`$and`, `$or`, `$not`), the outermost counted. */
export const MAX_DEPTH = 64;
/** Conditions of one filter; keeps an endless alias of YAML from becoming an endless filter. */
export const MAX_CONDITIONS = 10_000;

const OPERATORS = [...CONDITION_OPERATORS, ...LOGICAL_OPERATORS].map((name) => `$${name}`);
const LOGICAL: readonly string[] = LOGICAL_OPERATORS.map((name) => `$${name}`);

/** Operators of other systems, with what to write here. */
const REMEDIES: Readonly<Record<string, string>> = {
  $regex: 'is not supported: a regular expression can run without end. Use $startsWith, $like or $in',
  $regexp: 'is not supported: a regular expression can run without end. Use $startsWith, $like or $in',
  $options: 'belongs to $regex, which is not supported. Use $startsWith, $like or $in',
  $nor: 'is not supported: write {$not: {$or: […]}}',
  $all: 'is called $containsAll here',
  $elemMatch: 'is not supported: use $contains, $containsAny or $containsAll',
  $ilike: 'is not supported: case counts in $like',
};

type Path = readonly (string | number)[];
type Plain = Readonly<Record<string, unknown>>;

/**
 * A filter as people write it (parsed JSON or YAML: `{section: 'libs', size: {$gt: 100}}`), checked against the
 * dataset's fields. Several fields, and several operators of one field, all have to hold. Pure; all faults at once.
 * Integers beyond 2^53 come as text or bigint, timestamps as RFC 3339 text with a zone; see docs/filters.md.
 */
export function parseFilter(input: unknown, fields: readonly FieldSchema[]): ParsedFilter {
  const parser = new Parser(fields);
  const filter = parser.filter(input, [], 1);
  if (parser.faults.length > 0 || filter === undefined) return { state: 'invalid', faults: parser.faults };
  return { state: 'ok', filter };
}

/** Methods return undefined where they added a fault. */
class Parser {
  readonly faults: Fault[] = [];
  readonly #fields: ReadonlyMap<string, FieldSchema>;
  #conditions = 0;

  constructor(fields: readonly FieldSchema[]) {
    this.#fields = new Map(fields.map((field) => [field.name, field]));
  }

  filter(input: unknown, path: Path, depth: number): Filter | undefined {
    if (depth > MAX_DEPTH) {
      const what = `is nested more than ${MAX_DEPTH} deep: flatten $and and $or, and take away doubled $not`;
      return this.#fault({ path, what });
    }
    if (!isPlain(input))
      return this.#fault(wrongValue(path, 'must be an object of fields and operators', input));
    const keys = Object.keys(input);
    if (keys.length === 0) {
      return this.#fault({
        path,
        what: 'is empty: name a field, or leave the filter out to search all points',
      });
    }
    return this.#allOf(keys.map((key) => this.#entry(key, input[key], [...path, key], depth)));
  }

  /** One key of a filter: a logical operator, or a field. */
  #entry(key: string, value: unknown, path: Path, depth: number): Filter | undefined {
    if (LOGICAL.includes(key)) return this.#logical(key, value, path, depth);
    if (key.startsWith('$')) return this.#misplaced(key, path);
    const field = this.#fields.get(key);
    if (field === undefined) return this.#unknownField(key, path);
    if (!isPlain(value)) return this.#condition(field, '$eq', value, path);
    return this.#fieldFilter(field, value, path, depth);
  }

  #logical(operator: string, value: unknown, path: Path, depth: number): Filter | undefined {
    if (operator === '$not') {
      const filter = this.filter(value, path, depth + 1);
      return filter && { op: 'not', filter };
    }
    if (!Array.isArray(value) || value.length === 0) {
      return this.#fault(wrongValue(path, 'must be a list of at least one filter', value));
    }
    const filters = value.map((each: unknown, i) => this.filter(each, [...path, i], depth + 1));
    if (operator === '$and') return this.#allOf(filters);
    if (filters.includes(undefined)) return undefined;
    return filters.length === 1 ? filters[0] : { op: 'or', filters: filters as Filter[] };
  }

  /** `{$gt: 1, $not: {$in: [3]}}` of one field. */
  #fieldFilter(field: FieldSchema, input: Plain, path: Path, depth: number): Filter | undefined {
    const keys = Object.keys(input);
    if (keys.length === 0)
      return this.#fault({ path, what: 'has no operator: write a value, or e.g. {$gt: 1}' });
    return this.#allOf(
      keys.map((key) => {
        const at = [...path, key];
        const value = input[key];
        if (key === '$not') return this.#notOfField(field, value, at, depth + 1);
        if (OPERATORS.includes(key) && !LOGICAL.includes(key)) return this.#condition(field, key, value, at);
        return this.#noFieldOperator(field, key, at);
      }),
    );
  }

  #notOfField(field: FieldSchema, value: unknown, path: Path, depth: number): Filter | undefined {
    if (depth > MAX_DEPTH) return this.filter(value, path, depth);
    if (!isPlain(value)) {
      return this.#fault(wrongValue(path, 'must be an object of operators; for a value use $ne', value));
    }
    const filter = this.#fieldFilter(field, value, path, depth);
    return filter && { op: 'not', filter };
  }

  #condition(field: FieldSchema, operator: string, value: unknown, path: Path): Filter | undefined {
    this.#conditions++;
    if (this.#conditions > MAX_CONDITIONS) {
      const what = `is condition ${MAX_CONDITIONS + 1} of the filter, which may have ${MAX_CONDITIONS}: use $in for lists of values`;
      return this.#conditions === MAX_CONDITIONS + 1 ? this.#fault({ path, what }) : undefined;
    }
    const parsed = parseCondition(field, operator, value, path);
    if (parsed.state === 'ok') return parsed.filter;
    this.faults.push(...parsed.faults);
    return undefined;
  }

  #allOf(filters: readonly (Filter | undefined)[]): Filter | undefined {
    if (filters.includes(undefined)) return undefined;
    return filters.length === 1 ? filters[0] : { op: 'and', filters: filters as Filter[] };
  }

  /** An operator where a field is due. */
  #misplaced(key: string, path: Path): undefined {
    if (Object.hasOwn(REMEDIES, key)) return this.#fault({ path, what: REMEDIES[key]!, inKey: true });
    if (OPERATORS.includes(key)) {
      const what = `belongs to a field: write {<field>: {${key}: …}}`;
      return this.#fault({ path, what, inKey: true });
    }
    return this.#fault(unknownName(path, key, 'operator', OPERATORS));
  }

  /** A key inside of a field's object that is no operator of fields. */
  #noFieldOperator(field: FieldSchema, key: string, path: Path): undefined {
    if (Object.hasOwn(REMEDIES, key)) return this.#fault({ path, what: REMEDIES[key]!, inKey: true });
    if (LOGICAL.includes(key)) {
      const what = `stands outside of fields: write {${key}: [{${field.name}: …}, …]}`;
      return this.#fault({ path, what, inKey: true });
    }
    if (key.startsWith('$')) return this.#fault(unknownName(path, key, 'operator', OPERATORS));
    const what = `is no operator; the field of a nested object is written as "${field.name}.${key}"`;
    return this.#fault({ path, what, inKey: true });
  }

  #unknownField(name: string, path: Path): undefined {
    const known = [...this.#fields.keys()];
    if (known.length === 0) {
      return this.#fault({
        path,
        what: 'is no field: the dataset declares no metadata',
        got: name,
        inKey: true,
      });
    }
    const nested = known.filter((each) => each.startsWith(`${name}.`));
    const what = `is an object; filter its fields: ${nested.join(', ')}`;
    if (nested.length > 0) return this.#fault({ path, what, got: name, inKey: true });
    return this.#fault(unknownName(path, name, 'field of the dataset', known));
  }

  #fault(fault: Fault): undefined {
    this.faults.push(fault);
    return undefined;
  }
}

/** An object of JSON or YAML: no list, no Date, no instance of a class. */
function isPlain(value: unknown): value is Plain {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
