import { type FileMetaData, parquetSchema, type SchemaTree } from 'hyparquet';
import { InputError } from '../../../common/errors.js';
import type { FieldSchema } from '../../dataset.js';
import { type ColumnChoice, type ColumnsRead, chooseId, chooseText, type NamedColumn } from '../names.js';
import { findVector, type VectorColumn } from './find-vector.js';
import { canBeId, fieldType, typeWords } from './schema.js';

/** Key of the file's key-value metadata that marks files written by this project. */
export const OWN_KEY = 'vecproof';

export type Component = 'float16' | 'float32';

/** What this project writes under {@link OWN_KEY}: how the fixed-length bytes of a vector are to be read. */
export interface OwnFormat {
  version: 1;
  vector: string;
  component: Component;
}

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
  // pandas writes the row index as a column of this name: it is no metadata.
  const rest = root.children.filter(
    (child) => !column.taken.includes(child) && !/^__index_level_\d+__$/.test(child.element.name),
  );
  const usable = rest.filter(canBeId);
  const named = (children: readonly SchemaTree[]) =>
    children.map((child) => ({ name: child.element.name, type: typeWords(child) }));
  const id = chooseId(path, named(usable), named(rest.filter((child) => !canBeId(child))), choice);
  const idColumn = usable.find((child) => child.element.name === id.name);
  const fields: FieldSchema[] = [];
  for (const child of rest) {
    const type = fieldType(child);
    if (child === idColumn || type === undefined) continue;
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

function ownFormat(path: string, metadata: FileMetaData): OwnFormat | undefined {
  const text = metadata.key_value_metadata?.find((pair) => pair.key === OWN_KEY)?.value;
  if (text === undefined) return undefined;
  let parsed: Partial<OwnFormat>;
  try {
    parsed = JSON.parse(text) as Partial<OwnFormat>;
  } catch (error) {
    throw new InputError(`the metadata key "${OWN_KEY}" is not JSON`, {
      where: path,
      got: text,
      next: 'the file is damaged: write or download it again',
      cause: error,
    });
  }
  const known = parsed.component === 'float16' || parsed.component === 'float32';
  if (parsed.version !== 1 || !known || typeof parsed.vector !== 'string') {
    throw new InputError('was written by a version of vecproof that this one does not know', {
      where: path,
      got: parsed,
      next: 'update vecproof, or write the file again',
    });
  }
  return parsed as OwnFormat;
}
