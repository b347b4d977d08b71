import type { NamedVectors, VectorField, VectorValue } from '../../engines/contract/vectors.js';
import { elementsOf } from '../../engines/contract/vectors.js';
import { brainsToFloats, halvesToFloats } from '../../engines/kit/half.js';
import { isMulti, isSparse, vectorIn } from '../../engines/kit/vectors.js';
import { type Met, meet, met } from './examples.js';
import { Sample } from './sample.js';

/** What was seen of a vector of the points. */
export interface VectorProfile {
  name: string;
  /** Points that have it, and those that do not. */
  points: number;
  absent: Met;
  /** Dense ones of which every number is 0, with a NaN or an infinity, with another number of dimensions. */
  zero: Met;
  notFinite: Met;
  wrongLength: Met;
  /** Dense ones whose length is within 1e-3 of 1, and the others. */
  unit: number;
  notUnit: Met;
  /** Of dense ones of numbers; null: there are none. Quantiles are of a sample of 4,096. */
  norms: { min: number; mean: number; max: number; p1: number; median: number; p99: number } | null;
}

const UNIT = 1e-3;
const SAMPLED = 4096;

/** Profiles one vector of the points. */
export class VectorProfileBuilder {
  readonly field: VectorField;
  #points = 0;
  readonly #absent = met();
  readonly #zero = met();
  readonly #notFinite = met();
  readonly #wrongLength = met();
  #unit = 0;
  readonly #notUnit = met();
  #measured = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  readonly #norms = new Sample<number>(SAMPLED, 1);

  constructor(field: VectorField) {
    this.field = field;
  }

  add(id: string, vectors: NamedVectors): void {
    const value = vectorIn(vectors, this.field.name);
    if (value === undefined) {
      meet(this.#absent, id);
      return;
    }
    this.#points++;
    const values = isSparse(value) || isMulti(value) ? value.values : value;
    const { kind, dimensions } = this.field;
    if (kind === 'dense' && dimensions > 0 && values.length !== elementsOf(this.field))
      meet(this.#wrongLength, id);
    if (this.field.type === 'bit') return;
    const numbers = floatsOf(this.field, value);
    let squares = 0;
    for (let i = 0; i < numbers.length; i++) squares += numbers[i]! * numbers[i]!;
    if (!Number.isFinite(squares) && !numbers.every(Number.isFinite)) meet(this.#notFinite, id);
    else if (kind === 'dense') this.#norm(id, numbers, Math.sqrt(squares));
  }

  #norm(id: string, numbers: Float32Array | Int8Array, norm: number): void {
    if (norm === 0 && numbers.every((each) => each === 0)) meet(this.#zero, id);
    else if (Math.abs(norm - 1) <= UNIT) this.#unit++;
    else meet(this.#notUnit, id);
    this.#measured++;
    this.#sum += norm;
    this.#min = Math.min(this.#min, norm);
    this.#max = Math.max(this.#max, norm);
    this.#norms.add(id, () => norm);
  }

  result(): VectorProfile {
    const sorted = this.#norms.items().sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
    return {
      name: this.field.name,
      points: this.#points,
      absent: this.#absent,
      zero: this.#zero,
      notFinite: this.#notFinite,
      wrongLength: this.#wrongLength,
      unit: this.#unit,
      notUnit: this.#notUnit,
      norms:
        this.#measured === 0
          ? null
          : {
              min: this.#min,
              mean: this.#sum / this.#measured,
              max: this.#max,
              p1: at(0.01),
              median: at(0.5),
              p99: at(0.99),
            },
    };
  }
}

/** The numbers of a vector; bits are refused. */
export function floatsOf({ type }: VectorField, value: VectorValue): Float32Array | Int8Array {
  const values = isSparse(value) || isMulti(value) ? value.values : value;
  if (type === 'f16' && values instanceof Uint16Array) return halvesToFloats(values);
  if (type === 'bf16' && values instanceof Uint16Array) return brainsToFloats(values);
  return values as Float32Array | Int8Array;
}
