import { formatTimestamp } from '../../common/timestamps.js';
import type { PointValue } from '../contract/points.js';
import { integerValue, record } from '../kit/check.js';
import { halvesToFloats } from '../kit/half.js';
import type { ArrowData, ArrowType } from './client.js';

/** Arrow's own numbers of its types. */
const TYPE = {
  dictionary: -1,
  null: 1,
  int: 2,
  float: 3,
  utf8: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  time: 9,
  timestamp: 10,
  list: 12,
  struct: 13,
  fixedSizeList: 16,
  duration: 18,
  largeUtf8: 20,
} as const;

type Read = (data: ArrowData, row: number) => PointValue;

/** Units of time: seconds, milliseconds, microseconds, nanoseconds; as powers of ten of a second. */
const DIGITS = [0, 3, 6, 9] as const;

/**
 * How a value of a type is read; undefined: a point cannot hold it. Integers as they are, floats as the double that they
 * are, decimals, dates and times as text, time stamps with a zone as microseconds, those without one, or finer than
 * microseconds, as text.
 */
export function readerOf(type: ArrowType): Read | undefined {
  const read = presentReader(type);
  if (read === undefined) return undefined;
  return (data, row) => (data.getValid(row) ? read(data, row) : null);
}

/** Whether it is a moment, and not the reading of a clock somewhere, in at most microseconds. */
export function isMoment({ typeId, timezone, unit }: ArrowType): boolean {
  return typeId === TYPE.timestamp && timezone != null && timezone !== '' && unit! < 3;
}

function presentReader(type: ArrowType): Read | undefined {
  switch (type.typeId) {
    case TYPE.null:
      return () => null;
    case TYPE.int:
      return (data, row) => integerValue(numbers(data)[row]!);
    case TYPE.float:
      // Half precision is kept as its bits.
      return type.precision === 0
        ? (data, row) => halvesToFloats((data.values as Uint16Array).slice(row, row + 1))[0]!
        : (data, row) => Number(numbers(data)[row]!);
    case TYPE.utf8:
    case TYPE.largeUtf8:
      return textAt;
    case TYPE.bool:
      return ({ offset, values }, row) =>
        ((values as Uint8Array)[(offset + row) >> 3]! & (1 << ((offset + row) & 7))) !== 0;
    case TYPE.decimal:
      return (data, row) => decimalText(data, row, type);
    case TYPE.date:
      return (data, row) => dateText(numbers(data)[row]!, type.unit === 0 ? 86_400_000n : 1n);
    case TYPE.time:
      return (data, row) => clockText(BigInt(numbers(data)[row]!), DIGITS[type.unit!]!);
    case TYPE.duration:
      return (data, row) => integerValue(numbers(data)[row]!);
    case TYPE.timestamp:
      return timestampReader(type);
    case TYPE.list:
    case TYPE.fixedSizeList:
      return listReader(type);
    case TYPE.struct:
      return structReader(type);
    case TYPE.dictionary: {
      const { typeId } = type.dictionary!;
      if (typeId !== TYPE.utf8 && typeId !== TYPE.largeUtf8) return undefined;
      return ({ dictionary, values }, row) => dictionary!.get(Number((values as Int32Array)[row]!)) as string;
    }
    default:
      return undefined;
  }
}

function numbers({ values }: ArrowData): ArrayLike<number | bigint> {
  return values as ArrayLike<number | bigint>;
}

function textAt({ values, valueOffsets }: ArrowData, row: number): string {
  const [from, to] = [Number(valueOffsets[row]!), Number(valueOffsets[row + 1]!)];
  return Buffer.from((values as Uint8Array).subarray(from, to)).toString();
}

function timestampReader(type: ArrowType): Read {
  const digits = DIGITS[type.unit!]!;
  if (isMoment(type)) {
    const factor = 10n ** BigInt(6 - digits);
    return (data, row) => BigInt(numbers(data)[row]!) * factor;
  }
  const zone = type.timezone == null || type.timezone === '' ? '' : 'Z';
  const perSecond = 10n ** BigInt(digits);
  return (data, row) => {
    const value = BigInt(numbers(data)[row]!);
    const fraction = ((value % perSecond) + perSecond) % perSecond;
    const second = (value - fraction) / perSecond;
    const text = formatTimestamp(second * 1_000_000n).replace(/(\.\d+)?Z$/, '');
    return `${text}${fractionText(fraction, digits)}${zone}`;
  };
}

function fractionText(fraction: bigint, digits: number): string {
  return digits === 0 ? '' : `.${String(fraction).padStart(digits, '0')}`;
}

function dateText(value: number | bigint, milliseconds: bigint): string {
  return formatTimestamp(BigInt(value) * milliseconds * 1000n).replace(/T.*$/, '');
}

function clockText(value: bigint, digits: number): string {
  const perSecond = 10n ** BigInt(digits);
  const seconds = value / perSecond;
  const two = (part: bigint) => String(part).padStart(2, '0');
  const clock = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map(two).join(':');
  return `${clock}${fractionText(value % perSecond, digits)}`;
}

/** Two's complement of 128 or 256 bits, the lowest 32 first, and a decimal point `scale` digits from the right. */
function decimalText({ values }: ArrowData, row: number, { bitWidth = 128, scale = 0 }: ArrowType): string {
  const words = bitWidth / 32;
  const parts = (values as Uint32Array).subarray(row * words, (row + 1) * words);
  const whole = parts.reduceRight((sum, part) => (sum << 32n) | BigInt(part >>> 0), 0n);
  const value = BigInt.asIntN(bitWidth, whole);
  const sign = value < 0n ? '-' : '';
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  if (scale <= 0) return `${sign}${digits}${value === 0n ? '' : '0'.repeat(-scale)}`;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function listReader({ typeId, children, listSize }: ArrowType): Read | undefined {
  const element = readerOf(children![0]!.type);
  if (element === undefined) return undefined;
  return (data, row) => {
    const [child] = data.children as [ArrowData];
    const [from, to] =
      typeId === TYPE.list
        ? [Number(data.valueOffsets[row]!), Number(data.valueOffsets[row + 1]!)]
        : [row * listSize!, (row + 1) * listSize!];
    return Array.from({ length: to - from }, (_, i) => element(child, from + i)) as PointValue;
  };
}

function structReader({ children }: ArrowType): Read | undefined {
  const readers = children!.map(({ name, type }) => ({ name, read: readerOf(type) }));
  if (readers.some(({ read }) => read === undefined)) return undefined;
  return (data, row) => {
    const object = record<PointValue>();
    for (const [i, { name, read }] of readers.entries()) object[name] = read!(data.children[i]!, row);
    return object;
  };
}
