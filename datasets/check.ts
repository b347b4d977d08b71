import { InputError } from '../common/errors.js';
import type { InvalidKind, Metric } from './dataset.js';

/** Says where a row is, in the words of its file: `points.parquet row 17` or `docs.jsonl:18`. */
export type RowPlace = (row: number) => string;

/**
 * Throws InputError for the first component that is NaN or infinite.
 *
 * @param vectors row-major, `count * dimensions`
 * @param start row number of the first vector
 */
export function checkFinite(
  vectors: Float32Array,
  count: number,
  dimensions: number,
  start: number,
  place: RowPlace,
): void {
  // v * 0 is 0 for every finite v and NaN otherwise, so one sum tells about the whole batch.
  let sum = 0;
  const length = count * dimensions;
  for (let i = 0; i < length; i++) sum += vectors[i]! * 0;
  if (sum === 0) return;
  const at = vectors.findIndex((value) => !Number.isFinite(value));
  const row = start + Math.floor(at / dimensions);
  throw new InputError(`component ${at % dimensions} of the vector is not a finite number`, {
    where: place(row),
    got: String(vectors[at]),
    next: 'remove the point or compute its vector again; NaN and infinite components cannot be compared',
  });
}

/** Vectors of one kind that cannot be compared. */
export interface Found {
  count: number;
  /** The first one, in words. */
  first: string;
  /** The component and its value, where one is to blame. */
  detail?: string;
  got?: string;
}

export type InvalidFound = Readonly<Partial<Record<InvalidKind, Found>>>;

/** Counts vectors that cannot be compared, of each kind, and remembers where the first is. */
export class InvalidVectors {
  readonly found: Partial<Record<InvalidKind, Found>>;
  readonly #dimensions: number;
  readonly #place: RowPlace;

  constructor(dimensions: number, place: RowPlace, found: InvalidFound = {}) {
    this.#dimensions = dimensions;
    this.#place = place;
    this.found = { ...found };
  }

  /** @returns row numbers and kinds, in order */
  add(vectors: Float32Array, count: number, start: number): { row: number; kind: InvalidKind }[] {
    const dimensions = this.#dimensions;
    const rows: { row: number; kind: InvalidKind }[] = [];
    for (let i = 0; i < count; i++) {
      const from = i * dimensions;
      const end = from + dimensions;
      // v * 0 is 0 for every finite v and NaN otherwise.
      let sum = 0;
      let any = 0;
      for (let at = from; at < end; at++) {
        sum += vectors[at]! * 0;
        if (vectors[at] !== 0) any = 1;
      }
      if (sum === 0 && any === 1) continue;
      const kind = sum === 0 ? 'zero' : 'non-finite';
      rows.push({ row: start + i, kind });
      const known = this.found[kind];
      if (known !== undefined) known.count++;
      else this.found[kind] = { count: 1, first: this.#place(start + i), ...blame(vectors, from, end, kind) };
    }
    return rows;
  }

  /** Throws InputError naming the first vector that the metric cannot compare, and how many there are of each kind. */
  throwIfAny(metric: Metric, { rows, of }: { rows: number; of: string }): void {
    throwInvalid(this.found, metric, rows, of);
  }
}

function blame(vectors: Float32Array, from: number, end: number, kind: InvalidKind) {
  if (kind === 'zero') return {};
  const at = vectors.subarray(from, end).findIndex((value) => !Number.isFinite(value));
  return { detail: `component ${at} of the vector`, got: String(vectors[from + at]) };
}

export function throwInvalid(found: InvalidFound, metric: Metric, rows: number, of: string): void {
  const { zero, 'non-finite': nonFinite } = found;
  const wrong = [
    ...(nonFinite === undefined ? [] : [{ kind: 'non-finite', ...nonFinite }]),
    ...(zero === undefined || metric !== 'cosine' ? [] : [{ kind: 'zero', ...zero }]),
  ];
  const [first] = wrong;
  if (first === undefined) return;
  const what =
    first.kind === 'zero'
      ? 'the vector is zero, which has no direction, so its cosine distance is undefined'
      : `${first.detail} is not a finite number`;
  const counts = wrong
    .map(({ kind, count }) => `${count} of ${rows} ${of} ${count === 1 ? 'is' : 'are'} ${kind}`)
    .join(', ');
  const kinds = wrong.map(({ kind }) => kind).join(',');
  const other = first.kind === 'zero' ? ', or declare the metric dot or l2' : '';
  throw new InputError(`${what}; ${counts}`, {
    where: first.first,
    ...(first.got !== undefined && { got: first.got }),
    next: `leave such vectors out, counted in the report, with --skip-invalid ${kinds} (dataset.skipInvalid in a suite); or compute them again${other}`,
  });
}

export function dimensionsError(where: string, expected: number, got: number): InputError {
  return new InputError(`the vector has ${got} dimensions, the ones before it have ${expected}`, {
    where,
    next: 'all vectors of a dataset and of its query sets need the same number of dimensions',
  });
}

/** An error of the file system or of a parser about `file`, as bad input that names the file. */
export function unreadable(file: string, error: unknown, what = 'cannot be read'): InputError {
  if (error instanceof InputError) return error;
  const code = (error as NodeJS.ErrnoException)?.code;
  const message = error instanceof Error ? error.message : String(error);
  return new InputError(`${what}: ${message}`, {
    where: file,
    next: nextStep(code),
    cause: error,
  });
}

function nextStep(code: string | undefined): string {
  if (code === 'ENOENT') return 'check the path; relative paths start at the suite or the working directory';
  if (code === 'EACCES' || code === 'EPERM') return 'give the user who runs this the right to read it';
  if (code === 'EISDIR') return 'give a file, or a folder with a dataset.yaml';
  return 'the file is damaged, incomplete or of another format: write or download it again';
}
