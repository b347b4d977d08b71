import { InputError } from '../common/errors.js';
import type { FieldSchema, MetadataColumns } from './dataset.js';
import { fieldValue } from './field-values.js';
import type { VectorSource } from './source.js';

/**
 * A source whose fields have the types that the dataset's description declares: texts become timestamps, integers
 * floats. Throws InputError for a declared type that the file's values cannot have; where they turn out not to fit
 * (a timestamp without zone) while they are read, with the place.
 */
export function withDeclaredFields(source: VectorSource, declared: readonly FieldSchema[]): VectorSource {
  const changed = declared.filter(({ name, type }) => {
    const found = source.fields.find((field) => field.name === name);
    return found !== undefined && found.type !== type && isReadAs(source, found, type);
  });
  if (changed.length === 0) return source;
  const types = new Map(changed.map(({ name, type }) => [name, type]));
  const fields = source.fields.map((field) => ({ ...field, type: types.get(field.name) ?? field.type }));
  return {
    count: source.count,
    dimensions: source.dimensions,
    fields,
    columns: source.columns,
    component: source.component,
    reading: [source.reading, changed.map(({ name, type }) => [name, type])],
    place: (row) => source.place(row),
    async *read(options) {
      for await (const batch of source.read(options)) {
        if (batch.metadata === undefined) yield batch;
        else yield { ...batch, metadata: converted(batch.metadata, batch.start) };
      }
    },
    close: () => source.close(),
  };

  function converted(metadata: MetadataColumns, start: number): MetadataColumns {
    const columns = { ...metadata };
    for (const field of fields) {
      const values = types.has(field.name) ? metadata[field.name] : undefined;
      if (values === undefined) continue;
      columns[field.name] = values.map((value, i) => fieldValue(value, field, () => source.place(start + i)));
    }
    return columns;
  }
}

/** Whether values of a file's type are read as another; throws if that cannot be. */
function isReadAs(source: VectorSource, { name, type }: FieldSchema, wanted: FieldSchema['type']): true {
  const possible = [
    ['string', 'timestamp'],
    ['integer', 'float'],
    ['integer[]', 'float[]'],
  ];
  if (possible.some(([from, to]) => from === type && to === wanted)) return true;
  throw new InputError(`the field "${name}" is of type ${type}, the dataset's description says ${wanted}`, {
    where: source.place(0),
    next: 'correct "fields" in the description, or the values',
  });
}
