import { InputError } from '../../common/errors.js';
import { idText } from '../../datasets/formats/ids.js';
import { chooseId, chooseText, type NamedColumn, ROW_NUMBER } from '../../datasets/formats/names.js';
import { COLUMN_ROLES, type FileParameters } from './address.js';
import { type FileVector, findVectors } from './find-vectors.js';
import { type FileRows, valueAt } from './rows.js';
import type { Survey } from './survey.js';

/** What each column of a file is in a point. */
export interface Layout {
  /** Null: row numbers. */
  id: string | null;
  vectors: readonly FileVector[];
  text: string | undefined;
  roles: Readonly<Partial<Record<(typeof COLUMN_ROLES)[number], string>>>;
  /** The object that holds all metadata; undefined: the other columns are it. */
  lifted: string | undefined;
  /** Top-level columns that are no metadata. */
  taken: ReadonlySet<string>;
  /** What was taken for what, in words. */
  notes: readonly string[];
}

/** Names of the one object that tools put all metadata in. */
const METADATA_NAMES = ['metadata', 'payload', 'meta', 'metadatas'];

/** @throws InputError for columns that are not there, or where no vector is found */
export function layoutOf(rows: FileRows, survey: Survey, parameters: FileParameters): Layout {
  const { first } = survey;
  if (first === undefined)
    throw new InputError('has no rows', { where: rows.files[0], next: 'give a file with points' });
  const vectors = findVectors(rows, survey, parameters);
  const taken = new Set(
    vectors.flatMap(({ column, place }) => (place?.kind === 'columns' ? place.names : [column])),
  );
  const id = idOf(rows, survey, parameters, taken);
  if (id !== null) taken.add(id);
  const text = textOf(rows, survey, parameters, taken);
  if (text !== undefined) taken.add(text);
  const roles: Record<string, string> = {};
  for (const role of COLUMN_ROLES) {
    const name = parameters[role] ?? (role === 'namespace' ? rows.hints.namespace : undefined);
    if (name === undefined) continue;
    requireColumn(rows, survey, name, role);
    roles[role] = name;
    taken.add(name);
  }
  for (const name of survey.columns.keys()) if (/^__index_level_\d+__$/.test(name)) taken.add(name);
  const lifted = liftedOf(survey, taken);
  return { id, vectors, text, roles, lifted, taken, notes: words(rows, { id, vectors, text, lifted }) };
}

function idOf(
  rows: FileRows,
  { columns, first }: Survey,
  { id: wanted }: FileParameters,
  taken: ReadonlySet<string>,
): string | null {
  const { hints } = rows;
  if (wanted === undefined && hints.rowNumbers === true) return null;
  const name = wanted ?? hints.id;
  const named = [...columns.keys()]
    .filter((each) => !taken.has(each))
    .map((each): NamedColumn => ({ name: each, type: rows.declared.get(each)?.native ?? 'its type' }));
  const usable = named.filter((each) => canBeId(valueAt(first!.record, each.name)));
  const others = named.filter((each) => !usable.includes(each));
  return chooseId(rows.files[0]!, usable, others, { id: name }).name;
}

function canBeId(value: unknown): boolean {
  if (value === null) return true;
  try {
    idText(value, '', () => '');
    return true;
  } catch {
    return typeof value === 'number' || value === '';
  }
}

function textOf(
  rows: FileRows,
  survey: Survey,
  { text }: FileParameters,
  taken: ReadonlySet<string>,
): string | undefined {
  if (text === 'none') return undefined;
  const texts = [...survey.columns.values()]
    .filter(({ name, kinds }) => !taken.has(name) && kinds.size === 1 && kinds.has('text'))
    .map(({ name }): NamedColumn => ({ name, type: 'text' }));
  const wanted = text ?? rows.hints.text ?? texts.find(({ name }) => name === 'text_chunk')?.name;
  return chooseText(rows.files[0]!, texts, { text: wanted })?.name;
}

function requireColumn(rows: FileRows, { columns }: Survey, name: string, role: string): void {
  if (columns.has(name)) return;
  throw new InputError(`has no column "${name}", which was chosen as the ${role}`, {
    where: rows.files[0],
    next: `use one of ${[...columns.keys()].join(', ')}`,
  });
}

/** The only column that is left, if it is called so and holds objects alone. */
function liftedOf({ columns }: Survey, taken: ReadonlySet<string>): string | undefined {
  const left = [...columns.values()].filter(({ name }) => !taken.has(name));
  const [only] = left;
  if (left.length !== 1 || !METADATA_NAMES.includes(only!.name.toLowerCase())) return undefined;
  return [...only!.kinds].every((kind) => kind === 'object' || kind === 'sparse') && only!.values > 0
    ? only!.name
    : undefined;
}

function words(
  { notes, format }: FileRows,
  { id, vectors, text, lifted }: Pick<Layout, 'id' | 'vectors' | 'text' | 'lifted'>,
): string[] {
  return [
    `read as ${format}: id ${id === null ? `row number (${ROW_NUMBER})` : `"${id}"`}; ${vectors
      .map(
        ({ field, column }) =>
          `vector "${column}" (${field.kind} ${field.type}${field.dimensions === 0 ? '' : ` ${field.dimensions}`})`,
      )
      .join(
        ', ',
      )}; text ${text === undefined ? 'none' : `"${text}"`}${lifted === undefined ? '' : `; metadata from "${lifted}"`}`,
    ...notes,
    ...vectors
      .filter(({ rounded }) => rounded > 0)
      .map(
        ({ column, rounded }) =>
          `"${column}" holds numbers that float32 does not in ${rounded} rows: they are rounded`,
      ),
  ];
}
