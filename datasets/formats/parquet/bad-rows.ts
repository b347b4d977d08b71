import { parquetReadObjects } from 'hyparquet';
import { InputError } from '../../../common/errors.js';
import { dimensionsError } from '../../check.js';
import { BadRows } from '../bad-rows.js';
import { idText } from '../ids.js';
import { COMPRESSORS } from './compression.js';
import type { ParquetFile } from './file.js';
import type { ParquetLayout } from './layout.js';
import { checkColumns } from './pages.js';

/** Rows that are looked at: a refusal must not take longer than reading the file would. */
const MOST_ROWS = 1_000_000;
const WINDOW = 8192;

/** Whether an error is of a row and not of the file: a damaged file must not be read once more. */
export function isRowFault(error: unknown): boolean {
  return error instanceof InputError && /^(the vector|the id|component \d+ of the vector) /.test(error.what);
}

/**
 * Throws for a file of which some row could not be used: how many rows there are of each kind. Returns where the rows
 * themselves have no fault, or are of a form that is not looked at here.
 *
 * @param dimensions undefined: those of the first vector
 */
export async function throwBadRows(
  file: ParquetFile,
  { id, vector }: ParquetLayout,
  dimensions: number | undefined,
  place: (row: number) => string,
): Promise<void> {
  const idName = id?.length === 2 ? id.at(-1)!.element.name : undefined;
  const name = vector.kind === 'list' ? vector.taken[0]!.element.name : undefined;
  // Lists inside of structs or lists are left to the error that is there already.
  if (name === undefined || name !== vector.name) return;
  const count = Math.min(Number(file.metadata.num_rows), MOST_ROWS);
  try {
    checkColumns(file, idName === undefined ? [name] : [idName, name]);
  } catch {
    return; // The file is damaged, too: what is known of the row is all that can be said.
  }
  const bad = new BadRows();
  let expected = dimensions;
  for (let start = 0; start < count; start += WINDOW) {
    const rows = await parquetReadObjects({
      file: file.buffer,
      metadata: file.metadata,
      compressors: COMPRESSORS,
      columns: idName === undefined ? [name] : [idName, name],
      rowStart: start,
      rowEnd: Math.min(count, start + WINDOW),
    });
    for (const [i, row] of rows.entries()) {
      const where = () => place(start + i);
      if (idName !== undefined) bad.try(() => idText(row[idName], idName, where));
      bad.try(() => {
        expected ??= lengthOf(row[name]);
        checkVector(row[name], expected, where);
      });
    }
  }
  bad.throwIfAny(count < Number(file.metadata.num_rows) ? ` among the first ${count}` : '');
}

/** The first vector says how long they are. */
function lengthOf(value: unknown): number | undefined {
  const length = (value as ArrayLike<unknown> | null | undefined)?.length;
  return length === 0 ? undefined : length;
}

function checkVector(value: unknown, dimensions: number | undefined, where: () => string): void {
  const next = 'give every point a vector without nulls, or remove the point';
  if (value === null || value === undefined)
    throw new InputError('the vector is null', { where: where(), next });
  const list = value as ArrayLike<unknown>;
  if (list.length === 0) throw new InputError('the vector is empty', { where: where(), next });
  if (Array.isArray(list) && Array.isArray(list[0])) return;
  for (let i = 0; i < list.length; i++) {
    if (list[i] === null)
      throw new InputError(`component ${i} of the vector is null`, { where: where(), next });
  }
  if (dimensions !== undefined && list.length !== dimensions)
    throw dimensionsError(where(), dimensions, list.length);
}
