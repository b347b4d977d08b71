import { shorten } from '../../common/errors.js';
import type { Point, PointValue } from '../../engines/contract/points.js';
import type { VectorValue } from '../../engines/contract/vectors.js';
import { isMulti, isSparse, vectorIn } from '../../engines/kit/vectors.js';
import { DETAILS, detailOf } from './details.js';

/** How two points of one id differ, one line each, source first. */
export function differencesOf(source: Point, target: Point): string[] {
  return [
    ...vectorDifferences(source, target),
    ...fieldDifferences(source, target),
    ...partDifferences(source, target),
  ];
}

function vectorDifferences({ vectors: a }: Point, { vectors: b }: Point): string[] {
  return namesOf(a, b).flatMap((name) => {
    const [mine, other] = [vectorIn(a, name), vectorIn(b, name)];
    const of = `vector ${shorten(name)}`;
    if (mine === undefined || other === undefined)
      return [
        `${of}: ${mine === undefined ? 'absent' : 'present'} → ${other === undefined ? 'absent' : 'present'}`,
      ];
    const how = vectorDifference(mine, other);
    return how === undefined ? [] : [`${of}: ${how}`];
  });
}

function vectorDifference(a: VectorValue, b: VectorValue): string | undefined {
  if (isSparse(a) !== isSparse(b) || isMulti(a) !== isMulti(b)) return `${kindOf(a)} → ${kindOf(b)}`;
  const [mine, other] = [valuesOf(a), valuesOf(b)];
  if (mine.constructor !== other.constructor) return `${mine.constructor.name} → ${other.constructor.name}`;
  if (mine.length !== other.length) return `${mine.length} numbers → ${other.length}`;
  const differing = Array.from(mine).filter((value, i) => !Object.is(value, other[i])).length;
  const at = Array.from(mine).findIndex((value, i) => !Object.is(value, other[i]));
  if (at >= 0)
    return `${differing} of ${mine.length} numbers, the first at ${at}: ${mine[at]} → ${other[at]}`;
  if (isSparse(a) && isSparse(b) && a.indices.some((index, i) => index !== b.indices[i]))
    return 'other indices';
  return undefined;
}

function kindOf(value: VectorValue): string {
  return isSparse(value) ? 'sparse' : isMulti(value) ? 'multi' : 'dense';
}

function valuesOf(value: VectorValue): Float32Array | Uint16Array | Int8Array | Uint8Array {
  return isSparse(value) || isMulti(value) ? value.values : value;
}

function fieldDifferences({ metadata: a }: Point, { metadata: b }: Point): string[] {
  return namesOf(a, b).flatMap((name) => {
    const [mine, other] = [a, b].map((each) =>
      Object.hasOwn(each, name) ? describe(each[name]!) : 'missing',
    );
    return mine === other ? [] : [`field ${shorten(name)}: ${mine} → ${other}`];
  });
}

function partDifferences(a: Point, b: Point): string[] {
  const parts: [name: string, mine: string | bigint | undefined, other: string | bigint | undefined][] = [
    ...(['text', 'uri', 'tenant'] as const).map((part): (typeof parts)[number] => [part, a[part], b[part]]),
    ...DETAILS.map(({ name }): (typeof parts)[number] => [name, detailOf(a, name), detailOf(b, name)]),
  ];
  return parts.flatMap(([name, mine, other]) => {
    const [before, after] = [mine, other].map((each) => (each === undefined ? 'none' : shorten(each)));
    return mine === other ? [] : [`${name}: ${before} → ${after}`];
  });
}

/** With the type, where the text alone does not tell it. */
function describe(value: PointValue): string {
  const text = JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'bigint' ? `${each} (64-bit)` : Object.is(each, -0) ? '-0' : each,
  );
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function namesOf(a: object, b: object): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
}
