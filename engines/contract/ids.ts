/** `u32` and `u64` are integers (see `Capabilities.integerIds`), `string` any text, `uuid` text in the canonical form. */
export type IdKind = 'u32' | 'u64' | 'string' | 'uuid';

/** An id as its owner wrote it: text (also UUIDs), or a 64-bit integer. `'7'` and `7n` are two ids. */
export type PointId = string | bigint;

/** Ids of a batch, one per point; row numbers, where a dataset's rows are measured, are a Uint32Array. */
export type IdColumn = Uint32Array | BigInt64Array | BigUint64Array | readonly PointId[];
