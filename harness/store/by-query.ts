import { parquetWriteBuffer } from 'hyparquet-writer';
import { writeFileAtomic } from '../../common/files.js';
import { withStored } from '../../datasets/formats/parquet/stored.js';
import type { Column } from '../measures/by-query.js';

/** By trial, then by the measure's name. */
export type ColumnsOfTrials = ReadonlyMap<string, ReadonlyMap<string, Column>>;

/** One row for each trial and query, with a column for each measure; NaN: the query has no such figure. */
export function writeByQuery(path: string, columns: ColumnsOfTrials): void {
  const parts = [...columns].flatMap(([trial, measures]) => {
    const [first] = measures.values();
    return first === undefined ? [] : [{ trial, measures, queries: first.queries }];
  });
  const length = parts.reduce((sum, { queries }) => sum + queries.length, 0);
  const names = [...new Set(parts.flatMap(({ measures }) => [...measures.keys()]))].sort();
  const trials = parts.flatMap(({ trial, queries }) => new Array<string>(queries.length).fill(trial));
  const queryNumbers = new Int32Array(length);
  const values = names.map(() => new Float64Array(length).fill(Number.NaN));
  let at = 0;
  for (const { measures, queries } of parts) {
    queryNumbers.set(queries, at);
    for (const [i, name] of names.entries()) values[i]!.set(measures.get(name)?.values ?? [], at);
    at += queries.length;
  }
  const columnData = [
    { name: 'trial', data: trials, type: 'STRING' as const, nullable: false },
    { name: 'query', data: queryNumbers, type: 'INT32' as const, nullable: false },
    ...names.map((name, i) => ({ name, data: values[i]!, type: 'DOUBLE' as const, nullable: false })),
  ];
  writeFileAtomic(path, new Uint8Array(parquetWriteBuffer({ columnData, statistics: false })));
}

/** Reads what `writeByQuery` wrote; throws what hyparquet throws. A measure that no query of a trial has is absent. */
export async function readByQuery(path: string): Promise<ColumnsOfTrials> {
  const table = await readTable(path);
  const trials = (table.get('trial') ?? []).flat() as string[];
  const queries = joined(table.get('query'), Int32Array);
  const measures = [...table]
    .filter(([name]) => name !== 'trial' && name !== 'query')
    .map(([name, chunks]) => [name, joined(chunks, Float64Array)] as const);
  const found = new Map<string, Map<string, Column>>();
  for (let from = 0, to = 0; from < trials.length; from = to) {
    while (to < trials.length && trials[to] === trials[from]) to++;
    const own = queries.subarray(from, to);
    const columns = measures
      .map(([name, values]) => [name, { queries: own, values: values.subarray(from, to) }] as const)
      .filter(([, { values }]) => values.some((value) => !Number.isNaN(value)));
    found.set(trials[from]!, new Map(columns));
  }
  return found;
}

function readTable(path: string): Promise<Map<string, unknown[]>> {
  return withStored(path, async ({ read }) => {
    const table = new Map<string, unknown[]>();
    await read(({ columnName, columnData }) => {
      table.set(columnName, [...(table.get(columnName) ?? []), columnData]);
    });
    return table;
  });
}

function joined<T extends Int32Array | Float64Array>(
  chunks: readonly unknown[] | undefined,
  Type: new (length: number) => T,
): T {
  const parts = (chunks ?? []) as ArrayLike<number>[];
  const whole = new Type(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of parts) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
