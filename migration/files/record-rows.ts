import { arrowReader } from '../../datasets/formats/arrow/reader.js';
import { csvReader } from '../../datasets/formats/csv/reader.js';
import { jsonReader } from '../../datasets/formats/jsonl/reader.js';
import { withoutPacking } from '../../datasets/formats/packed.js';
import type { RecordReader } from '../../datasets/formats/records/reader.js';
import { formatOf } from '../../datasets/formats/registry.js';
import type { FileParameters } from './address.js';
import type { FileRows, Row } from './rows.js';

/** Formats whose files are records: lines of JSON, CSV, Arrow. */
export function isRecordFile(path: string): boolean {
  return ['jsonl', 'csv', 'arrow'].includes(formatOf(path)?.name ?? '');
}

async function readerOf(path: string, { id }: FileParameters, cacheFolder: string): Promise<RecordReader> {
  switch (formatOf(withoutPacking(path))?.name) {
    case 'csv':
      return csvReader(path, { id });
    case 'arrow':
      return arrowReader(path, { cacheFolder });
    default:
      return jsonReader(path);
  }
}

/** Records of files of one such format, one file after the other. */
export async function recordRows(
  paths: readonly string[],
  parameters: FileParameters,
  cacheFolder: string,
): Promise<FileRows> {
  const readers: { reader: RecordReader; prepared: unknown }[] = [];
  const notes: string[] = [];
  for (const path of paths) {
    const reader = await readerOf(path, parameters, cacheFolder);
    const prepared = await reader.prepare?.();
    notes.push(...(reader.notes?.(prepared) ?? []));
    readers.push({ reader, prepared });
  }
  const { format } = readers[0]!.reader;
  return {
    format,
    files: paths,
    declared: new Map(),
    hints: {},
    absence: format === 'jsonl' ? 'kept' : 'null',
    notes,
    async *read(): AsyncGenerator<Row> {
      for (const { reader, prepared } of readers)
        for await (const { number, record } of reader.read(prepared))
          yield { place: () => reader.place(number), record };
    },
  };
}
