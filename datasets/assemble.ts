import { InputError } from '../common/errors.js';
import { suggest } from '../common/nearest.js';
import { checkFinite, InvalidVectors } from './check.js';
import type {
  Dataset,
  DatasetColumns,
  DatasetInfo,
  Metric,
  PointBatch,
  PointsOptions,
  ProvidedTruth,
  Qrels,
  QuerySet,
} from './dataset.js';
import { readAll, type VectorSource } from './source.js';

/** A query set as a file gives it. */
export interface QueryPart {
  name: string;
  source: VectorSource;
  /** Absent: the set has no judgements. */
  qrels?: () => Promise<Qrels>;
  qrelsFile?: string;
  providedTruth?: () => Promise<ProvidedTruth | undefined>;
}

export interface DatasetParts {
  info: Omit<DatasetInfo, 'dimensions' | 'count' | 'fields' | 'querySets' | 'columns' | 'component'>;
  points: VectorSource;
  querySets: readonly QueryPart[];
  /** Closes what the sources share (a file that holds both). */
  close?: () => void;
}

/** Puts sources of any format together; here every vector is checked on its way out. */
export function assembleDataset({ info, points, querySets, close }: DatasetParts): Dataset {
  checkDimensions(points, querySets);
  const cache = new Map<string, Promise<QuerySet>>();
  const part = (name: string) => findPart(info.name, querySets, name);
  return {
    info: {
      ...info,
      dimensions: points.dimensions,
      count: points.count,
      fields: points.fields,
      columns: columnsOf(points),
      ...(points.component && { component: points.component }),
      warnings: [...(info.warnings ?? []), ...columnWarnings(points, querySets)],
      querySets: querySets.map(({ name, source, qrels }) => ({
        name,
        count: source.count,
        judged: qrels !== undefined,
        columns: columnsOf(source),
        fields: source.fields,
      })),
    },
    points: (options) => checkedPoints(points, options),
    place: (row) => points.place(row),
    async queries(name, { unchecked = false } = {}) {
      if (unchecked) return loadQueries(part(name), undefined);
      const set = cache.get(name) ?? loadQueries(part(name), info.metric);
      cache.set(name, set);
      return set;
    },
    async qrels(name) {
      return part(name).qrels?.();
    },
    qrelsFile: (name) => part(name).qrelsFile,
    async providedTruth(name) {
      return part(name).providedTruth?.();
    },
    async close() {
      await points.close();
      for (const { source } of querySets) await source.close();
      close?.();
    },
  };
}

function columnsOf({ columns }: VectorSource): DatasetColumns {
  return { id: columns.id ?? 'row number', vector: columns.vector, text: columns.text };
}

/** An id that was not understood must not become a row number without a word: judgements would be of other points. */
function columnWarnings(points: VectorSource, querySets: readonly QueryPart[]): string[] {
  const { id, idCandidates, notes } = points.columns;
  const warnings = notes.map((note) => `${points.place(0)}: ${note}`);
  if (id !== null) return warnings;
  const judged = querySets.some(({ qrels }) => qrels !== undefined);
  if (idCandidates.length > 0) {
    const names = idCandidates.map((name) => `"${name}"`).join(', ');
    warnings.push(
      `the ids of the points are their row numbers, though ${names} ${idCandidates.length === 1 ? 'looks like an id' : 'look like ids'}: choose with --id <column> (dataset.id), or say --id row-number`,
    );
  } else if (judged) {
    warnings.push(
      'the ids of the points are their row numbers, and the judgements are taken to name these (choose another column with --id, or dataset.id)',
    );
  }
  return warnings;
}

function checkDimensions(points: VectorSource, querySets: readonly QueryPart[]): void {
  for (const { name, source } of querySets) {
    if (source.dimensions === points.dimensions) continue;
    throw new InputError(
      `the queries of set "${name}" have ${source.dimensions} dimensions, the points ${points.dimensions}`,
      { where: source.place(0), next: 'give queries that were embedded with the same model as the points' },
    );
  }
}

function findPart(dataset: string, sets: readonly QueryPart[], name: string): QueryPart {
  const found = sets.find((set) => set.name === name);
  if (found !== undefined) return found;
  const names = sets.map((set) => set.name);
  throw new InputError(suggest(`dataset "${dataset}" has no query set "${name}"`, name, names, ''), {
    next: `use one of ${names.join(', ')}`,
  });
}

async function* checkedPoints(source: VectorSource, options: PointsOptions): AsyncGenerator<PointBatch> {
  for (const name of options.metadata ?? []) checkField(source, name);
  for await (const batch of source.read(options)) {
    if (options.unchecked !== true) {
      checkFinite(batch.vectors, batch.count, source.dimensions, batch.start, (row) => source.place(row));
    }
    yield batch;
  }
}

function checkField(source: VectorSource, name: string): void {
  const names = source.fields.map((field) => field.name);
  if (names.includes(name)) return;
  throw new InputError(suggest(`has no metadata field "${name}"`, name, names, ''), {
    where: source.place(0),
    next: names.length === 0 ? 'it has no fields' : `use one of ${names.join(', ')}`,
  });
}

/** @param metric by which the vectors have to be comparable; undefined: they are taken as they are */
async function loadQueries({ name, source }: QueryPart, metric: Metric | undefined): Promise<QuerySet> {
  const { ids, vectors, fields } = await readAll(source);
  const { count, dimensions } = source;
  if (metric !== undefined) {
    const invalid = new InvalidVectors(dimensions, (row) => source.place(row));
    invalid.add(vectors, count, 0);
    invalid.throwIfAny(metric, { rows: count, of: 'queries' });
  }
  const first = new Map<string, number>();
  for (const [row, id] of ids.entries()) {
    const before = first.get(id);
    if (before !== undefined) {
      throw new InputError(`the query id is already used by ${source.place(before)}`, {
        where: source.place(row),
        got: id,
        next: 'give every query an id of its own',
      });
    }
    first.set(id, row);
  }
  return { name, count, dimensions, ids, vectors, fields };
}
