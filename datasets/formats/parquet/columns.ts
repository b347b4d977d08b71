import { type ParquetScan, parquetScan } from 'hyparquet';
import type { FieldSchema, MetadataColumns, MetadataValue } from '../../dataset.js';
import { fieldValue } from '../../field-values.js';
import { COMPRESSORS } from './compression.js';
import type { ParquetFile } from './file.js';
import { checkColumns } from './pages.js';

/**
 * Rows decoded at once per column. Files without an offset index give a part of a row group only by decoding it
 * from its start, so the window is large and the last one is kept.
 */
const WINDOW = 1 << 17;

/** Reads metadata columns by row range. */
export interface ColumnReader {
  metadata(fields: readonly FieldSchema[], start: number, end: number): Promise<MetadataColumns>;
}

export async function openColumns(file: ParquetFile): Promise<ColumnReader> {
  const scan = await parquetScan({
    file: file.buffer,
    metadata: file.metadata,
    compressors: COMPRESSORS,
    parsers: PARSERS,
  });
  const checked = new Set<string>();
  return {
    async metadata(fields, start, end) {
      const unchecked = fields.filter(({ name }) => !checked.has(name)).map(({ name }) => name);
      if (unchecked.length > 0) checkColumns(file, unchecked);
      for (const name of unchecked) checked.add(name);
      const columns: [string, MetadataValue[]][] = [];
      for (const field of fields) {
        const values = await readColumn(scan, field.name, start, end);
        columns.push([
          field.name,
          values.map((value, i) => fieldValue(value, field, () => `${file.path} row ${start + i}`)),
        ]);
      }
      // Not by assignment: a field may be called __proto__.
      return Object.fromEntries(columns);
    },
  };
}

async function readColumn(scan: ParquetScan, column: string, start: number, end: number): Promise<unknown[]> {
  const out: unknown[] = [];
  for (const group of scan.ranges) {
    for (let from = group.rowStart; from < group.rowEnd; from += WINDOW) {
      const to = Math.min(from + WINDOW, group.rowEnd);
      if (to <= start || from >= end) continue;
      const values = await scan.readColumn({ column, rowStart: from, rowEnd: to });
      if (values.length !== to - from) {
        throw new Error(`column "${column}" has ${values.length} of ${to - from} values from row ${from}`);
      }
      const last = Math.min(to, end);
      for (let row = Math.max(from, start); row < last; row++) out.push(values[row - from]);
    }
  }
  if (out.length !== end - start) throw new Error(`column "${column}" ends at row ${start + out.length}`);
  return out;
}

/** Timestamps of every unit as bigint microseconds; NaN, which is refused with its place, where they are finer. */
const PARSERS = {
  timestampFromMilliseconds: (value: bigint) => BigInt(value) * 1000n,
  timestampFromMicroseconds: (value: bigint) => BigInt(value),
  timestampFromNanoseconds: (value: bigint) => (value % 1000n === 0n ? value / 1000n : Number.NaN),
  dateFromDays: (days: number) => BigInt(days) * 86_400_000_000n,
};
