import type { DatasetColumns, DatasetInfo, InvalidKind, Metric } from '../../datasets/dataset.js';
import type { OpenOptions } from '../../datasets/open.js';

/** What a user says of a dataset beside its name: in a suite's `dataset:`, or on the command line. */
export interface DatasetOptions {
  metric: Metric | null;
  /** Absolute path. */
  queriesFile: string | null;
  /** Absolute path. */
  qrelsFile?: string | undefined;
  /** Absolute path. */
  neighborsFile?: string | undefined;
  /** Absolute paths of further files of the points. */
  moreFiles?: string[] | undefined;
  columns?: { id?: string | undefined; vector?: string | undefined; text?: string | undefined } | undefined;
  skipInvalid?: InvalidKind[] | undefined;
}

/** The same for `openDataset`. */
export function openOptions({ metric, queriesFile, ...others }: DatasetOptions) {
  return {
    ...(metric !== null && { metric }),
    ...(queriesFile !== null && { queriesFile }),
    ...beside(others),
    ...(others.columns !== undefined && { columns: others.columns }),
  } satisfies Partial<OpenOptions>;
}

/** Only what was said, for the manifest. */
export function recordedOptions({ metric, queriesFile, columns, ...others }: DatasetOptions) {
  return {
    metric,
    queriesFile,
    ...beside(others),
    ...(columns !== undefined && { columns: JSON.parse(JSON.stringify(columns)) as typeof columns }),
  };
}

/** What may be left unsaid. */
function beside({ qrelsFile, neighborsFile, moreFiles, skipInvalid }: Partial<DatasetOptions>) {
  return {
    ...(qrelsFile !== undefined && { qrelsFile }),
    ...(neighborsFile !== undefined && { neighborsFile }),
    ...(moreFiles !== undefined && { moreFiles }),
    ...(skipInvalid !== undefined && { skipInvalid }),
  };
}

/** What was taken for id, vector, text and the queries' vector: `id: column "id" (int64)`. */
export function columnLines(info: DatasetInfo, set: string): string[] {
  const { columns } = info;
  const queries = queryColumns(info, set);
  return [
    ...(columns === undefined ? [] : [`id: ${columns.id}`, `vector: ${columns.vector}`]),
    ...(columns?.text == null ? [] : [`text: ${columns.text}`]),
    ...(queries === undefined ? [] : [`query id: ${queries.id}`, `query vector: ${queries.vector}`]),
  ];
}

/** The same for the manifest; undefined for data that no file holds. */
export function columnsRecord(info: DatasetInfo, set: string) {
  const queries = queryColumns(info, set);
  if (info.columns === undefined || queries === undefined) return undefined;
  return { ...info.columns, queryId: queries.id, queryVector: queries.vector };
}

function queryColumns(info: DatasetInfo, set: string): DatasetColumns | undefined {
  return info.querySets.find(({ name }) => name === set)?.columns;
}
