import type { PointColumns } from '../../engines/contract/columns.js';
import type { Point } from '../../engines/contract/points.js';
import type { VectorField } from '../../engines/contract/vectors.js';
import { flatten } from '../../engines/kit/check.js';
import { idIn, partIn, pointAt } from '../../engines/kit/columns.js';
import type { Filter } from '../../filters/filter.js';
import { typeOf } from '../probe/field-profile.js';
import { FilterCounts } from '../probe/fingerprint.js';
import { Sample } from '../probe/sample.js';
import { heldIn, typesIn, vectorsIn } from './column-counts.js';
import type { VerifyReport } from './findings.js';

const MOST_FIELDS = 2000;
const MOST_TENANTS = 10_000;

/** What was counted of one side while it was read. */
export interface Tally {
  points: number;
  /** By field, then by type of the value or `null`: how many points, and the first id. */
  fields: ReadonlyMap<string, ReadonlyMap<string, { count: number; first: string }>>;
  tenants: ReadonlyMap<string, number>;
  /** Points that pass each filter. */
  counts: readonly number[];
  /** The same ids on both sides. */
  sample: readonly Point[];
}

/** Counts one side while it is read. */
export class SideTally {
  readonly fields = new Map<string, Map<string, { count: number; first: string }>>();
  readonly tenants = new Map<string, number>();
  points = 0;
  readonly #filters: FilterCounts;
  readonly #sample: Sample<Point>;
  readonly #timestamps: ReadonlySet<string>;

  /** @param sample points that are kept, the same ids on both sides */
  constructor(filters: readonly Filter[], sample: number, seed: number, timestamps: ReadonlySet<string>) {
    this.#filters = new FilterCounts(filters);
    this.#sample = new Sample(sample, seed);
    this.#timestamps = timestamps;
  }

  add(point: Point): void {
    this.points++;
    const id = String(point.id);
    for (const [name, value] of Object.entries(flatten(point.metadata)))
      this.#count(name, value === null ? 'null' : typeOf(value, this.#timestamps.has(name)), id);
    for (const name of Object.keys(point.vectors)) this.#count(`vector ${name}`, 'vector', id);
    for (const part of ['text', 'uri'] as const)
      if (point[part] !== undefined) this.#count(part, 'string', id);
    this.#addTenant(point.tenant);
    this.#filters.add(point);
    this.#sample.add(id, () => point);
  }

  /** The same of columns. */
  addColumns(columns: PointColumns, vectors: readonly VectorField[]): void {
    const { count, ids } = columns;
    this.points += count;
    const idAt = (row: number) => String(idIn(ids, row));
    for (const [name, column] of Object.entries(columns.fields))
      for (const [{ below, type }, { times, first }] of typesIn(name, column, count, this.#timestamps))
        this.#countAll(name + below, type, times, () => idAt(first));
    for (const [name, column] of Object.entries(columns.vectors)) {
      const { times, first } = vectorsIn(column, count);
      if (times > 0) this.#countAll(`vector ${name}`, 'vector', times, () => idAt(first));
    }
    for (const part of ['text', 'uri'] as const) {
      const { times, first } = heldIn(columns[part], count);
      if (times > 0) this.#countAll(part, 'string', times, () => idAt(first));
    }
    if (columns.tenant !== undefined)
      for (let row = 0; row < count; row++) this.#addTenant(partIn(columns.tenant, row));
    this.#filters.addColumns(columns);
    for (let row = 0; row < count; row++) this.#sample.add(idAt(row), () => pointAt(columns, vectors, row));
  }

  #addTenant(tenant: string | undefined): void {
    if (tenant !== undefined && (this.tenants.has(tenant) || this.tenants.size < MOST_TENANTS))
      this.tenants.set(tenant, (this.tenants.get(tenant) ?? 0) + 1);
  }

  #countAll(name: string, type: string, times: number, first: () => string): void {
    let types = this.fields.get(name);
    if (types === undefined) {
      if (this.fields.size >= MOST_FIELDS) return;
      types = new Map();
      this.fields.set(name, types);
    }
    const known = types.get(type);
    if (known === undefined) types.set(type, { count: times, first: first() });
    else known.count += times;
  }

  #count(name: string, type: string, id: string): void {
    this.#countAll(name, type, 1, () => id);
  }

  result(): Tally {
    const { points, fields, tenants } = this;
    return { points, fields, tenants, counts: this.#filters.counts, sample: this.#sample.items() };
  }
}

/** Fields by the numbers of their values, types and nulls: what a mapping or a load does to a whole field shows here. */
export function compareFields(source: Tally, target: Tally, report: VerifyReport): void {
  const names = new Set([...source.fields.keys(), ...target.fields.keys()]);
  if (source.points === 0 || target.points === 0) {
    report.notAsked('fields', 'one side has no points');
    return;
  }
  report.asked('fields', `${names.size} fields, vectors and parts`);
  for (const name of [...names].sort()) {
    const [a, b] = [source.fields.get(name), target.fields.get(name)];
    const types = [...new Set([...(a?.keys() ?? []), ...(b?.keys() ?? [])])].filter(
      (type) => type !== 'null',
    );
    const count = (side: typeof a, type: string) => side?.get(type)?.count ?? 0;
    const values = (side: typeof a) => types.reduce((sum, type) => sum + count(side, type), 0);
    const [mine, theirs] = [values(a), values(b)];
    const told = (side: typeof a) =>
      [...types, 'null']
        .filter((type) => count(side, type) > 0)
        .map((type) => `${count(side, type)} ${type}`)
        .join(', ') || 'none';
    const what = `source: ${told(a)}; target: ${told(b)}`;
    const example = (type: string) => a?.get(type)?.first ?? b?.get(type)?.first ?? '';
    const differing = types.filter((type) => count(a, type) !== count(b, type));
    if (mine > 0 && theirs === 0) report.add('fields', 'field-lost', name, what, [example(types[0]!)]);
    else if (mine === theirs && differing.length > 0)
      report.add('fields', 'type-drift', name, what, differing.map(example));
    else if (mine === theirs && count(a, 'null') !== count(b, 'null'))
      report.add('fields', 'null-handling', name, what, [example('null')]);
    // A null that became an empty text or a 0, or the reverse.
    else if (Math.abs(mine - theirs) > Math.abs(source.points - target.points))
      report.add(
        'fields',
        mine < theirs ? 'null-handling' : 'values-lost',
        name,
        what,
        differing.map(example),
      );
  }
}

export function compareTenants(source: Tally, target: Tally, report: VerifyReport): void {
  const names = new Set([...source.tenants.keys(), ...target.tenants.keys()]);
  if (names.size === 0) {
    report.notAsked('tenants', 'no point has a tenant');
    return;
  }
  report.asked('tenants', `${names.size} tenants`);
  for (const name of [...names].sort()) {
    const [a, b] = [source.tenants.get(name) ?? 0, target.tenants.get(name) ?? 0];
    if (a !== b)
      report.add('tenants', 'tenant-counts', name, `${a} points in the source, ${b} in the target`);
  }
}
