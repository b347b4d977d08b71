import { type FileMetaData, parquetSchema, type SchemaElement, type SchemaTree } from 'hyparquet';
import { InputError } from '../../../common/errors.js';
import type { FieldSchema, FieldType } from '../../dataset.js';
import { ID_NAMES, pickName, VECTOR_NAMES } from '../names.js';

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
  /** The vector column: fixed-length bytes (own files) or a list of numbers (other tools' files). */
  vector: { name: string; leaf: SchemaTree; path: SchemaTree[]; bytes: Component | undefined };
  id: string | undefined;
  fields: readonly FieldSchema[];
}

/** Finds vector, id and metadata columns. Throws InputError if the vector column is missing or not certain. */
export function parquetLayout(path: string, metadata: FileMetaData): ParquetLayout {
  const root = parquetSchema(metadata);
  const own = ownFormat(path, metadata);
  const vector = findVector(path, root, own);
  const others = root.children.filter((child) => child !== vector.column);
  const id = pick(others.filter(isIdColumn), ID_NAMES)?.element.name;
  const fields: FieldSchema[] = [];
  for (const child of others) {
    const name = child.element.name;
    const type = fieldType(child);
    // pandas writes the row index as a column of this name: it is no metadata.
    if (name === id || type === undefined || /^__index_level_\d+__$/.test(name)) continue;
    fields.push({ name, type, nullable: child.element.repetition_type !== 'REQUIRED' });
  }
  const { column, leaf, treePath, bytes } = vector;
  return { vector: { name: column.element.name, leaf, path: treePath, bytes }, id, fields };
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

interface VectorColumn {
  column: SchemaTree;
  leaf: SchemaTree;
  treePath: SchemaTree[];
  bytes: Component | undefined;
}

function findVector(path: string, root: SchemaTree, own: OwnFormat | undefined): VectorColumn {
  if (own !== undefined) {
    const column = root.children.find((child) => child.element.name === own.vector);
    const size = column?.element.type_length ?? 0;
    const whole = size > 0 && size % (own.component === 'float16' ? 2 : 4) === 0;
    if (column?.element.type === 'FIXED_LEN_BYTE_ARRAY' && whole) {
      return { column, leaf: column, treePath: [root, column], bytes: own.component };
    }
    throw new InputError(
      `has no column "${own.vector}" of ${own.component} vectors, which its metadata states`,
      {
        where: path,
        next: 'the file is damaged: write or download it again',
      },
    );
  }
  const lists = root.children.filter((child) => isNumber(listLeaf(child)?.leaf));
  const column = pick(lists, VECTOR_NAMES) ?? (lists.length === 1 ? lists[0] : undefined);
  if (column === undefined) throw noVectorColumn(path, root, lists);
  const { leaf, between } = listLeaf(column)!;
  return { column, leaf, treePath: [root, ...between], bytes: undefined };
}

function noVectorColumn(path: string, root: SchemaTree, lists: readonly SchemaTree[]): InputError {
  const names = (lists.length > 0 ? lists : root.children).map((child) => child.element.name);
  const what =
    lists.length > 0
      ? 'has several columns with lists of numbers and none is called vector or embedding'
      : 'has no vector column: none holds lists of numbers';
  return new InputError(what, {
    where: path,
    got: names,
    next: `call the vector column "vector" (known names: ${VECTOR_NAMES.join(', ')}); a list of float32 is best`,
  });
}

/** The column with the first of the known names, if any. */
function pick(columns: readonly SchemaTree[], known: readonly string[]): SchemaTree | undefined {
  const name = pickName(
    columns.map((column) => column.element.name),
    known,
  );
  return columns.find((column) => column.element.name === name);
}

function isIdColumn(column: SchemaTree): boolean {
  const type = fieldType(column);
  return type === 'string' || type === 'integer';
}

/** The only leaf under a column, if exactly one level repeats: `list<x>` in each of its historical spellings. */
function listLeaf(column: SchemaTree): { leaf: SchemaTree; between: SchemaTree[] } | undefined {
  const between = [column];
  let node = column;
  while (node.children.length === 1) {
    node = node.children[0]!;
    between.push(node);
  }
  const repeats = between.filter((each) => each.element.repetition_type === 'REPEATED').length;
  return node.children.length === 0 && repeats === 1 ? { leaf: node, between } : undefined;
}

function isNumber(leaf: SchemaTree | undefined): boolean {
  const type = leaf && scalarType(leaf.element);
  return type === 'integer' || type === 'float';
}

/** The type in our words; undefined where a column holds something that is no metadata value (structs, maps, …). */
function fieldType(column: SchemaTree): FieldType | undefined {
  if (column.children.length === 0 && column.element.repetition_type !== 'REPEATED') {
    return scalarType(column.element);
  }
  const inner = listLeaf(column);
  const type = inner && scalarType(inner.leaf.element);
  return type === undefined || type === 'timestamp' ? undefined : `${type}[]`;
}

type ScalarType = 'string' | 'integer' | 'float' | 'boolean' | 'timestamp';

function scalarType(element: SchemaElement): ScalarType | undefined {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (type === 'BOOLEAN') return 'boolean';
  if (converted === 'DATE' || logical?.type === 'DATE') return 'timestamp';
  if (converted?.startsWith('TIMESTAMP') || logical?.type === 'TIMESTAMP' || type === 'INT96') {
    return 'timestamp';
  }
  if (converted === 'DECIMAL' || logical?.type === 'DECIMAL' || logical?.type === 'FLOAT16') return 'float';
  if (converted?.startsWith('TIME_') || logical?.type === 'TIME') return undefined;
  if (type === 'INT32' || type === 'INT64') return 'integer';
  if (type === 'FLOAT' || type === 'DOUBLE') return 'float';
  if (logical?.type === 'UUID') return 'string';
  const text = converted === 'UTF8' || converted === 'ENUM' || converted === undefined;
  return type === 'BYTE_ARRAY' && text && isText(logical?.type) ? 'string' : undefined;
}

function isText(logical: string | undefined): boolean {
  return logical === undefined || logical === 'STRING' || logical === 'ENUM';
}
