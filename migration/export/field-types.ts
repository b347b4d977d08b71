import type { FieldType } from '../../datasets/dataset.js';
import type { PointColumns } from '../../engines/contract/columns.js';
import type { Description, Point } from '../../engines/contract/points.js';
import { valueAt } from '../../engines/kit/columns.js';
import { inferType } from './metadata-cells.js';

export interface FieldCounts {
  name: string;
  /** Of its column; null: it has none. */
  type: FieldType | null;
  native: string | null;
}

/**
 * Which fields have a column, and of which type: those that the source declares from the beginning, others from the
 * first part on in which they have a value. A type that was chosen stays, so that all parts agree.
 */
export class FieldTypes {
  readonly #fields = new Map<string, FieldCounts>();

  /** Dotted names are fields of nested objects, which are kept as such: only top-level ones have a column. */
  constructor(declared: Description['fields'] = []) {
    for (const { name, type, native } of declared)
      if (type !== null && !name.includes('.')) this.#fields.set(name, { name, type, native });
  }

  static from(fields: readonly FieldCounts[]): FieldTypes {
    const types = new FieldTypes();
    for (const each of fields) types.#fields.set(each.name, each);
    return types;
  }

  /** Gives columns to fields that come with these points. */
  meet(points: readonly Point[]): void {
    const names = new Set(points.flatMap(({ metadata }) => Object.keys(metadata)));
    for (const name of names) {
      const known = this.#fields.get(name);
      if (known !== undefined && known.type !== null) continue;
      const values = points.map(({ metadata }) =>
        Object.hasOwn(metadata, name) ? metadata[name] : undefined,
      );
      this.#fields.set(name, { name, type: inferType(values) ?? null, native: known?.native ?? null });
    }
  }

  /** The same of columns. */
  meetColumns({ fields, count }: PointColumns): void {
    for (const [name, column] of Object.entries(fields)) {
      const known = this.#fields.get(name);
      if (known !== undefined && known.type !== null) continue;
      const values = Array.from({ length: count }, (_, row) => valueAt(column, row));
      if (values.every((value) => value === undefined)) continue;
      this.#fields.set(name, { name, type: inferType(values) ?? null, native: known?.native ?? null });
    }
  }

  all(): readonly FieldCounts[] {
    return [...this.#fields.values()];
  }

  columns(): { name: string; type: FieldType }[] {
    return this.all().flatMap(({ name, type }) => (type === null ? [] : [{ name, type }]));
  }
}
