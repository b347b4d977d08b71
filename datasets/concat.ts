import { InputError } from '../common/errors.js';
import type { PointBatch, PointsOptions } from './dataset.js';
import { rowIds, type VectorSource } from './source.js';

/**
 * Several files as one: rows of the first, then of the second, and so on. They must have the same dimensions, the same
 * column as id and the same fields; row numbers count through all of them. Throws InputError naming the file that differs.
 */
export function concatSources(sources: readonly VectorSource[]): VectorSource {
  const [first, ...others] = sources;
  if (first === undefined) throw new Error('no sources');
  if (others.length === 0) return first;
  for (const other of others) checkSame(first, other);
  const starts = [0];
  for (const { count } of sources) starts.push(starts.at(-1)! + count);
  return {
    count: starts.at(-1)!,
    dimensions: first.dimensions,
    fields: first.fields.map((field) => ({
      ...field,
      nullable: sources.some(({ fields }) => fields.find(({ name }) => name === field.name)!.nullable),
    })),
    columns: first.columns,
    component: sources.every(({ component }) => component === first.component) ? first.component : undefined,
    reading: sources.map(({ reading, count }) => [reading, count]),
    place(row) {
      const at = Math.max(
        0,
        starts.findLastIndex((start) => start <= row),
      );
      const source = sources[Math.min(at, sources.length - 1)]!;
      return source.place(row - starts[Math.min(at, sources.length - 1)]!);
    },
    read: (options) => readAfterAnother(sources, starts, options),
    async close() {
      for (const source of sources) await source.close();
    },
  };
}

async function* readAfterAnother(
  sources: readonly VectorSource[],
  starts: readonly number[],
  options: PointsOptions,
): AsyncGenerator<PointBatch> {
  for (const [i, source] of sources.entries()) {
    for await (const batch of source.read(options)) {
      const start = starts[i]! + batch.start;
      yield {
        ...batch,
        start,
        ids: source.columns.id === null ? rowIds(start, batch.count) : batch.ids,
      };
    }
  }
}

function checkSame(first: VectorSource, other: VectorSource): void {
  const what = [
    ['dimensions', first.dimensions, other.dimensions],
    ['id', first.columns.id ?? 'row number', other.columns.id ?? 'row number'],
    ['fields', fieldsOf(first), fieldsOf(other)],
  ] as const;
  for (const [name, wanted, found] of what) {
    if (wanted === found) continue;
    throw new InputError(`its ${name} differ from the first file's: ${found} instead of ${wanted}`, {
      where: other.place(0),
      next: 'give files of one dataset, written with the same columns',
    });
  }
}

function fieldsOf({ fields }: VectorSource): string {
  return fields
    .map(({ name, type }) => `${name}: ${type}`)
    .sort()
    .join(', ');
}
