import { type FileMetaData, parquetSchema, type SchemaTree } from 'hyparquet';
import type { FieldSchema } from '../../dataset.js';
import { type ColumnChoice, type ColumnsRead, chooseId, chooseText, type NamedColumn } from '../names.js';
import { findVector, type VectorColumn } from './find-vector.js';
import { ownFormat } from './own-format.js';
import { canBeId, fieldType, typeWords } from './schema.js';

/** Which columns hold what. */
export interface ParquetLayout {
  vector: VectorColumn;
  /** From the root to the id's leaf; absent: row numbers. */
  id: SchemaTree[] | undefined;
  fields: readonly FieldSchema[];
  /** In words; the vector's dimensions are not known yet. */
  columns: Omit<ColumnsRead, 'vector'>;
}

/** Finds vector, id and metadata columns. Throws InputError if the vector column is missing or not certain. */
export function parquetLayout(path: string, metadata: FileMetaData, choice: ColumnChoice): ParquetLayout {
  const root = parquetSchema(metadata);
  const { column, others } = findVector(path, root, ownFormat(path, metadata), choice);
  const rest = root.children.filter((child) => !column.taken.includes(child));
  const usable = rest.filter(canBeId);
  const named = (children: readonly SchemaTree[]) =>
    children.map((child) => ({ name: child.element.name, type: typeWords(child) }));
  const id = chooseId(path, named(usable), named(rest.filter((child) => !canBeId(child))), choice);
  const idColumn = usable.find((child) => child.element.name === id.name);
  const fields: FieldSchema[] = [];
  for (const child of rest) {
    const type = fieldType(child);
    // An index of pandas is no field, but may be the id.
    if (child === idColumn || type === undefined || /^__index_level_\d+__$/.test(child.element.name))
      continue;
    fields.push({ name: child.element.name, type, nullable: child.element.repetition_type !== 'REQUIRED' });
  }
  const texts = rest.filter((child) => child !== idColumn && fieldType(child) === 'string');
  return {
    vector: column,
    id: idColumn && [root, idColumn],
    fields,
    columns: {
      id: words(idColumn && named([idColumn])[0]),
      text: words(chooseText(path, named(texts), choice)),
      idCandidates: id.candidates,
      notes: others.map((name) => `holds vectors also in "${name}"; choose with --vector (dataset.vector)`),
    },
  };
}

function words(column: NamedColumn | undefined): string | null {
  return column === undefined ? null : `column "${column.name}" (${column.type})`;
}
