/**
 * Models of one operator as ONNX writes them (onnx.proto3, protocol buffers): sizes are free, so that one session serves all blocks.
 */

/** Types of elements, as onnx.proto3 numbers them. */
const FLOAT = 1;
const UINT8 = 2;
const INT8 = 3;
const INT32 = 6;

type Bytes = number[];

const varint = (value: number): Bytes =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
const int = (field: number, value: number): Bytes => [...varint(field << 3), ...varint(value)];
const bytes = (field: number, value: Bytes): Bytes => [
  ...varint((field << 3) | 2),
  ...varint(value.length),
  ...value,
];
const text = (field: number, value: string): Bytes => bytes(field, [...new TextEncoder().encode(value)]);

/** A tensor's name, type and dimensions, which are names, too. */
type Value = readonly [name: string, type: number, dims: readonly string[]];

function valueInfo(field: number, [name, type, dims]: Value): Bytes {
  const shape = dims.flatMap((dim) => bytes(1, text(2, dim)));
  const tensor = [...int(1, type), ...bytes(2, shape)];
  return bytes(field, [...text(1, name), ...bytes(2, bytes(1, tensor))]);
}

/** An integer attribute of a node. */
const attribute = (name: string, value: number): Bytes =>
  bytes(5, [...text(1, name), ...int(3, value), ...int(20, 2)]);

function model(operator: string, inputs: readonly Value[], output: Value, attributes: Bytes): Uint8Array {
  const node = [
    ...inputs.flatMap(([name]) => text(1, name)),
    ...text(2, output[0]),
    ...text(4, operator),
    ...attributes,
  ];
  const graph = [
    ...bytes(1, node),
    ...text(2, operator),
    ...inputs.flatMap((input) => valueInfo(11, input)),
    ...valueInfo(12, output),
  ];
  return Uint8Array.from([...int(1, 8), ...bytes(7, graph), ...bytes(8, [...text(1, ''), ...int(2, 13)])]);
}

/** y = a · bᵀ, or a · bᵀ + c with a row c: a [m, k], b [n, k], c [n], y [m, n], all float32. */
export function gemmModel(withRow: boolean): Uint8Array {
  const inputs: Value[] = [
    ['a', FLOAT, ['m', 'k']],
    ['b', FLOAT, ['n', 'k']],
  ];
  if (withRow) inputs.push(['c', FLOAT, ['n']]);
  return model('Gemm', inputs, ['y', FLOAT, ['m', 'n']], attribute('transB', 1));
}

/** y = (a - zero) · b: a [m, k] in uint8, b [k, n] in int8, zero [] in uint8, y [m, n] in int32. */
export function integerModel(): Uint8Array {
  const inputs: Value[] = [
    ['a', UINT8, ['m', 'k']],
    ['b', INT8, ['k', 'n']],
    ['zero', UINT8, []],
  ];
  return model('MatMulInteger', inputs, ['y', INT32, ['m', 'n']], []);
}
