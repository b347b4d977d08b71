export type JsonObject = Record<string, unknown>;

/** One record and its number in the file's own way of counting. */
export interface NumberedRecord {
  number: number;
  record: JsonObject;
  /** About its bytes, where they may be many. */
  size?: number | undefined;
}

/**
 * A file of records, each an object with id, vector and metadata: lines of JSON, rows of CSV, rows of Arrow.
 *
 * Values: text, number, bigint (integers beyond 2^53), boolean, null, lists, typed arrays, Uint8Array (binary), `Decimal`,
 * objects.
 */
export interface RecordReader {
  readonly path: string;
  readonly format: string;
  /** What is to be known of the whole file before records can be read, as JSON; kept with the scan. */
  prepare?(): Promise<unknown>;
  /** Records in order. Memory is bounded by a record. */
  read(prepared: unknown): AsyncGenerator<NumberedRecord>;
  /** What may be meant otherwise than it is read, in words. */
  notes?(prepared: unknown): readonly string[];
  /** Where the record of this number is, in words. */
  place(number: number): string;
  /** A column's type in the file's own words; undefined: told from its values. */
  typeOf?(name: string): string | undefined;
}

/** Own keys that a dotted name reaches: `payload.vec`, `data.0.embedding`; a key that has dots itself comes first. */
export function valueAt(record: unknown, name: string): unknown {
  if (typeof record !== 'object' || record === null) return undefined;
  if (Object.hasOwn(record, name)) return (record as JsonObject)[name];
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const key = name.slice(0, dot);
    if (!Object.hasOwn(record, key)) continue;
    const found = valueAt((record as JsonObject)[key], name.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}
