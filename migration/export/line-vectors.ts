import type { DenseType, DenseValues, VectorField, VectorValue } from '../../engines/contract/vectors.js';
import { elementsOf } from '../../engines/contract/vectors.js';
import { brainsToFloats, floatsToBrains, floatsToHalves, halvesToFloats } from '../../engines/kit/half.js';
import { denseArray, isMulti, isSparse } from '../../engines/kit/vectors.js';

/** Vectors as JSON, and back, bit for bit but for the payload of a NaN: docs/export-format.md, "JSON lines". */

export function vectorJson({ type, dimensions }: VectorField, value: VectorValue): string {
  if (isSparse(value))
    return `{"indices":[${value.indices.join(',')}],"values":${denseJson('f32', value.values)}}`;
  if (!isMulti(value)) return denseJson(type, value);
  const size = elementsOf({ type, dimensions });
  const rows = Array.from({ length: value.rows }, (_, row) =>
    denseJson(type, value.values.subarray(row * size, (row + 1) * size)),
  );
  return `[${rows.join(',')}]`;
}

/** Bits as hexadecimal digits, else a list of numbers. */
function denseJson(type: DenseType, values: DenseValues): string {
  switch (type) {
    case 'bit':
      return `"${Buffer.from(values as Uint8Array).toString('hex')}"`;
    case 'int8':
      return `[${values.join(',')}]`;
    default:
      return `[${Array.from(floatsOf(type, values), float).join(',')}]`;
  }
}

function floatsOf(type: DenseType, values: DenseValues): Float32Array {
  if (type === 'f16') return halvesToFloats(values as Uint16Array);
  return type === 'bf16' ? brainsToFloats(values as Uint16Array) : (values as Float32Array);
}

/** Nine digits tell every float32 apart; numbers that are short anyway stay short. */
function float(value: number): string {
  const scaled = value * 1024;
  if (Number.isInteger(scaled) && Math.abs(scaled) < SHORT)
    return Object.is(value, -0) ? '-0.0' : String(value);
  return Number.isFinite(value) ? value.toPrecision(9) : `"${value}"`;
}

const SHORT = 2 ** 30;

/**
 * The reverse of `vectorJson`.
 * @throws Error for what is no such vector
 */
export function vectorFromJson(field: VectorField, json: unknown): VectorValue {
  if (field.kind === 'sparse') {
    const { indices, values } = json as { indices: number[]; values: unknown[] };
    if (indices.length !== values.length)
      throw new Error(`${indices.length} indices, ${values.length} values`);
    return { indices: Uint32Array.from(indices), values: Float32Array.from(values, numberOf) };
  }
  if (field.kind === 'dense') return denseFromJson(field, json);
  const rows = json as unknown[];
  const size = elementsOf(field);
  const values = denseArray(field.type, rows.length * size);
  rows.forEach((row, at) => {
    values.set(denseFromJson(field, row), at * size);
  });
  return { rows: rows.length, values };
}

function denseFromJson(field: VectorField, json: unknown): DenseValues {
  const values = decode(field.type, json);
  if (values.length === elementsOf(field)) return values;
  throw new Error(`vector "${field.name}" has ${values.length} numbers, not ${elementsOf(field)}`);
}

function decode(type: DenseType, json: unknown): DenseValues {
  if (type === 'bit') {
    if (typeof json !== 'string') throw new Error('bits are not hexadecimal digits');
    return new Uint8Array(Buffer.from(json, 'hex'));
  }
  if (!Array.isArray(json)) throw new Error('a vector is not a list');
  if (type === 'int8') return Int8Array.from(json, numberOf);
  const floats = Float32Array.from(json, numberOf);
  if (type === 'f16') return floatsToHalves(floats);
  return type === 'bf16' ? floatsToBrains(floats) : floats;
}

function numberOf(json: unknown): number {
  if (typeof json === 'number') return json;
  if (typeof json === 'bigint') return Number(json);
  if (json === 'NaN' || json === 'Infinity' || json === '-Infinity') return Number(json);
  throw new Error(`${JSON.stringify(json)} is not a number`);
}
