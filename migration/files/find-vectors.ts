import { InputError } from '../../common/errors.js';
import { mayBeVector, pickName, VECTOR_NAMES } from '../../datasets/formats/names.js';
import { findVector } from '../../datasets/formats/records/find-vector.js';
import type { VectorPlace } from '../../datasets/formats/records/vector-place.js';
import type { DenseType, VectorField } from '../../engines/contract/vectors.js';
import type { FileParameters } from './address.js';
import type { FileRows } from './rows.js';
import type { Survey, SurveyedColumn } from './survey.js';

/** One vector of the rows, and where it is. */
export interface FileVector {
  field: VectorField;
  column: string;
  /** How it stands there, if it is no list of numbers: text, base64, one column for each dimension. */
  place?: VectorPlace | undefined;
  /** Rows whose numbers float32 does not hold. */
  rounded: number;
}

/**
 * The vectors of a file: those that the user names; else all columns whose every value is a list of numbers of one length,
 * one of them with a known name or with fractions; else what datasets take for one (docs/datasets.md).
 * @throws InputError where none is found, or a value has another length
 */
export function findVectors(rows: FileRows, survey: Survey, parameters: FileParameters): FileVector[] {
  const metric = parameters.metric ?? rows.hints.metric ?? null;
  const chosen = parameters.vector ?? rows.hints.vectors;
  const columns = [...survey.columns.values()];
  if (chosen !== undefined) return chosen.map((name) => chosenVector(rows, survey, name, metric));
  const lists = columns.filter((each) => isVector(each) && mayBeVector(each.name));
  const main = mainOf(lists, rows);
  const known = pickName(survey.columns.keys(), VECTOR_NAMES);
  const uneven = known === undefined ? undefined : survey.columns.get(known);
  if (uneven?.otherLength !== undefined && uneven.kinds.has('numbers') && uneven.kinds.size === 1)
    throw otherLength(uneven);
  const sparse = columns.filter(({ kinds }) => kinds.size === 1 && kinds.has('sparse'));
  const multi = columns.filter(
    ({ kinds, otherLength: other }) => kinds.size === 1 && kinds.has('rows') && other === undefined,
  );
  const found = main === undefined ? [] : [main, ...lists.filter((each) => isAnother(each, main, rows))];
  const vectors = [
    ...found.map((each) => denseVector(each, rows, metric)),
    ...sparse.map(({ name }) => vectorOf(name, 'sparse', 'f32', 0, 'dot')),
    ...multi.map((each) => ({
      ...vectorOf(each.name, 'multi', 'f32', each.length, metric),
      rounded: each.rounded,
    })),
  ];
  if (vectors.length > 0) return vectors;
  return [anyVector(rows, survey, undefined, metric)];
}

function isVector({ kinds, length, otherLength: other, values }: SurveyedColumn): boolean {
  return values > 0 && kinds.size === 1 && kinds.has('numbers') && other === undefined && length > 1;
}

function mainOf(lists: readonly SurveyedColumn[], rows: FileRows): SurveyedColumn | undefined {
  const name = pickName(
    lists.map((each) => each.name),
    VECTOR_NAMES,
  );
  if (name !== undefined) return lists.find((each) => each.name === name);
  const floats = lists.filter((each) => hasFloats(each, rows)).sort((a, b) => b.length - a.length);
  return floats[0] ?? (lists.length === 1 ? lists[0] : undefined);
}

function hasFloats({ name, fractional }: SurveyedColumn, { declared }: FileRows): boolean {
  return fractional || declared.get(name)?.numbers !== undefined;
}

/** A list that is much shorter is no vector of the same point. */
function isAnother(column: SurveyedColumn, main: SurveyedColumn, rows: FileRows): boolean {
  return column !== main && hasFloats(column, rows) && column.length >= main.length / 8;
}

function chosenVector(
  rows: FileRows,
  survey: Survey,
  name: string,
  metric: VectorField['metric'],
): FileVector {
  const column = survey.columns.get(name);
  if (column !== undefined && rows.declared.get(name)?.numbers === 'bit')
    return denseVector(column, rows, metric);
  if (column?.kinds.has('numbers') && column.kinds.size === 1) {
    if (column.otherLength !== undefined) throw otherLength(column);
    return denseVector(column, rows, metric);
  }
  if (column?.kinds.has('sparse') && column.kinds.size === 1)
    return vectorOf(name, 'sparse', 'f32', 0, 'dot');
  if (column?.kinds.has('rows') && column.kinds.size === 1 && column.otherLength === undefined)
    return vectorOf(name, 'multi', 'f32', column.length, metric);
  return anyVector(rows, survey, name, metric);
}

/** In any of the forms that datasets read. */
function anyVector(
  rows: FileRows,
  { first }: Survey,
  vector: string | undefined,
  metric: VectorField['metric'],
): FileVector {
  if (first === undefined)
    throw new InputError('has no rows', { where: rows.files[0], next: 'give a file with points' });
  try {
    const { place } = findVector(first.place(), { ...first.record }, { vector });
    const column =
      place.kind === 'columns' ? place.names[0]!.replace(/[-_.]?\d+$/, '') || 'vector' : place.name;
    return { ...vectorOf(column, 'dense', 'f32', place.dimensions, metric), place };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(error.what, {
      where: first.place(),
      got: error.got,
      next: `name the columns with vectors: file:…?vector=${vector ?? 'emb'}; columns: ${Object.keys(first.record).slice(0, 20).join(', ')}`,
      cause: error,
    });
  }
}

function denseVector(
  column: SurveyedColumn,
  { declared }: FileRows,
  metric: VectorField['metric'],
): FileVector {
  const { numbers, dimensions } = declared.get(column.name) ?? {};
  const type = numbers === undefined || numbers === 'f64' ? 'f32' : numbers;
  return {
    ...vectorOf(column.name, 'dense', type, dimensions ?? column.length, metric),
    rounded: column.rounded,
  };
}

function vectorOf(
  name: string,
  kind: VectorField['kind'],
  type: DenseType,
  dimensions: number,
  metric: VectorField['metric'],
): FileVector {
  return { field: { name, kind, type, dimensions, metric }, column: name, rounded: 0 };
}

function otherLength({ name, length, otherLength: place }: SurveyedColumn): InputError {
  return new InputError(
    `its vector "${name}" has another length than the first, which has ${length} numbers`,
    {
      where: place,
      next: 'embed it again with the model of the others, or choose another column with ?vector=',
    },
  );
}
