import { InputError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';

/** What a user says of a file's columns; dotted names reach into objects (`payload.vec`, `data.0.embedding`). */
export interface ColumnChoice {
  /** Name of the id's column, or {@link ROW_NUMBER}. */
  id?: string | undefined;
  vector?: string | undefined;
  text?: string | undefined;
  /** The choice was made for another file (the points): a name that this one lacks is chosen by rule. */
  lenient?: boolean | undefined;
}

/** Says that ids are row numbers, whatever columns there are. */
export const ROW_NUMBER = 'row-number';

/** What was taken for what, in words for people, and what was not and why that may be wrong. */
export interface ColumnsRead {
  /** `column "id" (int64)`; null: the row number. */
  id: string | null;
  /** `column "emb" (list<float>, 768)` */
  vector: string;
  text: string | null;
  /** Columns that look like ids where none is taken. */
  idCandidates: readonly string[];
  notes: readonly string[];
}

/** Names of vectors, in this order; case, `_`, `-` and spaces do not matter. */
export const VECTOR_NAMES = [
  'vector',
  'embedding',
  'embeddings',
  'emb',
  'vec',
  'dense_vector',
  'values',
  'features',
  'query',
  'query_vector',
  'query_embedding',
  'vectors',
];
export const ID_NAMES = [
  // In the output of OpenAI's batches `id` is the answer's own.
  'custom_id',
  'id',
  '_id',
  'ids',
  'doc_id',
  'document_id',
  'docno',
  'qid',
  'query_id',
  'pid',
  'pk',
  'uid',
  'uuid',
  'guid',
  'key',
  'chunk_id',
  'passage_id',
  'corpus_id',
  'point_id',
  'record_id',
  'object_id',
];
const TEXT_NAMES = ['text', 'content', 'body', 'document', 'passage', 'chunk', 'page_content', 'abstract'];
/** Neighbours that came with queries; their lists of numbers are no vectors. */
export const NEIGHBOR_NAMES = ['neighbors', 'neighbours', 'neighbors_id', 'closest_ids', 'ground_truth'];
/** Lists of numbers that are none: of answers, of sparse vectors, and of tokenizers. */
const NO_VECTORS = new Set(
  [
    ...NEIGHBOR_NAMES,
    ...['distances', 'closest_scores', 'scores', 'ids'],
    ...['indices', 'sparse_values', 'sparse_indices'],
    ...['input_ids', 'token_ids', 'token_type_ids', 'attention_mask'],
  ].map(plain),
);
const ID_ENDING = /(^|[_\-. ])(ids?|key|pk|no|nr|uuid|guid|uid|code|sku|urn?|url|uri|doi|isbn|slug)$/i;
/** What pandas calls the index of a table, and names of ids that have no ending of their own. */
const ID_WHOLE = /^(__index_level_\d+__|Unnamed: 0|index|idx|hash|asin)$/i;
const ID_CAMEL = /[a-z0-9](Id|ID|Key|Uuid|UUID|Url|URL)$/;

/** A column as the rules see it. */
export interface NamedColumn {
  name: string;
  /** Its type in the file's own words. */
  type: string;
}

/** The first of the known names that is among `names`: as written, else without case, `_`, `-` and spaces. */
export function pickName(names: Iterable<string>, known: readonly string[]): string | undefined {
  const all = [...names];
  for (const name of known) {
    const found =
      all.find((each) => each.toLowerCase() === name) ?? all.find((each) => plain(each) === plain(name));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether lists of numbers under this name may be a point's vector. */
export function mayBeVector(name: string): boolean {
  return !NO_VECTORS.has(plain(name));
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[_\-\s]/g, '');
}

/**
 * The column of the id: the user's choice, else the first of the known names, else none and the row number is the id.
 *
 * @param usable columns whose values can be ids
 * @param others the other columns: named in messages
 * @throws InputError if the choice is not there or cannot be an id, or if the only column of a known name cannot
 */
export function chooseId(
  path: string,
  usable: readonly NamedColumn[],
  others: readonly NamedColumn[],
  { id, lenient }: ColumnChoice,
): { name: string | null; candidates: string[] } {
  if (id === ROW_NUMBER) return { name: null, candidates: [] };
  const names = usable.map(({ name }) => name);
  if (id !== undefined && names.includes(id)) return { name: id, candidates: [] };
  const wrong = id === undefined ? undefined : others.find(({ name }) => name === id);
  if (wrong !== undefined) throw noId(path, wrong, usable);
  if (id !== undefined && lenient !== true) throw unknownColumn(path, id, [...usable, ...others], 'id');
  const name = pickName(names, ID_NAMES);
  if (name !== undefined) return { name, candidates: [] };
  const strange = pickName(
    others.map((column) => column.name),
    ID_NAMES.slice(0, 6),
  );
  if (strange !== undefined) throw noId(path, others.find((column) => column.name === strange)!, usable);
  return { name: null, candidates: names.filter(looksLikeId) };
}

/** The fault of numbers that are what a sparse vector has at its `indices`: as a dense vector they would be another. */
export function sparseVector(where: string, name: string): InputError {
  return new InputError(`"${name}" belongs to a sparse vector, whose places are in "indices" beside it`, {
    where,
    next: 'give dense vectors: one number for every dimension; another column is chosen with --vector (dataset.vector in a suite)',
  });
}

/** Whether a name says that what it names tells points apart. */
export function looksLikeId(name: string): boolean {
  return ID_ENDING.test(name) || ID_CAMEL.test(name) || ID_WHOLE.test(name);
}

export function chooseText(path: string, columns: readonly NamedColumn[], choice: ColumnChoice) {
  const { text, lenient } = choice;
  if (text !== undefined) {
    const found = columns.find(({ name }) => name === text);
    if (found !== undefined) return found;
    if (lenient !== true) throw unknownColumn(path, text, columns, 'text');
  }
  const name = pickName(
    columns.map((column) => column.name),
    TEXT_NAMES,
  );
  return columns.find((column) => column.name === name);
}

function noId(path: string, { name, type }: NamedColumn, usable: readonly NamedColumn[]): InputError {
  const names = usable.map((column) => `"${column.name}"`).join(', ');
  return new InputError(`the column "${name}" cannot be the id: it is ${type}`, {
    where: path,
    next: `store it as text or integers, choose another column (--id, or dataset.id in a suite${names === '' ? '' : `; it has ${names}`}), or take row numbers: --id ${ROW_NUMBER}`,
  });
}

export function unknownColumn(
  path: string,
  name: string,
  columns: readonly NamedColumn[],
  role: string,
): InputError {
  const names = columns.map((column) => column.name);
  return new InputError(
    suggest(`has no column "${name}", which was chosen as the ${role}`, name, names, ''),
    {
      where: path,
      next: `choose one of its columns with --${role} (dataset.${role} in a suite): ${names.join(', ')}`,
    },
  );
}
