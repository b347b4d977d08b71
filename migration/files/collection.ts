import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { FailureError } from '../../common/errors.js';
import type { FieldType } from '../../datasets/dataset.js';
import { hashFile } from '../../datasets/hash.js';
import type { Collection } from '../../engines/contract/collection.js';
import type { IdKind, PointId } from '../../engines/contract/ids.js';
import type {
  Description,
  Point,
  Points,
  ScanOptions,
  ScanPage,
  Snapshot,
} from '../../engines/contract/points.js';
import { onlyRead } from './definition.js';
import type { Layout } from './layout.js';
import { type Conversion, pointOf } from './points.js';
import type { FileRows } from './rows.js';
import type { Survey, SurveyedColumn } from './survey.js';

/** Everything that is known of files before their points are read. */
export interface SurveyedFiles {
  name: string;
  rows: FileRows;
  survey: Survey;
  layout: Layout;
  conversion: Conversion;
  ids: IdKind | null;
  signal: AbortSignal;
}

/** Files as a collection that is read and never written. */
export function fileCollection(files: SurveyedFiles): Collection & { readonly points: Points } {
  const refuse = () => Promise.reject(onlyRead());
  return {
    name: files.name,
    load: refuse,
    ready: refuse,
    prepare: refuse,
    drop: refuse,
    count: async () => files.survey.count,
    indexBytes: async () => undefined,
    points: {
      upsert: refuse,
      update: refuse,
      delete: refuse,
      describe: async () => describe(files),
      snapshot: (at) => snapshot(files, at),
      get: (ids) => get(files, ids),
    },
  };
}

function describe({ name, rows, survey, layout, ids }: SurveyedFiles): Description {
  return {
    spec: {
      name,
      vectors: layout.vectors.map(({ field }) => field),
      text: layout.text !== undefined,
      uri: layout.roles.uri !== undefined,
      tenant: layout.roles.tenant !== undefined,
    },
    ids,
    index: { type: 'file', format: rows.format },
    fields: [...columnFields(layout, rows, survey), ...nestedTimestamps(layout, survey)],
    count: survey.count,
  };
}

function columnFields({ lifted, taken }: Layout, { declared, format }: FileRows, { columns }: Survey) {
  if (lifted !== undefined) return [];
  return [...columns.values()]
    .filter(({ name }) => !taken.has(name))
    .map((column) => {
      const native = declared.get(column.name)?.native;
      const type = fieldType(column, native);
      return { name: column.name, type, native: native ?? format, nullable: column.nulls > 0 };
    });
}

function fieldType({ types }: SurveyedColumn, native: string | undefined): FieldType | null {
  const [only] = types;
  if (types.size === 1 && only !== 'list') return only === 'integer' && isFloat(native) ? 'float' : only!;
  return types.size === 2 && types.has('integer') && types.has('float') ? 'float' : null;
}

function isFloat(native: string | undefined): boolean {
  return /^(double|float|halffloat|Float\d*)$/.test(native ?? '');
}

/** By paths that begin below the object that holds all metadata. */
function nestedTimestamps({ lifted, taken }: Layout, { timestamps, columns }: Survey): Description['fields'] {
  return [...timestamps].flatMap((path) => {
    const below =
      lifted !== undefined && path.startsWith(`${lifted}.`) ? path.slice(lifted.length + 1) : path;
    const isColumn = lifted === undefined && (columns.has(path) || taken.has(path.split('.')[0]!));
    return isColumn ? [] : [{ name: below, type: 'timestamp' as const, native: 'timestamp', nullable: true }];
  });
}

async function snapshot(files: SurveyedFiles, at: string | undefined): Promise<Snapshot> {
  const before = stampOf(files.rows);
  const watermark = await contentOf(files);
  if (at !== undefined && at !== watermark) throw changed(files.rows);
  return {
    consistency: 'snapshot',
    watermark,
    async *scan(options) {
      yield* scan(files, options);
      if (stampOf(files.rows) !== before) throw changed(files.rows);
    },
    close: async () => {},
  };
}

function changed({ files }: FileRows): FailureError {
  return new FailureError('is not the file that was read before: it was changed', {
    where: files.join(', '),
    next: 'remove the folder of the export, and begin again with files that stay as they are',
  });
}

/** Sizes and times: cheap, and enough to see a change while the files are read. */
function stampOf({ files }: FileRows): string {
  return files
    .map((path) => {
      const { size, mtimeNs, ino } = statSync(path, { bigint: true });
      return `${size}-${mtimeNs}-${ino}`;
    })
    .join();
}

async function contentOf({ rows, signal }: SurveyedFiles): Promise<string> {
  const hash = createHash('sha256');
  for (const path of rows.files) hash.update((await hashFile(path, signal)).sha256);
  return `sha256:${hash.digest('hex')}`;
}

async function* scan(
  { rows, conversion }: SurveyedFiles,
  { batchSize, after, signal }: ScanOptions,
): AsyncGenerator<ScanPage> {
  const skip = after === undefined ? 0 : Number(after);
  let number = 0;
  let points: Point[] = [];
  for await (const row of rows.read()) {
    if ((number & 255) === 0) signal?.throwIfAborted();
    const at = number++;
    if (at < skip) continue;
    points.push(pointOf(conversion, row, at));
    if (points.length < batchSize) continue;
    signal?.throwIfAborted();
    yield { points, cursor: String(number) };
    points = [];
  }
  if (points.length > 0) yield { points, cursor: String(number) };
}

async function get(files: SurveyedFiles, wanted: readonly PointId[]): Promise<Point[]> {
  const found = new Map<PointId, Point>();
  const ids = new Set(wanted);
  for await (const { points } of scan(files, { batchSize: 1000, signal: files.signal }))
    for (const point of points) if (ids.has(point.id)) found.set(point.id, point);
  return wanted.flatMap((id) => found.get(id) ?? []);
}
